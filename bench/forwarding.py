"""CPU of one forwarded packet: our node beside stock MediaRelay and Janus, in one run.

The same publisher (about 126 video and 50 sound packets a second, 1.1 Mbit/s, AES-GCM) and the same
number of subscribers, who decrypt every packet and look for gaps, on the same address. Counted is
the CPU time of the server's process alone, over the packets that arrived. The relay encodes for
every subscriber and cannot serve as many: it gets two.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from bench.janus import write_settings
from bench.media_load import loop_file
from bench.ports import free_port
from bench.report import Report
from media import native
from media.grant import Grant, sign
from media.mux import machine_addresses

SUBSCRIBERS = 60
RELAY_SUBSCRIBERS = 2
SECONDS = 8.0
ROUNDS = 2
MOST = 0.9
READY_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """Server CPU in µs for each packet that arrived, and what went missing on the way."""

    us_per_packet: float
    packets_per_s: float
    gaps: int


def run() -> Report:
    """Measure all three, alternating, and keep the best of each."""
    address = machine_addresses()[0]
    ours: list[Measured] = []
    ours_c: list[Measured] = []
    janus: list[Measured] = []
    compiled = native.build()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        loop = loop_file(folder)
        for _ in range(ROUNDS):
            ours.append(_measure_ours(loop, address, fan="python"))
            if compiled:
                ours_c.append(_measure_ours(loop, address, fan="c"))
            if shutil.which("janus"):
                janus.append(_measure_janus(folder, loop))
        relay = _measure_relay(loop)
    mine, mine_c, theirs = _best(ours), _best(ours_c), _best(janus)
    return Report(
        bench="forwarding",
        figures={
            "ours_us_per_packet": _cost(mine),
            "ours_c_us_per_packet": _cost(mine_c),
            "relay_us_per_packet": _cost(relay),
            "janus_us_per_packet": _cost(theirs),
            "ratio_to_janus": _ratio(mine, theirs),
            "ratio_c_to_janus": _ratio(mine_c, theirs),
            "subscribers": SUBSCRIBERS,
            "relay_subscribers": RELAY_SUBSCRIBERS,
            "packets_per_s": round(mine.packets_per_s) if mine else None,
            "gaps": sum(m.gaps for m in (*ours, *ours_c)),
            "janus_gaps": sum(m.gaps for m in janus) if janus else None,
        },
        most={"ratio_to_janus": MOST, "gaps": 0},
    )


def _best(measured: list[Measured]) -> Measured | None:
    return min(measured, key=lambda m: m.us_per_packet, default=None)


def _cost(measured: Measured | None) -> float | None:
    return round(measured.us_per_packet, 2) if measured else None


def _ratio(mine: Measured | None, theirs: Measured | None) -> float | None:
    return round(mine.us_per_packet / theirs.us_per_packet, 3) if mine and theirs else None


def install_peers() -> None:
    """Install Janus from the distribution's packages."""
    root = [] if os.geteuid() == 0 else ["sudo"]
    subprocess.run(
        [*root, "apt-get", "install", "-y", "-qq", "--no-install-recommends", "janus"],
        check=True,
        stdout=sys.stderr,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
    )


def _measure_ours(loop: Path, address: str, *, fan: str) -> Measured:
    secret, port = secrets.token_hex(16), free_port()
    environment = {
        **os.environ,
        "PLENARY_SECRET_MEDIA": secret,
        "PLENARY_MEDIA_HTTP": f"127.0.0.1:{port}",
        "PLENARY_UDP_PORT": str(free_port(datagrams=True)),
        "PLENARY_MEDIA_ADDRESSES": address,
        "PLENARY_MEDIA_FAN": fan,
    }
    environment.pop("REDIS_URL", None)
    environment.pop("PLENARY_MEDIA_SOCKET", None)
    grant = Grant(
        conference="bench",
        rooms=("*",),
        person="bench",
        publish="stage",
        subscribe=True,
        control=True,
        expires=datetime.now(UTC) + timedelta(hours=1),
    )
    base = f"http://127.0.0.1:{port}"
    with _process("-m", "media", environment=environment) as server:
        _await_http(f"{base}/media/ready")
        httpx.put(
            f"{base}/media/stages",
            json={"stages": {"bench": {"on_air": "stage"}}},
            headers={"authorization": f"Bearer {sign(grant, secret)}"},
        ).raise_for_status()
        tokens = [sign(replace(grant, person=f"bench {i}"), secret) for i in range(SUBSCRIBERS)]
        return _measure(server, "node", base, tokens, loop, SUBSCRIBERS)


