"""Rate limits that are atomic: one INCR for each use, counted per window."""

from __future__ import annotations

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

logger = structlog.get_logger(__name__)


async def allow(redis: Redis, key: str, *, most: int, seconds: int) -> bool:
    """True while `key` was used at most `most` times in the running window of `seconds`.

    A Redis that does not answer allows: signing in must survive its restart.
    """
    name = f"plenary:limit:{key}"
    try:
        async with redis.pipeline(transaction=True) as pipe:
            pipe.incr(name)
            pipe.expire(name, seconds, nx=True)
            count, _ = await pipe.execute()
    except (RedisError, OSError) as error:
        logger.warning("rate limit not counted", key=key.split(":")[0], error=str(error))
        return True
    return int(count) <= most
