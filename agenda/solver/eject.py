"""Finds a place for everybody: who has none takes one, and those in the way look for another."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection

import numpy as np

from agenda.solver.board import Board
from agenda.solver.tables import Bools, Ints

FIXED = 1_000_000


def settle(
    board: Board,
    movable: Collection[int],
    rng: random.Random,
    goes_on: Callable[[int], bool],
) -> Board:
    """The board with the fewest talks without a place that was met on the way.

    Only `movable` talks are moved. A place that keeps failing a talk grows dearer to it, so that
    the search does not go in circles. `goes_on` is asked with the number of steps made.
    """
    tables = board.tables
    here = Board(tables, board.spots)
    best = Board(tables, board.spots)
    can_move = np.zeros(tables.size, dtype=np.bool_)
    can_move[list(movable)] = True
    tried = np.zeros(tables.may.shape, dtype=np.int64)
    steps = 0
    homeless = [talk for talk in movable if here.spots[talk] is None]
    while homeless and goes_on(steps):
        steps += 1
        talk = homeless.pop(rng.randrange(len(homeless)))
        weights = _in_the_way(here, talk, can_move) * 4 + tried[talk]
        weights = np.where(tables.may[talk], weights, FIXED * FIXED)
        least = weights.min()
        if least >= FIXED:
            continue
        options = np.argwhere(weights == least)
        time, room = (int(index) for index in options[rng.randrange(len(options))])
        tried[talk, time, room] += 1
        for other in _rivals(here, talk, time, room):
            here.take(other)
            homeless.append(other)
        here.put(talk, (time, room))
        if here.unplaced < best.unplaced:
            best = Board(tables, here.spots)
    return best


def _in_the_way(board: Board, talk: int, can_move: Bools) -> Ints:
    """t × r: how many talks would have to leave; FIXED for each that cannot."""
    tables = board.tables
    count = np.zeros(tables.may[talk].shape, dtype=np.int64)
    for other, spot in enumerate(board.spots):
        if spot is not None and other != talk:
            price = 1 if can_move[other] else FIXED
            count[:, spot[1]] += price * tables.meets[:, spot[0]]
    for other, forbidden in tables.forbidden[talk]:
        spot = board.spots[other]
        if spot is not None:
            count += (1 if can_move[other] else FIXED) * forbidden[:, spot[0]][:, None]
    if tables.day_limit.any():
        far = tables.day_limit | tables.day_limit.T
        for spot in board.spots:
            if spot is not None:
                count += far[:, spot[0]][:, None]
    return count


def _rivals(board: Board, talk: int, time: int, room: int) -> list[int]:
    """Who has to leave for a talk to be there."""
    tables = board.tables
    hard = {
        other
        for other, forbidden in tables.forbidden[talk]
        if _forbids(board, forbidden, time, other)
    }
    far = tables.day_limit | tables.day_limit.T
    return [
        other
        for other, spot in enumerate(board.spots)
        if spot is not None
        and other != talk
        and (
            other in hard or far[time, spot[0]] or (spot[1] == room and tables.meets[time, spot[0]])
        )
    ]


def _forbids(board: Board, forbidden: Bools, time: int, other: int) -> bool:
    spot = board.spots[other]
    return spot is not None and bool(forbidden[time, spot[0]])
