"""The lobby, ratings, notes and what one missed."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import httpx

from agenda.doors import Change, Phase
from agenda.model import Slot
from app.afterwards import store as afterwards
from app.clock import now
from app.conferences.tables import Conference
from app.live_tables import LiveEvent
from app.lobby.tables import Guest
from app.programme import draft, releases, stars
from app.stages import store as stages
from app.stages.tables import Presence
from tests.app.builders import NOW, make_conference, make_schedule, member, same_origin, sign_in


async def released(*acts: tuple[str, str, int, int]) -> tuple[Conference, dict[str, Slot]]:
    """A conference with these slots (room, title, minutes from now, minutes long); slots by title."""
    conference = await make_conference()
    shift = round((now() - NOW).total_seconds() / 60)
    schedule = make_schedule(*((room, title, at + shift, long) for room, title, at, long in acts))
    await draft.write(conference.id, schedule, expected=0)
    await releases.publish(conference.id, by=None, now=now())
    titles = {session.id: session.title for session in schedule.sessions}
    return conference, {titles[slot.session]: slot for slot in schedule.slots}


async def reach(conference: Conference, slot: Slot, *phases: Phase) -> None:
    changes = [Change(slot=slot.id, room=slot.room, phase=p, due=now()) for p in phases]
    await stages.record(conference.id, changes, since=now(), now=now())


async def test_the_lobby_says_what_is_on_and_what_comes(client: httpx.AsyncClient) -> None:
    conference, slots = await released(
        ("Hall", "Gates", -10, 60), ("Lock", "Oysters", 30, 30), ("Hall", "Later", 90, 30)
    )
    await reach(conference, slots["Gates"], Phase.DOORS, Phase.LIVE)
    strangers = await client.get("/c/trial/lobby")
    assert strangers.status_code == 200
    assert "Sign in to enter the rooms" in strangers.text
    on, following = strangers.text.split("<h2>Next</h2>")
    assert "Gates" in on
    # A picture of the stage is for those who may watch it.
    assert "data-still" not in strangers.text
    assert "Oysters" in following
    person = await member(conference, "attendee")
    await stars.put(conference.id, person, UUID(slots["Oysters"].session), starred=True, now=now())
    await sign_in(client, person, now=now())
    mine = (await client.get("/c/trial/lobby")).text
    assert mine.index("Your next") < mine.index("Oysters", mine.index("Your next"))
    assert mine.count("data-still=") == 1
    assert f"/{slots['Gates'].room}/still.jpg" in mine
    part = await client.get("/c/trial/lobby", headers={"hx-request": "true"})
    assert part.text.lstrip().startswith('<div id="lobby"')


async def test_the_lobby_before_a_release_and_after_the_end(client: httpx.AsyncClient) -> None:
    await make_conference()
    assert (await client.get("/c/trial/lobby")).status_code == 200


async def test_organizers_announce_to_every_open_page(client: httpx.AsyncClient) -> None:
    conference, _ = await released(("Hall", "Gates", -10, 60))
    owner, guest = await member(conference, "owner"), await member(conference, "attendee")
    await sign_in(client, guest, now=now())
    form = {"text": "Lunch is <b>longer</b>", "link": "/c/trial/agenda", "minutes": "30"}
    refused = await client.post("/c/trial/announcements", data=form, headers=same_origin())
    assert refused.status_code == 403
    await sign_in(client, owner, now=now())
    bad = await client.post(
        "/c/trial/announcements", data={**form, "link": "javascript:x"}, headers=same_origin()
    )
    assert bad.status_code == 422
    kept = await client.post("/c/trial/announcements", data=form, headers=same_origin())
    assert kept.status_code == 303
    assert "Lunch is &lt;b&gt;longer&lt;/b&gt;" in (await client.get("/c/trial/lobby")).text
    topics = {row["topic"] for row in await LiveEvent.select(LiveEvent.topic)}
    assert {"lobby", "notice"} <= topics


async def test_only_who_agreed_is_seen_and_only_while_here(client: httpx.AsyncClient) -> None:
    conference, _ = await released(("Hall", "Gates", -10, 60))
    iris = await member(conference, "attendee", "iris@example.org")
    bart = await member(conference, "sponsor", "bart@example.org")
    for person in (iris, bart):
        await sign_in(client, person, now=now())
        await client.get("/c/trial/lobby")
    assert await Guest.count() == 0, "nobody is seen before they agree"
    await sign_in(client, iris, now=now())
    form = {"shown": "yes", "line": "Tide gauges"}
    await client.post("/c/trial/lobby/here", data=form, headers=same_origin())
    await sign_in(client, bart, now=now())
    page = (await client.get("/c/trial/lobby")).text
    assert "Tide gauges" in page
    await Guest.update({Guest.seen_at: now() - timedelta(minutes=10)}, force=True)
    assert "Tide gauges" not in (await client.get("/c/trial/lobby")).text
    await sign_in(client, iris, now=now())
    assert "Tide gauges" in (await client.get("/c/trial/lobby")).text, "coming back counts"
    await client.post("/c/trial/lobby/here", data={"shown": "no"}, headers=same_origin())
    assert "You are seen here" not in (await client.get("/c/trial/lobby")).text


async def test_a_session_is_rated_once_by_each_and_not_before_it_began(
    client: httpx.AsyncClient,
) -> None:
    conference, slots = await released(("Hall", "Gates", -40, 30), ("Hall", "Later", 60, 30))
    gates, later = (slots[title].session for title in ("Gates", "Later"))
    for who, score in (("attendee", "2"), ("attendee", "5"), ("sponsor", "4")):
        await sign_in(client, await member(conference, who), now=now())
        answer = await client.post(
            f"/c/trial/sessions/{gates}/rating",
            data={"score": score, "words": "Fine"},
            headers=same_origin(),
        )
        assert answer.status_code == 303
    verdict = await afterwards.verdict(UUID(gates))
    assert verdict is not None
    assert (verdict.people, verdict.mean, verdict.counts) == (2, 4.5, (0, 0, 0, 1, 1))
    for session, score, status in ((later, "3", 409), (gates, "6", 422), (str(uuid4()), "3", 404)):
        answer = await client.post(
            f"/c/trial/sessions/{session}/rating", data={"score": score}, headers=same_origin()
        )
        assert answer.status_code == status


async def test_notes_are_one_s_own_and_missed_is_what_was_starred_and_not_seen(
    client: httpx.AsyncClient,
) -> None:
    conference, slots = await released(
        ("Hall", "Seen", -100, 30), ("Hall", "Missed", -50, 30), ("Lock", "Unstarred", -50, 30)
    )
    for slot in slots.values():
        await reach(conference, slot, Phase.LIVE, Phase.ENDED)
    iris, bart = await member(conference, "attendee"), await member(conference, "sponsor")
    for title in ("Seen", "Missed"):
        await stars.put(conference.id, iris, UUID(slots[title].session), starred=True, now=now())
    seen = slots["Seen"]
    # Four minutes in two tabs at once are four minutes.
    for number, (slot, minutes) in enumerate(
        ((seen, 6), (slots["Missed"], 4), (slots["Missed"], 4))
    ):
        await Presence(
            id=uuid4(),
            conference=conference.id,
            uid=str(number),
            subscriber=str(number),
            room=UUID(slot.room),
            person=str(iris),
            joined_at=slot.start,
            left_at=slot.start + timedelta(minutes=minutes),
        ).save()
    await sign_in(client, iris, now=now())
    made = await client.post(
        f"/c/trial/sessions/{seen.session}/notes",
        data={"text": "Forty-seven closings"},
        headers={**same_origin(), "accept": "application/json"},
    )
    note = made.json()["id"]
    page = (await client.get("/c/trial/notes")).text
    noted, missed = page.split("What I missed")
    assert "Forty-seven closings" in noted
    assert [title in missed for title in ("Seen", "Missed", "Unstarred")] == [False, True, False]
    await sign_in(client, bart, now=now())
    assert "Forty-seven" not in (await client.get("/c/trial/notes")).text
    theirs = await client.post(f"/c/trial/notes/{note}", data={"text": ""}, headers=same_origin())
    assert theirs.status_code == 404
    await sign_in(client, iris, now=now())
    await client.post(f"/c/trial/notes/{note}", data={"text": ""}, headers=same_origin())
    assert "Forty-seven" not in (await client.get("/c/trial/notes")).text


async def test_before_the_first_release_nothing_begins_soon(client: httpx.AsyncClient) -> None:
    conference = await make_conference()
    await sign_in(client, await member(conference, "attendee"), now=now())
    soon = await client.get("/c/trial/soon")
    assert (soon.status_code, soon.json()) == (200, [])
