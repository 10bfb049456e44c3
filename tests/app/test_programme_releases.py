"""The release page, comparing, previewing, rolling back, the public log and its feed."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from uuid import UUID
from xml.etree import ElementTree

import httpx

from agenda.model import Schedule, SessionState
from agenda.schedule import place
from app.clock import now
from app.programme import changes, draft, releases, stars
from app.programme.changes import Change
from app.programme.tables import Speaker
from tests.app.builders import (
    NOW,
    make_conference,
    make_person,
    make_schedule,
    member,
    same_origin,
    sign_in,
)

ACTS = (("Hall", "Gate", 0, 45), ("Hall", "Salt", 60, 45), ("Quay", "Pump", 0, 30))
HTML = {"accept": "text/html"}


def moved(schedule: Schedule, at: int, minutes: int) -> Schedule:
    slots = list(schedule.slots)
    slots[at] = replace(slots[at], start=slots[at].start + timedelta(minutes=minutes))
    return replace(schedule, slots=tuple(slots))


def words(page: str) -> str:
    """A page without its tags."""
    return re.sub(r"<[^>]+>", "", page)


def in_order(schedule: Schedule) -> Schedule:
    return replace(schedule, slots=tuple(sorted(schedule.slots, key=lambda s: (s.start, s.id))))


async def released(client: httpx.AsyncClient) -> tuple[UUID, Schedule]:
    """A conference with its first release, and its owner signed in."""
    conference = await make_conference()
    schedule = make_schedule(*ACTS)
    await draft.write(conference.id, schedule, expected=0)
    await releases.publish(conference.id, by=None, name="Early", now=NOW)
    await sign_in(client, await member(conference, "owner"), now=now())
    return conference.id, schedule


def test_a_difference_names_each_session_once_for_each_thing_that_happened() -> None:
    before = make_schedule(*ACTS)
    gate, salt, pump = before.sessions
    after = moved(before, 1, 15)
    after = replace(
        after,
        sessions=(
            replace(gate, state=SessionState.CANCELLED),
            replace(salt, title="Salt, slowly", extra={"x": 1}),
        ),
        slots=after.slots[:2],
    )
    found = changes.between(before, after)
    assert found.lines == (
        Change(kind="cancelled", session=gate.id, title="Gate", was=place(before.slots[0])),
        Change(kind="gone", session=pump.id, title="Pump", was=place(before.slots[2])),
        Change(
            kind="moved",
            session=salt.id,
            title="Salt, slowly",
            was=place(before.slots[1]),
            now=place(after.slots[1]),
        ),
        Change(
            kind="reworded",
            session=salt.id,
            title="Salt, slowly",
            now=place(after.slots[1]),
            fields=("title",),
        ),
    )
    assert changes.between(before, before).lines == ()
    assert {line.kind for line in changes.between(None, before).lines} == {"new"}


async def test_the_release_page_says_what_changes_and_who_is_told(
    client: httpx.AsyncClient,
) -> None:
    conference, schedule = await released(client)
    ann = await make_person("ann@example.org", "Ann")
    await stars.put(conference, ann, UUID(schedule.sessions[0].id), starred=True, now=NOW)
    speaker = schedule.speakers[0]
    await Speaker.update({Speaker.person: ann}).where(Speaker.id == UUID(speaker.id))
    await draft.write(conference, moved(moved(schedule, 0, 5), 2, 5), expected=1)
    page = (await client.get("/c/trial/releases", headers=HTML)).text
    text = words(page)
    assert "Release 2 now" in text
    assert "14:20–15:05" in text
    assert "14:25–15:10" in text
    told = page[page.index("Who will be told") :]
    assert "Speaker of Gate" in told
    assert re.search(r"Speaker of Pump: no address", told)
    figures = re.findall(r"<dd[^>]*>(\d+)</dd>", told)
    assert figures[:2] == ["1", "1"]


async def test_any_two_releases_are_compared(client: httpx.AsyncClient) -> None:
    conference, schedule = await released(client)
    await draft.write(conference, moved(schedule, 0, 5), expected=1)
    await releases.publish(conference, by=None, now=NOW)
    page = await client.get("/c/trial/releases/compare?before=1&after=2", headers=HTML)
    assert ("Gate" in page.text, "Pump" in page.text) == (True, False)
    back = await client.get("/c/trial/releases/compare?before=2&after=1", headers=HTML)
    assert "14:20–15:05" in words(back.text)
    same = await client.get("/c/trial/releases/compare?before=2", headers=HTML)
    assert "They are the same." in same.text
    assert (await client.get("/c/trial/releases/compare?before=9")).status_code == 404


async def test_rolling_back_makes_an_old_release_the_draft_and_the_next_release(
    client: httpx.AsyncClient,
) -> None:
    conference, schedule = await released(client)
    fewer = replace(schedule, sessions=schedule.sessions[:2], slots=schedule.slots[:2])
    await draft.write(conference, moved(fewer, 0, 5), expected=1)
    await releases.publish(conference, by=None, now=NOW)
    stale = await client.post(
        "/c/trial/releases/1/rollback", data={"version": "1"}, headers=same_origin()
    )
    assert stale.status_code == 409
    only_draft = await client.post(
        "/c/trial/releases/1/rollback", data={"version": "2"}, headers=same_origin()
    )
    assert only_draft.status_code == 303
    assert in_order((await draft.read(conference)).schedule) == in_order(schedule)
    latest = await releases.latest(conference)
    assert latest is not None
    assert latest.number == 2
    await client.post(
        "/c/trial/releases/1/rollback",
        data={"version": "3", "publish": "1"},
        headers=same_origin(),
    )
    latest = await releases.latest(conference)
    assert latest is not None
    assert (latest.number, in_order(latest.schedule), latest.release.comment) == (
        3,
        in_order(schedule),
        "Back to release 1",
    )


async def test_the_preview_shows_the_draft_to_organizers_only(client: httpx.AsyncClient) -> None:
    conference, schedule = await released(client)
    renamed = replace(schedule.sessions[0], title="Gatekeepers")
    await draft.write(
        conference, replace(schedule, sessions=(renamed, *schedule.sessions[1:])), expected=1
    )
    page = await client.get("/c/trial/releases/preview/agenda?day=2027-05-12", headers=HTML)
    assert "Gatekeepers" in page.text
    assert "A preview of the draft" in page.text
    sheet = re.search(r'href="(/c/trial/releases/preview/agenda\.css[^"]*)"', page.text)
    assert sheet is not None
    assert ".d20270512" in (await client.get(sheet[1])).text
    public = await client.get("/c/trial/agenda?day=2027-05-12", headers=HTML)
    assert "Gatekeepers" not in public.text


async def test_the_log_and_the_feed_tell_every_release(client: httpx.AsyncClient) -> None:
    conference, schedule = await released(client)
    await draft.write(conference, moved(schedule, 0, 5), expected=1)
    await releases.publish(conference, by=None, comment="The tide <came> early", now=NOW)
    client.cookies.clear()
    page = await client.get("/c/trial/changes", headers=HTML)
    assert "The tide &lt;came&gt; early" in page.text
    assert page.text.index("Release 2") < page.text.index("Release 1: Early")
    answer = await client.get("/c/trial/changes.atom")
    assert answer.headers["content-type"].startswith("application/atom+xml")
    space = {"a": "http://www.w3.org/2005/Atom"}
    feed = ElementTree.fromstring(answer.content)
    titles = [entry.findtext("a:title", "", space) for entry in feed.findall("a:entry", space)]
    assert titles == ["Release 2", "Release 1: Early"]
    body = feed.findtext("a:entry/a:content", "", space)
    assert "moved: <a" in body
    assert "The tide &lt;came&gt; early" in body
    again = await client.get(
        "/c/trial/changes.atom", headers={"if-none-match": answer.headers["etag"]}
    )
    assert again.status_code == 304
