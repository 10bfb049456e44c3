"""Who else has the editor open, and which day they look at. Kept in Redis, and only for a minute."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

logger = structlog.get_logger(__name__)

STAYS_S = 45
"""Whoever has not said so for so long is not here any more."""


async def here(
    redis: Redis, conference: UUID, person: UUID, name: str, day: str, *, now: datetime
) -> bool:
    """Say that somebody is here; True where that is news to the others."""
    key = f"plenary:editors:{conference}"
    told = {"name": name, "day": day, "at": now.timestamp()}
    try:
        held = await redis.hget(key, str(person))  # type: ignore[misc]
        await redis.hset(key, str(person), json.dumps(told))  # type: ignore[misc]
        await redis.expire(key, STAYS_S * 4)
    except (RedisError, OSError) as error:
        logger.info("presence not kept", error=str(error))
        return False
    if held is None:
        return True
    before: dict[str, Any] = json.loads(held)
    return before["day"] != day or now.timestamp() - before["at"] > STAYS_S


async def gone(redis: Redis, conference: UUID, person: UUID) -> None:
    """Say that somebody left."""
    try:
        await redis.hdel(f"plenary:editors:{conference}", str(person))  # type: ignore[misc]
    except (RedisError, OSError) as error:
        logger.info("presence not kept", error=str(error))


async def others(
    redis: Redis, conference: UUID, person: UUID, *, now: datetime
) -> list[dict[str, str]]:
    """The others who are here, by name, each with the day that they look at (empty: all)."""
    try:
        held = await redis.hgetall(f"plenary:editors:{conference}")  # type: ignore[misc]
    except (RedisError, OSError) as error:
        logger.info("presence not known", error=str(error))
        return []
    found = []
    for key, text in held.items():
        told: dict[str, Any] = json.loads(text)
        if key.decode() != str(person) and now.timestamp() - told["at"] <= STAYS_S:
            found.append({"id": key.decode(), "name": told["name"], "day": told["day"]})
    return sorted(found, key=lambda one: one["name"])
