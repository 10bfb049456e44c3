"""The demo's conference: an invented one that spans the present moment, or a real one moved to it."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

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
    Speaker,
    SpeakerId,
    Track,
    TrackId,
    make_day,
)

FOLDER = Path(__file__).parent
SLUG = "tidewater-2027"
DAYS = 3
RASTER = timedelta(minutes=5)
LEVELS = ("for everybody", "some experience", "for specialists")
PRESENT = timedelta(hours=14)
"""The time of day, in the written programme, at which the demo begins."""

_SETTLED = timedelta(minutes=2)
_DAYTIME = timedelta(hours=2)
_MORNING = timedelta(hours=10)
_DAY = timedelta(days=1)

# One coast for each hour of the world, none of which changes its clocks in summer.
SHORES = (
    "Pacific/Honolulu",
    "Pacific/Gambier",
    "Pacific/Pitcairn",
    "America/Hermosillo",
    "America/Costa_Rica",
    "America/Panama",
    "America/Martinique",
    "America/Recife",
    "America/Noronha",
    "Atlantic/Cape_Verde",
    "Africa/Dakar",
    "Africa/Lagos",
    "Africa/Maputo",
    "Europe/Istanbul",
    "Indian/Mauritius",
    "Indian/Maldives",
    "Asia/Dhaka",
    "Asia/Jakarta",
    "Asia/Singapore",
    "Asia/Seoul",
    "Australia/Brisbane",
    "Pacific/Noumea",
    "Pacific/Fiji",
    "Pacific/Tongatapu",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Booth:
    """A sponsor of the invented conference, and who stands at its booth."""

    slug: str
    name: str
    tier: str
    tagline: str
    text: str
    staff: str
    offers: tuple[Mapping[str, str], ...] = ()
    prize: tuple[str, ...] = ()


@cache
def written(name: str) -> Mapping[str, Any]:
    """One of the demo's texts, by the name of its file without `.toml`."""
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def booths() -> tuple[Booth, ...]:
    """The invented sponsors, largest tier first."""
    return tuple(
        Booth(
            slug=row["key"],
            **{key: row[key].strip() for key in ("name", "tier", "tagline", "text", "staff")},
            offers=tuple({"url": "", **one} for one in row.get("offer", ())),
            prize=tuple(row.get("prize", ())),
        )
        for row in written("conference")["sponsor"]
    )


def shore_at(now: datetime) -> str:
    """The coast where it is nearest to two in the afternoon."""
    return min(SHORES, key=lambda zone: abs(_past_present(now, zone)))


def demo_schedule(now: datetime, zone: str | None = None) -> Schedule:
    """The invented conference, of which `now` (aware) is the middle of day one.

    Two to seven minutes ago it was 14:00 in the written programme: then some rooms are live, one
    has its doors open, one its green room, and something opens and something ends in the five
    minutes to come. Starts stand on a five-minute raster. Without a `zone` the conference is on a
    coast where this is a plausible hour; in any other zone its days keep the same lengths and lie
    at whatever hours they must. Ids are readable keys: see `agenda.model.scoped`.
    """
    at = zone or shore_at(now)
    present = floor_to_raster(now - _SETTLED)
    wall = present.astimezone(ZoneInfo(at)).replace(tzinfo=None)
    shift = _past_present(present, at)
    is_daytime = abs(shift) <= _DAYTIME
    day_change = DEFAULT_DAY_CHANGE if is_daytime else _wrapped(_time_of(wall) - _MORNING)
    first = (wall - day_change).date()
    presents = [present]
    for number in range(1, DAYS):
        local = wall + number * _DAY - (shift if is_daytime else timedelta(0))
        presents.append(local.replace(tzinfo=ZoneInfo(at)).astimezone(UTC))
    return _assemble(presents, at, first, day_change)


def shifted(schedule: Schedule, now: datetime) -> Schedule:
    """A real schedule, moved so that `now` falls in the middle of its first day's programme.

    Every instant moves by one and the same duration: the one that brings the middle between the
    first start and the last end of the first day to `now`, both rounded down to five minutes. So
    every gap and overlap stays as it is. The zone is kept, so the local hours change; the dates
    and the hour of the day change move with them. A schedule without slots is returned as it is.
    """
    if not schedule.slots:
        return schedule
    conference = schedule.conference
    opening = min(conference.date_of(slot.start) for slot in schedule.slots)
    today = [slot for slot in schedule.slots if conference.date_of(slot.start) == opening]
    begin, end = min(slot.start for slot in today), max(slot.end for slot in today)
    by = floor_to_raster(now) - floor_to_raster(begin + (end - begin) / 2)
    return replace(
        schedule,
        conference=_moved(conference, opening, now, by),
        slots=tuple(replace(slot, start=slot.start + by) for slot in schedule.slots),
    )


