"""Reading a file of 20,000 sessions, in a process of its own: how long, and how much memory."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from agenda.formats import frab
from bench.generate import schedule
from bench.report import Report

NAME = "import"
SESSIONS = 20_000
MOST_SECONDS = 10.0
MOST_MB = 700.0

_READ = """
import json, resource, sys, time
from pathlib import Path
from agenda.formats import read

begun, used = time.perf_counter(), time.process_time()
path = Path(sys.argv[1])
found = read(path.name, path.read_bytes())
seconds, cpu = time.perf_counter() - begun, time.process_time() - used
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
count = len(found.schedule.slots)
print(json.dumps({"sessions": count, "seconds": seconds, "cpu_seconds": cpu, "peak_mb": peak}))
"""


def run() -> Report:
    """Write a frab file with as many sessions and as much text as FOSDEM's have, and read it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.xml"
        path.write_bytes(frab.write(schedule(SESSIONS)))
        file_mb = path.stat().st_size / (1 << 20)
        command = [sys.executable, "-c", _READ, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    return Report(
        bench=NAME,
        figures={
            "sessions": found["sessions"],
            "seconds": round(found["seconds"], 2),
            "cpu_seconds": round(found["cpu_seconds"], 2),
            "peak_mb": round(found["peak_mb"], 1),
            "file_mb": round(file_mb, 1),
        },
        most={"seconds": MOST_SECONDS, "peak_mb": MOST_MB},
        least={"sessions": SESSIONS},
    )
