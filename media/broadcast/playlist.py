"""Playlists (RFC 8216 and its second edition) as text, from what is on the shelf."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from media.broadcast.cutter import PART_TARGET_S
from media.broadcast.shelf import Init, Kept, Run

TARGET_S = 1
PARTS_OF = 3
"""So many of the newest segments are also listed by their parts."""

SKIP_S = 6 * TARGET_S
_DATED = 10
_BITS_PER_SECOND = 2_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPart:
    """A part as the playlist names it: the segment and the place in it."""

    segment: int
    place: int
    duration: float
    independent: bool

    @property
    def name(self) -> str:
        return f"p{self.segment}.{self.place}.m4s"


def multivariant(init: Init | None, *, low_latency: bool) -> str:
    """The playlist of playlists, for players that want to know codecs before they begin."""
    codec = init.codec if init else "avc1.42e01f"
    name = "live.m3u8" if low_latency else "plain.m3u8"
    return "\n".join(
        (
            "#EXTM3U",
            "#EXT-X-VERSION:7",
            f'#EXT-X-STREAM-INF:BANDWIDTH={_BITS_PER_SECOND},CODECS="{codec},mp4a.40.2"',
            name,
            "",
        )
    )


def window(run: Run, since: float | None) -> Sequence[Kept]:
    """The segments from this wall-clock second on (None: all)."""
    if since is None:
        return run.segments
    low, high = 0, len(run.segments)
    while low < high:
        middle = (low + high) // 2
        if run.epoch + run.segments[middle].end <= since:
            low = middle + 1
        else:
            high = middle
    # A player needs something to hold on to: never fewer than the newest few.
    return run.segments[max(0, min(low, len(run.segments) - 4)) :]


def plain(run: Run, segments: Sequence[Kept]) -> str:
    """The playlist of whole segments."""
    lines = _head(segments, version=7)
    lines += _listed(run, segments, {})
    if run.ended:
        lines.append("#EXT-X-ENDLIST")
    return "\n".join(lines) + "\n"


def low_latency(
    run: Run,
    segments: Sequence[Kept],
    parts: Sequence[ListedPart],
    generation: int,
    *,
    skip: bool = False,
) -> str:
    """The playlist with parts. `parts` are those of the newest segments and of the one that is
    being made, which belongs to `generation`; with `skip` old segments are left out (a delta)."""
    skipped = _skippable(segments) if skip else 0
    control = (
        f"#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK={3 * PART_TARGET_S:.1f},"
        f"HOLD-BACK={3 * TARGET_S:.1f},CAN-SKIP-UNTIL={SKIP_S:.1f}"
    )
    lines = _head(segments, version=9)
    lines[3:3] = [control, f"#EXT-X-PART-INF:PART-TARGET={PART_TARGET_S:.3f}"]
    if skipped:
        lines.append(f"#EXT-X-SKIP:SKIPPED-SEGMENTS={skipped}")
    by_segment: dict[int, list[ListedPart]] = {}
    for part in parts:
        by_segment.setdefault(part.segment, []).append(part)
    listed = segments[skipped:]
    before = segments[skipped - 1].generation if skipped else None
    lines += _listed(run, listed, by_segment, before=before)
    upcoming = run.next_number
    unfinished = by_segment.get(upcoming, [])
    if unfinished:
        last = segments[-1].generation if segments else None
        if generation != last:
            lines += _change(run, generation, last is not None)
        lines += _parts(run, unfinished)
    if run.ended:
        lines.append("#EXT-X-ENDLIST")
    else:
        hint = f"{run.name}/p{upcoming}.{len(unfinished)}.m4s"
        lines.append(f'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="{hint}"')
    return "\n".join(lines) + "\n"


def _head(segments: Sequence[Kept], *, version: int) -> list[str]:
    first = segments[0] if segments else None
    lines = [
        "#EXTM3U",
        f"#EXT-X-VERSION:{version}",
        f"#EXT-X-TARGETDURATION:{TARGET_S}",
        f"#EXT-X-MEDIA-SEQUENCE:{first.number if first else 0}",
    ]
    if first and first.generation > 1:
        lines.append(f"#EXT-X-DISCONTINUITY-SEQUENCE:{first.generation - 1}")
    return lines


def _skippable(segments: Sequence[Kept]) -> int:
    """How many of the oldest segments a delta may leave out."""
    if not segments:
        return 0
    edge = segments[-1].end - SKIP_S
    return sum(1 for kept in segments if kept.end < edge)


def _listed(
    run: Run,
    segments: Sequence[Kept],
    parts: dict[int, list[ListedPart]],
    *,
    before: int | None = None,
) -> list[str]:
    lines: list[str] = []
    recent = {kept.number for kept in segments[-PARTS_OF:]}
    for place, kept in enumerate(segments):
        changed = kept.generation != before
        if changed:
            lines += _change(run, kept.generation, before is not None)
        before = kept.generation
        if changed or place % _DATED == 0:
            lines.append(f"#EXT-X-PROGRAM-DATE-TIME:{_instant(run.epoch + kept.start)}")
        if kept.number in recent:
            lines += _parts(run, parts.get(kept.number, []))
        lines += [f"#EXTINF:{kept.duration:.5f},", f"{run.name}/{kept.name}"]
    return lines


def _change(run: Run, generation: int, discontinuous: bool) -> list[str]:
    lines = ["#EXT-X-DISCONTINUITY"] if discontinuous else []
    return [*lines, f'#EXT-X-MAP:URI="{run.name}/{run.inits[generation].name}"']


def _parts(run: Run, parts: Sequence[ListedPart]) -> list[str]:
    return [
        f'#EXT-X-PART:DURATION={part.duration:.5f},URI="{run.name}/{part.name}"'
        + (",INDEPENDENT=YES" if part.independent else "")
        for part in parts
    ]


def _instant(wall: float) -> str:
    whole = math.floor(wall * 1000) / 1000
    return datetime.fromtimestamp(whole, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
