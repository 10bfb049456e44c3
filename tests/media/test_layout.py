"""Lanes and the floor, as pure functions."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from media.fan import _runs
from media.layout import HOLD_S, Floor, assign, next_floor

STREAMS = st.lists(st.integers(0, 9), unique=True, max_size=8)


@given(present=st.lists(st.none() | st.integers(0, 9), max_size=6), wanted=STREAMS)
def test_the_best_get_lanes_and_whoever_has_one_keeps_it(
    present: list[int | None], wanted: list[int]
) -> None:
    present = [s if present.index(s) == i else None for i, s in enumerate(present)]
    lanes = assign(present, wanted)
    assert len(lanes) == len(present)
    assert {s for s in lanes if s is not None} == set(wanted[: len(present)])
    best = set(wanted[: len(present)])
    assert all(new == old for old, new in zip(present, lanes, strict=True) if old in best)
    assert len([s for s in lanes if s is not None]) == len(set(lanes) - {None})


def test_the_floor_passes_on_only_after_a_while_and_to_somebody_clearly_louder() -> None:
    floor = next_floor(Floor(), {"ada": 0.0, "bob": 0.0}, now=0.0)
    assert floor.speakers == ("ada", "bob")
    assert next_floor(floor, {"ada": 0.0, "bob": 90.0}, now=HOLD_S / 2).speakers[0] == "ada"
    assert next_floor(floor, {"ada": 85.0, "bob": 90.0}, now=HOLD_S * 2).speakers[0] == "ada"
    passed = next_floor(floor, {"ada": 0.0, "bob": 90.0}, now=HOLD_S * 2)
    assert passed == Floor(speakers=("bob", "ada"), since=HOLD_S * 2)


def test_who_leaves_loses_the_floor_at_once() -> None:
    floor = Floor(speakers=("ada", "bob"), since=0.0)
    assert next_floor(floor, {"bob": 0.0}, now=0.1).speakers == ("bob",)
    assert next_floor(floor, {}, now=0.1).speakers == ()


@given(
    floor=st.lists(st.sampled_from("abcdef"), unique=True).map(lambda x: Floor(speakers=tuple(x))),
    loudness=st.dictionaries(st.sampled_from("abcdef"), st.floats(0, 127)),
    now=st.floats(0, 1e6),
)
def test_everybody_present_is_on_the_floor_once(
    floor: Floor, loudness: dict[str, float], now: float
) -> None:
    assert sorted(next_floor(floor, loudness, now=now).speakers) == sorted(loudness)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=30))
def test_a_datagram_train_holds_equal_packets_and_a_shorter_last_one(sizes: list[int]) -> None:
    packets = [(b"", size, 0, 0, 0) for size in sizes]
    runs = _runs(packets)
    assert [i for first, count, _ in runs for i in range(first, first + count)] == list(
        range(len(sizes))
    )
    for first, count, size in runs:
        assert all(sizes[i] == size for i in range(first, first + count - 1))
        assert sizes[first + count - 1] <= size