def _measure_janus(folder: Path, loop: Path) -> Measured:
    settings, port = folder / "janus", free_port()
    settings.mkdir(exist_ok=True)
    write_settings(settings, http_port=port, udp_ports="17910-17999")
    command = ["janus", "-F", str(settings), "-o"]
    with _started(command, os.environ) as server:
        base = f"http://127.0.0.1:{port}"
        _await_http(f"{base}/janus/info")
        return _measure(server, "janus", base, ["-"], loop, SUBSCRIBERS)


def _measure_relay(loop: Path) -> Measured:
    port = free_port()
    with _process("-m", "bench.relay_server", str(port)) as server:
        base = f"http://127.0.0.1:{port}"
        _await_http(base)
        return _measure(server, "node", base, ["-"], loop, RELAY_SUBSCRIBERS)


def _measure(
    server: subprocess.Popen[str], kind: str, base: str, tokens: list[str], loop: Path, count: int
) -> Measured:
    """Publish, subscribe, let it settle, then count for SECONDS."""
    load = ("-m", "bench.media_load")
    with contextlib.ExitStack() as stack:
        start = stack.enter_context
        publisher = start(_process(*load, "publish", kind, base, tokens[0], str(loop)))
        _hear(publisher)
        watcher = start(_process(*load, "watch", kind, base, ",".join(tokens), str(count)))
        _hear(watcher)
        time.sleep(1.5)
        before, cpu, at = _ask(watcher), _cpu_s(server.pid), time.monotonic()
        time.sleep(SECONDS)
        after, cpu, seconds = _ask(watcher), _cpu_s(server.pid) - cpu, time.monotonic() - at
    packets = after["packets"] - before["packets"]
    if packets <= 0:
        raise RuntimeError(f"no packet arrived from {base}")
    return Measured(
        us_per_packet=cpu / packets * 1e6,
        packets_per_s=packets / seconds,
        gaps=after["gaps"] - before["gaps"],
    )


@contextlib.contextmanager
def _started(
    command: list[str], environment: dict[str, str] | os._Environ[str]
) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=None if os.environ.get("BENCH_VERBOSE") else subprocess.DEVNULL,
        text=True,
        env=dict(environment),
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


def _process(
    *arguments: str, environment: dict[str, str] | None = None
) -> contextlib.AbstractContextManager[subprocess.Popen[str]]:
    return _started([sys.executable, *arguments], environment or os.environ)


def _hear(process: subprocess.Popen[str]) -> dict[str, int]:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError("the load process ended")
    heard: dict[str, int] = json.loads(line)
    return heard


def _ask(process: subprocess.Popen[str]) -> dict[str, int]:
    assert process.stdin is not None
    process.stdin.write("count\n")
    process.stdin.flush()
    return _hear(process)


def _cpu_s(pid: int) -> float:
    """CPU time of all threads of a process, in seconds."""
    total = 0
    for task in Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def _await_http(url: str) -> None:
    end = time.monotonic() + READY_S
    while True:
        try:
            httpx.get(url, timeout=2)
            return
        except httpx.HTTPError as error:
            if time.monotonic() > end:
                raise RuntimeError(f"{url} does not answer") from error
            time.sleep(0.1)
