"""What many people do at once, told together: reactions, votes, and poll results, three times a second."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import structlog

from app import db, live, live_hub
from app.clock import now
from app.talk import polls, questions
from app.talk.tables import ReactionCount

logger = structlog.get_logger(__name__)

_BEAT_S = 0.3
Room = tuple[UUID, UUID, UUID]
"""Conference, room, and the place that its reactions are counted for: the slot, or the room."""


class Pulse:
    """Collects in one web process, and says every beat what came together.

    Votes and answers are in the database already; a beat reads them there, so that several
    processes agree. Reactions that nobody told yet die with the process: at most one beat of them.
    """

    def __init__(self, hub: live_hub.Hub) -> None:
        self._hub = hub
        self._reactions: dict[Room, Counter[str]] = {}
        self._questions: set[UUID] = set()
        self._polls: set[UUID] = set()
        self._something = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._beat(), name="talk pulse")

    async def close(self) -> None:
        """Say what is left, and end."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self.flush(now=now())

    def react(self, room: Room, sign: str) -> None:
        self._reactions.setdefault(room, Counter())[sign] += 1
        self._something.set()

    def voted(self, question: UUID) -> None:
        self._questions.add(question)
        self._something.set()

    def answered(self, poll: UUID) -> None:
        self._polls.add(poll)
        self._something.set()

    async def _beat(self) -> None:
        while True:
            await self._something.wait()
            self._something.clear()
            try:
                await self.flush(now=now())
            except Exception as error:
                logger.warning("a beat was not told", error=repr(error))
            await asyncio.sleep(_BEAT_S)

    async def flush(self, *, now: datetime) -> None:
        """Tell everything that came since the last time, in one transaction."""
        reactions, self._reactions = self._reactions, {}
        voted, self._questions = self._questions, set()
        answered, self._polls = self._polls, set()
        if not (reactions or voted or answered):
            return
        async with db.transaction():
            for (conference, room, place), counts in reactions.items():
                await _count(conference, place, counts)
                await _tell(conference, room, {"what": "reactions", "counts": counts}, now)
            if voted:
                await _tell_votes(voted, now)
            for conference, room, poll in await polls.with_results(answered) if answered else ():
                said = {"what": "results", "id": poll["id"], "results": poll["results"]}
                await _tell(conference, room, said, now)
        await self._hub.wake()


async def _tell(conference: UUID, room: UUID, said: Mapping[str, Any], now: datetime) -> None:
    channel = live.of_room(room)
    await live.announce(conference, "talk", {"room": str(room), **said}, channel=channel, now=now)


async def _tell_votes(voted: set[UUID], now: datetime) -> None:
    by_room: dict[tuple[UUID, UUID], dict[str, int]] = {}
    for row in await questions.counts(voted):
        place = (row["conference"], row["room"])
        by_room.setdefault(place, {})[str(row["id"])] = row["votes"]
    for (conference, room), votes in by_room.items():
        await _tell(conference, room, {"what": "votes", "votes": votes}, now)


async def _count(conference: UUID, place: UUID, counts: Mapping[str, int]) -> None:
    for sign, count in counts.items():
        mine = (ReactionCount.place == place, ReactionCount.sign == sign)
        await ReactionCount.insert(
            ReactionCount(id=uuid4(), conference=conference, place=place, sign=sign, times=0)
        ).on_conflict(action="DO NOTHING")
        await ReactionCount.update({ReactionCount.times: ReactionCount.times + count}).where(*mine)
