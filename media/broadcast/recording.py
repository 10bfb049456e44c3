"""Makes one MP4 of the segments of a session: cut, even in loudness, with chapters and pictures.

Runs in a child process, for as long as it takes: pictures are copied where all are of one kind, and
coded anew, to one size, where speakers, sizes and slates follow each other.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.filter
import numpy as np

from media.broadcast import shelf, slate
from media.broadcast.boxes import AAC_SAMPLES, AUDIO_CLOCK, VIDEO_CLOCK
from media.broadcast.mixer import Sound
from media.broadcast.shelf import Kept, Run

LOUDNESS = -23.0
"""EBU R 128: integrated loudness in LUFS, within TOLERANCE where the programme is long enough."""

TOLERANCE = 0.5
PEAK = -1.0
KBPS = 128
MOST_WIDTH, MOST_HEIGHT = 1280, 720
SPEAKS_S = 15.0
_LIMIT = 10 ** ((PEAK - 0.6) / 20)
_SILENT_LUFS = -60.0
_MOST_GAIN = 30.0
_TICK = Fraction(1, VIDEO_CLOCK)
_SAMPLE = Fraction(1, AUDIO_CLOCK)

Stretch = tuple[float, float]


class NothingRecorded(Exception):
    """No segment lies in the stretches that should be recorded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Segments of one generation that follow each other, of which `start` to `end` (wall-clock
    seconds) is wanted, at `at` seconds of the recording."""

    run: Run
    segments: tuple[Kept, ...]
    start: float
    end: float
    at: float

    @property
    def generation(self) -> int:
        return self.segments[0].generation


def make(
    *,
    folder: str,
    stretches: Sequence[Sequence[float]],
    withheld: Sequence[Sequence[float]],
    hidden: Sequence[str],
    marks: Sequence[Mapping[str, Any]],
    words: Mapping[str, str],
    title: str,
    out: str,
) -> dict[str, Any]:
    """Write `out`/video.mp4 and its pictures; what was made, as JSON can hold it.

    `stretches` are recorded, `withheld` become slate and silence in them, both in wall-clock
    seconds; `hidden` people get no chapter. `marks` are {at, title}. Raises NothingRecorded.
    """
    runs = shelf.runs(Path(folder))
    pieces = cut(runs, [(s[0], s[1]) for s in stretches])
    if not pieces:
        raise NothingRecorded("No segment of this session is on the shelf any more")
    silent = [(s[0], s[1]) for s in withheld]
    target = Path(out)
    target.mkdir(parents=True, exist_ok=True)
    anew = differs(pieces, silent)
    if not anew:
        pieces = at_keyframes(pieces)
    gain, limits = level(pieces, silent)
    chapters = chapters_of(runs, pieces, marks, frozenset(hidden), title)
    video = target / "video.mp4"
    writer = Writer(pieces, silent, slate.Words(**words), anew=anew)
    width, height = writer.write(video, gain, limits, chapters)
    pictures(video, target, [chapter["at"] for chapter in chapters])
    loudness, peak = measure(sounds_of_file(video))
    last = pieces[-1]
    seconds = last.at + last.end - last.start
    return {
        "seconds": round(seconds, 3),
        "withheld": round(sum(_overlap(p, silent) for p in pieces), 3),
        "width": width,
        "height": height,
        "loudness": round(loudness, 2),
        "peak": round(peak, 2),
        "size": video.stat().st_size,
        "copied": not anew,
        "chapters": chapters,
    }


def cut(runs: Sequence[Run], stretches: Sequence[Stretch]) -> list[Piece]:
    """The pieces that lie in these stretches, in order; what was never kept is left out."""
    pieces: list[Piece] = []
    at = 0.0
    for start, end in stretches:
        for run in runs:
            for group in _groups(run, start, end):
                first, last = group[0], group[-1]
                begin = max(start, run.epoch + first.start)
                finish = min(end, run.epoch + last.end)
                if finish - begin > 0.02:
                    pieces.append(
                        Piece(run=run, segments=tuple(group), start=begin, end=finish, at=at)
                    )
                    at += finish - begin
    return pieces


def differs(pieces: Sequence[Piece], silent: Sequence[Stretch]) -> bool:
    """Whether pictures must be coded anew: they are of several kinds, some are withheld, or cutting
    at keyframes would lose more than a second."""
    contents = {(p.run.folder / p.run.inits[p.generation].name).read_bytes() for p in pieces}
    lost = _length(pieces) - _length(at_keyframes(pieces))
    return len(contents) > 1 or lost > 1.0 or any(_overlap(piece, silent) for piece in pieces)


def _length(pieces: Sequence[Piece]) -> float:
    return sum(piece.end - piece.start for piece in pieces)


def at_keyframes(pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces from their first whole segment on: what came before “record” is never shown."""
    found: list[Piece] = []
    at = 0.0
    for piece in pieces:
        whole = [
            kept
            for kept in piece.segments
            if kept.independent and piece.run.epoch + kept.start >= piece.start - 0.001
        ]
        if whole:
            segments = piece.segments[piece.segments.index(whole[0]) :]
            start = piece.run.epoch + segments[0].start
            found.append(replace(piece, segments=segments, start=start, at=at))
            at += piece.end - start
    return found


