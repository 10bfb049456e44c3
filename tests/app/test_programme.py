"""Import → draft → release → what the public and the calendars see."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import httpx
import icalendar

from agenda.formats.frab_write import write
from agenda.model import SessionId
from app.clock import now
from app.programme import draft, feed_token, releases, stars
from app.settings import Settings
from tests.agenda.test_open_event import export
from tests.app.builders import NOW, make_conference, make_schedule, member, same_origin, sign_in

ACTS = (
    ("Harbour Hall", "Gate", 0, 45),
    ("Lock Room", "Salt", 30, 45),
    ("Lock Room", "Pump", 60, 30),
)


async def upload(client: httpx.AsyncClient, content: bytes, zone: str = "") -> httpx.Response:
    return await client.post(
        "/c/trial/import",
        files={"file": ("schedule.xml", content, "application/xml")},
        data={"zone": zone},
        headers=same_origin(),
    )


async def apply(client: httpx.AsyncClient, plan: httpx.Response) -> httpx.Response:
    action = re.search(r'action="(/c/trial/import/[0-9a-f-]+)"', plan.text)
    version = re.search(r'name="version" value="(\d+)"', plan.text)
    assert action is not None
    assert version is not None
    return await client.post(
        action.group(1),
        data={"name": "schedule.xml", "zone": "", "version": version.group(1)},
        headers=same_origin(),
    )


async def test_an_import_shows_its_plan_then_becomes_the_draft(client: httpx.AsyncClient) -> None:
    conference = await make_conference()
    await sign_in(client, await member(conference, "owner"), now=now())
    content = write(make_schedule(*ACTS))
    plan = await upload(client, content)
    assert plan.status_code == 200
    assert "is double-booked" in plan.text or "conflict" in plan.text.lower()
    assert (await draft.read(conference.id)).schedule.sessions == ()

    assert (await apply(client, plan)).status_code == 303
    held = await draft.read(conference.id)
    assert [s.title for s in held.schedule.sessions] == ["Gate", "Salt", "Pump"]
    assert held.version == 1

    again = await upload(client, content)
    assert "Nothing would change" in again.text


async def test_a_plan_for_an_older_draft_is_not_applied(client: httpx.AsyncClient) -> None:
    conference = await make_conference()
    await sign_in(client, await member(conference, "owner"), now=now())
    content = write(make_schedule(*ACTS))
    first, second = await upload(client, content), await upload(client, content)
    assert (await apply(client, first)).status_code == 303
    late = await apply(client, second)
    assert late.status_code == 409
    assert (await draft.read(conference.id)).version == 1


async def test_bad_files_are_refused_in_words(client: httpx.AsyncClient) -> None:
    conference = await make_conference()
    await sign_in(client, await member(conference, "owner"), now=now())
    bomb = b'<?xml version="1.0"?><!DOCTYPE s [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><schedule>&b;</schedule>'
    for content in (b"", b"<html><body>hello</body></html>", b"\x00\xff\xfe", bomb, b"<schedule>"):
        answer = await upload(client, content)
        assert answer.status_code == 422, content
        assert "Traceback" not in answer.text
    assert (await draft.read(conference.id)).version == 0


async def test_a_release_is_what_the_public_sees_and_never_changes(
    client: httpx.AsyncClient,
) -> None:
    conference = await make_conference()
    await sign_in(client, await member(conference, "owner"), now=now())
    schedule = make_schedule(*ACTS)
    await draft.write(conference.id, schedule, expected=0)
    page = await client.get("/c/trial/agenda", headers={"accept": "text/html"})
    assert "Gate" not in page.text

    looked = await client.get("/c/trial/releases", headers={"accept": "text/html"})
    assert "the later start ends the earlier one" in looked.text
    await client.post("/c/trial/releases", data={"version": "1"}, headers=same_origin())
    page = await client.get("/c/trial/agenda?day=2027-05-12", headers={"accept": "text/html"})
    assert "Gate" in page.text

    renamed = replace(schedule.sessions[0], title="Gatekeepers")
    changed = replace(schedule, sessions=(renamed, *schedule.sessions[1:]))
    await draft.write(conference.id, changed, expected=1)
    page = await client.get("/c/trial/agenda?day=2027-05-12", headers={"accept": "text/html"})
    assert "Gatekeepers" not in page.text
    stale = await client.post("/c/trial/releases", data={"version": "1"}, headers=same_origin())
    assert stale.status_code == 409
    latest = await releases.latest(conference.id)
    assert latest is not None
    assert latest.schedule == schedule


async def feed(
    client: httpx.AsyncClient, settings: Settings, conference: UUID, person: UUID
) -> httpx.Response:
    return await client.get(f"/calendar/{feed_token.token(settings, conference, person)}.ics")


async def test_a_feed_follows_stars_moves_and_cancellations(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    conference = await make_conference()
    ann = await member(conference, "attendee")
    schedule = make_schedule(*ACTS)
    gate, salt, _ = (s.id for s in schedule.sessions)
    await draft.write(conference.id, schedule, expected=0)
    await releases.publish(conference.id, by=None, now=NOW)
    for session in (gate, salt):
        await stars.put(conference.id, ann, UUID(session), starred=True, now=NOW)

    first = icalendar.Calendar.from_ical((await feed(client, settings, conference.id, ann)).content)
    events = {str(e["summary"]): e for e in first.walk("VEVENT")}
    assert set(events) == {"Gate", "Salt"}
    assert events["Gate"].decoded("sequence") == 0
    assert events["Gate"].decoded("dtstart") == NOW

    moved = replace(schedule.slots[0], start=NOW + timedelta(minutes=5))
    later = replace(
        schedule,
        slots=(moved, *schedule.slots[2:]),
        sessions=tuple(s for s in schedule.sessions if s.id != SessionId(salt)),
    )
    await draft.write(conference.id, later, expected=1)
    await releases.publish(conference.id, by=None, now=NOW + timedelta(hours=1))
    second = icalendar.Calendar.from_ical(
        (await feed(client, settings, conference.id, ann)).content
    )
    after = {str(e["summary"]): e for e in second.walk("VEVENT")}
    assert (after["Gate"]["uid"], after["Gate"].decoded("sequence")) == (events["Gate"]["uid"], 1)
    assert after["Gate"].decoded("dtstart") == NOW + timedelta(minutes=5)
    assert str(after["Salt"]["status"]) == "CANCELLED"
    assert (after["Salt"]["uid"], after["Salt"].decoded("sequence")) == (events["Salt"]["uid"], 1)


async def test_a_feed_is_private_and_says_when_nothing_changed(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    conference = await make_conference()
    ann = await member(conference, "attendee")
    token = feed_token.token(settings, conference.id, ann)
    forged = ("B" if token[0] == "A" else "A") + token[1:]
    assert (await client.get(f"/calendar/{forged}.ics")).status_code == 404
    assert (await client.get("/calendar/x.ics")).status_code == 404
    known = await feed(client, settings, conference.id, ann)
    again = await client.get(
        f"/calendar/{token}.ics", headers={"if-none-match": known.headers["etag"]}
    )
    assert again.status_code == 304


async def test_starring_twice_and_from_two_places_leaves_one_star(database: str) -> None:
    conference = await make_conference()
    ann = await member(conference, "attendee")
    session = UUID(make_schedule(*ACTS).sessions[0].id)
    for _ in range(2):
        await stars.put(conference.id, ann, session, starred=True, now=NOW)
    assert await stars.of(conference.id, ann) == {str(session)}
    assert await stars.counts(conference.id) == {str(session): 1}
    assert not await stars.toggle(conference.id, ann, session, now=NOW)
    assert await stars.of(conference.id, ann) == frozenset()


async def test_the_files_of_one_export_come_together(client: httpx.AsyncClient) -> None:
    conference = await make_conference()
    await sign_in(client, await member(conference, "owner"), now=now())
    parts = [("file", (f"{name}.json", content)) for name, content in export()]

    async def send(*files: tuple[str, tuple[str, bytes]]) -> httpx.Response:
        sent = list(files)
        return await client.post("/c/trial/import", files=sent, headers=same_origin())

    plan = await send(*parts)
    assert plan.status_code == 200, plan.text
    assert "sessions.json, speakers.json" in plan.text
    assert (await apply(client, plan)).status_code == 303
    held = (await draft.read(conference.id)).schedule
    assert "Ada Quay" in {speaker.name for speaker in held.speakers}
    assert {room.name for room in held.rooms} == {"Hall", "Attic"}
    mixed = await send(parts[0], ("file", ("x.csv", b"title\nGate\n")))
    assert (mixed.status_code, "x.csv is not JSON" in mixed.text) == (422, True)
    crowd = await send(*parts * 5)
    assert (crowd.status_code, "too many files" in crowd.text) == (422, True)


async def test_the_columns_of_a_table_are_shown_and_corrected(client: httpx.AsyncClient) -> None:
    conference = await make_conference()
    await sign_in(client, await member(conference, "owner"), now=now())
    content = (
        b"Talk,Theme,Where,When,Who\n"
        b"Gate,Works,Hall,2027-05-12 14:20,Ann Doe\n"
        b"Pump,Works,Quay,2027-05-12 15:20,Bo Roe\n"
    )
    sent = await client.post(
        "/c/trial/import",
        files={"file": ("x.csv", content)},
        data={"zone": "Europe/Lisbon"},
        headers=same_origin(),
    )
    # No column has a title's name: the file is refused with the way out in words.
    assert sent.status_code == 422
    sent = await client.post(
        "/c/trial/import",
        files={"file": ("x.csv", content.replace(b"Talk", b"Title"))},
        data={"zone": "Europe/Lisbon"},
        headers=same_origin(),
    )
    assert "Which column holds what" in sent.text
    upload = re.search(r'action="(/c/trial/import/[0-9a-f-]+)/columns"', sent.text)
    assert upload is not None
    said = {
        "name": "x.csv",
        "zone": "Europe/Lisbon",
        "map-title": "Title",
        "map-room": "Where",
        "map-start": "When",
        "map-speakers": "Who",
        "map-track": "",
    }
    again = await client.post(f"{upload[1]}/columns", data=said, headers=same_origin())
    assert again.status_code == 200
    assert re.search(r'<option value="Where" selected>', again.text)
    assert "There is no column" not in again.text
    done = await client.post(upload[1], data={**said, "version": "0"}, headers=same_origin())
    assert done.status_code == 303
    held = (await draft.read(conference.id)).schedule
    assert [room.name for room in held.rooms] == ["Hall", "Quay"]
    assert [speaker.name for speaker in held.speakers] == ["Ann Doe", "Bo Roe"]
    assert held.tracks == ()
    assert held.slots[0].start == NOW

    # A newer export: every changed field is shown with what it was.
    newer = content.replace(b"Talk", b"Title").replace(b"15:20", b"15:30")
    newer = newer.replace(b"Who\nGate", b"Who\nGate").replace(b"Bo Roe", b"Bo Roe; Ann Doe")
    plan = await client.post(
        "/c/trial/import",
        files={"file": ("x.csv", newer)},
        data={"zone": "Europe/Lisbon"},
        headers=same_origin(),
    )
    assert "Changed, field by field" in plan.text


async def test_a_finding_is_cured_with_one_press(client: httpx.AsyncClient) -> None:
    conference = await make_conference()
    await sign_in(client, await member(conference, "owner"), now=now())
    schedule = make_schedule(*ACTS)
    await draft.write(conference.id, schedule, expected=0)
    salt, pump = schedule.slots[1:]
    page = await client.get("/c/trial/releases", headers={"accept": "text/html"})
    assert "Move it where it fits" in page.text
    answer = await client.post(
        "/c/trial/editor/cure",
        data={"code": "room_overlap", "slots": f"{salt.id} {pump.id}", "session": ""},
        headers=same_origin(),
    )
    assert answer.status_code == 303
    held = {slot.id: slot for slot in (await draft.read(conference.id)).schedule.slots}
    assert held[salt.id] == salt
    assert held[pump.id] != pump
    page = await client.get("/c/trial/releases", headers={"accept": "text/html"})
    assert "are both in" not in page.text
