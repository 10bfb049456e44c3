"""What somebody wants to hear of, in which ways, and when not.

Whoever tells people something asks `plans` first: it says for each of them which ways are open, and
until when it should wait. Mail and push wait for the end of the quiet hours, unless what they
say is over by then; the page itself is never quiet.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from types import MappingProxyType
from uuid import UUID, uuid4

from app import db
from app.accounts.tables import Person
from app.html import gettext as _
from app.notices.preference_tables import NoticeWish, QuietHours
from app.words import zone

PAGE, MAIL, PUSH = "page", "mail", "push"
WAYS = (PAGE, MAIL, PUSH)

DEFAULTS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "soon": frozenset({PAGE, MAIL, PUSH}),
        "last_call": frozenset({PAGE, PUSH}),
        "changes": frozenset({PAGE, MAIL, PUSH}),
        "digest": frozenset(),
        "day_before": frozenset({MAIL}),
        "message": frozenset({PAGE, MAIL, PUSH}),
        "meeting": frozenset({PAGE, MAIL, PUSH}),
        "mention": frozenset({PAGE, PUSH}),
        "followup": frozenset({MAIL}),
    }
)
"""The kinds of notices, and the ways that are open where a person has not chosen."""

_BY_MAIL = frozenset({"day_before", "digest", "followup"})
OFFERED: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {kind: (MAIL,) if kind in _BY_MAIL else WAYS for kind in DEFAULTS}
)
"""The ways that a kind can take at all."""


def label(kind: str) -> tuple[str, str]:
    """A kind in words, and what it is."""
    return {
        "soon": (
            _("Beginning soon"),
            _("15 minutes before what I starred, and before I am on myself"),
        ),
        "last_call": (_("Last call"), _("The same, 5 minutes before")),
        "changes": (_("Changes"), _("What I starred was moved, or no longer takes place")),
        "digest": (
            _("Digest of the day"),
            _("One mail each morning: what changed since the last, and what I starred for today"),
        ),
        "day_before": (_("The day ahead"), _("On the evening before, with my sessions")),
        "message": (_("Messages"), _("What the organizers write to everybody")),
        "meeting": (_("Meetings"), _("Somebody wants to meet me, or answered")),
        "mention": (_("Mentions"), _("Somebody named me in a chat")),
        "followup": (_("Afterwards"), _("Recordings, certificate, thanks")),
    }[kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How one person is to be told of one kind now. `quiet_until` (aware UTC) is None outside of it."""

    page: bool = True
    mail: bool = True
    push: bool = True
    quiet_until: datetime | None = None

    def due(self, now: datetime) -> datetime:
        """When mail or push may go."""
        return self.quiet_until or now

    def in_time(self, way: str, now: datetime, over: datetime | None) -> bool:
        """Whether this way is open, and what it says is not over (at `over`) when it may go."""
        return bool(getattr(self, way)) and (over is None or self.due(now) < over)


def quiet_until(
    starts_min: int, ends_min: int, zone_name: str, *, now: datetime
) -> datetime | None:
    """The end of the quiet hours that `now` lies in, aware UTC; None outside of them.

    Over midnight where they end before they start; none where both are the same.
    """
    if starts_min == ends_min:
        return None
    here = now.astimezone(zone(zone_name))
    minute = here.hour * 60 + here.minute
    over_midnight = ends_min < starts_min
    inside = (
        minute >= starts_min or minute < ends_min
        if over_midnight
        else starts_min <= minute < ends_min
    )
    if not inside:
        return None
    day = here.date() + timedelta(days=1 if over_midnight and minute >= starts_min else 0)
    end = datetime.combine(day, time(*divmod(ends_min, 60)), here.tzinfo)
    return end.astimezone(UTC)


async def plans(
    people: Iterable[UUID], kind: str, *, now: datetime, home: str = "UTC"
) -> dict[UUID, Plan]:
    """How each of these people is to be told of `kind`. `home` is the zone of those who have none."""
    wanted = list(dict.fromkeys(people))
    found: dict[UUID, Plan] = {}
    for first in range(0, len(wanted), 300):
        found |= await _plans(wanted[first : first + 300], kind, now, home)
    return found


async def _plans(people: list[UUID], kind: str, now: datetime, home: str) -> dict[UUID, Plan]:
    if not people:
        return {}
    wishes = await NoticeWish.select().where(
        NoticeWish.kind == kind, NoticeWish.person.is_in(people)
    )
    quiet = await QuietHours.select(
        QuietHours.person, QuietHours.starts_min, QuietHours.ends_min, QuietHours.person.zone
    ).where(QuietHours.person.is_in(people))
    chosen = {(row["person"], row["way"]): row["wanted"] for row in wishes}
    ends = {
        row["person"]: quiet_until(
            row["starts_min"], row["ends_min"], row["person.zone"] or home, now=now
        )
        for row in quiet
    }
    return {
        person: Plan(
            **{
                way: way in OFFERED[kind] and chosen.get((person, way), way in DEFAULTS[kind])
                for way in WAYS
            },
            quiet_until=ends.get(person),
        )
        for person in people
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A person's preferences as their page shows them. Quiet hours are minutes since midnight."""

    wanted: frozenset[tuple[str, str]]
    quiet: tuple[int, int] | None
    zone: str


async def of(person: UUID) -> Chosen:
    """Everything that this person chose, with the defaults for the rest."""
    rows = await NoticeWish.select().where(NoticeWish.person == person)
    chosen = {(row["kind"], row["way"]): row["wanted"] for row in rows}
    quiet = await QuietHours.select().where(QuietHours.person == person).first()
    row = await Person.select(Person.zone).where(Person.id == person).first()
    return Chosen(
        wanted=frozenset(
            (kind, way)
            for kind, ways in OFFERED.items()
            for way in ways
            if chosen.get((kind, way), way in DEFAULTS[kind])
        ),
        quiet=(quiet["starts_min"], quiet["ends_min"]) if quiet else None,
        zone=row["zone"] if row else "",
    )


async def choose(person: UUID, chosen: Chosen) -> None:
    """Keep what a person chose, all of it."""
    async with db.transaction():
        await NoticeWish.delete().where(NoticeWish.person == person)
        await NoticeWish.insert(
            *(
                NoticeWish(
                    id=uuid4(),
                    person=person,
                    kind=kind,
                    way=way,
                    wanted=(kind, way) in chosen.wanted,
                )
                for kind, ways in OFFERED.items()
                for way in ways
            )
        )
        await QuietHours.delete().where(QuietHours.person == person)
        if chosen.quiet is not None:
            starts, ends = chosen.quiet
            await QuietHours(id=uuid4(), person=person, starts_min=starts, ends_min=ends).save()
        await Person.update({Person.zone: chosen.zone}).where(Person.id == person)