def _groups(run: Run, start: float, end: float) -> Iterator[list[Kept]]:
    group: list[Kept] = []
    for kept in run.segments:
        if run.epoch + kept.end <= start or run.epoch + kept.start >= end:
            continue
        follows = group and kept.number == group[-1].number + 1
        if group and not (follows and kept.generation == group[-1].generation):
            yield group
            group = []
        group.append(kept)
    if group:
        yield group


def chapters_of(
    runs: Sequence[Run],
    pieces: Sequence[Piece],
    marks: Sequence[Mapping[str, Any]],
    hidden: frozenset[str],
    title: str,
) -> list[dict[str, Any]]:
    """Where what begins: the session, each speaker who stays for a while, and the given marks."""
    found = [(0.0, title)]
    changes = [
        (mark.at, next((p for p in mark.people if p.get("source") in ("camera", "screen")), None))
        for run in runs
        for mark in run.marks
    ]
    speaking = ""
    for place, (at, person) in enumerate(changes):
        until = changes[place + 1][0] if place + 1 < len(changes) else math.inf
        name = person["name"] if person else ""
        if not person or person["person"] in hidden or name == speaking or until - at < SPEAKS_S:
            continue
        where = _at(pieces, at)
        if where is not None:
            if speaking or where > SPEAKS_S:
                found.append((where, name))
            speaking = name
    found += [
        (where, str(mark["title"]))
        for mark in marks
        if (where := _at(pieces, float(mark["at"]))) is not None
    ]
    found.sort(key=lambda chapter: chapter[0])
    kept: list[dict[str, Any]] = []
    for where, words in found:
        if not kept or where - kept[-1]["at"] >= 1.0:
            kept.append({"at": round(where, 2), "title": words})
    return kept


def _at(pieces: Sequence[Piece], wall: float) -> float | None:
    """Where in the recording a wall-clock second is."""
    for piece in pieces:
        if piece.start <= wall < piece.end:
            return piece.at + wall - piece.start
    return None


def _overlap(piece: Piece, stretches: Sequence[Stretch]) -> float:
    return sum(max(0.0, min(piece.end, end) - max(piece.start, start)) for start, end in stretches)


class _Reader(io.RawIOBase):
    """The init segment and the segments of a piece as one stream, read as it is needed."""

    def __init__(self, piece: Piece) -> None:
        init = piece.run.inits[piece.generation]
        self._names = [init.name, *(kept.name for kept in piece.segments)]
        self._folder = piece.run.folder
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while not self._rest and self._names:
            name = self._names.pop(0)
            self._rest = memoryview((self._folder / name).read_bytes())
        if size < 0:
            size = len(self._rest)
        taken, self._rest = self._rest[:size], self._rest[size:]
        return bytes(taken)


def _open(piece: Piece) -> Any:
    return av.open(_Reader(piece), "r", format="mp4")


