"""How loud a recording is, and making it as loud as EBU R 128 wants it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.filter
import numpy as np

from media.broadcast.boxes import AUDIO_CLOCK
from media.broadcast.mixer import Sound
from media.broadcast.pieces import Piece, Stretch, sounds

LOUDNESS = -23.0
"""EBU R 128: integrated loudness in LUFS, within TOLERANCE where the programme is long enough."""

TOLERANCE = 0.5
PEAK = -1.0
_LIMIT = 10 ** ((PEAK - 0.6) / 20)
_SILENT_LUFS = -60.0
_MOST_GAIN = 30.0
_SAMPLE = Fraction(1, AUDIO_CLOCK)


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
        frame = sound_frame(sound, position)
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


def sound_frame(sound: Sound, position: int) -> Any:
    planes = np.ascontiguousarray(sound.T, dtype=np.float32)
    frame: Any = av.AudioFrame.from_ndarray(planes, format="fltp", layout="stereo")
    frame.sample_rate, frame.pts, frame.time_base = AUDIO_CLOCK, position, _SAMPLE
    return frame
