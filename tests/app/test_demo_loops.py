"""The synthetic speakers: drawn, sounded, encoded once, and decoded again here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import av
import pytest

from app.demo import looks, loops, stage, tones
from media.loops import Loop, read_loop


@pytest.mark.parametrize("seat", [0, 1])
def test_a_picture_moves_and_shows_its_room(seat: int) -> None:
    look = looks.Look(room="Harbour Hall", number=0, seat=seat)
    pictures = list(stage.frames(look, tones.openings(look, stage.FRAMES)))
    assert len(pictures) == stage.FRAMES
    assert pictures[0].size == (stage.WIDTH, stage.HEIGHT)
    assert len({picture.tobytes() for picture in pictures}) > stage.FRAMES * 0.9


def test_rooms_differ_in_picture_and_sound() -> None:
    two = [looks.Look(room=name, number=n) for n, name in enumerate(("Lock Room", "Saltmarsh"))]
    first, second = (next(stage.frames(look, [0.0] * stage.FRAMES)).tobytes() for look in two)
    assert first != second
    assert tones.phrases(two[0]) != tones.phrases(two[1])


@pytest.mark.parametrize(
    "room", ["Harbour Hall", "水門の間", "قاعة الميناء", "Зал Прилива", "Łódź", "", "x" * 200]
)
def test_any_name_of_a_room_can_be_drawn(room: str) -> None:
    look = looks.Look(room=room, number=3)
    assert next(stage.frames(look, [0.5] * stage.FRAMES)).size == (stage.WIDTH, stage.HEIGHT)


def test_sound_begins_and_ends_in_silence_and_is_quiet() -> None:
    samples = tones.sound(looks.Look(room="Ferry House", number=4))
    assert len(samples) == tones.RATE * tones.SECONDS
    assert not any(samples[:100])
    assert not any(samples[-100:])
    assert 1000 < max(samples) < 9000


def test_a_loop_is_made_once_and_can_be_decoded(tmp_path: Path) -> None:
    look = looks.Look(room="Breakwater", number=5)
    path = loops.make(look, tmp_path / "loops")
    made_at = path.stat().st_mtime_ns
    assert loops.make(look, tmp_path / "loops") == path
    assert path.stat().st_mtime_ns == made_at
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    loop = read_loop(path)
    assert len(loop.frames) == stage.FRAMES
    assert sum(frame.keyframe for frame in loop.frames) == stage.SECONDS
    assert max(len(p) for frame in loop.frames for p in frame.payloads) <= 1150
    octets = sum(len(p) for frame in loop.frames for p in frame.payloads)
    assert 100 <= octets * 8 / stage.SECONDS / 1000 <= 450
    assert _decoded_pictures(loop) == [(stage.WIDTH, stage.HEIGHT)] * stage.FRAMES
    assert abs(_decoded_seconds(loop) - stage.SECONDS) < 0.1


def test_an_encoder_that_fails_says_why(tmp_path: Path) -> None:
    (tmp_path / "loops").mkdir()
    look = looks.Look(room="Breakwater", number=5)
    loops.path_of(look, tmp_path / "loops").with_suffix(".loop.new").mkdir()
    with pytest.raises(loops.NotMade, match="directory"):
        loops.make(look, tmp_path / "loops")


def _decoded_pictures(loop: Loop) -> list[tuple[int, int]]:
    decoder = av.CodecContext.create("h264", "r")
    found = []
    for frame in loop.frames:
        for picture in decoder.decode(av.Packet(_annex_b(frame.payloads))):
            found.append((picture.width, picture.height))
    found += [(picture.width, picture.height) for picture in decoder.decode(None)]
    return found


def _annex_b(payloads: tuple[bytes, ...]) -> bytes:
    return b"".join(b"\0\0\0\1" + nal for nal in _nals(payloads))


def _nals(payloads: tuple[bytes, ...]) -> Iterator[bytes]:
    """NAL units out of RTP payloads (RFC 6184: single, STAP-A, FU-A)."""
    pieces: list[bytes] = []
    for payload in payloads:
        kind = payload[0] & 31
        if kind == 24:
            at = 1
            while at < len(payload):
                size = int.from_bytes(payload[at : at + 2], "big")
                yield payload[at + 2 : at + 2 + size]
                at += 2 + size
        elif kind == 28:
            if payload[1] & 0x80:
                pieces = [bytes([payload[0] & 0xE0 | payload[1] & 31])]
            pieces.append(payload[2:])
            if payload[1] & 0x40:
                yield b"".join(pieces)
        else:
            yield payload


def _decoded_seconds(loop: Loop) -> float:
    decoder = av.CodecContext.create("libopus", "r")
    decoder.sample_rate, decoder.layout = 48000, "mono"
    samples = 0
    for sound in loop.sounds:
        samples += sum(frame.samples for frame in decoder.decode(av.Packet(sound.payload)))
    return samples / 48000
