"""Rows to a schedule: instants, days, people, and sessions that come several times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from agenda.errors import UnknownZone
from agenda.formats.imported import Imported, Ledger
from agenda.formats.people import People
from agenda.formats.rows import DeclaredDay, Head, Row
from agenda.model import (
    DEFAULT_DAY_CHANGE,
    Conference,
    Day,
    Room,
    RoomId,
    Schedule,
    Session,
    SessionId,
    Slot,
    SlotId,
    SpeakerId,
    Track,
    TrackId,
    make_day,
)
from agenda.zones import find_zone, require_zone, resolve, zone_of_offset

LONG_TEXT = 100_000
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(slots=True)
class _Placed:
    """A row with its instant, if it has one."""

    row: Row
    start: datetime | None


def assemble(
    head: Head,
    rows: Sequence[Row],
    *,
    format: str,
    rooms: Iterable[Room],
    tracks: Iterable[Track],
    zone: str | None,
    ledger: Ledger,
) -> Imported:
    """The schedule that these rows make. `rooms` and `tracks` are those that the file declares.

    `zone`, if given, is the conference's time zone whatever the file says; instants with an offset
    keep it. Raises UnknownZone where local times have no zone to be read in.
    """
    if not rows:
        ledger.note("no_sessions", "file", "The file holds no sessions.")
    zone_name = _choose_zone(head, rows, zone, ledger)
    tz = require_zone(zone_name)
    day_change = _day_change(head, tz)
    placed = [_Placed(row, _instant(row, tz, day_change, ledger)) for row in rows]
    _note_offsets(rows, tz, ledger)
    all_rooms = _rooms(rooms, placed, ledger)
    order = {room.name: index for index, room in enumerate(all_rooms)}
    placed.sort(key=lambda p: (p.start or _NEVER, order[p.row.room] if p.start else 0))
    people = People(ledger)
    sessions, slots = _sessions(placed, people, ledger)
    if not head.days and head.day_change is None and _begins_at_night(placed, tz, day_change):
        day_change = timedelta(0)
    conference = _conference(head, zone_name, day_change, placed)
    _note_nights(conference, placed, ledger)
    schedule = Schedule(
        conference=conference,
        tracks=_tracks(tracks, placed),
        rooms=all_rooms,
        speakers=people.speakers(),
        sessions=sessions,
        slots=slots,
    )
    return Imported(format=format, schedule=schedule, warnings=ledger.close())


def _choose_zone(head: Head, rows: Sequence[Row], asked: str | None, ledger: Ledger) -> str:
    if asked:
        return require_zone(asked).key
    if head.zone:
        named = find_zone(head.zone)
        if named is not None:
            return named.key
        ledger.note(
            "unknown_zone",
            "conference",
            "The time zone “{zone}” is not known here.",
            zone=head.zone[:64],
        )
    offsets = {row.start.utcoffset() for row in rows if row.start and row.start.tzinfo}
    has_local = any(
        (row.start and not row.start.tzinfo) or (not row.start and row.clock is not None)
        for row in rows
    )
    if not offsets and not has_local:
        return "Etc/UTC"
    if len(offsets) == 1 and not has_local:
        offset = offsets.pop()
        name = zone_of_offset(offset) if offset is not None else None
        if name is not None:
            ledger.note(
                "zone_from_offset",
                "file",
                "The file names no time zone; its times are shown with the offset that they have, "
                "as {zone}. Give the place's own zone with --zone.",
                zone=name,
            )
            return name
    raise UnknownZone(
        "The file has times without a time zone: say where they are meant, "
        "such as --zone Europe/Brussels."
    )


def _day_change(head: Head, tz: ZoneInfo) -> timedelta:
    if head.day_change is not None and timedelta(0) <= head.day_change < timedelta(days=1):
        return head.day_change
    begins = [
        local - local.replace(hour=0, minute=0, second=0, microsecond=0)
        for day in head.days
        if day.start is not None
        for local in [
            day.start.astimezone(tz).replace(tzinfo=None) if day.start.tzinfo else day.start
        ]
    ]
    return min(begins) if begins else DEFAULT_DAY_CHANGE


def _begins_at_night(placed: Sequence[_Placed], tz: ZoneInfo, day_change: timedelta) -> bool:
    """Whether a session starts before the day's change on a date that has no day before it."""
    starts = [item.start.astimezone(tz) for item in placed if item.start is not None]
    dates = {start.date() for start in starts}
    return any(
        start - start.replace(hour=0, minute=0, second=0, microsecond=0) < day_change
        and start.date() - timedelta(days=1) not in dates
        for start in starts
    )


