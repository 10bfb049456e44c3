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
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.janus import write_settings
from bench.media_load import loop_file
from bench.node_process import await_http, cpu_s, node_process, started
from bench.ports import free_port
from bench.report import Report
from media import native
from media.mux import machine_addresses

SUBSCRIBERS = 80
RELAY_SUBSCRIBERS = 2
SECONDS = 8.0
ROUNDS = 2
MOST = 0.9


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
    with node_process(address, fan=fan) as node:
        node.put_on_air("bench")
        people = [f"bench {number}" for number in range(SUBSCRIBERS)]
        tokens = [node.token(person=p, publish="stage", subscribe=True) for p in people]
        return _measure(node.pid, "node", node.address, tokens, loop, SUBSCRIBERS)


def _measure_janus(folder: Path, loop: Path) -> Measured:
    settings, port = folder / "janus", free_port()
    settings.mkdir(exist_ok=True)
    write_settings(settings, http_port=port, udp_ports="17910-17999")
    command = ["janus", "-F", str(settings), "-o"]
    with started(command) as server:
        base = f"http://127.0.0.1:{port}"
        await_http(f"{base}/janus/info")
        return _measure(server.pid, "janus", base, ["-"], loop, SUBSCRIBERS)


def _measure_relay(loop: Path) -> Measured:
    port = free_port()
    with started([sys.executable, "-m", "bench.relay_server", str(port)]) as server:
        base = f"http://127.0.0.1:{port}"
        await_http(base)
        return _measure(server.pid, "node", base, ["-"], loop, RELAY_SUBSCRIBERS)


def _measure(
    server: int, kind: str, base: str, tokens: list[str], loop: Path, count: int
) -> Measured:
    """Publish, subscribe, let it settle, then count for SECONDS."""
    load = (sys.executable, "-m", "bench.media_load")
    with contextlib.ExitStack() as stack:
        start = stack.enter_context
        publisher = start(started([*load, "publish", kind, base, tokens[0], str(loop)]))
        _hear(publisher)
        watcher = start(started([*load, "watch", kind, base, ",".join(tokens), str(count)]))
        _hear(watcher)
        time.sleep(1.5)
        before, cpu, at = _ask(watcher), cpu_s(server), time.monotonic()
        time.sleep(SECONDS)
        after, cpu, seconds = _ask(watcher), cpu_s(server) - cpu, time.monotonic() - at
    packets = after["packets"] - before["packets"]
    if packets <= 0:
        raise RuntimeError(f"no packet arrived from {base}")
    return Measured(
        us_per_packet=cpu / packets * 1e6,
        packets_per_s=packets / seconds,
        gaps=after["gaps"] - before["gaps"],
    )


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
