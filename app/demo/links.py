"""The four people of the demo: a signed link for each, and where it leads at this moment."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from agenda.doors import Phase
from agenda.model import Slot, SlotId
from app.accounts.tables import Person
from app.conferences.store import people_with
from app.conferences.tables import Conference
from app.demo.conference import booths, written
from app.demo.people import address
from app.programme import releases
from app.programme.releases import Released
from app.programme.tables import Speaker
from app.settings import Settings
from app.stages import store

ORGANIZATION = "demo"
_SOON = timedelta(seconds=75)


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """What the demo prints: one address for each of the four people."""

    organizer: str
    speaker: str
    attendee: str
    sponsor: str

    def __iter__(self) -> Iterator[tuple[str, str]]:
        """(role, address) each, in the order in which they are printed."""
        for role in ROLES:
            yield role, getattr(self, role)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """What decides where a link leads: the release, the instant, and which slots have a picture."""

    conference: Conference
    released: Released
    now: datetime
    playing: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """Whom a link signs in, and the path that they are sent to."""

    person: UUID
    path: str


def links(settings: Settings, conference: UUID) -> Links:
    """The four links to the demo's conference."""
    return Links(
        **{
            role: f"{settings.base_url}/demo/{role}?key={key_of(settings, conference, role)}"
            for role in ROLES
        }
    )


def key_of(settings: Settings, conference: UUID, role: str) -> str:
    """The key of one role's link: good for this deployment and this conference only."""
    words = f"demo:{conference}:{role}".encode()
    return hmac.new(settings.secret.encode(), words, hashlib.sha256).hexdigest()[:32]


async def demo_conference() -> Conference | None:
    """The conference that the demo made, if there is one."""
    return await Conference.objects().where(Conference.organization.slug == ORGANIZATION).first()


async def arrival(
    conference: Conference, role: str, *, now: datetime, playing: frozenset[str] = frozenset()
) -> Arrival | None:
    """Where the link of this role leads at `now`; None while the conference has no release.

    `playing` are the slots that somebody publishes in: a listener is sent where there is a picture.
    """
    released = await releases.latest(conference.id)
    if released is None:
        return None
    return await ROLES[role](
        Moment(conference=conference, released=released, now=now, playing=playing)
    )


async def _organizer(at: Moment) -> Arrival:
    (owner, *_) = await people_with(at.conference.id, "owner")
    return Arrival(person=owner, path=f"/c/{at.conference.slug}/desk")


async def _speaker(at: Moment) -> Arrival | None:
    """A speaker of the session that starts next, in its green room."""
    released = at.released
    reached, _ = await store.phases(at.conference.id)
    over = (Phase.LIVE, Phase.ENDED, Phase.ARCHIVED, Phase.CANCELLED)
    coming = [
        slot
        for slot in _with_speakers(released)
        if slot.start > at.now + _SOON and reached.get(slot.id) not in over
    ]
    if not coming:
        return None
    slot = min(coming, key=lambda s: (s.start, s.id))
    first = released.sessions[slot.session].speakers[0]
    row = await Speaker.select(Speaker.person).where(Speaker.id == UUID(first)).first()
    if row is None or row["person"] is None:
        return None
    return Arrival(person=row["person"], path=f"/c/{at.conference.slug}/green-room/{slot.id}")


async def _attendee(at: Moment) -> Arrival | None:
    """A listener, in the room whose present session lasts longest."""
    slug = at.conference.slug
    name, _ = written("attendees")["people"][0]
    person = await _person(address(name, slug))
    reached, _where = await store.phases(at.conference.id)
    slot = _to_watch(at, reached)
    if person is None:
        return None
    if slot is None:
        return Arrival(person=person, path=f"/c/{slug}/agenda")
    return Arrival(person=person, path=f"/c/{slug}/rooms/{at.released.room_slugs[slot.room]}")


async def _sponsor(at: Moment) -> Arrival | None:
    booth = booths()[0]
    person = await _person(address(booth.staff, at.conference.slug))
    if person is None:
        return None
    return Arrival(person=person, path=f"/c/{at.conference.slug}/sponsors/{booth.slug}/leads")


def _with_speakers(released: Released) -> list[Slot]:
    return [s for s in released.schedule.slots if released.sessions[s.session].speakers]


def _to_watch(at: Moment, reached: Mapping[SlotId, Phase]) -> Slot | None:
    live = [s for s in _with_speakers(at.released) if reached.get(s.id) is Phase.LIVE]
    if live:
        return max(live, key=lambda s: (s.id in at.playing, s.end, s.id))
    return min(
        (s for s in _with_speakers(at.released) if s.start > at.now),
        key=lambda s: (s.start, s.id),
        default=None,
    )


async def _person(email: str) -> UUID | None:
    row = await Person.select(Person.id).where(Person.email == email).first()
    return row["id"] if row else None


Finder = Callable[[Moment], Awaitable[Arrival | None]]
ROLES: Mapping[str, Finder] = {
    "organizer": _organizer,
    "speaker": _speaker,
    "attendee": _attendee,
    "sponsor": _sponsor,
}