def _instant(row: Row, tz: ZoneInfo, day_change: timedelta, ledger: Ledger) -> datetime | None:
    """The start as aware UTC; an offset in the file wins over every zone name."""
    local = row.start
    if local is not None and local.tzinfo is not None:
        return local.astimezone(UTC)
    if local is None and row.day is not None and row.clock is not None:
        night = timedelta(days=1) if row.clock < day_change else timedelta(0)
        local = datetime.combine(row.day, time()) + row.clock + night
    if local is None:
        ledger.note("no_start", row.where, "The session has no time; it is kept without a place.")
        return None
    instant, problem = resolve(local, tz)
    if problem == "gap":
        ledger.note(
            "clock_gap",
            row.where,
            "{time} does not exist in {zone}, the clocks go forward; read as {read}.",
            time=local.isoformat(" ", "minutes"),
            zone=tz.key,
            read=instant.astimezone(tz).strftime("%H:%M"),
        )
    elif problem == "fold":
        ledger.note(
            "clock_fold",
            row.where,
            "{time} comes twice in {zone}, the clocks go back; the first is taken.",
            time=local.isoformat(" ", "minutes"),
            zone=tz.key,
        )
    return instant


def _note_offsets(rows: Sequence[Row], tz: ZoneInfo, ledger: Ledger) -> None:
    starts = [row.start for row in rows if row.start is not None and row.start.tzinfo is not None]
    differing = sum(start.utcoffset() != start.astimezone(tz).utcoffset() for start in starts)
    if differing and any(start.utcoffset() for start in starts):
        ledger.note(
            "offset_differs",
            "file",
            "{count} times have another offset than {zone} has then; each is taken at its offset.",
            count=differing,
            zone=tz.key,
        )


def _rooms(declared: Iterable[Room], placed: Sequence[_Placed], ledger: Ledger) -> tuple[Room, ...]:
    """The declared rooms in their order, then those that only sessions name, then “no room”."""
    rooms = {room.name: room for room in declared}
    used = set()
    for item in placed:
        name = item.row.room
        if item.start is not None:
            used.add(name)
        elif not name:
            continue
        if not name:
            ledger.note("no_room", item.row.where, "The session has a time but no room.")
        rooms.setdefault(name, Room(id=RoomId(name), name=name))
    for name in rooms:
        if name not in used:
            ledger.note("empty_room", f"room “{name}”", "No session takes place in this room.")
    nowhere = rooms.pop("", None)
    return (*rooms.values(), nowhere) if nowhere else tuple(rooms.values())


def _tracks(declared: Iterable[Track], placed: Sequence[_Placed]) -> tuple[Track, ...]:
    tracks = {track.name: track for track in declared}
    for item in placed:
        name = item.row.track
        if name and name not in tracks:
            tracks[name] = Track(id=TrackId(name), name=name)
    return tuple(tracks.values())


def _sessions(
    placed: Sequence[_Placed], people: People, ledger: Ledger
) -> tuple[tuple[Session, ...], tuple[Slot, ...]]:
    """Each row becomes a slot; rows that are the same talk at other times share one session."""
    sessions: list[Session] = []
    slots: list[Slot] = []
    alike: dict[object, list[tuple[object, SessionId]]] = {}
    taken: Counter[str] = Counter()
    times: Counter[SessionId] = Counter()
    for item in placed:
        row = item.row
        _note_dirt(row, ledger)
        speakers = people.of(row)
        content = _content(row), speakers
        same = alike.setdefault(_identity(row), [])
        session_id = next((known for other, known in same if other == content), None)
        if same:
            _note_repeat(row, session_id, ledger)
        if session_id is None or item.start is None:
            key = row.source_id or row.guid or f"title:{row.title}"
            taken[key] += 1
            session_id = SessionId(key if taken[key] == 1 else f"{key}#{taken[key]}")
            if row.source_id or row.guid:
                same.append((content, session_id))
            sessions.append(_session(session_id, row, speakers))
        if item.start is not None:
            times[session_id] += 1
            slots.append(_slot(session_id, times[session_id], row, item.start))
    return tuple(sessions), tuple(slots)


def _content(row: Row) -> Row:
    """What a row says of its session, without its time, its place and what it says of people."""
    return replace(
        row, where="", start=None, day=None, clock=None, room="", duration=None, persons=()
    )


def _identity(row: Row) -> object:
    return ("guid", row.guid) if row.guid else ("id", row.source_id)


