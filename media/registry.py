"""A node registers itself in Redis with its load, and is forgotten soon after it falls silent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Final

from media.log import Log
from media.redis_stream import RedisConnection, RedisError

logger = Log(__name__)

NODES: Final = "plenary:nodes"
"""The set of ids that ever registered; a node lives while its key NODE + id does."""
NODE: Final = "plenary:node:"
BEAT_S = 0.5
LIFE_MS = 2500


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """A living node: how the application reaches it (`address`, http://host:port or unix:/path), and
    its load; `busy` is its share of one core."""

    id: str
    boot: str
    address: str
    draining: bool
    publishers: int
    subscribers: int
    most_subscribers: int
    packets_out: int
    busy: float


def written(registration: Registration) -> str:
    return json.dumps(asdict(registration), separators=(",", ":"))


def read(text: str | bytes) -> Registration:
    """The registration in the value of a node's key; raises ValueError for anything else."""
    try:
        found: dict[str, Any] = json.loads(text)
        return Registration(**found)
    except TypeError as error:
        raise ValueError("not a registration") from error


async def keep_registered(url: str, id: str, present: Callable[[], Registration]) -> None:
    """Register every BEAT_S, for ever; on cancellation take the registration back."""
    delay = 0.1
    while True:
        connection = RedisConnection(url)
        try:
            await connection.connect()
            delay = 0.1
            while True:
                value = written(present())
                await connection.run(
                    [["SADD", NODES, id], ["SET", NODE + id, value, "PX", str(LIFE_MS)]]
                )
                await asyncio.sleep(BEAT_S)
        except (OSError, RedisError, EOFError) as error:
            logger.debug("not registered", error=str(error))
        except asyncio.CancelledError:
            await _withdraw(connection, id)
            raise
        finally:
            connection.close()
        await asyncio.sleep(delay)
        delay = min(2 * delay, 2.0)


async def _withdraw(connection: RedisConnection, id: str) -> None:
    try:
        await connection.run([["DEL", NODE + id], ["SREM", NODES, id]])
    except (OSError, RedisError, EOFError) as error:
        logger.debug("registration not taken back", error=str(error))
