"""A desk, and the difference of two desks, as the editor's page reads them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from agenda.finding import Finding
from agenda.model import Room, Session, Slot, Speaker, Track
from app.editor import blockers
from app.editor.desk import Desk
from app.editor.words import finding_title, finding_words
from app.programme.marks import marks


def seconds(instant: datetime) -> int:
    return int(instant.timestamp())


def slot_of(slot: Slot, desk: Desk) -> dict[str, Any]:
    return {
        "id": slot.id,
        "session": slot.session,
        "room": slot.room,
        "start": seconds(slot.start),
        "length": int(slot.duration.total_seconds()),
        "locked": slot.id in desk.locked,
    }


def session_of(session: Session, desk: Desk) -> dict[str, Any]:
    return {
        "id": session.id,
        "title": session.title,
        "track": session.track,
        "speakers": list(session.speakers),
        "length": int(session.duration.total_seconds()),
        "state": str(session.state),
        "kind": session.kind,
        "lang": session.language,
        "stars": desk.wanted.demand.get(session.id, 0),
    }


def room_of(room: Room) -> dict[str, Any]:
    return {"id": room.id, "name": room.name, "capacity": room.capacity}


def speaker_of(speaker: Speaker) -> dict[str, Any]:
    return {"id": speaker.id, "name": speaker.name}


def tracks_of(tracks: Iterable[Track]) -> list[dict[str, Any]]:
    """Tracks with their marks, which depend on all of them."""
    found = list(tracks)
    signs = marks(found)
    return [
        {
            "id": track.id,
            "name": track.name,
            "number": signs[track.id].number,
            "letter": signs[track.id].letter,
        }
        for track in found
    ]


def blocks_of(desk: Desk) -> list[dict[str, Any]]:
    return [
        {
            "id": block.id,
            "kind": block.kind,
            "subject": block.subject,
            "start": seconds(block.start),
            "end": seconds(block.end),
            "words": block.words,
        }
        for block in blockers.read_all(desk.blockers)
    ]


def finding_key(finding: Finding) -> str:
    parts = (finding.code, finding.slots, finding.session, sorted(finding.facts.items()))
    return hashlib.blake2s(repr(parts).encode(), digest_size=8).hexdigest()


def finding_of(finding: Finding) -> dict[str, Any]:
    return {
        "key": finding_key(finding),
        "code": finding.code,
        "severity": str(finding.severity),
        "title": finding_title(finding.code),
        "text": finding_words(finding),
        "slots": list(finding.slots),
        "session": finding.session,
        "cure": finding.cure,
    }


def findings_of(desk: Desk) -> list[dict[str, Any]]:
    return [finding_of(finding) for finding in desk.examination.findings()]


def patch(before: Desk, after: Desk) -> dict[str, Any]:
    """What a page that shows `before` has to change. Slots that are gone are named."""
    old = {slot.id: slot for slot in before.schedule.slots}
    new = {slot.id: slot for slot in after.schedule.slots}
    touched = [
        slot
        for key, slot in new.items()
        if old.get(key) != slot or (key in before.locked) != (key in after.locked)
    ]
    found: dict[str, Any] = {
        "from": before.version,
        "version": after.version,
        "slots": [slot_of(slot, after) for slot in touched],
        "gone": sorted(old.keys() - new.keys()),
        "findings": _changed_findings(before, after),
    }
    found.update(_changed_facts(before, after))
    return found


def _changed_facts(before: Desk, after: Desk) -> dict[str, Any]:
    was, now = before.schedule, after.schedule
    found: dict[str, Any] = {}
    if was.sessions is not now.sessions:
        known = {session.id: session for session in was.sessions}
        found["sessions"] = [
            session_of(one, after) for one in now.sessions if known.get(one.id) is not one
        ]
        found["sessions_gone"] = sorted(known.keys() - {one.id for one in now.sessions})
    if was.speakers is not now.speakers:
        found["speakers"] = [speaker_of(one) for one in now.speakers]
    if was.rooms is not now.rooms:
        found["rooms"] = [room_of(one) for one in now.rooms]
    if was.tracks is not now.tracks:
        found["tracks"] = tracks_of(now.tracks)
    if before.blockers != after.blockers:
        found["blocks"] = blocks_of(after)
    if was.conference != now.conference:
        found["reload"] = True
    return found


def _changed_findings(before: Desk, after: Desk) -> Mapping[str, Any]:
    """Findings that went, by key, and those that came; groups that both share are not looked at."""
    if before.examination is after.examination:
        return {"gone": [], "new": []}
    old, new = before.examination.held, after.examination.held
    went: dict[str, Finding] = {}
    came: dict[str, Finding] = {}
    for subject in old.keys() | new.keys():
        first, second = old.get(subject, ()), new.get(subject, ())
        if first is not second and first != second:
            went.update((finding_key(one), one) for one in first)
            came.update((finding_key(one), one) for one in second)
    return {
        "gone": sorted(went.keys() - came.keys()),
        "new": [finding_of(one) for key, one in came.items() if key not in went],
    }
