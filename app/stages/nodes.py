"""The media nodes that live, where each room is, and how to reach them: kept in Redis."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Mapping
from typing import Any

import httpx
import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.settings import Settings
from media.registry import NODE, NODES, Registration, read

logger = structlog.get_logger(__name__)

PLACES = "plenary:places"
"""A hash: “conference/room” → the id of the node where the room lives."""

_FRESH_S = 0.2
_BUSY = 0.75
_STEP = 0.25
_PROBE_S = 0.7
_FULL = 0.9
_TAKE_PLACE = """
local there = redis.call('hget', KEYS[1], ARGV[1])
if there == false or there == ARGV[2] then
  redis.call('hset', KEYS[1], ARGV[1], ARGV[3])
  return ARGV[3]
end
return there
"""


def has_room(node: Registration) -> bool:
    """Whether one more viewer would fare well there."""
    return (
        not node.draining and node.busy < _BUSY and node.subscribers < _FULL * node.most_subscribers
    )


def choose(nodes: Collection[Registration], rooms_on: Mapping[str, int]) -> Registration | None:
    """The node for a new room: the least busy (in quarters of a core), then the one with the fewest rooms, by id at last.

    Nodes that are drained get none as long as there are others.
    """
    open_ones = [node for node in nodes if not node.draining] or list(nodes)
    return min(
        open_ones,
        key=lambda node: (
            int(node.busy / _STEP),
            rooms_on.get(node.id, 0),
            node.subscribers,
            node.id,
        ),
        default=None,
    )


class Nodes:
    """What this process knows of the nodes; looked up again when it is older than a moment.

    Where no node has registered (Redis is away, or the node knows none), the one behind
    PLENARY_MEDIA_SOCKET is all there is.
    """

    def __init__(self, settings: Settings, redis: Redis) -> None:
        self._settings = settings
        self._redis = redis
        self._living: dict[str, Registration] = {}
        self._last: dict[str, Registration] = {}
        self._places: dict[str, str] = {}
        self._looked = float("-inf")
        self._placing = asyncio.Lock()
        self._clients: dict[str, httpx.AsyncClient] = {}

    async def aclose(self) -> None:
        for client in self._clients.values():
            await client.aclose()

    async def living(self, *, fresh: bool = False) -> Mapping[str, Registration]:
        """The nodes that registered within the last moments, by id."""
        if fresh or time.monotonic() - self._looked > _FRESH_S:
            try:
                await self._look()
            except (RedisError, OSError) as error:
                logger.info("nodes not looked up", error=str(error))
            self._looked = time.monotonic()
        return self._living

    async def places(self) -> Mapping[str, str]:
        """Where each room was placed: “conference/room” → node id."""
        await self.living()
        return self._places

    async def _look(self) -> None:
        redis = _untyped(self._redis)
        ids = sorted(id.decode() for id in await redis.smembers(NODES))
        values = await redis.mget([NODE + id for id in ids]) if ids else []
        found: dict[str, Registration] = {}
        for id, value in zip(ids, values, strict=True):
            if value is not None:
                try:
                    found[id] = read(value)
                except ValueError as error:
                    logger.warning("a node's registration can't be read", node=id, error=str(error))
        places = await redis.hgetall(PLACES)
        self._last.update(found)
        self._living = found
        self._places = {key.decode(): id.decode() for key, id in places.items()}

    async def home(self, conference: str, room: str) -> Registration | None:
        """The living node where a room is, which gets it now where it has none."""
        nodes = await self.living()
        present = self._places.get(f"{conference}/{room}")
        if present is not None and (present in nodes or not await self.gone(present)):
            return self._last[present]
        return await self._place(conference, room, instead_of=present)

    async def for_viewer(self, conference: str, room: str) -> Registration | None:
        """The node for one more viewer: the room's own, or, when that is busy, another that
        relays it by one copy."""
        home = await self.home(conference, room)
        if home is None or has_room(home):
            return home
        others = [node for node in self._living.values() if has_room(node)]
        return min(others, key=lambda node: (node.busy, node.id), default=home)

    async def gone(self, id: str) -> bool:
        """Whether a node whose registration ran out is dead: one that still answers is only slow."""
        last = self._last.get(id)
        if last is None:
            return True
        try:
            await self.client(last).get("/media/health", timeout=_PROBE_S)
        except httpx.HTTPError:
            return True
        self._living = {**self._living, id: last}
        return False

    async def restore(self, remembered: Mapping[str, str]) -> None:
        """Write down again where rooms are that Redis has forgotten, such as after it was wiped: or
        the next viewer would move a room away from under its speakers."""
        forgotten = {
            key: id
            for key, id in remembered.items()
            if key not in self._places and id in self._living
        }
        redis = _untyped(self._redis)
        for key, id in forgotten.items():
            try:
                await redis.hsetnx(PLACES, key, id)
            except (RedisError, OSError) as error:
                logger.info("place not restored", room=key, error=str(error))
                return
            self._places[key] = id

    async def move(self, key: str, *, instead_of: str) -> Registration | None:
        """Place the room “conference/room” anew, unless somebody did already."""
        conference, _, room = key.partition("/")
        return await self._place(conference, room, instead_of=instead_of)

    async def _place(
        self, conference: str, room: str, *, instead_of: str | None
    ) -> Registration | None:
        """Choose a node and write it down, unless another process was first: then its choice."""
        key, redis = f"{conference}/{room}", _untyped(self._redis)
        # One after the other, each with a fresh look: two at once would choose the same node.
        async with self._placing:
            try:
                await self._look()
                chosen = self._choose(instead_of)
                if chosen is None:
                    return self._living.get(instead_of or "")
                there = await redis.eval(_TAKE_PLACE, 1, PLACES, key, instead_of or "", chosen.id)
            except (RedisError, OSError) as error:
                logger.info("room not placed", room=room, error=str(error))
                return self._choose(instead_of)
            id = str(there.decode())
            self._places[key] = id
        if id == chosen.id:
            logger.info("room placed", room=room, node=id, instead_of=instead_of)
        return self._living.get(id, chosen)

    def _choose(self, instead_of: str | None) -> Registration | None:
        rooms_on: dict[str, int] = {}
        for id in self._places.values():
            rooms_on[id] = rooms_on.get(id, 0) + 1
        return choose([n for n in self._living.values() if n.id != instead_of], rooms_on)

    async def lost(self, id: str) -> None:
        """Nobody answers at this node's address: it is gone. One that lives registers again."""
        self._living.pop(id, None)
        try:
            await self._redis.delete(NODE + id)
        except (RedisError, OSError) as error:
            logger.info("node not forgotten", node=id, error=str(error))

    def client(self, node: Registration | None) -> httpx.AsyncClient:
        """A client of this node; of the one on this machine for None."""
        address = node.address if node is not None else f"unix:{self._settings.media_socket}"
        client = self._clients.get(address)
        if client is None:
            client = self._clients[address] = _client(address)
        return client

    async def all_clients(self) -> dict[str, httpx.AsyncClient]:
        """A client of every living node by id; of the one on this machine where none registered."""
        nodes = await self.living()
        if not nodes:
            return {"": self.client(None)}
        return {id: self.client(node) for id, node in nodes.items()}


