"""From segments to an MP4: length, loudness, chapters, what must not be seen, what was killed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from media.broadcast import loudness, pieces, recording, shelf
from media.broadcast.shelf import Mark
from tests.media.broadcast.builders import EPOCH, Source, Studio, loop


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    made = Studio(tmp_path / "hls")
    yield made
    made.shelf.close()


def made(studio: Studio, tmp_path: Path, **overrides: Any) -> dict[str, Any]:
    order: dict[str, Any] = {
        "folder": str(tmp_path / "hls"),
        "stretches": [[EPOCH, studio.now]],
        "withheld": [],
        "hidden": [],
        "marks": [],
        "words": {"title": "Not recorded", "place": "", "below": ""},
        "title": "The gate",
        "out": str(tmp_path / "out"),
    }
    return recording.make(**{**order, **overrides})


def frames(tmp_path: Path) -> list[tuple[float, float]]:
    """Time and brightness of the recording's pictures."""
    found = []
    with av.open(str(tmp_path / "out/video.mp4")) as container:
        for frame in container.decode(video=0):
            found.append((float(frame.time or 0), float(frame.to_ndarray(format="gray").mean())))
    return found


def test_pictures_of_one_kind_are_copied_and_loudness_is_right(
    studio: Studio, tmp_path: Path
) -> None:
    studio.plug(Source(loop(), began=EPOCH))
    studio.play(12)
    told = made(studio, tmp_path, stretches=[[EPOCH + 2, EPOCH + 9]])
    assert told["copied"]
    assert told["seconds"] == pytest.approx(7, abs=1)
    assert abs(told["loudness"] - loudness.LOUDNESS) <= loudness.TOLERANCE
    assert told["peak"] <= loudness.PEAK + 0.3
    with av.open(str(tmp_path / "out/video.mp4")) as container:
        assert float(container.duration or 0) / 1e6 == pytest.approx(told["seconds"], abs=0.1)
    # Fast start: what a player needs first stands first.
    head = (tmp_path / "out/video.mp4").read_bytes()
    assert head.index(b"moov") < head.index(b"mdat")
    assert (tmp_path / "out/poster.jpg").stat().st_size > 100


def test_loud_peaks_are_held_down_and_loudness_is_still_right(
    studio: Studio, tmp_path: Path
) -> None:
    """Beeps are all peak: made as loud as speech, they would clip."""
    studio.plug(Source(loop(), began=EPOCH))
    studio.play(8)
    quiet = loudness.measure(
        pieces.sounds(pieces.cut(shelf.runs(tmp_path / "hls"), [(EPOCH, EPOCH + 8)]), [])
    )
    loud = loudness.amplified(
        pieces.sounds(pieces.cut(shelf.runs(tmp_path / "hls"), [(EPOCH, EPOCH + 8)]), []),
        -quiet[1] + 12,
        limits=True,
    )
    _, peak = loudness.measure(loud)
    assert peak <= loudness.PEAK


def test_sizes_and_slates_become_one_size_and_the_right_length(
    studio: Studio, tmp_path: Path
) -> None:
    studio.plug(Source(loop(), began=EPOCH))
    studio.play(5)
    studio.plug(Source(loop(640, 360), began=studio.now))
    studio.play(5)
    studio.plug(None)
    studio.play(4)
    told = made(studio, tmp_path, stretches=[[EPOCH + 1, EPOCH + 13]])
    assert not told["copied"]
    assert (told["width"], told["height"]) == (640, 360)
    assert told["seconds"] == pytest.approx(12, abs=0.3)
    times = [at for at, _ in frames(tmp_path)]
    assert max(b - a for a, b in itertools.pairwise(times)) < 0.45


def test_whoever_refused_is_neither_seen_nor_heard(studio: Studio, tmp_path: Path) -> None:
    studio.plug(Source(loop(), began=EPOCH))
    studio.play(10)
    told = made(
        studio, tmp_path, stretches=[[EPOCH + 1, EPOCH + 9]], withheld=[[EPOCH + 3, EPOCH + 6]]
    )
    assert told["withheld"] == pytest.approx(3)
    hidden = [light for at, light in frames(tmp_path) if 2.02 < at < 4.98]
    shown = [light for at, light in frames(tmp_path) if at < 1.9]
    assert hidden
    # The slate is nearly black; the loop is grey that flashes.
    assert max(hidden) < 40 < min(shown)
    peak = 0.0
    with av.open(str(tmp_path / "out/video.mp4")) as container:
        for frame in container.decode(audio=0):
            if 2.1 < float(frame.time or 0) < 4.85:
                peak = max(peak, float(np.abs(frame.to_ndarray()).max()))
    assert peak < 0.001


def test_stretches_follow_each_other(studio: Studio, tmp_path: Path) -> None:
    studio.plug(Source(loop(), began=EPOCH))
    studio.play(12)
    told = made(studio, tmp_path, stretches=[[EPOCH + 1, EPOCH + 4], [EPOCH + 7, EPOCH + 10]])
    assert told["seconds"] == pytest.approx(6, abs=1)
    # Where in the film each moment is, gap and all.
    first, second = told["spans"]
    assert first == pytest.approx([EPOCH + 1, EPOCH + 4, 0], abs=1)
    assert second == pytest.approx([EPOCH + 7, EPOCH + 10, first[1] - first[0]], abs=1)
    assert second[2] + second[1] - second[0] == pytest.approx(told["seconds"], abs=0.1)


def test_chapters_are_the_session_its_speakers_and_the_questions(
    studio: Studio, tmp_path: Path
) -> None:
    studio.plug(Source(loop(), began=EPOCH))

    def on(at: float, person: str) -> None:
        camera = {"person": person, "name": person.title(), "source": "camera"}
        studio.shelf.mark(Mark(at=EPOCH + at, people=(camera,)))

    on(0, "ada")
    on(17, "ben")
    on(18, "ada")
    on(20, "cem")
    on(37, "dan")
    studio.play(56)
    told = made(
        studio,
        tmp_path,
        hidden=["dan"],
        marks=[{"at": EPOCH + 30, "title": "Who pays?"}],
    )
    chapters = [(round(c["at"]), c["title"]) for c in told["chapters"]]
    assert chapters == [(0, "The gate"), (20, "Cem"), (30, "Who pays?")]
    with av.open(str(tmp_path / "out/video.mp4")) as container:
        written = [c["metadata"]["title"] for c in container.chapters()]
    assert written == ["The gate", "Cem", "Who pays?"]
    assert (tmp_path / "out/chapter-2.jpg").exists()


def test_a_killed_broadcast_leaves_all_whole_segments(studio: Studio, tmp_path: Path) -> None:
    studio.plug(Source(loop(), began=EPOCH))
    studio.play(6)
    # As SIGKILL leaves it: a segment that was begun, a line that was not finished.
    (studio.run.folder / "s99.new").write_bytes(b"half")
    with (studio.run.folder / shelf.INDEX).open("a") as index:
        index.write('{"s":99,"at":9')
    again = Studio(tmp_path / "hls", now=EPOCH + 8)
    again.plug(Source(loop(), began=EPOCH + 8))
    again.play(6)
    again.shelf.close()
    told = made(studio, tmp_path, stretches=[[EPOCH, EPOCH + 14]])
    assert told["seconds"] == pytest.approx(11, abs=1.6)


def test_what_was_never_kept_is_said(studio: Studio, tmp_path: Path) -> None:
    studio.plug(Source(loop(), began=EPOCH))
    studio.play(3)
    with pytest.raises(recording.NothingRecorded):
        made(studio, tmp_path, stretches=[[EPOCH + 100, EPOCH + 120]])