def sounds(pieces: Sequence[Piece], silent: Sequence[Stretch]) -> Iterator[Sound]:
    """The recording's sound without a hole, withheld stretches silent."""
    position = 0
    for piece in pieces:
        with _open(piece) as container:
            for frame in container.decode(audio=0):
                wall = piece.run.epoch + float(frame.time)
                sound = np.asarray(frame.to_ndarray(), np.float32).T.copy()
                if wall + frame.samples / AUDIO_CLOCK <= piece.start or wall >= piece.end:
                    continue
                if any(s < wall + frame.samples / AUDIO_CLOCK and wall < e for s, e in silent):
                    sound[:] = 0
                start = round((piece.at + wall - piece.start) * AUDIO_CLOCK)
                if start < position:
                    sound = sound[position - start :]
                elif start > position:
                    yield np.zeros((start - position, 2), np.float32)
                    position = start
                if len(sound):
                    yield sound
                    position += len(sound)


def sounds_of_file(path: Path) -> Iterator[Sound]:
    """The sound of a finished file."""
    with av.open(str(path)) as container:
        for frame in container.decode(audio=0):
            yield np.asarray(frame.to_ndarray(), np.float32).T.copy()


def level(pieces: Sequence[Piece], silent: Sequence[Stretch]) -> tuple[float, bool]:
    """The gain in dB that makes the recording as loud as it should be, and whether a limiter is
    needed for its peaks."""
    loudness, peak = measure(sounds(pieces, silent))
    if loudness < _SILENT_LUFS:
        return 0.0, False
    gain = min(LOUDNESS - loudness, _MOST_GAIN)
    if peak + gain <= PEAK:
        return gain, False
    for _ in range(2):
        # A limiter takes loudness away with the peaks: see how much, and make up for it.
        loudness, _peak = measure(amplified(sounds(pieces, silent), gain, limits=True))
        if abs(LOUDNESS - loudness) < TOLERANCE / 2:
            break
        gain += LOUDNESS - loudness
    return gain, True


def measure(source: Iterator[Sound]) -> tuple[float, float]:
    """Integrated loudness (LUFS) and true peak (dBTP), as EBU R 128 counts them."""
    graph = _graph([("ebur128", "metadata=1:peak=true")])
    loudness, peak = -70.0, -70.0
    for frame in _through(graph, source):
        facts = frame.metadata
        loudness = float(facts.get("lavfi.r128.I", loudness))
        peaks = [float(facts[k]) for k in facts if k.startswith("lavfi.r128.true_peaks_ch")]
        if peaks:
            peak = max(peak, 20 * math.log10(max(*peaks, 1e-6)))
    return loudness, peak


def amplified(source: Iterator[Sound], gain: float, *, limits: bool) -> Iterator[Sound]:
    """The sound, louder by so many dB, its peaks held down where that is asked for."""
    filters = [("volume", f"{gain:.3f}dB:precision=float")]
    if limits:
        filters.append(("alimiter", f"limit={_LIMIT:.4f}:level=false:latency=true"))
    for frame in _through(_graph(filters), source):
        yield np.asarray(frame.to_ndarray(), np.float32).T.copy()


def _graph(filters: Sequence[tuple[str, str]]) -> Any:
    graph: Any = av.filter.Graph()
    last = graph.add_abuffer(
        format="fltp", sample_rate=AUDIO_CLOCK, layout="stereo", time_base=_SAMPLE
    )
    for name, arguments in [*filters, ("aformat", "sample_fmts=fltp:channel_layouts=stereo")]:
        made = graph.add(name, arguments)
        last.link_to(made)
        last = made
    sink = graph.add("abuffersink")
    last.link_to(sink)
    graph.configure()
    return graph


def _through(graph: Any, source: Iterator[Sound]) -> Iterator[Any]:
    position = 0
    for sound in source:
        frame = _frame(sound, position)
        position += len(sound)
        graph.push(frame)
        yield from _pulled(graph)
    graph.push(None)
    yield from _pulled(graph)


def _pulled(graph: Any) -> Iterator[Any]:
    while True:
        try:
            yield graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return


def _frame(sound: Sound, position: int) -> Any:
    planes = np.ascontiguousarray(sound.T, dtype=np.float32)
    frame: Any = av.AudioFrame.from_ndarray(planes, format="fltp", layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = AUDIO_CLOCK, position, _SAMPLE
    return frame


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
            with _open(self._pieces[0]) as first:
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
            with _open(piece) as container:
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
            with _open(piece) as container:
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
            frame = _frame(block, position)
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
