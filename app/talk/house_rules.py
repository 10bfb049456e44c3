"""What a room allows, and who may not take part, read and written."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from app import db, live
from app.errors import Refused
from app.html import gettext as _
from app.talk.rules import Rules
from app.talk.tables import PlaceMute, Restraint, TalkRules


async def of_room(conference: UUID, room: UUID) -> Rules:
    """The rules of a room; the defaults where nobody changed them."""
    row = (
        await TalkRules.select()
        .where(TalkRules.conference == conference, TalkRules.room == room)
        .first()
    )
    if row is None:
        return Rules()
    return Rules(
        chat=bool(row["chat"]),
        questions=bool(row["questions"]),
        anonymous=bool(row["anonymous"]),
        approve_first=bool(row["approve_first"]),
        slow_s=row["slow_s"],
    )


async def set_rules(conference: UUID, room: UUID, wanted: Rules, *, now: datetime) -> None:
    """Change a room's rules and tell everybody in it."""
    async with db.transaction():
        await TalkRules.delete().where(TalkRules.conference == conference, TalkRules.room == room)
        await TalkRules(id=uuid4(), conference=conference, room=room, **asdict(wanted)).save()
        await live.announce(
            conference,
            "talk",
            {"what": "rules", "room": str(room), "rules": asdict(wanted)},
            channel=live.of_room(room),
            now=now,
        )


async def restraints(
    conference: UUID, person: UUID, *, now: datetime
) -> dict[str, datetime | None]:
    """What binds this person now: `mute`, `ban`, each with its end (None for no end)."""
    rows = await Restraint.select(Restraint.kind, Restraint.until).where(
        Restraint.conference == conference, Restraint.person == person
    )
    return {row["kind"]: row["until"] for row in rows if row["until"] is None or row["until"] > now}


async def banned(conference: UUID, person: UUID, *, now: datetime) -> bool:
    """Whether this person may not come into rooms."""
    return "ban" in await restraints(conference, person, now=now)


async def muted_in(place: UUID, person: UUID) -> bool:
    """Whether those who moderate this place alone have muted this person there."""
    return bool(
        await PlaceMute.exists().where(PlaceMute.place == place, PlaceMute.person == person)
    )


async def mute_in(
    conference: UUID, place: UUID, person: UUID, *, on: bool, by: UUID, now: datetime
) -> None:
    """Mute somebody in one place, or lift it, and tell their pages."""
    async with db.transaction():
        await PlaceMute.delete().where(PlaceMute.place == place, PlaceMute.person == person)
        if on:
            await PlaceMute(
                id=uuid4(),
                conference=conference,
                place=place,
                person=person,
                set_by=by,
                created_at=now,
            ).save()
        told = {"what": "mute", "on": on, "until": None}
        await live.announce(conference, "mine", told, channel=live.of_person(person), now=now)


async def all_muted_in(place: UUID) -> list[dict[str, Any]]:
    """Everybody who is muted in one place, for those who moderate it."""
    rows = await PlaceMute.select(PlaceMute.person, PlaceMute.person.name.as_alias("name")).where(
        PlaceMute.place == place
    )
    return [
        {"person": str(row["person"]), "name": row["name"], "kind": "mute", "until": None}
        for row in rows
    ]


async def may_write(conference: UUID, person: UUID, *, place: UUID, now: datetime) -> None:
    """Raises Refused for somebody who is muted (everywhere or here) or banned."""
    if await muted_in(place, person):
        raise Refused(403, _("Who looks after this chat has muted you here."))
    held = await restraints(conference, person, now=now)
    if "ban" in held:
        raise Refused(403, _("A moderator has shut you out of this conference's rooms."))
    if "mute" in held:
        raise Refused(403, _("A moderator has muted you. You can still watch and vote."))


async def restrain(
    conference: UUID,
    person: UUID,
    kind: str,
    *,
    on: bool,
    minutes: int | None,
    by: UUID,
    now: datetime,
) -> None:
    """Mute or ban somebody, or lift it, and tell their pages."""
    until = now + timedelta(minutes=minutes) if minutes else None
    async with db.transaction():
        await Restraint.delete().where(
            Restraint.conference == conference,
            Restraint.person == person,
            Restraint.kind == kind,
        )
        if on:
            await Restraint(
                id=uuid4(),
                conference=conference,
                person=person,
                kind=kind,
                until=until,
                set_by=by,
                created_at=now,
            ).save()
        told: dict[str, Any] = {"what": kind, "on": on, "until": until and until.isoformat()}
        await live.announce(conference, "mine", told, channel=live.of_person(person), now=now)


async def all_restrained(conference: UUID, *, now: datetime) -> list[dict[str, Any]]:
    """Everybody who is muted or banned, for the moderators' list."""
    rows = await Restraint.select(
        Restraint.person,
        Restraint.person.name.as_alias("name"),
        Restraint.kind,
        Restraint.until,
    ).where(Restraint.conference == conference)
    return [
        {
            "person": str(row["person"]),
            "name": row["name"],
            "kind": row["kind"],
            "until": row["until"] and row["until"].isoformat(),
        }
        for row in rows
        if row["until"] is None or row["until"] > now
    ]
