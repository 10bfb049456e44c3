"""Runs the solver as a child process, and passes on what it says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from agenda.solver.solve import Request
from agenda.solver.wire import dump_request
from app.jobs.solver_child import GRACE_S, solve_line

__all__ = ["GRACE_S", "solve"]


def solve(request: Request, stop: asyncio.Event) -> AsyncGenerator[dict[str, Any], None]:
    """The child's lines: `progress` ones, and in the end one `solution` or `error`.

    Setting `stop` ends the search; the best that was found is still the solution. Leaving the loop
    early, or being cancelled, ends the child. A child that is killed gives an `error`.
    """
    return solve_line(dump_request(request), stop)