def _untyped(redis: Redis) -> Any:
    """The client, whose annotations promise either a value or an awaitable."""
    return redis


def _client(address: str) -> httpx.AsyncClient:
    unix = address.startswith("unix:")
    return httpx.AsyncClient(
        transport=httpx.AsyncHTTPTransport(
            uds=address.removeprefix("unix:") if unix else None,
            limits=httpx.Limits(max_connections=200, max_keepalive_connections=20),
        ),
        base_url="http://media" if unix else address,
        timeout=httpx.Timeout(10.0, read=30.0),
    )


async def ask_all(
    clients: Mapping[str, httpx.AsyncClient], method: str, path: str, **more: Any
) -> dict[str, httpx.Response]:
    """The answers of those that answer well, by id. Raises httpx.HTTPError when none does."""

    async def ask(client: httpx.AsyncClient) -> httpx.Response:
        answer = await client.request(method, path, **more)
        return answer.raise_for_status()

    answers = await asyncio.gather(*map(ask, clients.values()), return_exceptions=True)
    good: dict[str, httpx.Response] = {}
    failure: BaseException | None = None
    for id, answer in zip(clients, answers, strict=True):
        if isinstance(answer, httpx.Response):
            good[id] = answer
        elif not isinstance(answer, httpx.HTTPError):
            raise answer
        else:
            failure = answer
    if failure is not None and not good:
        raise failure
    return good
