"""Findings over a large schedule: the whole scan, and what one edit costs."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from statistics import median

from agenda.findings import examine
from agenda.model import Schedule
from bench.generate import rules_of, schedule
from bench.report import Report

SESSIONS = 1351
ROUNDS = 15
MOST_MS = 100.0


def run() -> Report:
    """Median CPU time of several rounds, with every kind of rule in force; the edit moves one slot by half an hour, and its findings are
    read out again."""
    made = schedule(SESSIONS)
    rules = rules_of(made)
    edited = [_moved(made, 40 * n) for n in range(ROUNDS)]
    before = examine(made, rules)
    scan_ms = median(_ms(lambda: examine(made, rules).findings()) for _ in range(ROUNDS))
    edit_ms = median(_ms(lambda e=e: before.after(e).findings()) for e in edited)  # type: ignore[misc]
    return Report(
        bench="findings",
        figures={
            "sessions": len(made.slots),
            "scan_ms": round(scan_ms, 2),
            "edit_ms": round(edit_ms, 2),
            "found": len(before.findings()),
        },
        most={"scan_ms": MOST_MS, "edit_ms": MOST_MS},
    )


def _moved(made: Schedule, index: int) -> Schedule:
    slots = list(made.slots)
    slots[index] = replace(slots[index], start=slots[index].start + timedelta(minutes=30))
    return replace(made, slots=tuple(slots))


def _ms(work: Callable[[], object]) -> float:
    before = time.process_time()
    work()
    return (time.process_time() - before) * 1000
