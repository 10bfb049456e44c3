"""Sessions as the lines of a table, in columns that are guessed right when they are read again."""

from __future__ import annotations

from collections.abc import Iterator

from agenda.formats.by_day import unplaced
from agenda.formats.frab_write import clock
from agenda.model import Attachment, Link, Schedule, Session, Slot

HEADER = (
    "ID",
    "GUID",
    "Title",
    "Subtitle",
    "Abstract",
    "Description",
    "Type",
    "Language",
    "Track",
    "Room",
    "Start",
    "End",
    "Duration",
    "Speakers",
    "Speaker IDs",
    "State",
    "URL",
    "Slug",
    "Logo",
    "Licence",
    "Do not record",
    "Links",
    "Attachments",
)


def lines(schedule: Schedule) -> Iterator[list[str]]:
    """The cells of each slot under `HEADER`, then of each session without one.

    What a table has no column for (such as people's biographies) is not in it.
    """
    maker = _LineMaker(schedule)
    sessions = {session.id: session for session in schedule.sessions}
    for slot in schedule.slots:
        yield maker.line(sessions[slot.session], slot)
    for session in unplaced(schedule):
        yield maker.line(session, None)


class _LineMaker:
    def __init__(self, schedule: Schedule) -> None:
        self.local = schedule.conference.local
        self.people = {person.id: person for person in schedule.speakers}
        self.rooms = {room.id: room.name for room in schedule.rooms}
        self.tracks = {track.id: track.name for track in schedule.tracks}

    def line(self, session: Session, slot: Slot | None) -> list[str]:
        """The cells of one slot, or of a session without one."""
        named = [self.people[key] for key in session.speakers]
        with_ids = any(person.source_id for person in named)
        opt_out = session.opt_out_recording
        return [
            session.source_id or "",
            session.guid or "",
            session.title,
            session.subtitle,
            session.abstract,
            session.description,
            session.kind,
            session.language,
            self.tracks[session.track] if session.track is not None else "",
            self.rooms[slot.room] if slot is not None else "",
            self.local(slot.start).isoformat(" ") if slot is not None else "",
            self.local(slot.end).isoformat(" ") if slot is not None else "",
            clock(session.duration if slot is None else slot.duration),
            "; ".join(person.name.replace(";", ",") for person in named),
            "; ".join(person.source_id or "-" for person in named) if with_ids else "",
            session.state.value,
            session.url,
            session.slug,
            session.logo,
            session.licence,
            "" if opt_out is None else "yes" if opt_out else "no",
            "\n".join(_reference(item) for item in session.links),
            "\n".join(_reference(item) for item in session.attachments),
        ]


def _reference(item: Link | Attachment) -> str:
    title = " ".join(item.title.replace("<", "(").replace(">", ")").split())
    url = item.url.replace("<", "%3C").replace(">", "%3E")
    return f"{title} <{url}>" if title else f"<{url}>"
