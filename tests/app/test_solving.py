"""The solver's child process, driven from the suite."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from pathlib import Path
from typing import Any

from agenda.solver.frame import Frame, Mode
from agenda.solver.search import Budget
from agenda.solver.solve import Request
from app.editor.solver_job import answer
from app.jobs.solving import solve
from tests.agenda.solver.builders import HOURS, make_schedule


def large(seconds: float) -> Request:
    made = make_schedule(*((f"x{n}:p{n}", None, 0, 30) for n in range(60)), rooms="ABCD")
    frame = Frame(mode=Mode.DRAFT, hours=(HOURS,))
    return Request(schedule=made, frame=frame, budget=Budget(seconds=seconds))


def children() -> set[int]:
    found = set()
    for name in os.listdir("/proc"):
        with contextlib.suppress(OSError):
            if name.isdigit():
                stat = Path(f"/proc/{name}/stat").read_text().rsplit(")", 1)[1].split()
                if int(stat[1]) == os.getpid() and stat[0] != "Z":
                    found.add(int(name))
    return found


async def test_progress_comes_first_and_a_stop_brings_the_best() -> None:
    stop = asyncio.Event()
    kinds = []
    async for told in solve(large(60), stop):
        kinds.append(told["kind"])
        stop.set()
    assert kinds[0] == "progress"
    assert kinds[-1] == "solution"
    assert len(told["edits"]) == 60
    assert told["stopped"]


async def test_who_leaves_takes_the_child_along() -> None:
    before = children()
    lines = solve(large(60), asyncio.Event())
    async for _ in lines:
        break
    assert len(children() - before) == 1
    await lines.aclose()
    assert children() == before


async def test_a_killed_child_is_an_error_in_words() -> None:
    before = children()
    told: dict[str, Any] = {}
    async for line in solve(large(60), asyncio.Event()):
        told = line
        for child in children() - before:
            os.kill(child, signal.SIGKILL)
    assert told["kind"] == "error"
    assert "too early" in told["sentence"]


def test_a_solver_that_died_without_an_answer_is_an_error_in_words() -> None:
    for last in ({}, {"kind": "progress", "seconds": 3}):
        told = answer(last)
        assert told["kind"] == "error"
        assert "want of memory" in told["sentence"]
    assert answer({"kind": "solution", "edits": []})["kind"] == "solution"
