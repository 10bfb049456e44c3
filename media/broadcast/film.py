"""Writes a recording's MP4 and its pictures: copied where all are of one kind, else coded anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.filter
import numpy as np

from media.broadcast import slate
from media.broadcast.boxes import AAC_SAMPLES, AUDIO_CLOCK, VIDEO_CLOCK
from media.broadcast.loudness import amplified, sound_frame
from media.broadcast.mixer import Sound
from media.broadcast.pieces import Piece, Stretch, opened, sounds

KBPS = 128
MOST_WIDTH, MOST_HEIGHT = 1280, 720
_TICK = Fraction(1, VIDEO_CLOCK)


class Writer:
    """Writes the MP4."""

    def __init__(
        self,
        pieces: Sequence[Piece],
        silent: Sequence[Stretch],
        words: slate.Words,
        *,
        anew: bool,
    ) -> None:
        self._pieces = pieces
        self._silent = silent
        self._words = words
        inits = [piece.run.inits[piece.generation] for piece in pieces]
        self._anew = anew
        pictured = [i for i in inits if not i.slate] or inits
        self._size = (
            min(max(i.width for i in pictured), MOST_WIDTH) // 2 * 2,
            min(max(i.height for i in pictured), MOST_HEIGHT) // 2 * 2,
        )

    def write(
        self, path: Path, gain: float, limits: bool, chapters: Sequence[Mapping[str, Any]]
    ) -> tuple[int, int]:
        """Write everything; the size of the picture."""
        unfinished = path.with_suffix(".new.mp4")
        options = {"movflags": "+faststart"}
        with av.open(str(unfinished), "w", format="mp4", options=options) as out:
            video = self._video_stream(out)
            audio: Any = out.add_stream("aac", rate=AUDIO_CLOCK)
            audio.layout, audio.bit_rate = "stereo", KBPS * 1000
            self._set_chapters(out, chapters)
            coded = self._coded(video) if self._anew else self._copied(video)
            heard = self._heard(audio, gain, limits)
            for packet in _merged(coded, heard):
                out.mux(packet)
            width, height = self._size
        unfinished.replace(path)
        return width, height

    def _video_stream(self, out: Any) -> Any:
        if not self._anew:
            with opened(self._pieces[0]) as first:
                source = first.streams.video[0]
                self._size = source.width, source.height
                return out.add_stream_from_template(source)
        stream = out.add_stream("libx264", rate=30)
        stream.width, stream.height = self._size
        stream.pix_fmt, stream.time_base = "yuv420p", _TICK
        stream.codec_context.time_base = _TICK
        stream.codec_context.gop_size = 60
        stream.options = {"preset": "veryfast", "crf": "22", "threads": "1"}
        return stream

    def _set_chapters(self, out: Any, chapters: Sequence[Mapping[str, Any]]) -> None:
        last = self._pieces[-1]
        ends = [c["at"] for c in chapters[1:]] + [last.at + last.end - last.start]
        out.set_chapters(
            [
                {
                    "id": number,
                    "start": round(chapter["at"] * 1000),
                    "end": round(end * 1000),
                    "time_base": Fraction(1, 1000),
                    "metadata": {"title": chapter["title"]},
                }
                for number, (chapter, end) in enumerate(zip(chapters, ends, strict=True))
            ]
        )

    def _copied(self, stream: Any) -> Iterator[Any]:
        last = -1
        for piece in self._pieces:
            with opened(piece) as container:
                for packet in container.demux(video=0):
                    if packet.pts is None:
                        continue
                    wall = piece.run.epoch + float(packet.pts * packet.time_base)
                    if wall >= piece.end:
                        break
                    at = round((piece.at + wall - piece.start) * VIDEO_CLOCK)
                    packet.pts = packet.dts = last = max(at, last + 1)
                    packet.time_base = _TICK
                    packet.stream = stream
                    yield packet

    def _coded(self, stream: Any) -> Iterator[Any]:
        still = self._still()
        last = -1
        for piece in self._pieces:
            fit = Fit(self._size)
            shown = False
            with opened(piece) as container:
                for frame in container.decode(video=0):
                    wall = piece.run.epoch + float(frame.time)
                    if wall >= piece.end or wall < piece.start - 0.05:
                        continue
                    hidden = any(s <= wall < e for s, e in self._silent)
                    if hidden and shown and round(wall * 5) == round((wall - 1 / 30) * 5):
                        continue
                    picture = still if hidden else fit(frame)
                    shown = hidden
                    at = round((piece.at + max(0.0, wall - piece.start)) * VIDEO_CLOCK)
                    last = at = max(at, last + 1)
                    picture.pts, picture.time_base, picture.pict_type = at, _TICK, 0
                    yield from stream.encode(picture)
        yield from stream.encode(None)

    def _still(self) -> Any:
        image: Any = av.VideoFrame.from_image(slate.draw(self._words))  # type: ignore[no-untyped-call]
        return image.reformat(*self._size, format="yuv420p")

    def _heard(self, stream: Any, gain: float, limits: bool) -> Iterator[Any]:
        source = sounds(self._pieces, self._silent)
        position = 0
        for block in _blocks(amplified(source, gain, limits=limits)):
            frame = sound_frame(block, position)
            position += len(block)
            yield from stream.encode(frame)
        yield from stream.encode(None)


class Fit:
    """Brings pictures of whatever size to one, with black where the shape differs."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._size = size
        self._graph: Any = None
        self._of: tuple[int, int] | None = None

    def __call__(self, frame: Any) -> Any:
        width, height = self._size
        if (frame.width, frame.height) == self._size:
            return frame.reformat(format="yuv420p")
        if self._of != (frame.width, frame.height):
            self._of = (frame.width, frame.height)
            graph: Any = av.filter.Graph()
            source = graph.add_buffer(
                width=frame.width, height=frame.height, format=frame.format, time_base=_TICK
            )
            shape = f"{width}:{height}"
            scale = graph.add("scale", f"{shape}:force_original_aspect_ratio=decrease")
            pad = graph.add("pad", f"{shape}:(ow-iw)/2:(oh-ih)/2,format=yuv420p".split(",")[0])
            kind = graph.add("format", "yuv420p")
            sink = graph.add("buffersink")
            for one, other in ((source, scale), (scale, pad), (pad, kind), (kind, sink)):
                one.link_to(other)
            graph.configure()
            self._graph = graph
        self._graph.push(frame)
        return self._graph.pull()


