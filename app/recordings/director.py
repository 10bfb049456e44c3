"""The director: tells the broadcast what every room's should be, and has ended sessions recorded.

Level-triggered like the stagehand: it says the whole wish again and again, so that a broadcast that
was restarted is right again within two seconds.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import structlog
from redis.asyncio import Redis

from agenda.doors import Phase
from agenda.model import RoomId, Slot, SlotId
from app import words
from app.clock import now as present
from app.conferences.tables import Conference
from app.html import gettext as _
from app.jobs import store as jobs
from app.programme import releases
from app.programme.releases import Released
from app.recordings import store
from app.recordings.policy import Stretch, Switch, is_on, recorded
from app.settings import Settings
from app.stages import engine, lease
from app.stages.broadcast import broadcast_client
from app.stages.node import control_grant

logger = structlog.get_logger(__name__)

LEASE = "director"
_TICK_S = 2.0
_TERM = timedelta(seconds=8)
_BEFORE, _AFTER = timedelta(minutes=20), timedelta(minutes=10)
_PAUSE = timedelta(hours=3)
_LOOK_BACK = timedelta(minutes=10)
_HORIZON = timedelta(hours=24)
_SETTLED = timedelta(seconds=6)
"""By then the last segment of a session is on the shelf."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """What the director knows of one conference now."""

    conference: Mapping[str, Any]
    released: Released
    times: Mapping[SlotId, Mapping[Phase, datetime]]
    policy: store.Policy
    switches: Mapping[SlotId, list[Switch]]
    made: Mapping[SlotId, Mapping[str, Any]]

    def live_slot(self, room: RoomId) -> Slot | None:
        """The slot that is on in a room now."""
        return next(
            (
                slot
                for slot in self.released.slots_of_room[room]
                if Phase.LIVE in self.times.get(slot.id, {}) and not self.ended(slot.id)
            ),
            None,
        )

    def ended(self, slot: SlotId) -> datetime | None:
        """When a slot that had been live ended."""
        reached = self.times.get(slot, {})
        return reached.get(Phase.ENDED) or reached.get(Phase.ARCHIVED)

    def stretches(self, slot: Slot, *, now: datetime) -> list[Stretch]:
        """When this slot was recorded, up to now."""
        start = self.times.get(slot.id, {}).get(Phase.LIVE)
        if start is None:
            return []
        session = self.released.sessions[slot.session]
        return recorded(
            self.policy.mode,
            refused=bool(session.opt_out_recording),
            switches=self.switches.get(slot.id, []),
            live=(start, self.ended(slot.id) or now),
        )

    def records(self, slot: Slot) -> bool:
        """Whether a live slot is being recorded."""
        return is_on(
            self.policy.mode,
            refused=bool(self.released.sessions[slot.session].opt_out_recording),
            switches=self.switches.get(slot.id, []),
        )


async def read(conference: Mapping[str, Any], *, now: datetime) -> Running | None:
    """One conference as it stands; None before its first release."""
    released = await releases.latest(conference["id"])
    if released is None:
        return None
    return Running(
        conference=conference,
        released=released,
        times=await store.times(conference["id"], now - _HORIZON),
        policy=await store.policy(conference["id"]),
        switches=await store.switches(conference["id"]),
        made=await store.made(conference["id"]),
    )


def wishes(
    running: Running, outgoing: Iterable[Mapping[str, Any]], *, now: datetime
) -> list[dict[str, Any]]:
    """The rooms that should be on the air, as the broadcast wants to hear it."""
    targets: dict[str, list[dict[str, str]]] = {}
    for row in outgoing:
        if row["active"] and row["conference"] == running.conference["id"]:
            targets.setdefault(str(row["room"]), []).append(
                {"id": str(row["id"]), "url": row["address"]}
            )
    found = []
    for room in running.released.schedule.rooms:
        live = running.live_slot(room.id)
        if live is None and not in_use(running.released.slots_of_room[room.id], now):
            continue
        found.append(
            {
                "conference": str(running.conference["id"]),
                "room": room.id,
                "slate": _slate(running, room.id, live, now),
                "since": _since(running, live, now),
                "keep": _keep(running, room.id, now),
                "targets": targets.get(room.id, []),
            }
        )
    return found


def in_use(slots: list[Slot], now: datetime) -> bool:
    """Whether a room is about to open, open, or between two sessions of a day."""
    before = [slot for slot in slots if slot.start - _BEFORE <= now]
    if not before:
        return False
    last = max(slot.end for slot in before)
    following = min((slot.start for slot in slots if slot.start > now), default=None)
    pausing = following is not None and following - last <= _PAUSE
    return now < last + _AFTER or (pausing and following is not None and now < following)


def _slate(running: Running, room: RoomId, live: Slot | None, now: datetime) -> dict[str, str]:
    released, zone = running.released, str(running.conference["time_zone"])
    place = released.rooms[room].name
    if live is not None:
        title = released.sessions[live.session].title
        return {"place": place, "title": title, "below": _("The stage is empty for a moment")}
    following = next((s for s in released.slots_of_room[room] if s.end > now), None)
    if following is None:
        return {"place": place, "title": _("Nothing more in this room"), "below": ""}
    at = words.local(following.start, zone).strftime("%H:%M")
    title = released.sessions[following.session].title
    return {"place": place, "title": title, "below": _("Begins at {time}").format(time=at)}


def _since(running: Running, live: Slot | None, now: datetime) -> float:
    """How far back viewers may seek: to the session's start, and between sessions a little."""
    if live is not None:
        return running.times[live.id][Phase.LIVE].timestamp()
    return (now - _LOOK_BACK).replace(second=0, microsecond=0).timestamp()


