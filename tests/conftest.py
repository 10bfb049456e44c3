"""Real servers for the tests: PostgreSQL and Redis are started, never replaced."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import settings as hypothesis_settings

from app import db, migrate
from app.settings import Settings, from_environment

hypothesis_settings.register_profile("plenary", deadline=None)
hypothesis_settings.load_profile("plenary")
"""No example is timed: a loaded machine would fail a test that is right."""


def _postgres_bin() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not found:
        raise RuntimeError("PostgreSQL is not installed: ./plenary test installs it")
    return found[-1].parent


_HERE = Path(__file__).resolve().parent
_NEEDS = (
    ("PLENARY_REAL_DATA", "agenda/test_real_*.py", "the folder of real schedules"),
    ("PLENARY_LIVEKIT_SERVER", "peers/test_*.py", "./plenary test --peers builds it with Go"),
)
"""What a test needs that not every machine has: a variable, the files, and why they stay out."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List what was not run. Here, because only this file is read where tests run in workers."""
    for variable, files, why in _NEEDS:
        if os.environ.get(variable):
            continue
        terminalreporter.section(f"not run: {variable} is not set ({why})")
        for path in sorted(_HERE.glob(files)):
            terminalreporter.write_line(f"tests/{path.relative_to(_HERE)}")
    if listing := os.environ.get("PLENARY_FAILED"):
        reports = [r for kind in ("failed", "error") for r in terminalreporter.getreports(kind)]
        failed = dict.fromkeys(report.nodeid for report in reports)
        Path(listing).write_text("".join(f"{test}\n" for test in failed), "utf-8")


@dataclass(frozen=True)
class Postgres:
    """A private PostgreSQL server on a unix socket, with one migrated template database."""

    folder: Path
    user: str

    def url(self, name: str) -> str:
        return f"postgresql://{self.user}@/{name}?host={self.folder}"


def _as_postgres(*command: str | Path) -> list[str]:
    words = [str(part) for part in command]
    # The server refuses to run as root.
    return ["runuser", "-u", "postgres", "--", *words] if os.geteuid() == 0 else words


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    folder = Path(tempfile.mkdtemp(prefix="plenary-pg-"))
    user = "postgres" if os.geteuid() == 0 else os.environ.get("USER", "postgres")
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    programs = _postgres_bin()
    cluster = folder / "cluster"
    options = f"-c listen_addresses='' -c unix_socket_directories='{folder}' -c fsync=off"

    def quietly(*command: str | Path) -> None:
        subprocess.run(_as_postgres(*command), check=True, cwd="/", stdout=subprocess.DEVNULL)

    quietly(programs / "initdb", "-D", cluster, "-U", user, "-A", "trust", "-E", "UTF8", "-N")
    control = (programs / "pg_ctl", "-D", cluster, "-l", folder / "log", "-w")
    quietly(*control, "-o", options, "start")
    server = Postgres(folder, user)
    try:
        create = [programs / "createdb", "-h", folder, "-U", user]
        subprocess.run([str(p) for p in (*create, "template_plenary")], check=True, cwd="/")
        asyncio.run(_migrate(server.url("template_plenary")))
        yield server
    finally:
        quietly(*control, "-m", "immediate", "stop")
        shutil.rmtree(folder)


async def _migrate(url: str) -> None:
    async with db.opened(url):
        await migrate.forwards()


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.sqlite"
    asyncio.run(_migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a fresh migrated database, once on each engine."""
    if request.param == "sqlite":
        path = tmp_path / "plenary.sqlite"
        shutil.copy(request.getfixturevalue("migrated_sqlite"), path)
        yield f"sqlite:///{path}"
        return
    server: Postgres = request.getfixturevalue("postgres")
    name = f"t_{uuid4().hex}"
    programs = _postgres_bin()
    base = ["-h", str(server.folder), "-U", server.user]
    subprocess.run(
        [programs / "createdb", *base, "-T", "template_plenary", name], check=True, cwd="/"
    )
    yield server.url(name)
    subprocess.run([programs / "dropdb", *base, "--force", name], check=True, cwd="/")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[str]:
    """The same, bound and open in this test's loop."""
    async with db.opened(database_url):
        yield database_url


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A private redis-server on a unix socket."""
    folder = Path(tempfile.mkdtemp(prefix="plenary-redis-"))
    socket = folder / "redis.sock"
    server = subprocess.Popen(
        ["redis-server", "--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", folder],
        stdout=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 10
    while not socket.exists():
        if time.monotonic() > deadline or server.poll() is not None:
            raise RuntimeError("redis-server did not start")
        time.sleep(0.02)
    yield f"unix://{socket}"
    server.terminate()
    server.wait(10)
    shutil.rmtree(folder)


@pytest.fixture
def settings(tmp_path: Path, database_url: str, redis_url: str) -> Settings:
    """One deployment's settings over the fresh database and the private Redis."""
    return from_environment(
        {
            "PLENARY_VAR": str(tmp_path / "var"),
            "PLENARY_SECRET": "test-secret-" + "s" * 32,
            "PLENARY_SECRET_MEDIA": "test-media-" + "m" * 32,
            "PLENARY_DATABASE_URL": database_url,
            "PLENARY_BASE_URL": "http://testserver.local",
            "REDIS_URL": redis_url,
        }
    )
