"""The web process alone over a fresh database, for pages that need neither media nor workers."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from app import db
from app.settings import Settings, from_environment
from bench.ports import free_port
from tests.e2e.house import ROOT


@dataclass
class Web:
    """A web process that can be taken away and brought back at the same address."""

    settings: Settings
    env: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return self.settings.base_url

    async def start(self) -> None:
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "app.serve"], cwd=ROOT, env=self.env, stdout=out, stderr=out
            )
        async with httpx.AsyncClient() as client:
            for _ in range(300):
                with contextlib.suppress(httpx.HTTPError):
                    if (await client.get(f"{self.url}/ready")).status_code == 200:
                        return
                await asyncio.sleep(0.1)
        raise RuntimeError(self.log.read_text(errors="replace")[-3000:])

    async def stop(self) -> None:
        """Gone at once, as a network that ends: nobody is told."""
        if self.process is not None:
            self.process.kill()
            await asyncio.to_thread(self.process.wait, 10)
            self.process = None


@contextlib.asynccontextmanager
async def web_alone(
    folder: Path, database_url: str, redis_url: str, **more: str
) -> AsyncIterator[Web]:
    """Bind this process to the database, and serve it."""
    port = free_port()
    env = {
        **{k: v for k, v in os.environ.items() if not k.startswith("PLENARY_")},
        "PLENARY_VAR": str(folder),
        "PLENARY_SECRET": "e2e-" + "s" * 40,
        "PLENARY_SECRET_MEDIA": "e2e-" + "m" * 40,
        "PLENARY_HTTP_HOST": "127.0.0.1",
        "PLENARY_HTTP_PORT": str(port),
        "PLENARY_BASE_URL": f"http://localhost:{port}",
        "PLENARY_DATABASE_URL": database_url,
        "REDIS_URL": redis_url,
        **more,
    }
    folder.mkdir(parents=True, exist_ok=True)
    async with db.opened(database_url):
        web = Web(settings=from_environment(env), env=env, log=folder / "web.log")
        await web.start()
        try:
            yield web
        finally:
            await web.stop()