def floor_to_raster(instant: datetime) -> datetime:
    """The last full five minutes, as UTC."""
    past = timedelta(minutes=instant.minute % 5, seconds=instant.second)
    return (instant - past).replace(microsecond=0).astimezone(UTC)


def _moved(conference: Conference, opening: date, now: datetime, by: timedelta) -> Conference:
    """The conference under new dates. `opening` is the old date of the day that now becomes."""
    day_change = _wrapped(conference.day_change + by)
    today = (now.astimezone(conference.tz).replace(tzinfo=None) - day_change).date()
    days_on = today - opening
    return replace(
        conference,
        day_change=day_change,
        days=tuple(
            Day(date=day.date + days_on, start=day.start + by, end=day.end + by)
            for day in conference.days
        ),
        first_date=conference.first_date and conference.first_date + days_on,
        last_date=conference.last_date and conference.last_date + days_on,
    )


def _past_present(instant: datetime, zone: str) -> timedelta:
    """How far the wall clock there is past 14:00: negative before, never more than half a day."""
    local = instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    return _wrapped(_time_of(local) - PRESENT + _DAY / 2) - _DAY / 2


def _time_of(wall: datetime) -> timedelta:
    return wall - datetime.combine(wall.date(), time())


def _wrapped(since_midnight: timedelta) -> timedelta:
    """The same time of day as a duration since midnight, to the minute."""
    return timedelta(minutes=since_midnight // timedelta(minutes=1) % 1440)


def _assemble(presents: list[datetime], zone: str, first: date, day_change: timedelta) -> Schedule:
    own = written("conference")
    placed = list(_placed(presents))
    return Schedule(
        conference=Conference(
            title=own["title"],
            acronym=own["acronym"],
            subtitle=own["subtitle"],
            venue=own["venue"],
            zone=zone,
            day_change=day_change,
            timeslot=RASTER,
            first_date=first,
            last_date=first + (DAYS - 1) * _DAY,
            days=tuple(make_day(first + n * _DAY, zone, day_change) for n in range(DAYS)),
        ),
        tracks=tuple(
            Track(id=TrackId(t["key"]), name=t["name"], slug=t["key"]) for t in own["track"]
        ),
        rooms=tuple(
            Room(
                id=RoomId(r["key"]),
                name=r["name"],
                capacity=r["capacity"],
                description=r["description"],
            )
            for r in own["room"]
        ),
        speakers=tuple(
            Speaker(id=SpeakerId(key), name=name, biography=biography)
            for key, (name, biography) in written("speakers")["people"].items()
        ),
        sessions=tuple(session for session, _ in placed),
        slots=tuple(slot for _, slot in placed),
    )


def _placed(presents: list[datetime]) -> Iterator[tuple[Session, Slot]]:
    """Every session with its slot, where `presents` are the instants of 14:00 on each day."""
    for number, present in enumerate(presents, 1):
        for room, rows in written(f"day-{number}").items():
            for row in rows:
                start = present + _written_time(row["at"]) - PRESENT
                session = _session(row)
                yield (
                    session,
                    Slot(
                        id=SlotId(session.id),
                        session=session.id,
                        room=RoomId(room),
                        start=start,
                        duration=session.duration,
                    ),
                )


def _written_time(text: str) -> timedelta:
    hours, minutes = text.split(":")
    return timedelta(hours=int(hours), minutes=int(minutes))


def _session(row: Mapping[str, Any]) -> Session:
    slug = _slug(row["title"]) or _slug(row["subtitle"])
    return Session(
        id=SessionId(slug),
        slug=slug,
        title=row["title"],
        subtitle=row.get("subtitle", ""),
        abstract=row["abstract"].strip(),
        kind=row["kind"],
        language=row.get("language", "en"),
        track=TrackId(row["track"]) if "track" in row else None,
        speakers=tuple(SpeakerId(key) for key in row.get("speakers", ())),
        duration=timedelta(minutes=row["minutes"]),
        extra={"level": level} if (level := _level(row)) else {},
    )


def _level(row: Mapping[str, Any]) -> str:
    """How much a session asks of its audience; nothing for a break. The same in every demo."""
    if row["kind"] in ("break", "social"):
        return ""
    if row["kind"] == "keynote":
        return LEVELS[0]
    weights = (1, 2, 2) if row.get("track") in ("works", "data") else (3, 2, 1)
    return Random(row["title"]).choices(LEVELS, weights)[0]


def _slug(title: str) -> str:
    """The title's Latin letters as a path segment, or nothing where there are too few of them."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60]
    return slug if len(slug) * 2 > len(title) else ""
