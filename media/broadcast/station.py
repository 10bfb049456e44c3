"""All rooms that are broadcast by this process: compares wishes with what runs, and keeps time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from media.broadcast.feed import Lane
from media.broadcast.outgoing import Outgoing
from media.broadcast.programme import Programme
from media.broadcast.reorder import Packet
from media.broadcast.settings import Settings
from media.broadcast.tap import Tap
from media.broadcast.wish import RoomKey, Wish
from media.grant import Grant, sign
from media.log import Log

logger = Log(__name__)

TICK_S = 0.025
LOOK_S = 0.4
_TERM = timedelta(minutes=5)


class Room:
    """One room's programme and the tap that feeds it."""

    def __init__(self, settings: Settings, key: RoomKey, wish: Wish, now: float) -> None:
        self.programme = Programme(key, settings.folder, wish, now=now)
        self.outgoing = Outgoing(key[1])
        self.programme.listeners.append(self.outgoing.part)
        self.outgoing.want(wish.targets)
        self.tap = Tap(
            settings.node, key, settings.secret, voices=settings.voices, deliver=self._deliver
        )

    def tick(self, now: float) -> None:
        """Do what time brings."""
        programme, tap = self.programme, self.tap
        programme.lanes = tap.lanes
        programme.tick(now)
        if tap.lanes:
            if programme.feed.keyframe_due(now):
                tap.ask_keyframe()
            tap.repair(now)

    def look(self, boot: str, state: Mapping[str, Any] | None, now: float) -> None:
        """Take in what the node says of our session there (None: it does not know us)."""
        self.tap.check(frozenset((self.tap.id,)) if state else frozenset())
        people = [] if state is None else [x for x in state["lanes"] if x["person"]]
        self.programme.feed.occupied = bool(people)
        self.programme.note_people(
            tuple({k: str(x[k] or "") for k in ("person", "name", "source")} for x in people), now
        )

    def want(self, wish: Wish) -> None:
        """From now on it should be like this."""
        self.programme.want(wish)
        self.outgoing.want(wish.targets)

    async def end(self, now: float) -> None:
        await self.tap.close()
        await self.outgoing.close()
        self.programme.end(now)
        self.programme.close()

    async def leave(self) -> None:
        await self.tap.close()
        await self.outgoing.close()
        self.programme.close()

    def _deliver(self, lane: Lane, seq: int, packet: Packet) -> None:
        self.programme.feed.packet(lane, seq, packet, wall())


class Station:
    """Every room of this process. `rooms` are on the air; `over` have ended and can be seen still."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.rooms: dict[RoomKey, Room] = {}
        self.over: dict[RoomKey, Programme] = {}
        self.node_answers = False
        self._tasks: list[asyncio.Task[None]] = []
        self._client = _client(settings.node)

    async def start(self) -> None:
        """Begin to keep time."""
        self.settings.folder.mkdir(parents=True, exist_ok=True)
        self._tasks = [
            asyncio.create_task(self._keep_time()),
            asyncio.create_task(self._keep_looking()),
            asyncio.create_task(self._keep_house()),
        ]
        logger.info("broadcast started", folder=str(self.settings.folder))

    async def close(self) -> None:
        """Stop; what runs can be taken up again."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(room.leave() for room in self.rooms.values()))
        await self._client.aclose()

    async def wish(self, wishes: Mapping[RoomKey, Wish]) -> None:
        """Make what runs what is wished; what is not named ends cleanly."""
        now = wall()
        for key in [key for key in self.rooms if key not in wishes]:
            room = self.rooms.pop(key)
            await room.end(now)
            self.over[key] = room.programme
            logger.info("broadcast ended", room=key[1])
        for key, wanted in wishes.items():
            if key in self.rooms:
                self.rooms[key].want(wanted)
            else:
                self.over.pop(key, None)
                self.rooms[key] = Room(self.settings, key, wanted, now)
                logger.info("broadcast begun", room=key[1])

    def programme(self, key: RoomKey) -> Programme | None:
        """What is or was broadcast of a room."""
        room = self.rooms.get(key)
        return room.programme if room else self.over.get(key)

    async def _keep_time(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            for key, room in list(self.rooms.items()):
                try:
                    room.tick(wall())
                except Exception:
                    logger.exception("a tick failed", room=key[1])
            await asyncio.sleep(TICK_S - loop.time() % TICK_S)

    async def _keep_looking(self) -> None:
        """Ask the node, for all rooms at once, who is on stage and whether it still knows us."""
        while True:
            try:
                boot, ours = await self._ask()
                self.node_answers = True
                for room in list(self.rooms.values()):
                    room.look(boot, ours.get(room.tap.id), wall())
            except (httpx.HTTPError, KeyError, ValueError) as error:
                if self.node_answers:
                    logger.info("the node does not answer", error=repr(error))
                self.node_answers = False
                for room in list(self.rooms.values()):
                    room.look("", None, wall())
            except Exception:
                logger.exception("a look at the node failed")
            await asyncio.sleep(LOOK_S)

    async def _ask(self) -> tuple[str, dict[str, Mapping[str, Any]]]:
        grant = Grant(
            conference="*",
            rooms=("*",),
            person="broadcast",
            control=True,
            service=True,
            expires=datetime.now(UTC) + _TERM,
        )
        answer = await self._client.get(
            "/media/services",
            headers={"authorization": f"Bearer {sign(grant, self.settings.secret)}"},
        )
        answer.raise_for_status()
        document = answer.json()
        return document["boot"], {entry["id"]: entry for entry in document["services"]}

    async def _keep_house(self) -> None:
        """Stills, and what must be deleted."""
        while True:
            for key, room in list(self.rooms.items()):
                try:
                    await room.programme.make_still(wall())
                    room.programme.prune(wall(), self.settings.keep_s)
                except Exception:
                    logger.exception("housekeeping failed", room=key[1])
            await asyncio.sleep(0.5)


def _client(node: str) -> httpx.AsyncClient:
    uds = node.removeprefix("unix:") if node.startswith("unix:") else None
    return httpx.AsyncClient(
        base_url="http://node" if uds else node,
        transport=httpx.AsyncHTTPTransport(uds=uds),
        timeout=httpx.Timeout(2.0),
    )


_BASE = time.time() - time.monotonic()


def wall() -> float:
    """Wall-clock seconds that never jump: the clock of the start, carried on."""
    return _BASE + time.monotonic()
