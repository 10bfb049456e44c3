"""Reminders that an organizer looks at first: a draft for each day, whose reminders go when they are due."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

from agenda.model import SessionState, Slot
from app.conferences.tables import Conference
from app.notices import kinds, mailings
from app.notices.preference_tables import NoticeWish
from app.programme.releases import Released
from app.words import local

BY_DAY = ("day_before", "soon", "last_call", "digest")
"""The kinds that stand as a draft for each day; their letters go when each is due."""

_SAME_DAY = ("soon", "last_call")

_NOON = time(12, 0)
DIGESTS_END = time(11, 0)
"""A morning's digests go out until then, on the reader's own clock."""


def slots_of(released: Released, day: date, zone: str) -> list[Slot]:
    """What takes place on a day of the conference, in order of time."""
    return sorted(
        (
            slot
            for slot in released.schedule.slots
            if local(slot.start, zone).date() == day
            and released.sessions[slot.session].state
            not in (SessionState.CANCELLED, SessionState.DRAFT)
        ),
        key=lambda slot: (slot.start, slot.id),
    )


async def passed(conference: Conference, kind: str, slots: Iterable[Slot]) -> list[Slot]:
    """Those of the slots that may be reminded of: all, none, or those of the days that an organizer
    let go."""
    found = list(slots)
    mode = await kinds.mode(conference.id, kind) if found else kinds.OFF
    if mode != kinds.DRAFT:
        return found if mode == kinds.SEND else []
    days = await let_go(conference, kind)
    return [slot for slot in found if local(slot.start, conference.time_zone).date() in days]


async def let_go(conference: Conference, kind: str) -> frozenset[date]:
    """The days of which an organizer let a kind go."""
    sent = await mailings.of(conference.id, "sent", most=500)
    return frozenset(date.fromisoformat(one["facts"]["day"]) for one in sent if one["kind"] == kind)


async def stand(conference: Conference, released: Released, *, now: datetime) -> None:
    """From noon of the day before, have the day's draft stand, once; one that is too late goes."""
    for kind in BY_DAY:
        if kind == "digest" and not await _anybody_reads():
            continue
        if await kinds.mode(conference.id, kind) == kinds.DRAFT:
            await _stand(conference, released, kind, local(now, conference.time_zone), now)


async def _stand(
    conference: Conference, released: Released, kind: str, here: datetime, now: datetime
) -> None:
    every = await mailings.of(conference.id, "draft", "sent", "discarded", most=500)
    known = {one["facts"]["day"]: one for one in every if one["kind"] == kind}
    days = _days(released, kind, here, conference.time_zone)
    for day, one in known.items():
        if one["state"] == "draft" and date.fromisoformat(day) not in days:
            await mailings.discard(conference.id, one["id"], by=None, now=now)
    for day in days:
        if day.isoformat() not in known:
            await mailings.stand(conference.id, kind, {"day": day.isoformat()}, now=now)
            return


async def _anybody_reads() -> bool:
    """Whether somebody asked for digests."""
    return bool(
        await NoticeWish.exists().where(
            NoticeWish.kind == "digest", NoticeWish.way == "mail", NoticeWish.wanted.eq(True)
        )
    )


def _days(released: Released, kind: str, here: datetime, zone: str) -> list[date]:
    """The days that may still be told of: tomorrow from noon on, and what is told on the day itself
    also today. A digest is for any day until the conference is over."""
    today, tomorrow = here.date(), here.date() + timedelta(days=1)
    found = []
    if kind == "digest":
        day = today if here.time() < DIGESTS_END else tomorrow
        last = max((slot.end for slot in released.schedule.slots), default=here)
        late = DIGESTS_END <= here.time() < _NOON
        return [] if late or day > local(last, zone).date() else [day]
    if kind in _SAME_DAY and any(slot.start > here for slot in slots_of(released, today, zone)):
        found.append(today)
    if here.time() >= _NOON and slots_of(released, tomorrow, zone):
        found.append(tomorrow)
    return found
