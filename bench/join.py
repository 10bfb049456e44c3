"""Joining: how many subscribers a second, what one costs in CPU and memory.

All of a join is counted: the offer over HTTP, ICE, DTLS, the first packets. Clients run in a
process of their own, which is the slower side.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.media_load import loop_file
from bench.node_process import node_process, started
from bench.report import Report

SUBSCRIBERS = 200
MOST_CPU_MS = 8.0


def run() -> Report:
    """Let them in one after the other, four at a time."""
    with tempfile.TemporaryDirectory() as name, node_process() as node:
        node.put_on_air("other")
        load = (sys.executable, "-m", "bench.media_load")
        people = [f"bench {number}" for number in range(SUBSCRIBERS)]
        tokens = ",".join(node.token(person=p, publish="stage", subscribe=True) for p in people)
        loop = str(loop_file(Path(name)))
        with contextlib.ExitStack() as stack:
            first = [*load, "publish", "node", node.address, tokens.partition(",")[0], loop]
            _hear(stack.enter_context(started(first)))
            time.sleep(1)
            idle = _cpu_per_s(node.cpu_s)
            before, memory, at = node.cpu_s(), node.resident_mb(), time.monotonic()
            crowd = [*load, "watch", "node", node.address, tokens, str(SUBSCRIBERS)]
            _hear(stack.enter_context(started(crowd)))
            seconds = time.monotonic() - at
            cpu, grown = node.cpu_s() - before - idle * seconds, node.resident_mb() - memory
    return Report(
        bench="join",
        figures={
            "joins": SUBSCRIBERS,
            "joins_per_s": round(SUBSCRIBERS / seconds, 1),
            "cpu_ms_per_join": round(cpu / SUBSCRIBERS * 1000, 2),
            "mb_per_subscriber": round(grown / SUBSCRIBERS, 3),
        },
        most={"cpu_ms_per_join": MOST_CPU_MS},
    )


def _cpu_per_s(cpu_s: Callable[[], float]) -> float:
    before, at = cpu_s(), time.monotonic()
    time.sleep(2)
    return (cpu_s() - before) / (time.monotonic() - at)


def _hear(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    if not json.loads(process.stdout.readline() or "{}").get("ready"):
        raise RuntimeError("the load process ended")
