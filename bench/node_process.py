"""A real node in a process of its own, for the benches that count what it uses."""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import httpx

from bench.ports import free_port
from media.grant import Grant, sign

READY_S = 30.0
NOWHERE_ELSE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeProcess:
    """A running node: its address, its process, and the secret of its grants."""

    address: str
    pid: int
    secret: str

    def token(self, **of: Any) -> str:
        """A grant of one conference, good for an hour in every room."""
        expires = datetime.now(UTC) + timedelta(hours=1)
        return sign(Grant(conference="bench", rooms=("*",), expires=expires, **of), self.secret)

    def put_on_air(self, *rooms: str, homes: Mapping[str, str] = NOWHERE_ELSE) -> None:
        """Put the group "stage" on air in these rooms; `homes` tells which live on other nodes."""
        httpx.put(
            f"{self.address}/media/stages",
            json={"stages": {room: {"on_air": "stage", "home": homes.get(room)} for room in rooms}},
            headers={"authorization": f"Bearer {self.token(person='desk', control=True)}"},
        ).raise_for_status()

    def cpu_s(self) -> float:
        """CPU time so far, in seconds."""
        return cpu_s(self.pid)

    def resident_mb(self) -> float:
        """Resident memory."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


@contextlib.contextmanager
def node_process(
    media_address: str = "127.0.0.1", *, fan: str = "c", secret: str = "", redis_url: str = ""
) -> Iterator[NodeProcess]:
    """A node that offers this address; `fan` is "c" (where it was built) or "python". Without
    `redis_url` its events stay in its journal."""
    secret, port = secret or secrets.token_hex(16), free_port()
    environment = {
        **os.environ,
        "PLENARY_SECRET_MEDIA": secret,
        "PLENARY_MEDIA_HTTP": f"127.0.0.1:{port}",
        "PLENARY_UDP_PORT": str(free_port(datagrams=True)),
        "PLENARY_MEDIA_ADDRESSES": media_address,
        "PLENARY_MEDIA_FAN": fan,
    }
    for name in ("REDIS_URL", "PLENARY_MEDIA_SOCKET"):
        environment.pop(name, None)
    if redis_url:
        environment["REDIS_URL"] = redis_url
    command = [sys.executable, "-m", "media"]
    with started(command, environment) as process:
        address = f"http://127.0.0.1:{port}"
        await_http(f"{address}/media/ready")
        yield NodeProcess(address=address, pid=process.pid, secret=secret)


@contextlib.contextmanager
def private_redis(folder: Path) -> Iterator[str]:
    """A Redis server on a socket in this folder: its address."""
    socket = folder / "redis.sock"
    command = ["redis-server", "--port", "0", "--unixsocket", str(socket), "--save", ""]
    with started([*command, "--dir", str(folder)]) as process:
        end = time.monotonic() + READY_S
        while not socket.exists():
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError("redis-server did not start")
            time.sleep(0.05)
        yield f"unix://{socket}"


@contextlib.contextmanager
def started(
    command: list[str], environment: dict[str, str] | None = None
) -> Iterator[subprocess.Popen[str]]:
    """A process with pipes for its input and output; it is ended afterwards."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.communicate(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


def await_http(url: str) -> None:
    """Wait until somebody answers at this address."""
    end = time.monotonic() + READY_S
    while True:
        try:
            httpx.get(url, timeout=2)
            return
        except httpx.HTTPError as error:
            if time.monotonic() > end:
                raise RuntimeError(f"{url} does not answer") from error
            time.sleep(0.1)


def cpu_s(pid: int) -> float:
    """CPU time of all threads of a process, in seconds."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9
