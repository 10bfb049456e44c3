"""Jobs and the outbox: nothing lost, nothing done twice, failures in words."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from uuid import UUID

import pytest
import structlog

from app import db, logs
from app.clock import now
from app.jobs import kinds, outbox, queue, runner, store
from app.jobs.kinds import FAST, Kind
from app.jobs.outbox import Delivery
from app.jobs.press import Press, PressStopped, Unprintable, spread
from app.jobs.runner import JobFailed, Task
from app.jobs.store import Made
from app.jobs.tables import Job, Outbox
from app.live_tables import LiveEvent
from app.settings import Settings
from tests.app.making import make_conference
from tests.app.workers import start_worker

T0 = datetime(2027, 5, 12, 12, 0, tzinfo=UTC)


async def works(task: Task) -> Made:
    for n in range(3):
        await task.progress(n + 1, 3)
    return Made(words=f"made {task.arguments['what']}")


async def fails(task: Task) -> Made:
    raise JobFailed("There is nobody to make a badge for.")


async def breaks(task: Task) -> Made:
    raise ZeroDivisionError


async def hangs(task: Task) -> Made:
    await asyncio.sleep(60)
    return Made()


@pytest.fixture(autouse=True)
def own_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    own = {
        name: Kind(work=f"tests.app.test_jobs:{name}", queue=FAST, limit=timedelta(seconds=5))
        for name in ("works", "fails", "breaks", "hangs")
    }
    monkeypatch.setattr(kinds, "KINDS", MappingProxyType({**kinds.KINDS, **own}))


async def ask(kind: str, key: str = "k", conference: UUID | None = None) -> UUID:
    return await store.ask(
        kind, key, {"what": "a badge"}, conference=conference, asked_by=None, now=now()
    )


async def test_putting_the_same_key_twice_is_one_entry(database: str) -> None:
    await outbox.put("mail", "a", {"n": 1}, now=T0)
    await outbox.put("mail", "a", {"n": 2}, now=T0)
    assert [json.loads(r["payload"]) for r in await Outbox.select()] == [{"n": 1}]


async def test_a_rolled_back_change_tells_nobody(database: str) -> None:
    class Stop(Exception):
        pass

    async def change() -> None:
        async with db.transaction():
            await outbox.put("mail", "a", {}, now=T0)
            raise Stop

    with pytest.raises(Stop):
        await change()
    assert await Outbox.count() == 0


async def test_each_entry_is_delivered_once_by_many_workers(database: str) -> None:
    for n in range(40):
        await outbox.put("mail", f"m{n}", {"n": n}, now=T0)
    seen: list[str] = []

    async def handler(delivery: Delivery) -> None:
        seen.append(delivery.key)
        await asyncio.sleep(0)

    async def work() -> None:
        while await outbox.deliver_due({"mail": handler}, now=lambda: T0):
            pass

    await asyncio.gather(*(work() for _ in range(4)))
    assert sorted(seen) == sorted(f"m{n}" for n in range(40))


async def test_a_failing_delivery_waits_longer_and_keeps_its_error(database: str) -> None:
    await outbox.put("mail", "a", {}, now=T0)

    async def handler(delivery: Delivery) -> None:
        raise ConnectionRefusedError("no server")

    clock = T0
    for attempt, pause in ((1, 2), (2, 4), (3, 8)):
        assert await outbox.deliver_due({"mail": handler}, now=lambda: clock)  # noqa: B023
        assert not await outbox.deliver_due({"mail": handler}, now=lambda: clock)  # noqa: B023
        row = (await Outbox.select())[0]
        assert row["attempts"] == attempt
        assert row["error"] == "ConnectionRefusedError: no server"
        assert row["due_at"] == clock + timedelta(seconds=pause)
        clock += timedelta(seconds=pause)


async def test_a_worker_that_died_leaves_its_entries_to_the_next(database: str) -> None:
    await outbox.put("mail", "a", {}, now=T0)
    seen: list[int] = []

    async def killed(delivery: Delivery) -> None:
        raise asyncio.CancelledError

    async def handler(delivery: Delivery) -> None:
        seen.append(delivery.attempt)

    with pytest.raises(asyncio.CancelledError):
        await outbox.deliver_due({"mail": killed}, now=lambda: T0)
    assert await outbox.deliver_due({"mail": handler}, now=lambda: T0) is False
    assert await outbox.deliver_due({"mail": handler}, now=lambda: T0 + outbox.LEASE) is True
    assert seen == [2]


async def test_a_delivered_secret_is_forgotten(database: str) -> None:
    await outbox.put("mail", "a", {"text": "link", "secret": True}, now=T0)
    await outbox.put("mail", "b", {"text": "hello"}, now=T0)

    async def handler(delivery: Delivery) -> None:
        assert delivery.payload["text"]

    while await outbox.deliver_due({"mail": handler}, now=lambda: T0):
        pass
    rows = await Outbox.select().order_by(Outbox.key)
    assert [json.loads(r["payload"]) for r in rows] == [{}, {"text": "hello"}]
    assert [r["delivered_at"] for r in rows] == [T0, T0]


async def test_what_can_never_be_delivered_is_given_up_at_once(database: str) -> None:
    await outbox.put("mail", "a", {}, now=T0)

    async def handler(delivery: Delivery) -> None:
        raise outbox.Undeliverable("no such mailbox")

    await outbox.deliver_due({"mail": handler}, now=lambda: T0)
    row = (await Outbox.select())[0]
    assert (row["due_at"], row["error"]) == (outbox.GIVEN_UP, "no such mailbox")
    assert await outbox.deliver_due({"mail": handler}, now=now) is False


async def test_asking_twice_gives_the_open_job_and_a_new_one_after_it(
    database: str, settings: Settings
) -> None:
    first = await ask("works")
    assert await ask("works") == first
    await runner.run(settings, first, 0)
    assert await ask("works") != first


async def test_many_asking_at_once_get_one_job(database: str) -> None:
    assert len(set(await asyncio.gather(*(ask("works") for _ in range(10))))) == 1
    assert await Outbox.count() == 1


async def test_a_job_runs_tells_its_pages_and_leaves_its_result(
    database: str, settings: Settings
) -> None:
    conference = (await make_conference()).id
    job = await ask("works", conference=conference)
    await runner.run(settings, job, 0)
    row = await store.find(job)
    assert row is not None
    assert (row["state"], row["done"], row["total"]) == ("done", 3, 3)
    assert Made.read(row["result"]) == Made(words="made a badge")
    events = await LiveEvent.select().where(LiveEvent.conference == conference)
    assert {e["topic"] for e in events} == {"job"}
    assert json.loads(events[-1]["payload"]) == {"id": str(job)}


async def test_running_an_attempt_twice_does_nothing_the_second_time(
    database: str, settings: Settings
) -> None:
    job = await ask("works")
    await runner.run(settings, job, 0)
    before = await store.find(job)
    await runner.run(settings, job, 0)
    assert await store.find(job) == before


async def test_a_failure_that_is_said_in_words_is_not_tried_again(
    database: str, settings: Settings
) -> None:
    job = await ask("fails")
    await runner.run(settings, job, 0)
    row = await store.find(job)
    assert row is not None
    assert (row["state"], row["error"]) == ("failed", "There is nobody to make a badge for.")
    again = await store.retry(job, now=now())
    assert again is not None
    assert again != job
    assert await store.retry(again, now=now()) is None


async def test_an_error_of_ours_is_tried_three_times(database: str, settings: Settings) -> None:
    job = await ask("breaks")
    for attempt in range(3):
        row = await store.find(job)
        assert row is not None
        assert (row["state"], row["attempts"]) == ("queued", attempt)
        await runner.run(settings, job, attempt)
    row = await store.find(job)
    assert row is not None
    assert row["state"] == "failed"
    assert "ZeroDivisionError" in row["error"]


async def test_a_stopped_worker_gives_its_job_to_the_next(
    database: str, settings: Settings
) -> None:
    job = await ask("hangs")
    running = asyncio.create_task(runner.run(settings, job, 0))
    await until(lambda: state(job), "running")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    row = await store.find(job)
    assert row is not None
    assert (row["state"], row["attempts"]) == ("queued", 1)


async def test_an_expired_lease_is_a_new_attempt_and_the_old_one_can_not_finish(
    database: str,
) -> None:
    job = await ask("works")
    started = now()
    assert await store.start(job, attempt=0, now=started)
    assert await store.sweep(now=started + timedelta(seconds=10)) == 0
    assert await store.sweep(now=started + timedelta(seconds=16)) == 1
    assert not await store.renew(job, attempt=0, now=now())
    assert not await store.finish(job, attempt=0, made=Made(), now=now())
    assert await store.start(job, attempt=1, now=now())


async def test_a_job_that_the_queue_lost_is_handed_over_again(
    database: str, redis_url: str
) -> None:
    job = await ask("works")
    pool = await queue.connect(redis_url)
    try:
        handlers = {"enqueue": queue.enqueuer(pool)}
        await outbox.deliver_due(handlers, now=now)
        await pool.flushdb()
        later = now() + store.QUEUED_FOR + timedelta(seconds=1)
        assert await store.sweep(now=later) == 1
        await outbox.deliver_due(handlers, now=lambda: later)
        assert [j.job_id for j in await pool.queued_jobs(queue_name=queue.NAMES[FAST])] == [
            f"{job}:0"
        ]
    finally:
        await pool.flushdb()
        await pool.aclose()


async def test_after_too_many_attempts_it_fails_in_words(database: str) -> None:
    job = await ask("works")
    clock = now()
    for attempt in range(3):
        assert await store.start(job, attempt=attempt, now=clock)
        clock += timedelta(seconds=16)
        await store.sweep(now=clock)
    row = await store.find(job)
    assert row is not None
    assert row["state"] == "failed"
    assert row["error"] == "It was tried 3 times, and each time the worker stopped."


async def test_ended_jobs_and_their_files_are_forgotten(database: str, settings: Settings) -> None:
    job = await ask("works")
    await store.start(job, attempt=0, now=now())
    file = settings.files / "jobs" / "x.pdf"
    await asyncio.to_thread(write, file, b"%PDF")
    await store.finish(job, attempt=0, made=Made(file="jobs/x.pdf"), now=now())
    await store.forget(settings.files, now=now() + store.KEPT - timedelta(hours=1))
    assert await asyncio.to_thread(file.exists)
    await store.forget(settings.files, now=now() + store.KEPT + timedelta(hours=1))
    assert not await asyncio.to_thread(file.exists)
    assert await Job.count() == 0


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


async def state(job: UUID) -> str:
    row = await store.find(job)
    assert row is not None
    return str(row["state"])


async def until(look: Callable[[], Awaitable[str]], wanted: str, seconds: float = 30) -> None:
    async with asyncio.timeout(seconds):
        while await look() != wanted:
            await asyncio.sleep(0.05)


async def test_real_workers_do_a_job_answer_probes_and_end_on_sigterm(
    database: str, settings: Settings
) -> None:
    conference = (await make_conference()).id
    job = await store.ask("invites", "i", {}, conference=conference, asked_by=None, now=now())
    workers = [start_worker(name, settings) for name in ("fast", "heavy")]
    try:
        await until(lambda: state(job), "failed")
        row = await store.find(job)
        assert row is not None
        assert row["error"] == "Nothing has been released yet, so there is nothing to invite to."
        for path, status in (("/health", "200"), ("/ready", "200"), ("/other", "404")):
            reader, writer = await asyncio.open_unix_connection(
                settings.var / "run" / "worker-fast.sock"
            )
            writer.write(f"GET {path} HTTP/1.1\r\n\r\n".encode())
            assert (await reader.readline()).split()[1].decode() == status
            writer.close()
            await writer.wait_closed()
    finally:
        for worker in workers:
            worker.send_signal(signal.SIGTERM)
        codes = [await asyncio.to_thread(worker.wait, 10) for worker in workers]
    assert codes == [0, 0]


async def test_a_worker_ends_with_an_error_where_redis_is_gone(
    database: str, settings: Settings, tmp_path: Path
) -> None:
    nowhere = replace(settings, redis_url=f"unix://{tmp_path / 'none.sock'}")
    worker = start_worker("heavy", nowhere)
    assert await asyncio.to_thread(worker.wait, 30) == 1


def test_a_traceback_in_the_log_holds_no_values(capsys: pytest.CaptureFixture[str]) -> None:
    before = structlog.get_config()
    try:
        logs.configure()
        try:
            secret = "a-secret-that-stays"
            raise ValueError(len(secret))
        except ValueError as error:
            structlog.get_logger().error("it broke", exc_info=error)
    finally:
        structlog.configure(**before)
    said = capsys.readouterr().out
    assert "ValueError: 19" in said
    assert "a-secret-that-stays" not in said.replace('secret = "a-secret-that-stays"', "")


async def test_a_press_answers_says_what_it_can_not_do_and_notices_its_death() -> None:
    async with Press() as press:
        assert await press.order("tests.app.test_jobs:double", {"n": 4}) == 8
        with pytest.raises(Unprintable, match="KeyError"):
            await press.order("tests.app.test_jobs:refuse", {})
        assert await press.order("tests.app.test_jobs:double", {"n": 5}) == 10
        with pytest.raises(PressStopped):
            await press.order("tests.app.test_jobs:die", {})
        assert await press.order("tests.app.test_jobs:double", {"n": 6}) == 12


async def test_orders_are_spread_over_presses_and_answered_in_order() -> None:
    told: list[int] = []

    async def done(count: int) -> None:
        told.append(count)

    orders = [{"n": n} for n in range(30)]
    assert await spread("tests.app.test_jobs:double", orders, done=done) == [
        2 * n for n in range(30)
    ]
    assert told == list(range(1, 31))


def double(n: int) -> int:
    return 2 * n


def refuse() -> None:
    raise KeyError("nothing here")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
