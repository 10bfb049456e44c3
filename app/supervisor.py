"""Runs the lines of the Procfile: restarts what died, prefixes its log, stops all on Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from app.settings import ROOT, BadSetting, Settings, from_environment

_STOP_S = 4.0
_BACKOFF_S = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
_STEADY_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a Procfile."""

    name: str
    command: str


def read_procfile(path: Path) -> tuple[Line, ...]:
    """The lines of a Procfile. Raises BadSetting for a line without a name."""
    lines = []
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not text.strip() or text.lstrip().startswith("#"):
            continue
        name, colon, command = text.partition(":")
        if not colon or not command.strip():
            raise BadSetting(f"{path.name} line {number}: write “name: command”")
        lines.append(Line(name=name.strip(), command=command.strip()))
    return tuple(lines)


def wanted(line: Line, settings: Settings, env: Mapping[str, str]) -> bool:
    """Redis is ours only where none is named; synthetic speakers exist only in the demo."""
    if line.name == "redis":
        return not env.get("REDIS_URL")
    if line.name == "speakers":
        return settings.demo
    return True


def environment(settings: Settings, env: Mapping[str, str]) -> dict[str, str]:
    """What the children read; the media node knows nothing of the suite's settings."""
    return {
        **env,
        "PLENARY_VAR": str(settings.var),
        "PLENARY_SECRET": settings.secret,
        "PLENARY_SECRET_MEDIA": settings.media_secret,
        "PLENARY_MEDIA_SOCKET": str(settings.media_socket),
        "PLENARY_HLS_SOCKET": str(settings.hls_socket),
        "PLENARY_MEDIA_ADDRESSES": ",".join(settings.media_addresses),
        "PLENARY_UDP_PORT": str(settings.udp_port),
        "REDIS_URL": settings.redis_url,
        "PYTHONUNBUFFERED": "1",
        # glibc keeps an arena for each thread; one, trimmed, holds a process a fifth smaller.
        "MALLOC_ARENA_MAX": "1",
        "MALLOC_TRIM_THRESHOLD_": "131072",
    }


def busy_port(settings: Settings) -> str | None:
    """A sentence that names the port that somebody else has, or None."""
    for kind, name, port, variable in (
        (socket.SOCK_STREAM, "http", settings.http_port, "PLENARY_HTTP_PORT"),
        (socket.SOCK_DGRAM, "UDP", settings.udp_port, "PLENARY_UDP_PORT"),
    ):
        with socket.socket(socket.AF_INET, kind) as probe:
            if kind == socket.SOCK_STREAM:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((settings.http_host if name == "http" else "0.0.0.0", port))
            except OSError as error:
                return (
                    f"{name} port {port} can't be used ({error.strerror}): "
                    f"stop what holds it or set {variable} to another"
                )
    return None


Say = Callable[[str, str], None]


def to_screen(name: str, text: str) -> None:
    """One line of a process's log, with its name before it."""
    sys.stdout.write(f"{name:<13}| {text}\n")
    sys.stdout.flush()


def to_file(path: Path) -> Say:
    """The same, into a file that is begun anew."""
    out = path.open("w", encoding="utf-8", buffering=1)

    def say(name: str, text: str) -> None:
        out.write(f"{name:<13}| {text}\n")

    return say


class _Child:
    """One line, running: started again with growing pauses until it is told to stop."""

    def __init__(self, line: Line, env: dict[str, str], say: Say) -> None:
        self.line = line
        self._env = env
        self._say = say
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = False

    async def run(self) -> None:
        failures = 0
        while not self._stopping:
            began = time.monotonic()
            code = await self._once()
            if self._stopping:
                return
            failures = 0 if time.monotonic() - began > _STEADY_S else failures + 1
            pause = _BACKOFF_S[min(failures, len(_BACKOFF_S) - 1)]
            self._say(self.line.name, f"ended with {code}, starting again in {pause} s")
            await asyncio.sleep(pause)

    async def _once(self) -> int:
        self._process = await asyncio.create_subprocess_exec(
            "/bin/sh",
            "-c",
            f"exec {self.line.command}",
            env=self._env,
            cwd=ROOT,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            limit=1 << 20,
        )
        assert self._process.stdout is not None
        with contextlib.suppress(ValueError):
            async for text in self._process.stdout:
                self._say(self.line.name, text.decode(errors="replace").rstrip())
        return await self._process.wait()

    def signal(self, number: int) -> None:
        self._stopping = True
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)


async def supervise(
    settings: Settings,
    procfile: Path,
    *,
    say: Say = to_screen,
    meanwhile: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Run until SIGINT or SIGTERM; everything has ended within five seconds after it.

    `meanwhile` runs beside the lines, for whoever wants to know when they are ready.
    """
    env = environment(settings, os.environ)
    children = [
        _Child(line, env, say)
        for line in read_procfile(procfile)
        if wanted(line, settings, os.environ)
    ]
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    tasks = [asyncio.create_task(child.run(), name=child.line.name) for child in children]
    beside = asyncio.ensure_future(meanwhile()) if meanwhile else None
    await stop.wait()
    if beside is not None:
        beside.cancel()
    say("plenary", "stopping")
    # Redis goes last: the others may still want to say goodbye to it.
    for child in children:
        if child.line.name != "redis":
            child.signal(signal.SIGTERM)
    others = [task for task in tasks if task.get_name() != "redis"]
    await asyncio.wait(others, timeout=_STOP_S)
    for child in children:
        child.signal(signal.SIGTERM if child.line.name == "redis" else signal.SIGKILL)
    _, late = await asyncio.wait(tasks, timeout=0.7)
    for child in children:
        child.signal(signal.SIGKILL)
    if late:
        await asyncio.wait(late, timeout=0.3)


def prepare(settings: Settings) -> None:
    """Make the folders that the lines write into."""
    for folder in ("run", "redis", "mail", "files", "log"):
        (settings.var / folder).mkdir(parents=True, exist_ok=True)


def main() -> None:
    """Run the Procfile as it is; ./plenary up and demo do more before."""
    try:
        settings = from_environment()
        busy = busy_port(settings)
        if busy:
            raise BadSetting(busy)
        prepare(settings)
        asyncio.run(supervise(settings, ROOT / "Procfile"))
    except BadSetting as error:
        sys.stderr.write(f"plenary: {error}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
