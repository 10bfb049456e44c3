"""One conference day laid out: rows of rooms, lanes where slots overlap, sections by the hour."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from agenda.doors import Phase
from agenda.model import Room, RoomId, SlotId, TrackId
from app.programme.marks import Mark
from app.programme.view import Card, Programme, state, whole_minutes
from app.words import local

_HALF_HOUR = 30
_WIDE_PX = 78.0
_TIGHT_PX = 100.0
_NARROW_PX = 84
_SHORT_PX = 54


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A card in a page: its state, its times in the zone of the page, its row in the grid."""

    card: Card
    state: str
    row: int
    begins: str
    ends: str
    beside: str
    classes: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomRow:
    """A room's rows in the grid: `row` is the first, `lanes` how many (overlaps stand below).

    Where the rows are tracks, `room` is None and `mark` the track's; it may be None, too.
    """

    name: str
    room: Room | None
    mark: Mark | None
    slug: str
    row: int
    lanes: int
    state: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """What begins within one hour of the page's zone. `beside` is the hour on the conference's clock."""

    label: str
    beside: str
    minute: int
    shown: tuple[Shown, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DayView:
    """One conference day, laid out. `base` is the instant of minute 0 of its axis."""

    day: date
    base: datetime
    from_min: int
    to_min: int
    scale: float
    rooms: tuple[RoomRow, ...]
    hours: tuple[Hour, ...]
    rows: int

    @property
    def span(self) -> int:
        return self.to_min - self.from_min

    @property
    def sessions(self) -> int:
        return sum(len(hour.shown) for hour in self.hours)


def lay_out(
    programme: Programme,
    day: date,
    cards: Sequence[Card],
    *,
    phases: Mapping[SlotId, Phase],
    zone: str,
    now: datetime,
    by: str = "rooms",
) -> DayView:
    """Place the cards of one day: a row for each room (or track, as `by` says), lanes where slots overlap, sections by hour."""
    base = programme.base(day)
    first = min((c.start_min for c in cards), default=540)
    last = max((c.start_min + c.length_min for c in cards), default=first + 60)
    from_min = first // _HALF_HOUR * _HALF_HOUR
    to_min = math.ceil(last / _HALF_HOUR) * _HALF_HOUR
    states = {card.slot.id: state(card.slot, phases, now=now) for card in cards}
    rooms, row_of = (
        _rows(programme, cards, states) if by == "rooms" else _by_track(programme, cards)
    )
    scale = _scale(cards)
    shown = [
        show(card, states[card.slot.id], row_of[card.slot.id], zone, programme.zone, scale)
        for card in cards
    ]
    return DayView(
        day=day,
        base=base,
        from_min=from_min,
        to_min=to_min,
        scale=scale,
        rooms=rooms,
        hours=_hours(shown, day, base, from_min, to_min, zone, programme.zone),
        rows=sum(room.lanes for room in rooms),
    )


def lanes(cards: Iterable[Card]) -> dict[SlotId, int]:
    """A lane for each of one room's cards, from 0, so that no two in a lane overlap; few lanes."""
    free: list[int] = []
    found: dict[SlotId, int] = {}
    for card in sorted(cards, key=lambda c: (c.start_min, -c.length_min, c.key)):
        end = card.start_min + card.length_min
        for lane, until in enumerate(free):
            if until <= card.start_min:
                free[lane] = end
                found[card.slot.id] = lane
                break
        else:
            found[card.slot.id] = len(free)
            free.append(end)
    return found


def stylesheet(programme: Programme) -> str:
    """Where everything stands in the grids of a release: the classes that pages name, as CSS."""
    rules: list[str] = []
    starts: set[int] = set()
    lengths: set[int] = set()
    rows = most = 0
    for day, cards in programme.by_day.items():
        view, tracks = (
            lay_out(programme, day, cards, phases={}, zone=programme.zone, now=_EPOCH, by=by)
            for by in ("rooms", "tracks")
        )
        rows = max(rows, view.rows, tracks.rows)
        most = max(most, *(row.lanes for row in (*view.rooms, *tracks.rooms)))
        starts.update(card.start_min for card in cards)
        starts.update(range(view.from_min, view.to_min + 1, 15))
        lengths.update(card.length_min for card in cards)
        rules.append(
            f".d{day:%Y%m%d}{{--from:{view.from_min};--span:{view.span};--scale:{view.scale:g}}}"
        )
    rules.extend(f".s{minute}{{--s:{minute}}}" for minute in sorted(starts))
    rules.extend(f".l{minutes}{{--l:{minutes}}}" for minutes in sorted(lengths))
    rules.extend(f".r{row}{{grid-row:{row}}}" for row in range(2, rows + 2))
    rules.extend(f".h{lane}{{grid-row-end:span {lane}}}" for lane in range(2, most + 1))
    return "\n".join(rules) + "\n"


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _rows(
    programme: Programme, cards: Sequence[Card], states: Mapping[SlotId, str]
) -> tuple[tuple[RoomRow, ...], dict[SlotId, int]]:
    by_room: dict[RoomId, list[Card]] = {}
    for card in cards:
        by_room.setdefault(card.room.id, []).append(card)
    rows: list[RoomRow] = []
    row_of: dict[SlotId, int] = {}
    row = 2
    for room in programme.schedule.rooms:
        held = by_room.get(room.id)
        if not held:
            continue
        placed = lanes(held)
        count = max(placed.values()) + 1
        row_of.update({slot: row + lane for slot, lane in placed.items()})
        standing = {states[card.slot.id] for card in held}
        rows.append(
            RoomRow(
                name=room.name,
                room=room,
                mark=None,
                slug=held[0].room_slug,
                row=row,
                lanes=count,
                state="live" if "live" in standing else "doors" if "doors" in standing else "",
                key=room.id[:8],
            )
        )
        row += count
    return tuple(rows), row_of


def _by_track(
    programme: Programme, cards: Sequence[Card]
) -> tuple[tuple[RoomRow, ...], dict[SlotId, int]]:
    """A row for each track, in their order; what has no track stands last."""
    of: dict[TrackId | None, list[Card]] = {}
    for card in cards:
        of.setdefault(card.session.track, []).append(card)
    rows: list[RoomRow] = []
    row_of: dict[SlotId, int] = {}
    row = 2
    for track in (*programme.marks, None):
        held = of.get(track)
        if not held:
            continue
        placed = lanes(held)
        count = max(placed.values()) + 1
        row_of.update({slot: row + lane for slot, lane in placed.items()})
        mark = programme.marks[track] if track is not None else None
        rows.append(
            RoomRow(
                name=mark.name if mark else "",
                room=None,
                mark=mark,
                slug="",
                row=row,
                lanes=count,
                state="",
                key="",
            )
        )
        row += count
    return tuple(rows), row_of


def show(card: Card, standing: str, row: int, zone: str, home: str, scale: float = 5.0) -> Shown:
    """A card as it stands, with its times in a zone; `home` is the conference's zone."""
    begins = local(card.slot.start, zone)
    beside = f"{local(card.slot.start, home):%H:%M}" if zone != home else ""
    classes = f"slot at edge s{card.start_min} l{card.length_min} r{row}"
    if card.mark is not None:
        classes += f" track-{card.mark.number}"
    if standing != "coming":
        classes += f" {standing}"
    width = card.length_min * scale
    if width < _NARROW_PX:
        classes += " narrow short" if width < _SHORT_PX else " narrow"
    return Shown(
        card=card,
        state=standing,
        row=row,
        begins=f"{begins:%H:%M}",
        ends=f"{local(card.slot.end, zone):%H:%M}",
        beside=beside,
        classes=classes,
    )


def _hours(
    shown: Iterable[Shown],
    day: date,
    base: datetime,
    from_min: int,
    to_min: int,
    zone: str,
    home: str,
) -> tuple[Hour, ...]:
    held: dict[datetime, list[Shown]] = {}
    at = (base + timedelta(minutes=from_min)).astimezone(UTC)
    end = base + timedelta(minutes=to_min)
    step = _hour_of(at, zone)
    while step < end:
        held[step] = []
        step += timedelta(hours=1)
    for each in shown:
        held.setdefault(_hour_of(each.card.slot.start, zone), []).append(each)
    return tuple(
        Hour(
            label=_hour_label(start, zone, day),
            beside=f"{local(start, home):%H:%M}" if zone != home else "",
            minute=whole_minutes(start - base),
            shown=tuple(cards),
        )
        for start, cards in sorted(held.items())
    )


def _hour_of(instant: datetime, zone: str) -> datetime:
    clock = local(instant, zone)
    return instant - timedelta(
        minutes=clock.minute, seconds=clock.second, microseconds=clock.microsecond
    )


def _hour_label(start: datetime, zone: str, day: date) -> str:
    """An hour in a zone, and by how many days its date there differs from the page's."""
    clock = local(start, zone)
    later = (clock.date() - day).days
    return f"{clock:%H:%M}" + (f" {'+' if later > 0 else '−'}{abs(later)}" if later else "")


def _scale(cards: Sequence[Card]) -> float:
    """Pixels for each minute at least, so that the shorter sessions can still be read."""
    if not cards:
        return 2.0
    short = sorted(card.length_min for card in cards)[len(cards) // 5]
    pixels = _WIDE_PX / short if short >= _HALF_HOUR else _TIGHT_PX / max(short, 1)
    return round(min(max(pixels, 1.2), 5.0), 2)
