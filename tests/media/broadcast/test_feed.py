"""From packets to segments, in made-up time: continuity, lips, cuts, loss, slate, restart."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from media.broadcast import shelf
from tests.media.broadcast.builders import EPOCH, Source, Studio, loop, onsets, watch


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    made = Studio(tmp_path)
    yield made
    made.shelf.close()


def steady(times: list[float], step: float, *, most: float) -> None:
    gaps = [b - a for a, b in itertools.pairwise(times)]
    assert min(gaps) > 0
    assert max(gaps) <= most, f"a hole of {max(gaps)} s"
    assert abs(sum(gaps) / len(gaps) - step) < step * 0.05


def together(flashes: list[float], beeps: list[float]) -> None:
    """Each flash has its beep. An AAC frame lasts 21 ms, and its transform smears a beginning over
    the one before."""
    for flash in flashes:
        nearest = min(beeps, key=lambda beep: abs(beep - flash))
        assert abs(flash - nearest) < 0.035, (flash, nearest)


def test_segments_begin_with_keyframes_and_last_a_second(studio: Studio) -> None:
    studio.plug(Source(loop(), began=EPOCH))
    studio.play(10)
    # The first one ends where the run-up of the clocks does.
    lengths = [s.duration for s in studio.segments[1:]]
    assert len(lengths) >= 7
    assert all(0.9 <= length <= 1.15 for length in lengths), lengths
    assert all(s.independent for s in studio.segments)
    starts = [s.start for s in studio.run.segments]
    ends = [s.end for s in studio.run.segments]
    assert starts[1:] == pytest.approx(ends[:-1], abs=1e-4)


def test_picture_and_sound_are_whole_and_together(studio: Studio) -> None:
    studio.plug(Source(loop(), began=EPOCH + 0.3))
    studio.play(10)
    seen = watch(studio.run)
    steady([t for t, _, _ in seen.pictures], 1 / 30, most=0.05)
    steady([t for t, _ in seen.sounds], 1024 / 48000, most=0.0221)
    flashes = onsets([(t, light) for t, _, light in seen.pictures], 150)[1:]
    beeps = onsets([(t, peak) for t, peak in seen.sounds], 0.1)[1:]
    assert len(flashes) >= 6
    together(flashes, beeps)


def test_lips_stay_together_when_picture_and_sound_travel_differently(studio: Studio) -> None:
    source = Source(loop(), began=EPOCH)
    studio.plug(source)
    source.picture_delay = 0.16
    studio.play(12)
    seen = watch(studio.run)
    flashes = onsets([(t, light) for t, _, light in seen.pictures], 150)[2:]
    beeps = onsets([(t, peak) for t, peak in seen.sounds], 0.1)[2:]
    assert flashes
    together(flashes, beeps)


def test_a_part_is_there_soon_after_its_last_picture(studio: Studio) -> None:
    studio.plug(Source(loop(), began=EPOCH))
    studio.play(6)
    late = [at - EPOCH - (part.start + part.duration) for part, _, at in studio.parts[6:]]
    assert max(late) < 0.25
    lengths = [part.duration for part, _, _ in studio.parts[4:]]
    assert max(lengths) <= 0.3


def test_a_change_of_size_is_a_new_generation_without_a_hole(studio: Studio) -> None:
    studio.plug(Source(loop(), began=EPOCH))
    studio.play(4.5)
    studio.plug(Source(loop(640, 360), began=studio.now))
    studio.play(4.5)
    numbers = [(i.number, i.width, i.slate) for i in studio.run.inits.values()]
    assert numbers == [(1, 320, False), (2, 640, False)]
    seen = watch(studio.run)
    steady([t for t, _, _ in seen.pictures], 1 / 30, most=0.12)
    steady([t for t, _ in seen.sounds], 1024 / 48000, most=0.0221)
    assert {w for _, w, _ in seen.pictures} == {320, 640}


def test_nobody_on_stage_is_a_slate_and_silence_and_back(studio: Studio) -> None:
    studio.plug(Source(loop(), began=EPOCH))
    studio.play(4)
    studio.plug(None)
    studio.play(5)
    studio.plug(Source(loop(), began=studio.now))
    studio.play(4)
    assert [i.slate for i in studio.run.inits.values()] == [False, True, False]
    seen = watch(studio.run)
    times = [t for t, _, _ in seen.pictures]
    assert max(b - a for a, b in itertools.pairwise(times)) < 0.45
    assert studio.run.end - EPOCH > 11.5
    silence = [peak for t, peak in seen.sounds if 4.6 < t < 8.8]
    assert len(silence) > 150
    assert max(silence) < 0.001
    assert {w for t, w, _ in seen.pictures if 4.6 < t < 8.8} == {1280}
    assert max(peak for t, peak in seen.sounds if t > 9.5) > 0.1


def test_an_empty_room_keeps_its_playlist_going(studio: Studio) -> None:
    studio.plug(None)
    studio.play(5)
    assert [s.duration for s in studio.segments] == pytest.approx([1.0] * len(studio.segments))
    assert len(studio.segments) >= 4


def test_a_camera_that_is_switched_off_leaves_the_voice(studio: Studio) -> None:
    source = Source(loop(), began=EPOCH)
    studio.plug(source)
    studio.lose = lambda kind, _: kind == "video" and studio.now > EPOCH + 3
    studio.play(9)
    seen = watch(studio.run)
    assert studio.run.inits[2].slate
    assert max(peak for t, peak in seen.sounds if t > 6) > 0.1
    steady([t for t, _ in seen.sounds], 1024 / 48000, most=0.0221)


@pytest.mark.parametrize("every", [50, 20])
def test_lost_packets_cost_pictures_but_never_the_playlist(studio: Studio, every: int) -> None:
    studio.plug(Source(loop(), began=EPOCH))
    studio.lose = lambda _kind, number: number % every == every - 1
    studio.play(10)
    assert studio.run.end - EPOCH > 8
    seen = watch(studio.run)
    times = [t for t, _, _ in seen.pictures]
    assert max(b - a for a, b in itertools.pairwise(times)) < 1.2
    steady([t for t, _ in seen.sounds], 1024 / 48000, most=0.0221)


def test_packets_out_of_order_lose_nothing(studio: Studio) -> None:
    studio.shuffle = random.Random(7)
    studio.plug(Source(loop(), began=EPOCH))
    studio.play(8)
    seen = watch(studio.run)
    steady([t for t, _, _ in seen.pictures], 1 / 30, most=0.05)


def test_a_publisher_without_keyframes_on_demand_still_gets_segments(studio: Studio) -> None:
    source = Source(loop(), began=EPOCH)
    studio.plug(source)
    studio.play(3)
    keyless = [f for f in loop().frames if not f.keyframe]
    source.video = type(source.video)(fps=30, frames=tuple(keyless), sounds=source.video.sounds)
    source.at = 0
    studio.feed.keyframe_due = lambda now: False  # type: ignore[method-assign]
    studio.play(6)
    assert max(s.duration for s in studio.segments) <= 1.5
    assert studio.run.end - EPOCH > 7


def test_what_the_journal_names_is_whole_after_a_kill(studio: Studio) -> None:
    studio.plug(Source(loop(), began=EPOCH))
    studio.play(6)
    index = studio.run.folder / shelf.INDEX
    torn = index.read_bytes()[:-15]
    index.write_bytes(torn)
    again = shelf.read(studio.run.folder)
    assert [s.number for s in again.segments] == [s.number for s in studio.run.segments][:-1]
    assert again.epoch == EPOCH
    assert watch(again).pictures


def test_it_ends_cleanly_with_all_that_there_was(studio: Studio) -> None:
    studio.plug(Source(loop(), began=EPOCH))
    studio.play(5.4)
    studio.feed.finish(studio.now)
    studio.shelf.end()
    assert studio.run.end == pytest.approx(EPOCH + 5.4, abs=0.06)
    assert shelf.read(studio.run.folder).ended
