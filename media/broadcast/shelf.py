"""Segments on disk, with a journal beside them: what a playlist and a recording are made from.

A run is one folder: `g{n}.mp4` (init segments), `s{n}.m4s` (segments) and `index.jsonl`, a line for
each thing that happened. Every line is written after its file, so that after SIGKILL whatever the
journal names is whole; a torn last line is passed over.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from media.broadcast.boxes import init_segment
from media.broadcast.cutter import Generation, Segment

INDEX = "index.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A segment on disk. `start` is in seconds since the run's epoch."""

    number: int
    start: float
    duration: float
    generation: int
    independent: bool
    size: int

    @property
    def end(self) -> float:
        return self.start + self.duration

    @property
    def name(self) -> str:
        return f"s{self.number}.m4s"


@dataclass(frozen=True, slots=True, kw_only=True)
class Init:
    """An init segment on disk; `slate` when it describes the still slate."""

    number: int
    codec: str
    width: int
    height: int
    slate: bool

    @property
    def name(self) -> str:
        return f"g{self.number}.mp4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Who was to be seen and heard from this wall-clock second on."""

    at: float
    people: tuple[Mapping[str, str], ...]


@dataclass(slots=True)
class Run:
    """An uninterrupted numbering of segments; `epoch` is the wall-clock second of its time 0."""

    folder: Path
    epoch: float
    segments: list[Kept] = field(default_factory=list)
    inits: dict[int, Init] = field(default_factory=dict)
    marks: list[Mark] = field(default_factory=list)
    ended: bool = False

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def next_number(self) -> int:
        return self.segments[-1].number + 1 if self.segments else 0

    @property
    def end(self) -> float:
        """The wall-clock second at which what is there ends."""
        return self.epoch + (self.segments[-1].end if self.segments else 0.0)


class Shelf:
    """Writes one run."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._index = (run.folder / INDEX).open("a", encoding="utf-8")

    @staticmethod
    def begin(folder: Path, epoch: float) -> Shelf:
        """A new run, in a folder named after its epoch."""
        place = folder / f"{int(epoch * 1000):x}"
        place.mkdir(parents=True, exist_ok=True)
        shelf = Shelf(Run(folder=place, epoch=epoch))
        shelf._note({"epoch": epoch})
        return shelf

    def init(self, generation: Generation) -> Init:
        """Keep the init segment of a generation."""
        made = Init(
            number=generation.number,
            codec=generation.parameters.codec,
            width=generation.parameters.width,
            height=generation.parameters.height,
            slate=generation.slate,
        )
        _write(self.run.folder / made.name, init_segment(generation.parameters))
        self.run.inits[made.number] = made
        self._note(
            {
                "init": made.number,
                "codec": made.codec,
                "size": [made.width, made.height],
                "slate": made.slate,
            }
        )
        return made

    def segment(self, segment: Segment) -> Kept:
        """Keep a segment."""
        kept = Kept(
            number=self.run.next_number,
            start=segment.start,
            duration=segment.duration,
            generation=segment.generation.number,
            independent=segment.independent,
            size=len(segment.content),
        )
        _write(self.run.folder / kept.name, segment.content)
        self.run.segments.append(kept)
        self._note(
            {
                "s": kept.number,
                "at": round(kept.start, 5),
                "d": round(kept.duration, 5),
                "g": kept.generation,
                "k": kept.independent,
                "b": kept.size,
            }
        )
        return kept

    def mark(self, mark: Mark) -> None:
        """Keep who is on."""
        self.run.marks.append(mark)
        self._note({"mark": round(mark.at, 3), "people": list(mark.people)})

    def prune(self, before: float) -> None:
        """Delete segments that ended before this wall-clock second."""
        run = self.run
        while len(run.segments) > 1 and run.epoch + run.segments[0].end < before:
            (run.folder / run.segments.pop(0).name).unlink(missing_ok=True)

    def end(self) -> None:
        """Nothing is added any more."""
        if not self.run.ended:
            self.run.ended = True
            self._note({"ended": True})

    def close(self) -> None:
        self._index.close()

    def _note(self, line: Mapping[str, Any]) -> None:
        self._index.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
        self._index.flush()


def read(folder: Path) -> Run:
    """The run in a folder; segments whose files are gone are left out. Raises ValueError."""
    run: Run | None = None
    for line in _lines(folder / INDEX):
        if "epoch" in line:
            run = Run(folder=folder, epoch=float(line["epoch"]))
        elif run is not None:
            _apply(run, line)
    if run is None:
        raise ValueError(f"{folder.name} holds no run")
    here = {entry.name for entry in os.scandir(folder)}
    run.segments = [kept for kept in run.segments if kept.name in here]
    return run


def runs(folder: Path) -> list[Run]:
    """All runs below a room's folder, oldest first."""
    found = []
    for place in sorted(folder.iterdir()) if folder.is_dir() else ():
        if (place / INDEX).is_file():
            try:
                found.append(read(place))
            except ValueError:
                continue
    return sorted(found, key=lambda run: run.epoch)


def remove(run: Run) -> None:
    """Delete a run and everything in it."""
    shutil.rmtree(run.folder, ignore_errors=True)


def _apply(run: Run, line: Mapping[str, Any]) -> None:
    if "s" in line:
        run.segments.append(
            Kept(
                number=int(line["s"]),
                start=float(line["at"]),
                duration=float(line["d"]),
                generation=int(line["g"]),
                independent=bool(line["k"]),
                size=int(line["b"]),
            )
        )
    elif "init" in line:
        width, height = line["size"]
        number = int(line["init"])
        run.inits[number] = Init(
            number=number,
            codec=str(line["codec"]),
            width=int(width),
            height=int(height),
            slate=bool(line["slate"]),
        )
    elif "mark" in line:
        run.marks.append(Mark(at=float(line["mark"]), people=tuple(line["people"])))
    elif "ended" in line:
        run.ended = True


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    for text in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            line = json.loads(text)
        except ValueError:
            continue
        if isinstance(line, dict):
            yield line


def _write(path: Path, content: bytes) -> None:
    """Whole or not at all."""
    unfinished = path.with_suffix(".new")
    unfinished.write_bytes(content)
    unfinished.replace(path)
