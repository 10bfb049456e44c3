"""The web application in this process, over a real database and a real Redis."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import httpx
import pytest
from litestar import Litestar
from redis.asyncio import Redis

from app.main import create_app
from app.settings import Settings
from tests.app.push_service import Endpoint


@contextlib.asynccontextmanager
async def started(settings: Settings) -> AsyncIterator[Litestar]:
    """The whole application, started in the running loop and stopped again."""
    made = create_app(settings)
    begun, stop = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        # A lifespan must end in the task that began it; a fixture's two halves are two tasks.
        async with made.lifespan():
            begun.set()
            await stop.wait()

    life = asyncio.create_task(live())
    waiting = asyncio.create_task(begun.wait())
    await asyncio.wait([life, waiting], return_when=asyncio.FIRST_COMPLETED)
    if life.done():
        await life
    yield made
    stop.set()
    await life


@pytest.fixture
async def application(settings: Settings) -> AsyncIterator[Litestar]:
    """The application over this test's database and an empty Redis."""
    async with Redis.from_url(settings.redis_url) as redis:
        await redis.flushall()
    async with started(settings) as made:
        yield made


@pytest.fixture
async def client(settings: Settings, application: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the whole application, with the test's database bound and open."""
    transport = httpx.ASGITransport(app=application)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url=settings.base_url) as found:
        yield found


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    made = Endpoint()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    yield made
    server.close()
    await server.wait_closed()
