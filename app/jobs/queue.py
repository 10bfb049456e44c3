"""The transport: arq on Redis carries ids of jobs, never their content."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import msgpack
from arq.connections import ArqRedis, RedisSettings, create_pool
from arq.worker import Worker, func

from app.jobs import outbox
from app.jobs.kinds import KINDS
from app.jobs.outbox import Delivery, Handler

NAMES = {"fast": "plenary:fast", "heavy": "plenary:heavy"}
_AT_ONCE = {"fast": 8, "heavy": 2}
_POLL_S = {"fast": 0.1, "heavy": 0.25}


def pack(value: dict[str, Any]) -> bytes:
    # arq also keeps what ended a job that was killed: its words are enough.
    packed: bytes = msgpack.packb(value, default=repr)
    return packed


def unpack(packed: bytes) -> dict[str, Any]:
    value: dict[str, Any] = msgpack.unpackb(packed)
    return value


async def connect(redis_url: str) -> ArqRedis:
    """A pool that speaks arq's protocol with msgpack, never pickle."""
    return await create_pool(
        RedisSettings.from_dsn(redis_url), job_serializer=pack, job_deserializer=unpack
    )


def enqueuer(pool: ArqRedis) -> Handler:
    """The outbox handler that hands one attempt to its queue.

    arq refuses an id that it already holds, so handing over twice is harmless.
    """

    async def enqueue(delivery: Delivery) -> None:
        facts = delivery.payload
        if facts["queue"] not in NAMES:
            raise outbox.Undeliverable(f"there is no queue “{facts['queue']}”")
        await pool.enqueue_job(
            "work",
            facts["job"],
            facts["attempt"],
            _job_id=f"{facts['job']}:{facts['attempt']}",
            _queue_name=NAMES[facts["queue"]],
        )

    return enqueue


def worker(queue: str, pool: ArqRedis, work: Callable[..., Any]) -> Worker:
    """An arq worker for one queue; it ends when Redis drops, and its process with it.

    Nothing is retried by arq: attempts are counted on the job's row, where a crash is seen too.
    """
    longest = max(kind.limit for kind in KINDS.values() if kind.queue == queue)
    return Worker(
        functions=[func(work, name="work", timeout=longest + timedelta(seconds=5), max_tries=1)],
        queue_name=NAMES[queue],
        redis_pool=pool,
        handle_signals=False,
        max_jobs=_AT_ONCE[queue],
        poll_delay=_POLL_S[queue],
        keep_result=0,
        queue_read_limit=200,
        retry_jobs=False,
        log_results=False,
        job_serializer=pack,
        job_deserializer=unpack,
    )