def _blocks(source: Iterator[Sound]) -> Iterator[Sound]:
    """The same sound in pieces of AAC_SAMPLES, the last one shorter."""
    waiting: list[Sound] = []
    held = 0
    for sound in source:
        waiting.append(sound)
        held += len(sound)
        if held < AAC_SAMPLES:
            continue
        whole = np.concatenate(waiting)
        count = held // AAC_SAMPLES * AAC_SAMPLES
        for start in range(0, count, AAC_SAMPLES):
            yield whole[start : start + AAC_SAMPLES]
        waiting, held = [whole[count:]], held - count
    if held:
        yield np.concatenate(waiting)


def _merged(one: Iterator[Any], other: Iterator[Any]) -> Iterator[Any]:
    """Packets of two streams in the order of their time, so that neither waits in memory."""
    a, b = next(one, None), next(other, None)
    while a is not None or b is not None:
        first = b is None or (a is not None and a.dts * a.time_base <= b.dts * b.time_base)
        if first:
            yield a
            a = next(one, None)
        else:
            yield b
            b = next(other, None)


def pictures(video: Path, folder: Path, chapters: Sequence[float]) -> None:
    """poster.jpg, and chapter-N.jpg for each chapter."""
    with av.open(str(video)) as container:
        stream: Any = container.streams.video[0]
        length = float(container.duration or 0) / av.time_base
        wanted = {f"chapter-{number}.jpg": at + 1.0 for number, at in enumerate(chapters)}
        wanted["poster.jpg"] = min(length * 0.1, 20.0)
        for name, at in wanted.items():
            container.seek(int(max(0.0, min(at, length - 0.5)) * av.time_base))
            frame: Any = next(container.decode(stream), None)
            if frame is not None:
                width = 1280 if name == "poster.jpg" else 320
                width = min(width, frame.width)
                small = frame.reformat(width, width * frame.height // frame.width, "rgb24")
                small.to_image().save(folder / name, "JPEG", quality=80, optimize=True)
