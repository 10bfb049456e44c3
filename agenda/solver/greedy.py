"""A first schedule: one talk after the other, the least free first, each to its cheapest place."""

from __future__ import annotations

import numpy as np

from agenda.solver.board import Board
from agenda.solver.problem import Assignment
from agenda.solver.tables import Ints, Tables

CROWDED = 10_000_000_000
"""More than any cost of a place: a risky talk seeks exactly one other."""


def construct(tables: Tables, start: Assignment | None = None) -> Board:
    """Place what `start` and the pins leave open. A talk for which nothing is left stays out."""
    board = Board(tables)
    pinned = tables.problem.pinned()
    given = {**(start or {}), **pinned}
    for talk, spot in enumerate(tables.spots(given)):
        if spot is None:
            continue
        if tables.problem.talks[talk].code in pinned or board.allowed(talk)[spot]:
            board.put(talk, spot)
    for talk in _order(tables):
        if board.spots[talk] is None:
            _place(board, talk)
    return board


def _order(tables: Tables) -> list[int]:
    """Talks by how few places they may have and how many others they must keep clear of."""
    risky = set(tables.risky)

    def freedom(talk: int) -> tuple[bool, bool, float, int]:
        places = float(tables.may[talk].sum())
        new = tables.problem.talks[talk].published_timeslot is None
        return talk not in risky, new, places / (1 + len(tables.forbidden[talk])), talk

    return sorted(range(tables.size), key=freedom)


def _place(board: Board, talk: int) -> None:
    allowed = board.allowed(talk)
    if not allowed.any():
        return
    cost = board.cost(talk)
    if talk in board.tables.risky:
        cost = cost + _crowding(board)[:, None]
    cost = np.where(allowed, cost, np.iinfo(np.int64).max)
    time, room = np.unravel_index(int(cost.argmin()), cost.shape)
    board.put(talk, (int(time), int(room)))


def _crowding(board: Board) -> Ints:
    """By timeslot: dear unless exactly one risky talk is there and nobody else overlaps."""
    tables = board.tables
    there = np.zeros(len(tables.minutes), dtype=np.int64)
    meeting = np.zeros(len(tables.minutes), dtype=np.int64)
    for talk in tables.risky:
        spot = board.spots[talk]
        if spot is not None:
            there[spot[0]] += 1
            meeting += tables.overlap[spot[0]] > 0
    lonely = np.where(meeting == 0, 1, 2)
    pairing = np.where(there == 1, 0, np.where(meeting == 1, 0.5, lonely))
    dear: Ints = (CROWDED * np.where(meeting > 1, 2, pairing)).astype(np.int64)
    return dear
