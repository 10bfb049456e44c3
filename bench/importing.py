"""Reading a file of 20,000 sessions, in a process of its own: how long, and how much memory.

All formats that can be written are read; the frab file has as much text as FOSDEM's.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from agenda.formats import export
from agenda.model import Schedule
from app.clock import now
from bench.generate import ZONE, schedule
from bench.report import Figure, Report

NAME = "import"
SESSIONS = 20_000
MOST_SECONDS = 10.0
MOST_MB = 700.0
ENDINGS = {"frab": "xml", "json": "json", "csv": "csv", "xlsx": "xlsx", "ics": "ics"}

_READ = r"""
import json, re, sys, time
from pathlib import Path
from agenda.formats import read

begun, used = time.perf_counter(), time.process_time()
path = Path(sys.argv[1])
found = read(path.name, path.read_bytes(), zone=sys.argv[2])
seconds, cpu = time.perf_counter() - begun, time.process_time() - used
# The kernel's own count of the most pages: getrusage would tell the parent's.
peak = int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1]) / 1024
count = len(found.schedule.slots)
print(json.dumps({"sessions": count, "seconds": seconds, "cpu_seconds": cpu, "peak_mb": peak}))
"""


def run(arguments: Sequence[str]) -> Report:
    """Write a schedule in each format, and read it. `--sessions` sets its size."""
    parser = argparse.ArgumentParser(prog="bench import")
    parser.add_argument("--sessions", type=int, default=SESSIONS)
    sessions = parser.parse_args(list(arguments)).sessions
    made = schedule(sessions)
    figures: dict[str, Figure] = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind in export.FORMATS:
            figures |= {f"{kind}_{key}": value for key, value in _read(made, kind, folder).items()}
    return Report(
        bench=NAME,
        figures=figures,
        most={f"{kind}_seconds": MOST_SECONDS for kind in export.FORMATS}
        | {f"{kind}_peak_mb": MOST_MB for kind in export.FORMATS},
        least={f"{kind}_sessions": sessions for kind in export.FORMATS},
    )


def _read(made: Schedule, kind: str, folder: str) -> dict[str, Figure]:
    path = Path(folder) / f"large.{ENDINGS[kind]}"
    path.write_bytes(export.write(made, kind, revised=now()))
    command = [sys.executable, "-c", _READ, str(path), ZONE]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    return {
        "sessions": found["sessions"],
        "seconds": round(found["seconds"], 2),
        "cpu_seconds": round(found["cpu_seconds"], 2),
        "peak_mb": round(found["peak_mb"], 1),
        "file_mb": round(path.stat().st_size / (1 << 20), 1),
    }
