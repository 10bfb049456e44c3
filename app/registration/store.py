"""Ticket types, questions, consent texts and applications, read and written."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from app import db
from app.attendees.tables import Registration
from app.registration.rules import CONFIRMED, Asked, Ticket, Wording
from app.registration.tables import Agreement, Application, ConsentText, Question, TicketType

DEFAULT = "Attendee"


def ticket_of(row: Mapping[str, Any]) -> Ticket:
    return Ticket(
        id=row["id"],
        name=row["name"],
        kind=row["kind"],
        code=row["code"],
        capacity=row["capacity"],
        waiting=row["waiting"],
        opens_at=row["opens_at"],
        closes_at=row["closes_at"],
        retired=row["retired"],
    )


async def ticket_rows(conference: UUID, *, retired: bool = False) -> list[dict[str, Any]]:
    """The ticket types in their order; a conference without any gets the open default."""
    query = TicketType.select().where(TicketType.conference == conference)
    rows: list[dict[str, Any]] = await query.order_by(TicketType.position, TicketType.name)
    if not rows:
        await _make_default(conference)
        rows = await query
    return [row for row in rows if retired or not row["retired"]]


async def _make_default(conference: UUID) -> None:
    async with db.transaction():
        if not await TicketType.exists().where(TicketType.conference == conference):
            await TicketType(id=uuid4(), conference=conference, name=DEFAULT).save()


async def ticket(conference: UUID, key: UUID, *, lock: bool = False) -> Ticket | None:
    """One ticket type; `lock` makes others who want a place of it wait for this transaction."""
    query = TicketType.select().where(TicketType.id == key, TicketType.conference == conference)
    if lock and db.on_postgres():
        query = query.lock_rows("UPDATE")
    row = await query.first()
    return None if row is None else ticket_of(row)


async def save_ticket(conference: UUID, key: UUID | None, values: Mapping[str, Any]) -> UUID:
    """Change a ticket type, or make one (`key` None) at the end of the list."""
    if key is not None:
        columns = {getattr(TicketType, name): value for name, value in values.items()}
        await TicketType.update(columns).where(
            TicketType.id == key, TicketType.conference == conference
        )
        return key
    made = uuid4()
    position = await TicketType.count().where(TicketType.conference == conference)
    await TicketType(id=made, conference=conference, position=position, **values).save()
    return made


async def questions(conference: UUID) -> list[Asked]:
    rows = (
        await Question.select()
        .where(Question.conference == conference, Question.retired.eq(False))
        .order_by(Question.position)
    )
    return [
        Asked(
            id=row["id"],
            label=row["label"],
            hint=row["hint"],
            kind=row["kind"],
            options=tuple(json.loads(row["options"])),
            required=row["required"],
        )
        for row in rows
    ]


async def save_question(conference: UUID, key: UUID | None, values: Mapping[str, Any]) -> None:
    if key is not None:
        columns = {getattr(Question, name): value for name, value in values.items()}
        await Question.update(columns).where(Question.id == key, Question.conference == conference)
        return
    position = await Question.count().where(Question.conference == conference)
    await Question(id=uuid4(), conference=conference, position=position, **values).save()


async def every_version(conference: UUID) -> list[dict[str, Any]]:
    """Every version of every consent text, newest first."""
    rows: list[dict[str, Any]] = (
        await ConsentText.select()
        .where(ConsentText.conference == conference)
        .order_by(ConsentText.created_at, ascending=False)
    )
    return rows


async def consents(conference: UUID) -> list[Wording]:
    """The present version of each consent text that is in use, in the order in which they came."""
    present: dict[str, dict[str, Any]] = {}
    for row in reversed(await every_version(conference)):
        present[row["key"]] = row
    return [
        Wording(
            id=row["id"],
            key=row["key"],
            version=row["version"],
            title=row["title"],
            text=row["text"],
            required=row["required"],
        )
        for row in present.values()
        if not row["retired"]
    ]


async def save_consent(
    conference: UUID, key: str, *, title: str, text: str, required: bool, now: datetime
) -> None:
    """Write the next version of a text; the same words as before make no new version."""
    async with db.transaction():
        last = (
            await ConsentText.select()
            .where(ConsentText.conference == conference, ConsentText.key == key)
            .order_by(ConsentText.version, ascending=False)
            .first()
        )
        wanted = (title, text, required, False)
        if last is not None and wanted == tuple(
            last[name] for name in ("title", "text", "required", "retired")
        ):
            return
        await ConsentText(
            id=uuid4(),
            conference=conference,
            key=key,
            version=1 if last is None else last["version"] + 1,
            title=title,
            text=text,
            required=required,
            created_at=now,
        ).save()


async def retire_consent(conference: UUID, key: str) -> None:
    await ConsentText.update({ConsentText.retired: True}).where(
        ConsentText.conference == conference, ConsentText.key == key
    )


async def agree(
    conference: UUID, person: UUID, texts: Sequence[UUID | str], *, now: datetime
) -> None:
    """Keep that a person agreed to these versions; what they agreed to before stays as it is."""
    wanted = {UUID(str(text)) for text in texts}
    if not wanted:
        return
    standing = await Agreement.select(Agreement.text).where(
        Agreement.person == person,
        Agreement.text.is_in(list(wanted)),
        Agreement.revoked_at.is_null(),
    )
    for text in wanted - {row["text"] for row in standing}:
        await Agreement(
            id=uuid4(), conference=conference, person=person, text=text, given_at=now
        ).save()


async def agreements(conference: UUID, person: UUID) -> list[dict[str, Any]]:
    """What a person agreed to: title, version and text of each, and when."""
    rows: list[dict[str, Any]] = (
        await Agreement.select(
            Agreement.id,
            Agreement.given_at,
            Agreement.revoked_at,
            Agreement.text.title.as_alias("title"),
            Agreement.text.version.as_alias("version"),
            Agreement.text.text.as_alias("words"),
            Agreement.text.required.as_alias("required"),
        )
        .where(Agreement.conference == conference, Agreement.person == person)
        .order_by(Agreement.given_at)
    )
    return rows


async def withdraw(person: UUID, agreement: UUID, *, now: datetime) -> None:
    """Take an agreement back; what a place depends on is taken back by giving the place back."""
    row = (
        await Agreement.select(Agreement.text.required)
        .where(Agreement.id == agreement, Agreement.person == person)
        .first()
    )
    if row is not None and not row["text.required"]:
        await Agreement.update({Agreement.revoked_at: now}).where(
            Agreement.id == agreement, Agreement.revoked_at.is_null()
        )


async def application(conference: UUID, person: UUID) -> dict[str, Any] | None:
    """Where this person stands, or None."""
    found: dict[str, Any] | None = (
        await Application.select(*Application.all_columns(), *_WITH)
        .where(Application.conference == conference, Application.person == person)
        .first()
    )
    return found


async def by_id(conference: UUID, key: UUID) -> dict[str, Any] | None:
    found: dict[str, Any] | None = (
        await Application.select(*Application.all_columns(), *_WITH)
        .where(Application.conference == conference, Application.id == key)
        .first()
    )
    return found


_WITH = (
    Application.person.name.as_alias("name"),
    Application.person.email.as_alias("email"),
    Application.ticket.name.as_alias("ticket_name"),
)


async def people(conference: UUID) -> list[dict[str, Any]]:
    """Everybody on the way to a place or with one, by name."""
    await adopt(conference)
    rows: list[dict[str, Any]] = await Application.select(*Application.all_columns(), *_WITH).where(
        Application.conference == conference
    )
    return sorted(rows, key=lambda row: row["name"].casefold())


async def adopt(conference: UUID) -> None:
    """Write an application for each place that was given without one."""
    rows = await Registration.raw(
        "SELECT r.person, r.ticket_type, r.organization_name, r.created_at FROM registration r "
        "WHERE r.conference = {} AND NOT EXISTS (SELECT 1 FROM application a "
        "WHERE a.conference = r.conference AND a.person = r.person)",
        conference,
    )
    if not rows:
        return
    types = await ticket_rows(conference, retired=True)
    by_name = {row["name"]: row["id"] for row in types}
    held = {row["person"]: row for row in await _places(conference)}
    made = [
        Application(
            id=uuid4(),
            conference=conference,
            person=place["person"],
            ticket=by_name.get(place["ticket_type"], types[0]["id"]),
            state=CONFIRMED,
            organization_name=place["organization_name"],
            source="join",
            created_at=place["created_at"],
            since=place["created_at"],
        )
        for place in (held[UUID(str(row["person"]))] for row in rows)
    ]
    for first in range(0, len(made), 50):
        await Application.insert(*made[first : first + 50]).on_conflict(action="DO NOTHING")


async def _places(conference: UUID) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = await Registration.select(
        Registration.person,
        Registration.ticket_type,
        Registration.organization_name,
        Registration.created_at,
    ).where(Registration.conference == conference)
    return rows


async def taken(key: UUID) -> int:
    """How many have a place of this kind."""
    found: int = await Application.count().where(
        Application.ticket == key, Application.state == CONFIRMED
    )
    return found


async def counts(conference: UUID) -> dict[UUID, dict[str, int]]:
    """How many of each ticket type stand in each state."""
    rows = await Application.select(Application.ticket, Application.state).where(
        Application.conference == conference
    )
    found: dict[UUID, dict[str, int]] = {}
    for row in rows:
        states = found.setdefault(row["ticket"], {})
        states[row["state"]] = states.get(row["state"], 0) + 1
    return found
