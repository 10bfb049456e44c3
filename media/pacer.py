"""Lanes that catch up with their source send in small bursts, so that no link is flooded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from media.lane import Lane
from media.log import Log

logger = Log(__name__)

PACE_S = 0.003


class Pacer:
    """Lets lanes replay a burst every PACE_S until each is live."""

    def __init__(self, flush: Callable[[], None]) -> None:
        self._flush = flush
        self._catching: dict[Lane, None] = {}
        self._waking = False

    def catch_up(self, lane: Lane) -> None:
        """Send the first burst of this lane at once, and the others in time."""
        if lane.replay():
            self._catching[lane] = None
            self._wake()

    def _wake(self) -> None:
        if not self._waking and self._catching:
            self._waking = True
            asyncio.get_running_loop().call_later(PACE_S, self._pace)

    def _pace(self) -> None:
        self._waking = False
        for lane in list(self._catching):
            try:
                going_on = lane.replay()
            except Exception:
                logger.exception("replay failed")
                going_on = False
            if not going_on:
                self._catching.pop(lane, None)
        self._flush()
        self._wake()
