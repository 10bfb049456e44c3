"""Makes one MP4 of the segments of a session: cut, even in loudness, with chapters and pictures.

Runs in a child process, for as long as it takes: pictures are copied where all are of one kind, and
coded anew, to one size, where speakers, sizes and slates follow each other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from media.broadcast import shelf, slate
from media.broadcast.film import Writer, pictures
from media.broadcast.loudness import level, measure, sounds_of_file
from media.broadcast.pieces import (
    Piece,
    at_keyframes,
    cut,
    differs,
    next_place_of,
    overlap,
    place_of,
    spans,
)
from media.broadcast.shelf import Run

SPEAKS_S = 15.0


class NothingRecorded(Exception):
    """No segment lies in the stretches that should be recorded."""


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
        "withheld": round(sum(overlap(p, silent) for p in pieces), 3),
        "width": width,
        "height": height,
        "loudness": round(loudness, 2),
        "peak": round(peak, 2),
        "size": video.stat().st_size,
        "copied": not anew,
        "chapters": chapters,
        "spans": spans(pieces),
    }


def chapters_of(
    runs: Sequence[Run],
    pieces: Sequence[Piece],
    marks: Sequence[Mapping[str, Any]],
    hidden: frozenset[str],
    title: str,
) -> list[dict[str, Any]]:
    """Where what begins: the session, each speaker who stays for a while, and the given marks.

    Who began to speak in a gap begins where the recording goes on.
    """
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
        goes_on = next_place_of(pieces, at)
        if goes_on is not None and goes_on[0] < until:
            if speaking or goes_on[1] > SPEAKS_S:
                found.append((goes_on[1], name))
            speaking = name
    found += [
        (where, str(mark["title"]))
        for mark in marks
        if (where := place_of(pieces, float(mark["at"]))) is not None
    ]
    found.sort(key=lambda chapter: chapter[0])
    kept: list[dict[str, Any]] = []
    for where, words in found:
        if not kept or where - kept[-1]["at"] >= 1.0:
            kept.append({"at": round(where, 2), "title": words})
    return kept
