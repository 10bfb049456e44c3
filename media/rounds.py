"""What the node does again and again: asks for repair, measures, reports, misses the dead."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from media import events
from media.diary import Diary
from media.forwarder import Forwarder
from media.load import Load
from media.log import Log
from media.publisher import Publisher
from media.relays import Relays
from media.room import Room, RoomKey
from media.subscriber import Subscriber

logger = Log(__name__)

REPAIR_S = 0.025
MEASURE_S = 0.25
REPORT_S = 3
NOTE_S = 30
EXPIRE_S = 12.0
UNFINISHED_S = 10.0


class Rounds:
    """Visits all rooms and sessions of the node, each task at its own pace.

    `packets_out` tells how many packets the node has sent so far; `drop` ends a session.
    """

    def __init__(
        self,
        *,
        rooms: Mapping[RoomKey, Room],
        publishers: Mapping[str, Publisher],
        subscribers: Mapping[str, Subscriber],
        relays: Relays,
        forwarder: Forwarder,
        diary: Diary,
        load: Load,
        packets_out: Callable[[], int],
        drop: Callable[[Publisher | Subscriber, str], None],
    ) -> None:
        self._rooms, self._publishers, self._subscribers = rooms, publishers, subscribers
        self._relays, self._forwarder = relays, forwarder
        self._diary, self._load = diary, load
        self._packets_out, self._drop = packets_out, drop
        self._seconds = 0

    async def keep_time(self) -> None:
        """Do what is due, for ever."""
        present = asyncio.get_running_loop().time
        turn = 0
        while True:
            await asyncio.sleep(REPAIR_S)
            turn += 1
            try:
                self.repair()
                if turn % round(MEASURE_S / REPAIR_S) == 0:
                    self.measure(present())
                if turn % round(1 / REPAIR_S) == 0:
                    self.second(present())
            except Exception:
                logger.exception("a tick failed")

    def repair(self) -> None:
        """Ask again for packets that are missing."""
        for publisher in self._publishers.values():
            publisher.repair()

    def measure(self, now: float) -> None:
        """Look at what is watched elsewhere, who is loud and whose speech has ended."""
        self._relays.keep(now)
        for room in list(self._rooms.values()):
            room.measure(now)
        for publisher in self._publishers.values():
            publisher.remind(now)
            seconds = publisher.speech(now)
            if seconds is not None:
                room = self._rooms[publisher.grant.conference, publisher.room]
                self._diary.spoke(publisher, room, seconds)
        for subscriber in self._subscribers.values():
            if subscriber.report_due:
                subscriber.report()
        self._forwarder.flush()

    def second(self, now: float) -> None:
        """What is due every second: reports, links, notes of quality, and whoever is not heard."""
        self._load.second(self._packets_out())
        self._visit_publishers(now)
        self._seconds += 1
        self._visit_subscribers(now)
        self._miss_the_silent(now)

    def _visit_publishers(self, now: float) -> None:
        for number, publisher in enumerate(list(self._publishers.values())):
            publisher.second(now)
            if (number + self._seconds) % NOTE_S == 0 and publisher.id in self._diary.joined:
                self._diary.publisher(
                    events.PUBLISHER_QUALITY,
                    publisher,
                    kbps=publisher.kbps,
                    loss=round(publisher.loss, 3),
                )

    def _visit_subscribers(self, now: float) -> None:
        for number, subscriber in enumerate(list(self._subscribers.values())):
            if subscriber.second(now):
                self._diary.subscriber(
                    events.SUBSCRIBER_LAYER,
                    subscriber,
                    layer="low" if subscriber.link.low else "high",
                    loss=round(subscriber.loss, 3),
                )
            if (number + self._seconds) % REPORT_S == 0:
                subscriber.report()

    def _miss_the_silent(self, now: float) -> None:
        sessions: list[Publisher | Subscriber] = [
            *self._publishers.values(),
            *self._subscribers.values(),
        ]
        for session in sessions:
            patience = EXPIRE_S if session.peer.ready else UNFINISHED_S
            if now - session.peer.ice.heard > patience:
                self._drop(session, "not heard any more")
