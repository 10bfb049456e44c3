"""Sixty attendees take part in a running house; the bench `attendees` does the same with a thousand."""

from __future__ import annotations

from array import array
from pathlib import Path
from typing import Any, cast

from bench import attendees
from bench.guest import Guest, Stay, misheard
from tests.e2e import house as h


async def test_nobody_misses_or_hears_twice_what_was_told_in_their_rooms(tmp_path: Path) -> None:
    async with h.running(tmp_path / "var") as house:
        found = await attendees.play(house, 60, 3, 8.0)
    wrong = {name: found[name] for name in ("lost", "doubled", "untrue", "refused")}
    assert wrong == {"lost": 0, "doubled": 0, "untrue": 0, "refused": 0}
    for name in ("deliveries", "messages", "reactions", "switches", "segments", "rtp_packets"):
        assert found[name] > 0, name


def test_a_gap_and_a_repetition_are_found() -> None:
    def guest(numbers: list[int]) -> Guest:
        one = Guest(cast(Any, None), cast(Any, None), "", interactive=False)
        one.stays = [Stay(room="r", since=3, numbers=array("q", numbers))]
        return one

    def told(stay: Stay, until: int) -> list[int]:
        return [n for n in (2, 4, 5, 7, 9) if stay.since < n <= until]

    assert misheard([guest([4, 5, 7, 9])], told, 9) == [0, 0]
    assert misheard([guest([4, 7])], told, 9) == [2, 0]
    assert misheard([guest([4, 5, 5, 7, 9])], told, 9) == [0, 1]
