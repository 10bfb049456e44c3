"""Requests, news and solutions as JSON, one line each, for a process of its own."""

from __future__ import annotations

import json
from typing import Any

from agenda import document, edit_document
from agenda.errors import Unreadable
from agenda.solver.solve import Line, News, Request, Solution


def dump_request(request: Request) -> str:
    """A request as one line."""
    return json.dumps(document.dump_value(request), ensure_ascii=False)


def load_request(line: str) -> Request:
    """The request that `dump_request` wrote. Raises Unreadable."""
    try:
        held = json.loads(line)
    except ValueError as error:
        raise Unreadable(f"The request is no JSON: {error}.") from error
    return document.load_value(Request, held)


def news(told: News, *, with_edits: bool) -> dict[str, Any]:
    """News as an object of the kind `progress`; its edits only when asked for."""
    held: dict[str, Any] = {
        "kind": "progress",
        "seconds": round(told.seconds, 2),
        "phase": told.phase,
        "unplaced": told.unplaced,
        "medium": told.medium,
        "soft": told.soft,
        "bound": told.bound,
        "gap": told.gap,
    }
    if with_edits:
        held["edits"] = [edit_document.dump(edit) for edit in told.edits]
    return held


def solution(found: Solution) -> dict[str, Any]:
    """A solution as an object of the kind `solution`; its edits as `edit_document` reads them."""
    return {
        "kind": "solution",
        "mode": str(found.mode),
        "edits": [edit_document.dump(edit) for edit in found.edits],
        "lines": [_line(line) for line in found.lines],
        "soft_before": found.soft_before,
        "soft": found.soft,
        "medium": found.medium,
        "hard_before": found.hard_before,
        "hard": found.hard,
        "bound": found.bound,
        "gap": found.gap,
        "optimal": found.optimal,
        "seconds": round(found.seconds, 2),
        "had_to_move": list(found.had_to_move),
        "left": list(found.left),
        "clash": list(found.clash),
        "stopped": found.stopped,
    }


def _line(line: Line) -> dict[str, Any]:
    return {
        "constraint": line.constraint,
        "level": str(line.level),
        "sentence": line.sentence,
        "before": line.before,
        "after": line.after,
        "cases": [
            {"penalty": case.penalty, "titles": list(case.titles), "slots": list(case.slots)}
            for case in line.cases
        ],
    }
