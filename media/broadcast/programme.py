"""One room on the air: its feed, its shelf, and what players may ask of them."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from media.broadcast import playlist, shelf, still
from media.broadcast.boxes import Parameters
from media.broadcast.cutter import Cutter, Generation, Part, Segment
from media.broadcast.feed import Feed, Lane
from media.broadcast.playlist import ListedPart
from media.broadcast.shelf import Mark, Shelf
from media.broadcast.wish import RoomKey, Wish
from media.log import Log

logger = Log(__name__)

RESUME_S = 600.0
STILL_S = 5.0
PRUNE_S = 30.0
_KEPT_SEGMENTS = 6
_OLD_RUNS_S = 24 * 3600.0

Listener = Callable[[Generation, Part], None]


@dataclass(frozen=True, slots=True)
class Answer:
    """A playlist, plain and packed."""

    text: bytes
    packed: bytes


class Programme:
    """Broadcasts one room from `begin` to `end`. Times are wall-clock seconds."""

    def __init__(self, key: RoomKey, folder: Path, wish: Wish, *, now: float) -> None:
        self.key = key
        self.wish = wish
        self.lanes: list[Lane] = []
        self.still: bytes | None = None
        self.listeners: list[Listener] = []
        self._folder = folder / key[0] / key[1]
        self._parts: dict[str, bytes] = {}
        self._listed: list[ListedPart] = []
        self._part_generation = 0
        self._segments: dict[str, bytes] = {}
        self._answers: dict[str, Answer] = {}
        self._news = asyncio.Event()
        self._still_of: tuple[Parameters, bytes] | None = None
        self._still_at = 0.0
        self._pruned_at = now
        self._people: tuple[dict[str, str], ...] | None = None
        self._shelf = self._open(now)
        run = self._shelf.run
        self.feed = Feed(
            epoch=run.epoch,
            now=now,
            cutter=Cutter(on_part=self._on_part, on_segment=self._on_segment),
            begun=self._begun,
            generation=max(run.inits, default=0),
            words=wish.words,
        )

    @property
    def run(self) -> shelf.Run:
        return self._shelf.run

    @property
    def ended(self) -> bool:
        return self.run.ended

    def want(self, wish: Wish) -> None:
        """From now on it should be like this."""
        if wish.since != self.wish.since:
            self._answers.clear()
        self.wish = wish
        self.feed.words = wish.words

    def tick(self, now: float) -> None:
        """Do what time brings."""
        self.feed.tick(self.lanes, now)

    def note_people(self, people: tuple[dict[str, str], ...], now: float) -> None:
        """Write down who is on the lanes, if that changed."""
        if people != self._people:
            self._people = people
            self._shelf.mark(Mark(at=now, people=people))

    def prune(self, now: float, keep_s: float) -> None:
        """Delete what nobody may want any more; looks only every PRUNE_S."""
        if now - self._pruned_at < PRUNE_S:
            return
        self._pruned_at = now
        before = min(now - keep_s, *(t for t in (self.wish.keep, self.wish.since) if t is not None))
        self._shelf.prune(before)
        for run in shelf.runs(self._folder):
            if run.name != self.run.name and run.end < min(before, now - _OLD_RUNS_S):
                shelf.remove(run)

    def end(self, now: float) -> None:
        """End the playlist cleanly."""
        if not self.ended:
            self.feed.finish(now)
            self._shelf.end()
            self._tell()

    def close(self) -> None:
        """Leave everything as it is, to be taken up again by another process."""
        self._shelf.close()
        self._tell()

    async def make_still(self, now: float) -> None:
        """A fresh still, every STILL_S while somebody is on stage."""
        if self.feed.on_slate:
            self.still = None
        elif now - self._still_at >= STILL_S and self.feed.keyframe is not self._still_of:
            self._still_at, self._still_of = now, self.feed.keyframe
            if self._still_of is not None:
                self.still = await asyncio.to_thread(still.make, *self._still_of) or self.still

    def file(self, run: str, name: str) -> bytes | None:
        """A part, a segment or an init segment; None where there is no such thing."""
        if run == self.run.name:
            found = self._parts.get(name) or self._segments.get(name)
            if found is not None:
                return found
        if not _is_name(run) or not _is_name(name) or not name.endswith((".m4s", ".mp4")):
            return None
        try:
            return (self._folder / run / name).read_bytes()
        except OSError:
            return None

    def plain(self) -> Answer:
        """The playlist of whole segments."""
        return self._answer(
            "plain", lambda: playlist.plain(self.run, playlist.window(self.run, self.wish.since))
        )

    def low_latency(self, *, skip: bool) -> Answer:
        """The playlist with parts."""
        generation = self._part_generation
        return self._answer(
            f"live{skip}",
            lambda: playlist.low_latency(
                self.run,
                playlist.window(self.run, self.wish.since),
                self._listed,
                generation,
                skip=skip,
            ),
        )

    def multivariant(self, *, low_latency: bool) -> Answer:
        init = next((i for i in reversed(self.run.inits.values()) if not i.slate), None)
        text = playlist.multivariant(init, low_latency=low_latency).encode()
        return Answer(text, gzip.compress(text, 6, mtime=0))

    @property
    def hinted(self) -> str:
        """The name of the part that comes next."""
        number = self.run.next_number
        place = sum(1 for p in self._listed if p.segment == number)
        return f"p{number}.{place}.m4s"

    def has(self, segment: int, part: int | None) -> bool:
        """Whether the playlist holds this segment, or this part of it, already."""
        upcoming = self.run.next_number
        if self.ended or segment < upcoming:
            return True
        if part is None or segment > upcoming:
            return False
        return any(p.segment == segment and p.place >= part for p in self._listed)

    async def reached(self, segment: int, part: int | None, seconds: float) -> bool:
        """Wait until `has`, at most so long."""
        try:
            async with asyncio.timeout(seconds):
                while not self.has(segment, part):
                    await self._news.wait()
        except TimeoutError:
            return False
        return True

    def _answer(self, name: str, write: Callable[[], str]) -> Answer:
        found = self._answers.get(name)
        if found is None:
            text = write().encode()
            found = self._answers[name] = Answer(text, gzip.compress(text, 1, mtime=0))
        return found

    def _open(self, now: float) -> Shelf:
        """Go on with the last run where that makes sense, or begin one."""
        earlier = shelf.runs(self._folder)
        last = earlier[-1] if earlier else None
        if last is not None and not last.ended and 0 <= now - last.end < RESUME_S:
            logger.info("broadcast goes on", room=self.key[1], segments=len(last.segments))
            return Shelf(last)
        return Shelf.begin(self._folder, now)

    def _begun(self, generation: Generation) -> None:
        self._shelf.init(generation)
        logger.info(
            "pictures changed",
            room=self.key[1],
            generation=generation.number,
            width=generation.parameters.width,
            slate=generation.slate,
        )

    def _on_part(self, part: Part, generation: Generation) -> None:
        number = self.run.next_number
        place = int(self.hinted.split(".")[1])
        listed = ListedPart(
            segment=number, place=place, duration=part.duration, independent=part.independent
        )
        self._listed.append(listed)
        self._part_generation = generation.number
        self._parts[listed.name] = part.content
        for listener in self.listeners:
            listener(generation, part)
        self._tell()

    def _on_segment(self, segment: Segment) -> None:
        kept = self._shelf.segment(segment)
        self._segments[kept.name] = segment.content
        if len(self._segments) > _KEPT_SEGMENTS:
            del self._segments[next(iter(self._segments))]
        oldest = kept.number - _KEPT_SEGMENTS
        while self._listed and self._listed[0].segment <= oldest:
            del self._parts[self._listed.pop(0).name]
        self._tell()

    def _tell(self) -> None:
        self._answers.clear()
        news, self._news = self._news, asyncio.Event()
        news.set()


def _is_name(text: str) -> bool:
    return text.isascii() and not text.startswith(".") and "/" not in text and "\0" not in text