def _keep(running: Running, room: RoomId, now: datetime) -> float | None:
    """From when on segments are still needed, for recordings that are not made yet."""
    starts = [
        stretch[0].timestamp()
        for slot in running.released.slots_of_room[room]
        if slot.id in running.times and slot.id not in running.made
        for stretch in running.stretches(slot, now=now)
    ]
    return min(starts, default=None)


async def ask_for_recordings(running: Running, *, now: datetime) -> None:
    """Ask once for the recording of each session that has ended and was recorded."""
    for slot in running.released.schedule.slots:
        ended = running.ended(slot.id)
        due = ended is not None and ended + _SETTLED <= now and slot.id not in running.made
        if not due or not running.stretches(slot, now=now):
            continue
        key = f"recording:{slot.id}"
        if await jobs.latest(key) is None:
            await jobs.ask(
                "recording",
                key,
                {"slot": slot.id},
                conference=running.conference["id"],
                asked_by=None,
                now=now,
            )
            logger.info("recording asked for", slot=slot.id)


class Director:
    """Says the wish, and asks for recordings of what has ended."""

    def __init__(self, settings: Settings, client: httpx.AsyncClient) -> None:
        self._settings = settings
        self._client = client
        self._answers = True

    async def tick(self, now: datetime) -> None:
        """Do everything once."""
        conferences = await Conference.select(
            Conference.id, Conference.time_zone, Conference.slug, Conference.title
        )
        outgoing = await store.outgoing([row["id"] for row in conferences])
        wanted: list[dict[str, Any]] = []
        for conference in conferences:
            running = await read(conference, now=now)
            if running is not None:
                wanted += wishes(running, outgoing, now=now)
                await ask_for_recordings(running, now=now)
        await self._tell(wanted, now)

    async def _tell(self, wanted: list[dict[str, Any]], now: datetime) -> None:
        try:
            answer = await self._client.put(
                "/media/hls/rooms",
                json={"rooms": wanted},
                headers={"authorization": f"Bearer {control_grant(self._settings, now=now)}"},
                timeout=3.0,
            )
            answer.raise_for_status()
        except httpx.HTTPError as error:
            if self._answers:
                logger.warning("the broadcast does not answer", error=repr(error))
            self._answers = False
            return
        if not self._answers:
            logger.info("the broadcast answers again")
        self._answers = True


async def run(settings: Settings, redis: Redis) -> None:
    """Stand by for ever, direct when elected; where rooms are LiveKit's there is nothing to direct."""
    if not engine.broadcasts(settings):
        return
    holder = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"
    client = broadcast_client(settings)
    director = Director(settings, client)
    try:
        while True:
            try:
                if await lease.hold(LEASE, holder, term=_TERM, now=present()):
                    await director.tick(present())
            except Exception as error:
                logger.error("director stumbled, goes on", exc_info=error)
            await asyncio.sleep(_TICK_S)
    finally:
        await client.aclose()
        await lease.let_go(LEASE, holder)
