"""From a fresh copy to a running demo: how long until an attendee's page answers and a room is live.

The copy has no environment and no database, and its caches are empty. Debian packages count only
where they are missing on this machine. What was downloaded is read from the network interfaces
(loopback left out), so nothing else should be downloading meanwhile.
"""

from __future__ import annotations

import http.cookiejar
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.report import Report

ROOT = Path(__file__).resolve().parent.parent
FRESH_S = 120.0
SECOND_S = 5.0
LONGEST_S = 600.0
STOP_S = 15.0
_LINK = re.compile(r"https?://\S+(/demo/attendee\?key=\w+)")


class NotStarted(RuntimeError):
    """The demo ended, or was not ready in time; the text is the end of what it said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """One start: seconds until ready, and megabytes received meanwhile."""

    seconds: float
    megabytes: float


def run() -> Report:
    """Start twice in one throw-away copy: from nothing, and again."""
    with tempfile.TemporaryDirectory(prefix="plenary-start-") as folder:
        copy = Path(folder) / "plenary"
        _copy(copy)
        environment = _environment(Path(folder))
        first = _start(copy, environment)
        second = _start(copy, environment)
    return Report(
        bench="start",
        figures={
            "fresh_s": round(first.seconds, 1),
            "second_s": round(second.seconds, 1),
            "download_mb": round(first.megabytes, 1),
        },
        most={"fresh_s": FRESH_S, "second_s": SECOND_S},
    )


def _copy(target: Path) -> None:
    """Every file that belongs to the repository, as it is now, and nothing else."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    for name in listed.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


def _environment(folder: Path) -> dict[str, str]:
    """This process's environment with empty caches and free ports, without its own settings."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("PLENARY_") and name not in ("REDIS_URL", "VIRTUAL_ENV")
    }
    return {
        **kept,
        "UV_CACHE_DIR": str(folder / "uv"),
        "PIP_CACHE_DIR": str(folder / "pip"),
        "PLENARY_HTTP_PORT": str(_free_port(socket.SOCK_STREAM)),
        "PLENARY_UDP_PORT": str(_free_port(socket.SOCK_DGRAM)),
        "PYTHONUNBUFFERED": "1",
    }


def _free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("", 0))
        port: int = probe.getsockname()[1]
        return port


def _start(copy: Path, environment: Mapping[str, str]) -> Start:
    """Run `./plenary demo` until it is ready, then stop it."""
    said = copy.parent / "said"
    address = f"http://127.0.0.1:{environment['PLENARY_HTTP_PORT']}"
    received, began = _received(), time.monotonic()
    with said.open("wb") as out:
        demo = subprocess.Popen(
            ["./plenary", "demo"],
            cwd=copy,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        while not _ready(said.read_text(errors="replace"), address):
            if demo.poll() is not None or time.monotonic() - began > LONGEST_S:
                raise NotStarted(said.read_text(errors="replace")[-2000:])
            time.sleep(0.05)
        return Start(
            seconds=time.monotonic() - began, megabytes=(_received() - received) / 1_000_000
        )
    finally:
        _stop(demo)


def _stop(demo: subprocess.Popen[bytes]) -> None:
    if demo.poll() is None:
        demo.send_signal(signal.SIGINT)
        try:
            demo.wait(STOP_S)
        except subprocess.TimeoutExpired:
            os.killpg(demo.pid, signal.SIGKILL)
            demo.wait()


def _ready(said: str, address: str) -> bool:
    """Whether the attendee's printed link ends in a page, and the node says that a room is live."""
    link = _LINK.search(said)
    if link is None:
        return False
    try:
        with urllib.request.urlopen(f"{address}/media/health", timeout=5) as answer:
            live = json.load(answer)["rooms_live"] >= 1
        return live and "/rooms/" in _page_behind(address + link[1])
    except (OSError, ValueError, KeyError):
        return False


def _page_behind(url: str) -> str:
    """The address of the page that a link ends in, redirects and cookies followed."""
    jar = http.cookiejar.CookieJar()
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
    with browser.open(url, timeout=10) as answer:
        answer.read()
        found: str = answer.url
        return found


def _received() -> int:
    """Bytes that came in over all interfaces but loopback since the machine started."""
    total = 0
    for line in Path("/proc/net/dev").read_text().splitlines()[2:]:
        name, _, counters = line.partition(":")
        if name.strip() != "lo":
            total += int(counters.split()[0])
    return total
