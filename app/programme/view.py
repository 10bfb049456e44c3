"""A release as its pages show it: days, cards, search. Pure: the time is an argument."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property

from markupsafe import Markup
from rapidfuzz import process
from rapidfuzz.distance import DamerauLevenshtein

from agenda.doors import Phase
from agenda.model import (
    Room,
    RoomId,
    Schedule,
    Session,
    SessionId,
    Slot,
    SlotId,
    Speaker,
    SpeakerId,
    TrackId,
)
from app.programme.marks import Mark
from app.words import name

_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One slot, with all of it that no viewer and no clock changes.

    `start_min` and `length_min` count on the axis of its day, from midnight on the conference's
    clock as time passes (on a day on which clocks change, too). `key` is short and, in one
    release, unique.
    """

    slot: Slot
    session: Session
    room: Room
    room_slug: str
    mark: Mark | None
    speakers: Markup
    key: str
    day: date
    start_min: int
    length_min: int

    @property
    def title(self) -> str:
        return self.session.title


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A search result: a card, and how well it fits (smaller is better)."""

    card: Card
    rank: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a reader wants to see of a programme; an empty set stands for everything."""

    tracks: frozenset[TrackId] = frozenset()
    kinds: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    levels: frozenset[str] = frozenset()
    speaker: SpeakerId | None = None

    def fits(self, session: Session) -> bool:
        """Whether a session is wanted."""
        return (
            (not self.tracks or session.track in self.tracks)
            and (not self.kinds or facet_key(session.kind) in self.kinds)
            and (not self.languages or facet_key(session.language) in self.languages)
            and (not self.levels or facet_key(level_of(session)) in self.levels)
            and (self.speaker is None or self.speaker in session.speakers)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Facet:
    """One value that sessions have, such as the kind “workshop”, and how many have it."""

    key: str
    name: str
    count: int


class Programme:
    """A release with what its pages look up, worked out once."""

    def __init__(
        self,
        schedule: Schedule,
        room_slugs: Mapping[RoomId, str],
        marks: Mapping[TrackId, Mark],
    ) -> None:
        self.schedule = schedule
        self.zone = schedule.conference.zone
        self.marks = marks
        self._room_slugs = room_slugs
        self.sessions: dict[SessionId, Session] = {s.id: s for s in schedule.sessions}
        self.speakers: dict[SpeakerId, Speaker] = {s.id: s for s in schedule.speakers}
        self._rooms: dict[RoomId, Room] = {r.id: r for r in schedule.rooms}
        self._room_order = {r.id: at for at, r in enumerate(schedule.rooms)}
        self.track_keys = _track_keys(schedule)

    @cached_property
    def cards(self) -> tuple[Card, ...]:
        """Every slot, by start, then by room."""
        keys = _short_keys([slot.id for slot in self.schedule.slots])
        ordered = sorted(
            self.schedule.slots, key=lambda s: (s.start, self._room_order[s.room], s.id)
        )
        return tuple(self._card(slot, keys[slot.id]) for slot in ordered)

    @cached_property
    def card_of(self) -> dict[SlotId, Card]:
        return {card.slot.id: card for card in self.cards}

    @cached_property
    def cards_of(self) -> dict[SessionId, list[Card]]:
        found: dict[SessionId, list[Card]] = {s.id: [] for s in self.schedule.sessions}
        for card in self.cards:
            found[card.session.id].append(card)
        return found

    @cached_property
    def by_day(self) -> dict[date, list[Card]]:
        """The cards of each conference day that has any; what runs past midnight stays with its day."""
        found: dict[date, list[Card]] = {}
        for card in self.cards:
            found.setdefault(card.day, []).append(card)
        return dict(sorted(found.items()))

    @cached_property
    def bounds(self) -> tuple[datetime, datetime]:
        """The first start and the last end; one instant twice where nothing is placed."""
        starts = [card.slot.start for card in self.cards]
        if not starts:
            return _NEVER, _NEVER
        return min(starts), max(card.slot.end for card in self.cards)

    @cached_property
    def sessions_of(self) -> dict[SpeakerId, list[Session]]:
        found: dict[SpeakerId, list[Session]] = {s.id: [] for s in self.schedule.speakers}
        for session in self.schedule.sessions:
            for speaker in dict.fromkeys(session.speakers):
                found[speaker].append(session)
        return found

    @cached_property
    def kinds(self) -> list[Facet]:
        """The kinds of the placed sessions, the most frequent first; likewise languages, levels."""
        return _facets(card.session.kind for card in self.cards)

    @cached_property
    def languages(self) -> list[Facet]:
        return _facets(card.session.language for card in self.cards)

    @cached_property
    def levels(self) -> list[Facet]:
        return _facets(level_of(card.session) for card in self.cards)

    def speaker(self, key: str) -> Speaker | None:
        """The speaker of an id, or of its first letters."""
        if len(key) < 8:
            return None
        return next((s for i, s in self.speakers.items() if i.startswith(key)), None)

    @cached_property
    def _vocabulary(self) -> list[str]:
        """Every longer word of titles, names, tracks and rooms, for words that were mistyped."""
        texts = (
            f"{title} {people} {fold(card.mark.name) if card.mark else ''} {fold(card.room.name)}"
            for card, title, people, _ in self._texts
        )
        return sorted({w for text in texts for w in re.findall(r"\w{4,}", text)})

    @cached_property
    def _texts(self) -> list[tuple[Card, str, str, str]]:
        return [
            (
                card,
                fold(card.title + " " + card.session.subtitle),
                fold(" ".join(self.speakers[s].name for s in card.session.speakers)),
                fold(
                    f"{card.mark.name if card.mark else ''} {card.room.name} {card.session.abstract}"
                ),
            )
            for card in self.cards
        ]

    def beside(self, card: Card) -> list[Card]:
        """What runs while this card does, elsewhere: the longest overlap first."""
        start, end = card.slot.start, card.slot.end
        overlaps = [
            (min(other.slot.end, end) - max(other.slot.start, start), other)
            for other in self.by_day.get(card.day, [])
            if other.room.id != card.room.id
        ]
        return [
            other
            for length, other in sorted(overlaps, key=lambda pair: pair[0], reverse=True)
            if length > timedelta(0)
        ]

    def base(self, day: date) -> datetime:
        """Midnight with which the axis of a day begins, aware UTC."""
        return datetime.combine(day, time(), self.schedule.conference.tz).astimezone(UTC)

    def today(self, now: datetime) -> date | None:
        """The conference day that runs at `now`, if it has sessions."""
        day = self.schedule.conference.date_of(now)
        return day if day in self.by_day else None

    def search(self, words: str, most: int = 60) -> list[Found]:
        """The slots in which every word occurs: in the title first, then a name, then the text."""
        return self._find([(word,) for word in fold(words).split()])[:most]

    def near(self, words: str, most: int = 60) -> list[Found]:
        """The same for words that may be mistyped: each also stands for words that look like it."""
        alike = [self._alike(word) for word in fold(words).split()]
        return self._find(alike)[:most] if all(alike) else []

    def _alike(self, word: str) -> tuple[str, ...]:
        if len(word) < 4 or any(
            word in title or word in people for _, title, people, _ in self._texts
        ):
            return (word,)
        found = process.extract(
            word,
            self._vocabulary,
            scorer=DamerauLevenshtein.normalized_similarity,
            score_cutoff=0.7,
            limit=4,
        )
        return tuple(each[0] for each in found)

    def _find(self, wanted: Sequence[Sequence[str]]) -> list[Found]:
        if not wanted:
            return []
        found: list[Found] = []
        for card, title, people, text in self._texts:
            rank = _rank(wanted, title, people, text)
            if rank is not None:
                found.append(Found(card=card, rank=rank))
        found.sort(key=lambda each: each.rank)
        return found

    def _card(self, slot: Slot, key: str) -> Card:
        session = self.sessions[slot.session]
        day = self.schedule.conference.date_of(slot.start)
        names = [name(self.speakers[s].name) for s in dict.fromkeys(session.speakers)]
        return Card(
            slot=slot,
            session=session,
            room=self._rooms[slot.room],
            room_slug=self._room_slugs[slot.room],
            mark=self.marks.get(session.track) if session.track is not None else None,
            speakers=Markup(", ").join(names),
            key=key,
            day=day,
            start_min=whole_minutes(slot.start - self.base(day)),
            length_min=max(whole_minutes(slot.duration), 1),
        )


def state(slot: Slot, phases: Mapping[SlotId, Phase], *, now: datetime) -> str:
    """How a slot stands for the public: coming, doors, live, past or cancelled.

    A recorded phase says so; a slot without one is past when its end is.
    """
    phase = phases.get(slot.id)
    if phase is None or phase in (Phase.UPCOMING, Phase.GREEN_ROOM):
        return "past" if slot.end <= now and phase is None else "coming"
    return _STATES[phase]


_STATES = {
    Phase.DOORS: "doors",
    Phase.LIVE: "live",
    Phase.ENDED: "past",
    Phase.ARCHIVED: "past",
    Phase.CANCELLED: "cancelled",
}


def clashes(cards: Iterable[Card]) -> set[SlotId]:
    """The slots among these that run at the same time as another one of them."""
    found: set[SlotId] = set()
    running: list[Card] = []
    for card in sorted(cards, key=lambda c: c.slot.start):
        running = [other for other in running if other.slot.end > card.slot.start]
        if running and card.slot.duration > timedelta(0):
            found.update(other.slot.id for other in running)
            found.add(card.slot.id)
        running.append(card)
    return found


def next_of(cards: Iterable[Card], *, now: datetime) -> Card | None:
    """The first of these that has not ended."""
    return min(
        (card for card in cards if card.slot.end > now), key=lambda c: c.slot.start, default=None
    )


def of_wanted(cards: Iterable[Card], wanted: Wanted) -> list[Card]:
    """The cards whose sessions are wanted."""
    return [card for card in cards if wanted.fits(card.session)]


def fold(text: str) -> str:
    """Text without case and accents, for searching."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in plain if not unicodedata.combining(c))


def whole_minutes(length: timedelta) -> int:
    """A length of time in minutes, rounded."""
    return round(length.total_seconds() / 60)


def _short_keys(ids: Sequence[str]) -> dict[SlotId, str]:
    size = 8
    while size < 36 and len({each[:size] for each in ids}) < len(ids):
        size += 4
    return {SlotId(each): each[:size] for each in ids}


def _track_keys(schedule: Schedule) -> dict[TrackId, str]:
    """A readable word for each track in addresses, unique in the release."""
    found: dict[TrackId, str] = {}
    taken: set[str] = set()
    for track in schedule.tracks:
        word = re.sub(r"[^a-z0-9]+", "-", fold(track.name)).strip("-")[:40] or "track"
        key, count = word, 2
        while key in taken:
            key, count = f"{word}-{count}", count + 1
        taken.add(key)
        found[track.id] = key
    return found


def _rank(wanted: Sequence[Sequence[str]], title: str, people: str, text: str) -> int | None:
    worst = 0
    for alike in wanted:
        ranks = [r for r in (_rank_of(w, title, people, text) for w in alike) if r is not None]
        if not ranks:
            return None
        worst = max(worst, min(ranks))
    return worst


def _rank_of(word: str, title: str, people: str, text: str) -> int | None:
    if word in title:
        return 0 if title.startswith(word) or f" {word}" in title else 1
    if word in people:
        return 2
    return 3 if word in text else None


_LEVELS = ("level", "audience_level", "python_level", "difficulty", "experience", "skill_level")


def level_of(session: Session) -> str:
    """How much a session asks of its audience, in the source's own word; empty where none is given."""
    for key in _LEVELS:
        value = session.extra.get(key)
        if isinstance(value, str) and value.strip():
            return value.strip()
    return ""


def facet_key(value: str) -> str:
    """A value as addresses name it."""
    return re.sub(r"[^\w]+", "-", fold(value)).strip("-")[:60]


def _facets(values: Iterable[str]) -> list[Facet]:
    counts: Counter[str] = Counter()
    names: dict[str, str] = {}
    for value in values:
        key = facet_key(value)
        if key:
            counts[key] += 1
            names.setdefault(key, value)
    return [Facet(key=key, name=names[key], count=n) for key, n in counts.most_common(24)]