def _note_repeat(row: Row, session_id: SessionId | None, ledger: Ledger) -> None:
    if session_id is not None:
        ledger.note(
            "repeated_id",
            row.where,
            "“{title}” comes more than once under this id: kept as one more slot of one session.",
            title=row.title,
        )
    else:
        ledger.note(
            "reused_id",
            row.where,
            "“{title}” has the id of another session: kept as a session of its own.",
            title=row.title,
        )


def _session(session_id: SessionId, row: Row, speakers: tuple[SpeakerId, ...]) -> Session:
    return Session(
        id=session_id,
        title=row.title,
        guid=row.guid,
        source_id=row.source_id,
        subtitle=row.subtitle,
        abstract=row.abstract,
        description=row.description,
        kind=row.kind,
        language=row.language,
        track=TrackId(row.track) if row.track else None,
        speakers=speakers,
        duration=row.duration or timedelta(0),
        state=row.state,
        links=row.links,
        attachments=row.attachments,
        url=row.url,
        slug=row.slug,
        logo=row.logo,
        licence=row.licence,
        opt_out_recording=row.opt_out_recording,
        extra=row.extra,
    )


def _slot(session: SessionId, count: int, row: Row, start: datetime) -> Slot:
    return Slot(
        id=SlotId(session if count == 1 else f"{session}/{count}"),
        session=session,
        room=RoomId(row.room),
        start=start,
        duration=row.duration or timedelta(0),
    )


def _note_dirt(row: Row, ledger: Ledger) -> None:
    if not row.title:
        ledger.note("empty_title", row.where, "The session has no title.")
    if row.duration is None:
        ledger.note(
            "no_duration", row.where, "The session has no readable duration; taken as zero."
        )
    elif not row.duration:
        ledger.note("zero_length", row.where, "“{title}” has no length.", title=row.title)
    elif row.duration < timedelta(0):
        ledger.note(
            "negative_length", row.where, "“{title}” ends before it starts.", title=row.title
        )
    longest = max(len(row.title), len(row.abstract), len(row.description))
    if longest > LONG_TEXT:
        ledger.note(
            "long_text", row.where, "A text of {length} characters was kept.", length=longest
        )


def _conference(
    head: Head, zone: str, day_change: timedelta, placed: Sequence[_Placed]
) -> Conference:
    tz = ZoneInfo(zone)
    declared: dict[date, Day] = {}
    for day in head.days:
        declared.setdefault(day.date, _day(day, tz, day_change))
    if not declared:
        dates = sorted({p.start.astimezone(tz).date() for p in placed if p.start is not None})
        declared = {on: make_day(on, zone, day_change) for on in dates}
    return Conference(
        title=head.title,
        zone=zone,
        acronym=head.acronym,
        days=tuple(declared[on] for on in sorted(declared)),
        day_change=day_change,
        subtitle=head.subtitle,
        venue=head.venue,
        city=head.city,
        url=head.url,
        base_url=head.base_url,
        version=head.version,
        timeslot=head.timeslot,
        first_date=head.first_date,
        last_date=head.last_date,
        extra=head.extra,
    )


def _day(day: DeclaredDay, tz: ZoneInfo, day_change: timedelta) -> Day:
    usual = make_day(day.date, tz.key, day_change)
    start, end = (
        moment if moment is None or moment.tzinfo else resolve(moment, tz)[0]
        for moment in (day.start, day.end)
    )
    start, end = (start or usual.start).astimezone(UTC), (end or usual.end).astimezone(UTC)
    return Day(date=day.date, start=start, end=end) if start < end else usual


def _note_nights(conference: Conference, placed: Sequence[_Placed], ledger: Ledger) -> None:
    """Note sessions that run into the night, belong to the day before, or to no day."""
    for item in placed:
        if item.start is None:
            continue
        row = item.row
        local = conference.local(item.start)
        day_of_row = row.day or local.date()
        if local.date() > day_of_row:
            ledger.note(
                "after_midnight",
                row.where,
                "“{title}” starts at {time} of the night and belongs to the day before.",
                title=row.title,
                time=local.strftime("%H:%M"),
            )
        elif _last_date(conference, item.start, row) > local.date():
            ledger.note(
                "past_midnight", row.where, "“{title}” runs past midnight.", title=row.title
            )
        if not any(day.start <= item.start < day.end for day in conference.days):
            ledger.note(
                "outside_days",
                row.where,
                "“{title}” lies outside the conference's days.",
                title=row.title,
            )


def _last_date(conference: Conference, start: datetime, row: Row) -> date:
    duration = row.duration or timedelta(0)
    if duration <= timedelta(0):
        return date.min
    return conference.local(start + duration - timedelta(microseconds=1)).date()
