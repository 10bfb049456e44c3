"""Frab XML, written: what `frab.read` reads back as the same schedule."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from agenda.formats.by_day import by_room, slots_by_day, unplaced
from agenda.formats.xml_extra import attributes, children, escape, escape_attribute, from_json
from agenda.model import (
    Conference,
    Room,
    Schedule,
    Session,
    SessionId,
    SessionState,
    Slot,
    Speaker,
    SpeakerId,
    Track,
    TrackId,
)

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
EVENT_MARKS = frozenset({"id", "guid"})
PERSON_MARKS = frozenset({"id", "guid", "href", "code"})
ROOM_MARKS = frozenset({"name", "guid", "capacity"})
TRACK_MARKS = frozenset({"name", "color", "slug"})


def write(schedule: Schedule) -> bytes:
    """The whole schedule as frab XML, UTF-8. Sessions without a place stand under `unplaced`."""
    return "\n".join(_Writer(schedule).lines()).encode("utf-8")


class _Writer:
    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        self.sessions: Mapping[SessionId, Session] = {s.id: s for s in schedule.sessions}
        self.tracks: Mapping[TrackId, Track] = {t.id: t for t in schedule.tracks}
        self.speakers: Mapping[SpeakerId, Speaker] = {p.id: p for p in schedule.speakers}

    def lines(self) -> Iterator[str]:
        conference = self.schedule.conference
        yield '<?xml version="1.0" encoding="UTF-8"?>'
        yield "<schedule>"
        yield from _element("version", conference.version)
        by_day = slots_by_day(self.schedule)
        yield from _conference(self.schedule, with_rooms=not by_day)
        for index, (day, slots) in enumerate(by_day.items(), 1):
            yield (
                f'<day index="{index}" date="{day.date}"'
                f' start="{_iso(conference, day.start)}" end="{_iso(conference, day.end)}">'
            )
            yield from self._rooms(slots)
            yield "</day>"
        waiting = unplaced(self.schedule)
        if waiting:
            yield "<unplaced>"
            for session in waiting:
                yield from self._event(session, None, "")
            yield "</unplaced>"
        yield "</schedule>"

    def _rooms(self, slots: list[Slot]) -> Iterator[str]:
        for room, held in by_room(self.schedule, slots).items():
            yield from _room_opening(room)
            for slot in held:
                yield from self._event(self.sessions[slot.session], slot, room.name)
            yield "</room>"

    def _event(self, session: Session, slot: Slot | None, room: str) -> Iterator[str]:
        own = session.id if not session.source_id and _UUID.fullmatch(session.id) else None
        marks = (("id", session.source_id), ("guid", session.guid or own))
        told = "".join(f' {key}="{escape_attribute(value)}"' for key, value in marks if value)
        yield f"<event{told}{attributes(session.extra, EVENT_MARKS)}>"
        if slot is not None:
            local = self.schedule.conference.local(slot.start)
            yield f"<date>{local.isoformat()}</date>"
            yield f"<start>{local:%H:%M}</start>"
        yield f"<duration>{clock(session.duration if slot is None else slot.duration)}</duration>"
        track = self.tracks[session.track].name if session.track is not None else ""
        for tag, text in (
            ("room", room),
            ("slug", session.slug),
            ("url", session.url),
            ("title", session.title),
            ("subtitle", session.subtitle),
            ("track", track),
            ("type", session.kind),
            ("language", session.language),
            ("abstract", session.abstract),
            ("description", session.description),
            ("logo", session.logo),
        ):
            yield f"<{tag}>{escape(text)}</{tag}>"
        state = "" if session.state is SessionState.CONFIRMED else session.state.value
        yield f"<state>{state}</state>"
        yield from _recording(session)
        yield "<persons>"
        for speaker in session.speakers:
            yield from _person(self.speakers[speaker])
        yield "</persons>"
        yield from _references(session)
        yield from children(session.extra, EVENT_MARKS)
        yield "</event>"


def _iso(conference: Conference, instant: datetime) -> str:
    return conference.local(instant).isoformat()


def clock(duration: timedelta) -> str:
    """A duration as “HH:MM”, with seconds only where there are some; “-” before a negative one."""
    sign = "-" if duration < timedelta(0) else ""
    seconds = int(abs(duration).total_seconds())
    hours, minutes, rest = seconds // 3600, seconds // 60 % 60, seconds % 60
    return f"{sign}{hours:02}:{minutes:02}" + (f":{rest:02}" if rest else "")


def _element(tag: str, text: str) -> Iterator[str]:
    if text:
        yield f"<{tag}>{escape(text)}</{tag}>"


def _conference(schedule: Schedule, *, with_rooms: bool) -> Iterator[str]:
    conference = schedule.conference
    yield "<conference>"
    for tag, text in (
        ("title", conference.title),
        ("acronym", conference.acronym),
        ("subtitle", conference.subtitle),
        ("venue", conference.venue),
        ("city", conference.city),
        ("start", str(conference.first_date or "")),
        ("end", str(conference.last_date or "")),
        ("days", str(len(conference.days))),
        ("day_change", clock(conference.day_change)),
        (
            "timeslot_duration",
            clock(conference.timeslot) if conference.timeslot is not None else "",
        ),
        ("base_url", conference.base_url),
        ("url", conference.url),
        ("time_zone_name", conference.zone),
    ):
        yield f"<{tag}>{escape(text)}</{tag}>"
    for track in schedule.tracks:
        colour = f' color="{escape_attribute(track.colour)}"' if track.colour else ""
        slug = f' slug="{escape_attribute(track.slug)}"' if track.slug else ""
        name = escape_attribute(track.name)
        yield f'<track name="{name}"{slug}{colour}{attributes(track.extra, TRACK_MARKS)}>'
        yield from children(track.extra, TRACK_MARKS)
        yield "</track>"
    for room in schedule.rooms if with_rooms else ():
        yield from _room_opening(room)
        yield "</room>"
    for name, value in conference.extra.items():
        yield from from_json(name, value)
    yield "</conference>"


def _room_opening(room: Room) -> Iterator[str]:
    guid = f' guid="{escape_attribute(room.guid)}"' if room.guid else ""
    capacity = f' capacity="{room.capacity}"' if room.capacity is not None else ""
    marks = attributes(room.extra, ROOM_MARKS)
    yield f'<room name="{escape_attribute(room.name)}"{guid}{capacity}{marks}>'
    yield f"<description>{escape(room.description)}</description>"
    yield from children(room.extra, ROOM_MARKS)


def _recording(session: Session) -> Iterator[str]:
    if session.licence or session.opt_out_recording is not None:
        opt_out = session.opt_out_recording
        told = "" if opt_out is None else f"<optout>{str(opt_out).lower()}</optout>"
        yield f"<recording><license>{escape(session.licence)}</license>{told}</recording>"
    else:
        yield "<recording/>"


def _person(speaker: Speaker) -> Iterator[str]:
    named = (("id", speaker.source_id), ("guid", speaker.guid))
    marks = "".join(f' {key}="{escape_attribute(value)}"' for key, value in named if value)
    opening = f"<person{marks}{attributes(speaker.extra, PERSON_MARKS)}>"
    parts = [
        *_element("biography", speaker.biography),
        *_element("code", speaker.code),
        *_element("url", speaker.url),
        *children(speaker.extra, PERSON_MARKS),
    ]
    if not parts:
        yield f"{opening}{escape(speaker.name)}</person>"
        return
    yield opening
    yield f"<public_name>{escape(speaker.name)}</public_name>"
    for tag, text in (
        ("name", speaker.name),
        ("biography", speaker.biography),
        ("code", speaker.code),
        ("url", speaker.url),
    ):
        yield f"<{tag}>{escape(text)}</{tag}>"
    yield from children(speaker.extra, PERSON_MARKS)
    yield "</person>"


def _references(session: Session) -> Iterator[str]:
    yield "<links>"
    for link in session.links:
        kind = f' type="{escape_attribute(link.kind)}"' if link.kind else ""
        yield f'<link href="{escape_attribute(link.url)}"{kind}>{escape(link.title)}</link>'
    yield "</links>"
    yield "<attachments>"
    for item in session.attachments:
        kind = f' type="{escape_attribute(item.kind)}"' if item.kind else ""
        yield f'<attachment href="{escape_attribute(item.url)}"{kind}>{escape(item.title)}</attachment>'
    yield "</attachments>"
