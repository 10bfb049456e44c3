"""The producer's hand on one slot: orders, policies, and changes that are shown before they are done."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
from redis.asyncio import Redis

from agenda.doors import DoorPolicies, Phase
from agenda.model import Schedule, SessionState
from app.clock import now
from app.conferences.tables import Conference
from app.editor import steps
from app.editor import store as editor
from app.editor.facts import Facts, created
from app.editor.store import Wish
from app.programme import draft, releases
from app.programme import tables as t
from app.stages import store
from app.stages.tables import PhaseChange
from tests.app.builders import make_conference, make_schedule, member, same_origin, sign_in
from tests.app.test_stagehand import FakeNode, hand

SLOTS = (("Hall", "First", 30, 30), ("Hall", "Second", 60, 30), ("Attic", "Beside", 30, 45))


def soon(schedule: Schedule) -> Schedule:
    """The same around the present instant."""
    begins = min(slot.start for slot in schedule.slots)
    to = now().replace(second=0, microsecond=0) + timedelta(minutes=20)
    return replace(
        schedule,
        slots=tuple(replace(slot, start=to + (slot.start - begins)) for slot in schedule.slots),
    )


async def opened(client: httpx.AsyncClient) -> tuple[Conference, Schedule]:
    conference = await make_conference()
    schedule = soon(make_schedule(*SLOTS))
    await draft.write(conference.id, schedule, expected=0)
    await releases.publish(conference.id, by=None, now=now() - timedelta(hours=1))
    await sign_in(client, await member(conference, "producer"), now=now())
    return conference, schedule


async def post(client: httpx.AsyncClient, path: str, **data: str) -> httpx.Response:
    return await client.post(f"/c/trial/desk/{path}", data=data, headers=same_origin())


async def released(conference: Conference) -> Schedule:
    latest = await releases.latest(conference.id)
    assert latest is not None
    return latest.schedule


async def test_a_delay_is_shown_with_its_ripple_and_then_released(
    client: httpx.AsyncClient,
) -> None:
    conference, schedule = await opened(client)
    first, second, beside = schedule.slots
    shown = await post(client, f"{first.id}/preview", what="delay", minutes="10")
    assert shown.status_code == 200
    assert len(re.findall(r"<tr><td>(First|Second)</td>", shown.text)) == 2
    assert "Beside" not in shown.text
    assert set((await released(conference)).slots) == set(schedule.slots)
    done = await post(client, f"{first.id}/amend", what="delay", minutes="10", release="1")
    assert done.status_code == 303
    after = {slot.id: slot for slot in (await released(conference)).slots}
    ten = timedelta(minutes=10)
    assert after[first.id].start == first.start + ten
    assert after[second.id].start == second.start + ten
    assert after[beside.id] == beside
    present = await draft.read(conference.id)
    assert {slot.id: slot for slot in present.schedule.slots} == after
    assert present.version == 2
    desk = await client.get("/c/trial/desk")
    assert f"/c/trial/desk/{first.id}" in desk.text


async def test_the_draft_keeps_what_somebody_has_worked_on(client: httpx.AsyncClient) -> None:
    conference, schedule = await opened(client)
    first, second, _ = schedule.slots
    moved = second.start + timedelta(hours=3)
    await t.Slot.update({t.Slot.start: moved}).where(t.Slot.id == UUID(second.id))
    await post(client, f"{first.id}/amend", what="delay", minutes="10", release="1")
    in_draft = {slot.id: slot.start for slot in (await draft.read(conference.id)).schedule.slots}
    assert in_draft[second.id] == moved
    assert in_draft[first.id] == first.start + timedelta(minutes=10)


async def test_new_conflicts_stand_before_the_button(client: httpx.AsyncClient) -> None:
    conference = await make_conference()
    made = soon(make_schedule(*SLOTS))
    both = made.sessions[0].speakers
    sessions = (made.sessions[0], made.sessions[1], replace(made.sessions[2], speakers=both))
    clash = made.slots[0].start + timedelta(minutes=40)
    slots = (*made.slots[:2], replace(made.slots[2], start=clash))
    await draft.write(conference.id, replace(made, sessions=sessions, slots=slots), expected=0)
    await releases.publish(conference.id, by=None, now=now())
    await sign_in(client, await member(conference, "producer"), now=now())
    shown = await post(client, f"{made.slots[0].id}/preview", what="delay", minutes="15")
    assert "speaks in “First” and in “Beside”" in shown.text


async def test_the_editor_s_rules_are_asked_before_a_delay(client: httpx.AsyncClient) -> None:
    conference, schedule = await opened(client)
    first, second, _ = schedule.slots
    closed = {
        "kind": "room",
        "subject": first.room,
        "start": second.end.isoformat(),
        "end": (second.end + timedelta(hours=1)).isoformat(),
    }
    facts = Facts(rows=(created("blockers", str(uuid4()), closed),))
    wish = Wish(id=uuid4(), step=steps.of(facts))
    olga = await member(conference, "owner")
    await editor.apply(conference.id, [wish], author=olga, name="Olga", now=now())
    shown = await post(client, f"{first.id}/preview", what="delay", minutes="10")
    assert "“Second” is in Hall at" in shown.text
    assert "when it cannot be used" in shown.text


async def test_a_room_is_changed_with_what_is_there(client: httpx.AsyncClient) -> None:
    conference, schedule = await opened(client)
    first, _, beside = schedule.slots
    shown = await post(client, f"{first.id}/preview", what="room", room=beside.room)
    assert "Move “First” to Attic" in shown.text
    await post(client, f"{first.id}/amend", what="room", room=beside.room, release="1")
    after = {slot.id: slot.room for slot in (await released(conference)).slots}
    assert (after[first.id], after[beside.id]) == (beside.room, first.room)


async def test_a_cancelled_session_opens_nothing_and_says_so(
    client: httpx.AsyncClient, redis_url: str
) -> None:
    conference, schedule = await opened(client)
    first = schedule.slots[0]
    assert (await post(client, f"{first.id}/preview", what="cancel")).status_code == 200
    await post(client, f"{first.id}/amend", what="cancel", release="1")
    after = await released(conference)
    assert after.sessions[0].state is SessionState.CANCELLED
    assert (await draft.read(conference.id)).schedule.sessions[0].state is SessionState.CANCELLED
    async with Redis.from_url(redis_url) as redis:
        one = hand(FakeNode(), redis)
        await one.tick(now() + timedelta(minutes=45))
    reached, _ = await store.phases(conference.id)
    assert reached[first.id] is Phase.CANCELLED
    assert reached[schedule.slots[2].id] is Phase.LIVE


async def test_what_another_release_has_overtaken_is_not_done(client: httpx.AsyncClient) -> None:
    conference, schedule = await opened(client)
    await releases.publish(conference.id, by=None, now=now())
    done = await post(
        client, f"{schedule.slots[0].id}/amend", what="delay", minutes="10", release="1"
    )
    assert done.status_code == 409
    assert "Look again" in done.text
    assert set((await released(conference)).slots) == set(schedule.slots)


async def test_nonsense_is_refused_in_words(client: httpx.AsyncClient) -> None:
    conference, schedule = await opened(client)
    slot = schedule.slots[0]
    for data, words in (
        ({"what": "delay", "minutes": "soon"}, "whole number of minutes"),
        ({"what": "delay", "minutes": "999"}, "between 1 and 240"),
        ({"what": "room", "room": slot.room}, "in that room already"),
        ({"what": "room", "room": "moon"}, "no such room"),
        ({"what": "dance"}, "Choose a delay"),
    ):
        shown = await post(client, f"{slot.id}/preview", **data)
        assert shown.status_code == 422
        assert words in shown.text
    unknown = await post(client, f"{UUID(int=7)}/preview", what="cancel")
    assert unknown.status_code == 404
    await PhaseChange(
        id=UUID(int=1),
        conference=conference.id,
        slot=UUID(slot.id),
        room=UUID(slot.room),
        phase="live",
        due=now(),
        at=now(),
    ).save()
    late = await post(client, f"{slot.id}/preview", what="delay", minutes="5")
    assert "It is on air or over" in late.text


async def test_every_order_is_offered_and_done_once(
    client: httpx.AsyncClient, redis_url: str
) -> None:
    conference, schedule = await opened(client)
    slot = schedule.slots[0]
    shown = (await client.get(f"/c/trial/desk/{slot.id}")).text
    kinds = ("live", "open_green_room", "open_doors", "hold", "end", "auto", "extend")
    for kind in kinds:
        assert f"/c/trial/desk/{slot.id}/{kind}?back=slot" in shown
    for kind, phase in (
        ("open_green_room", "green_room"),
        ("open_doors", "doors"),
        ("live", "live"),
    ):
        done = await post(client, f"{slot.id}/{kind}?back=slot")
        assert done.headers["location"] == f"/c/trial/desk/{slot.id}"
        async with Redis.from_url(redis_url) as redis:
            await hand(FakeNode(), redis).tick(now())
        reached, _ = await store.phases(conference.id)
        assert str(reached[slot.id]) == phase
    shown = (await client.get(f"/c/trial/desk/{slot.id}")).text
    assert "preview" not in shown
    assert "doors opened by hand" in shown


async def test_a_slot_may_have_its_own_policy_and_go_back_to_its_rooms(
    client: httpx.AsyncClient,
) -> None:
    conference, schedule = await opened(client)
    slot = schedule.slots[0]
    await post(client, f"{slot.id}/policy", green_room_lead="45", doors_lead="5", auto_live="no")
    policies = await _policies(conference)
    own = policies.of(slot)
    assert (own.green_room_lead, own.doors_lead) == (timedelta(minutes=45), timedelta(minutes=5))
    assert not own.auto_live
    await post(client, f"{slot.id}/auto?back=slot")
    assert (await _policies(conference)).of(slot).auto_live
    await post(client, f"{slot.id}/policy", reset="1")
    assert (await _policies(conference)).slots == {}
    for wrong, words in (
        ({"green_room_lead": "5", "doors_lead": "30"}, "before the doors"),
        ({"overrun": "-3"}, "whole numbers of minutes"),
    ):
        refused = await post(client, f"{slot.id}/policy", **wrong)
        assert refused.status_code == 422
        assert words in refused.text


async def test_the_conference_and_a_room_have_policies(client: httpx.AsyncClient) -> None:
    conference, schedule = await opened(client)
    slot = schedule.slots[0]
    await post(client, "policies", doors_lead="3", auto_live="yes")
    await post(client, "policies", room=slot.room, auto_live="no", doors_lead="7")
    policies = await _policies(conference)
    assert policies.conference.doors_lead == timedelta(minutes=3)
    assert policies.of(slot).doors_lead == timedelta(minutes=7)
    assert not policies.of(slot).auto_live
    assert policies.of(schedule.slots[2]).auto_live
    shown = (await client.get("/c/trial/desk/policies")).text
    assert "its own" in shown
    await post(client, "policies", room=slot.room, reset="1")
    assert (await _policies(conference)).rooms == {}
    assert (await post(client, "policies", room="moon")).status_code == 404


async def _policies(conference: Conference) -> DoorPolicies:
    row = await Conference.select(Conference.doors).where(Conference.id == conference.id).first()
    assert row is not None
    return store.policies_of(row)
