"""Which rooms of other nodes are watched from here, and the relay that each of them has."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Iterable, Mapping
from types import ModuleType
from typing import TYPE_CHECKING

from media.forwarder import Forwarder
from media.room import Room, RoomKey
from media.stream import Stream

if TYPE_CHECKING:
    from media.relay import Relay

LINGER_S = 10.0
"""A relay that nobody watches stays for this long: people come back, and then it is warm."""


class Relays:
    """Compares the rooms that are watched with the relays that run, and closes the difference."""

    def __init__(
        self, rooms: Mapping[RoomKey, Room], *, secret: str, name: str, forwarder: Forwarder
    ) -> None:
        self._rooms = rooms
        self._secret, self._name, self._forwarder = secret, name, forwarder
        self._running: dict[RoomKey, Relay] = {}
        self._watched: dict[RoomKey, float] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._loading: asyncio.Task[ModuleType] | None = None

    def __len__(self) -> int:
        return len(self._running)

    def prepare(self) -> None:
        """Some room lives elsewhere: load what a relay needs, on the side, before one is wanted.

        An HTTP client costs a node 10 MB that most never use, and its import a third of a second.
        """
        if self._loading is None:
            self._loading = asyncio.create_task(
                asyncio.to_thread(importlib.import_module, "media.relay")
            )

    def keep(self, now: float) -> None:
        """Begin what is watched and lives elsewhere, end the rest."""
        wanted = {
            room.key: room
            for room in self._rooms.values()
            if room.stage.home and any(s.group is None for s in room.subscribers.values())
        }
        self._watched.update(dict.fromkeys(wanted, now))
        for key, relay in list(self._running.items()):
            room = wanted.get(key)
            if room is None and now - self._watched[key] < LINGER_S:
                continue
            if room is None or room.stage.home != relay.address:
                self._end(key)
        for key, room in wanted.items():
            if key not in self._running:
                self._running[key] = self._begin(room)
            choices = self._running[key].choices
            if room.relayed is not choices:
                room.relayed = choices
                room.refill(now, everybody=True)

    async def close(self) -> None:
        for key in list(self._running):
            self._end(key)
        await asyncio.gather(*self._closing, return_exceptions=True)

    def _begin(self, room: Room) -> Relay:
        # Loaded by `prepare` already, as a rule.
        from media.relay import Relay

        def changed(gone: Iterable[Stream]) -> None:
            for stream in gone:
                self._forwarder.forget(stream)
            self.keep(asyncio.get_running_loop().time())
            self._forwarder.flush()

        assert room.stage.home is not None
        return Relay(
            room.stage.home,
            conference=room.conference,
            room=room.id,
            secret=self._secret,
            name=self._name,
            arrived=self._forwarder.arrived,
            drained=self._forwarder.drained,
            changed=changed,
        )

    def _end(self, key: RoomKey) -> None:
        self._watched.pop(key, None)
        task = asyncio.create_task(self._running.pop(key).close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
