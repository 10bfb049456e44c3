"""Edits of a draft: stored once, merged, refused where two meet, taken back by whoever made them."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from agenda.edits import Lock, Move, Place, SlotBegun, SlotChanged, Spot, Unschedule, spot
from agenda.model import RoomId, Schedule, SlotId
from agenda.solver.wire import load_request
from app.accounts import sessions
from app.clock import now
from app.editor import solver_job, solving, steps, store
from app.editor.facts import Facts, FactsChanged, FactsRefused, RowChange, changed, created
from app.editor.store import Applied, Wish
from app.editor.undo import EDIT, REDO, UNDO, Done, Stacks, stacks
from app.jobs.runner import Task
from app.live_tables import LiveEvent
from app.programme import draft
from app.settings import Settings
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
BEFORE = NOW - timedelta(days=9)


async def house(slug: str = "trial") -> tuple[UUID, Schedule, UUID, UUID]:
    """A conference with a draft, and its two organizers."""
    conference = await make_conference(slug)
    schedule = make_schedule(*ACTS)
    await draft.write(conference.id, schedule, expected=0)
    olga = await make_person(f"owner@{slug}.example.org", "Olga Owner")
    return conference.id, schedule, olga, await member(conference, "owner", "anselm@example.org")


def later(schedule: Schedule, at: int, minutes: int) -> Move:
    slot = schedule.slots[at]
    start = slot.start + timedelta(minutes=minutes)
    return Move(slot=slot.id, was=spot(slot), to=replace(spot(slot), start=start))


async def do(
    conference: UUID, author: UUID, *wishes: Wish | Any, now: datetime = BEFORE
) -> Applied:
    made = [
        one if isinstance(one, Wish) else Wish(id=uuid4(), step=steps.of(one)) for one in wishes
    ]
    return await store.apply(conference, made, author=author, name="Somebody", now=now)


def undo() -> Wish:
    return Wish(id=uuid4(), kind=UNDO)


def redo() -> Wish:
    return Wish(id=uuid4(), kind=REDO)


async def starts(conference: UUID, schedule: Schedule) -> list[int]:
    """How many minutes each slot is from where it was in `schedule`."""
    held = {slot.id: slot for slot in (await draft.read(conference)).schedule.slots}
    return [int((held[s.id].start - s.start).total_seconds() // 60) for s in schedule.slots]


async def test_an_edit_is_stored_once_however_often_it_is_sent(database: str) -> None:
    conference, schedule, olga, _ = await house()
    wish = Wish(id=uuid4(), step=steps.of(later(schedule, 0, 5)))
    first = await do(conference, olga, wish)
    again = await do(conference, olga, wish)
    assert [first.outcomes[0].number, again.outcomes[0].number] == [2, 2]
    assert again.patch is None
    assert await starts(conference, schedule) == [5, 0, 0]
    assert (await draft.read(conference)).version == 2


async def test_two_people_never_lose_an_edit(database: str) -> None:
    conference, schedule, olga, anselm = await house()
    await asyncio.gather(
        do(conference, olga, later(schedule, 0, 5), later(schedule, 1, 10)),
        do(conference, anselm, later(schedule, 2, 15)),
    )
    assert await starts(conference, schedule) == [5, 10, 15]


async def test_who_is_second_at_the_same_slot_is_told_and_the_first_edit_stays(
    database: str,
) -> None:
    conference, schedule, olga, anselm = await house()
    await do(conference, olga, later(schedule, 0, 5))
    done = await do(conference, anselm, later(schedule, 0, 30), later(schedule, 1, 10))
    refused, other = done.outcomes
    assert isinstance(refused.refused, SlotChanged)
    assert refused.refused.slot == schedule.slots[0].id
    assert other.refused is None
    assert await starts(conference, schedule) == [5, 10, 0]


async def test_each_takes_back_their_own_and_does_it_again(database: str) -> None:
    conference, schedule, olga, anselm = await house()
    await do(conference, olga, later(schedule, 0, 5))
    await do(conference, anselm, later(schedule, 1, 10))
    done = await do(conference, olga, undo())
    assert await starts(conference, schedule) == [0, 10, 0]
    assert (len(done.stacks.undo), len(done.stacks.redo)) == (0, 1)
    await do(conference, olga, redo())
    assert await starts(conference, schedule) == [5, 10, 0]
    nothing = await do(conference, olga, redo())
    assert nothing.outcomes[0].number is None
    # In one breath: an edit and its undo.
    await do(conference, anselm, later(schedule, 2, 5), undo(), undo())
    assert await starts(conference, schedule) == [5, 0, 0]


async def test_taking_back_what_somebody_else_moved_since_is_refused(database: str) -> None:
    conference, schedule, olga, anselm = await house()
    await do(conference, olga, later(schedule, 0, 5))
    moved = replace(schedule.slots[0], start=schedule.slots[0].start + timedelta(minutes=5))
    on = Move(slot=moved.id, was=spot(moved), to=replace(spot(moved), duration=timedelta(hours=1)))
    await do(conference, anselm, on)
    done = await do(conference, olga, undo())
    assert isinstance(done.outcomes[0].refused, SlotChanged)
    assert await starts(conference, schedule) == [5, 0, 0]


async def test_history_and_locks_stay(database: str) -> None:
    conference, schedule, olga, _ = await house()
    running = NOW + timedelta(minutes=50)
    begun = await do(conference, olga, later(schedule, 0, 5), now=running)
    assert isinstance(begun.outcomes[0].refused, SlotBegun)
    await do(conference, olga, Lock(slot=schedule.slots[1].id))
    held = await do(conference, olga, later(schedule, 1, 5))
    assert held.outcomes[0].refused is not None
    assert await starts(conference, schedule) == [0, 0, 0]
    # A lock outlives an import that brings the same slot again.
    version = (await draft.read(conference)).version
    await draft.write(conference, schedule, expected=version)
    assert (await store.present(conference)).locked == {schedule.slots[1].id}


async def test_taking_out_placing_and_its_findings(database: str) -> None:
    conference, schedule, olga, _ = await house()
    slot = schedule.slots[0]
    out = await do(conference, olga, Unschedule(slot=slot.id, session=slot.session, was=spot(slot)))
    assert out.patch is not None
    assert out.patch["gone"] == [slot.id]
    assert [one["code"] for one in out.patch["findings"]["new"]] == ["unplaced"]
    at = Spot(room=schedule.rooms[1].id, start=slot.start, duration=slot.duration)
    back = await do(conference, olga, Place(slot=SlotId(str(uuid4())), session=slot.session, at=at))
    assert back.patch is not None
    codes = [one["code"] for one in back.patch["findings"]["new"]]
    assert "room_overlap" in codes
    assert len(back.patch["findings"]["gone"]) == 1


async def test_facts_merge_by_field_and_can_be_taken_back(database: str) -> None:
    conference, schedule, olga, anselm = await house()
    session = schedule.sessions[0]

    def retitled(was: str, to: str) -> Facts:
        row = RowChange(table="sessions", id=session.id, was={"title": was}, to={"title": to})
        return Facts(rows=(row,))

    def state(to: str | None) -> Facts:
        row = RowChange(table="sessions", id=session.id, was={"state": None}, to={"state": to})
        return Facts(rows=(row,))

    await do(conference, olga, retitled("Gate", "The gate"))
    await do(conference, anselm, state("accepted"))
    second = await do(conference, anselm, retitled("Gate", "A gate"))
    assert isinstance(second.outcomes[0].refused, FactsChanged)
    await do(conference, olga, undo())
    held = (await draft.read(conference)).schedule.sessions[0]
    assert (held.title, str(held.state)) == ("Gate", "accepted")


async def test_a_room_with_sessions_is_not_taken_away(database: str) -> None:
    conference, schedule, olga, _ = await house()
    room = schedule.rooms[0]
    gone = RowChange(table="rooms", id=room.id, was={"name": "Hall"}, to=None)
    done = await do(conference, olga, Facts(rows=(gone,)))
    assert isinstance(done.outcomes[0].refused, FactsRefused)
    key = str(uuid4())
    made = await do(
        conference, olga, Facts(rows=(created("rooms", key, {"id": key, "name": "Quay"}),))
    )
    assert made.outcomes[0].refused is None
    slugs = [room.name for room in (await draft.read(conference)).schedule.rooms]
    assert slugs == ["Hall", "Quay", "Quay"]


async def test_a_blocked_time_is_found_and_forgotten_with_undo(database: str) -> None:
    conference, schedule, olga, _ = await house()
    key = str(uuid4())
    block = {
        "kind": "room",
        "subject": schedule.rooms[0].id,
        "start": NOW.isoformat(),
        "end": (NOW + timedelta(minutes=30)).isoformat(),
    }
    done = await do(conference, olga, Facts(rows=(created("blockers", key, block),)))
    assert done.patch is not None
    assert [one["code"] for one in done.patch["findings"]["new"]] == ["room_closed"]
    back = await do(conference, olga, undo())
    assert back.patch is not None
    assert len(back.patch["findings"]["gone"]) == 1
    backwards = {**block, "end": (NOW - timedelta(minutes=1)).isoformat()}
    no = await do(conference, olga, Facts(rows=(created("blockers", key, backwards),)))
    assert isinstance(no.outcomes[0].refused, FactsRefused)


async def test_another_process_catches_up_by_the_edits(database: str) -> None:
    conference, schedule, olga, _ = await house()
    stale = await store.present(conference)
    await do(conference, olga, later(schedule, 0, 5), later(schedule, 1, 5))
    fresh = await store.present(conference)
    store._desks[conference] = stale
    caught = await store.present(conference)
    assert caught.schedule == fresh.schedule
    assert caught.examination.findings() == fresh.examination.findings()
    assert caught.version == 3


async def test_what_another_process_stored_is_taken_back_first(database: str) -> None:
    conference, schedule, olga, _ = await house()
    await do(conference, olga, later(schedule, 0, 5))
    stale = dict(store._histories)
    await do(conference, olga, later(schedule, 1, 10))
    store._histories.update(stale)
    done = await do(conference, olga, undo())
    assert await starts(conference, schedule) == [5, 0, 0]
    assert (len(done.stacks.undo), len(done.stacks.redo)) == (1, 1)
    # And what is held in memory says the same as what is stored.
    assert done.stacks == await store.stacks_of(conference, olga)


def test_stacks_of_undo_and_redo() -> None:
    one, two, three = uuid4(), uuid4(), uuid4()
    done = [Done(id=one, kind=EDIT), Done(id=two, kind=EDIT)]
    assert stacks(done) == Stacks(undo=(one, two))
    done.append(Done(id=uuid4(), kind=UNDO, of=two))
    assert stacks(done) == Stacks(undo=(one,), redo=(two,))
    done.append(Done(id=uuid4(), kind=REDO, of=two))
    assert stacks(done) == Stacks(undo=(one, two))
    done += [Done(id=uuid4(), kind=UNDO, of=two), Done(id=three, kind=EDIT)]
    assert stacks(done) == Stacks(undo=(one, three))


@pytest.mark.parametrize(
    "step",
    [
        steps.of(Lock(slot=SlotId("a"))),
        steps.of(Facts(rows=(created("rooms", "x", {"id": "x"}),)), Lock(slot=SlotId("a"))),
        steps.of(
            Place(
                slot=SlotId("a"),
                session=make_schedule(*ACTS).sessions[0].id,
                at=Spot(room=RoomId("r"), start=NOW, duration=timedelta(minutes=5)),
            )
        ),
    ],
)
def test_a_step_is_the_same_after_its_way_through_the_record(step: steps.Step) -> None:
    assert steps.load(json.loads(json.dumps(steps.dump(step)))) == step
    assert step.inverse.inverse == step


def test_a_change_names_only_the_fields_that_differ() -> None:
    row = changed("rooms", "x", {"name": "A", "capacity": 5}, {"name": "B", "capacity": 5})
    assert row == RowChange(table="rooms", id="x", was={"name": "A"}, to={"name": "B"})
    assert changed("rooms", "x", {"name": "A"}, {"name": "A", "capacity": None}) is None


async def test_the_page_holds_the_draft_and_edits_answer_with_findings(
    client: httpx.AsyncClient,
) -> None:
    conference = await make_conference()
    await sign_in(client, await member(conference, "owner"), now=now())
    schedule = make_schedule(*ACTS)
    await draft.write(conference.id, schedule, expected=0)
    page = await client.get("/c/trial/editor", headers={"accept": "text/html"})
    assert page.status_code == 200
    text = page.text.split('id="editor-state">', 1)[1].split("</template>", 1)[0]
    state = json.loads(text)
    assert [one["title"] for one in state["sessions"]] == ["Gate", "Salt", "Pump"]
    slot = schedule.slots[2]
    into_gate = Move(
        slot=slot.id, was=spot(slot), to=replace(spot(slot), room=schedule.rooms[0].id)
    )
    answer = await client.post(
        "/c/trial/editor/edits",
        json={
            "wishes": [
                {"id": str(uuid4()), "edit": steps.dump(steps.of(into_gate))},
                {"id": str(uuid4()), "edit": {"kind": "nonsense"}},
            ]
        },
        headers=same_origin(),
    )
    told = answer.json()
    assert answer.status_code == 200
    by_ok = {one["ok"]: one for one in told["results"]}
    assert by_ok[True]["number"] == 2
    assert by_ok[False]["code"] == "malformed"
    assert [one["code"] for one in told["patch"]["findings"]["new"]] == ["room_overlap"]
    assert (told["undo"], told["redo"]) == (1, 0)
    bad = await client.post("/c/trial/editor/edits", content=b"x", headers=same_origin())
    assert bad.status_code == 400


async def test_edits_are_told_to_organizers_and_to_nobody_else(
    settings: Settings, client: httpx.AsyncClient, application: Any
) -> None:
    conference = await make_conference()
    schedule = make_schedule(*ACTS)
    await draft.write(conference.id, schedule, expected=0)
    owner = await member(conference, "owner")
    attendee = await member(conference, "attendee")
    await do(conference.id, owner, later(schedule, 0, 5))
    row = await LiveEvent.select().where(LiveEvent.topic == "draft").first()
    assert row is not None
    assert row["audience"] == "owner"
    heard = {
        name: await _stream(application, token)
        for name, token in (
            ("nobody", ""),
            ("attendee", await sessions.open_session(attendee, now=now())),
            ("owner", await sessions.open_session(owner, now=now())),
        )
    }
    assert ("event: draft" in heard["owner"]) is True
    assert "event: draft" not in heard["attendee"] + heard["nobody"]


async def _stream(application: Any, token: str) -> str:
    """What a page that resumes after event 0 is sent at once."""
    body = b""
    sent = asyncio.Event()

    async def receive() -> dict[str, Any]:
        await sent.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        nonlocal body
        body += message.get("body", b"")
        if b"retry" in body:
            sent.set()

    headers = [(b"host", b"testserver.local")]
    if token:
        headers.append((b"cookie", f"{sessions.COOKIE}={token}".encode()))
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/live",
        "raw_path": b"/live",
        "query_string": b"c=trial&after=0",
        "headers": headers,
        "scheme": "http",
        "server": ("testserver.local", 80),
        "client": ("127.0.0.1", 1),
        "http_version": "1.1",
        "root_path": "",
        "app": application,
    }
    await asyncio.wait_for(application(scope, receive, send), 5)
    return body.decode()


async def test_organizers_see_who_else_is_here(client: httpx.AsyncClient) -> None:
    conference = await make_conference()
    olga = await make_person("owner@trial.example.org", "Olga Owner")
    anselm = await member(conference, "owner", "anselm@example.org")
    await sign_in(client, olga, now=now())
    url, headers = "/c/trial/editor/here", same_origin()
    assert (await client.post(url, json={"day": ""}, headers=headers)).json()["others"] == []
    await sign_in(client, anselm, now=now())
    seen = (await client.post(url, json={"day": "2027-05-13"}, headers=headers)).json()
    assert [one["name"] for one in seen["others"]] == ["Olga Owner"]
    await sign_in(client, olga, now=now())
    seen = (await client.post(url, json={"day": ""}, headers=headers)).json()
    assert [(one["name"], one["day"]) for one in seen["others"]] == [("Owner", "2027-05-13")]
    await client.post(url, json={"leaving": True}, headers=headers)
    await sign_in(client, anselm, now=now())
    assert (await client.post(url, json={"day": ""}, headers=headers)).json()["others"] == []


async def test_the_solver_runs_as_a_job_and_its_edits_can_be_taken(
    settings: Settings, database: str
) -> None:
    conference, schedule, olga, _ = await house()
    slot = schedule.slots[2]
    at = replace(spot(slot), room=schedule.rooms[0].id)
    await do(conference, olga, Move(slot=slot.id, was=spot(slot), to=at))
    task = Task(
        job=uuid4(),
        attempt=0,
        conference=conference,
        asked_by=olga,
        arguments={"mode": "repair", "seconds": 5, "only": None},
        settings=settings,
    )
    made = await solver_job.solve(task)
    found = json.loads((settings.files / made.file).read_text())
    assert (found["hard_before"] > 0, found["hard"]) == (True, 0)
    assert found["version"] == 2
    step = steps.load({"kind": "together", "edits": found["edits"]})
    done = await do(conference, olga, Wish(id=uuid4(), step=step))
    assert done.outcomes[0].refused is None
    assert not any(f.severity == "must" for f in done.desk.examination.findings())
    row = await LiveEvent.select().where(LiveEvent.topic == "solver").first()
    assert row is not None
    assert row["audience"] == "owner"


async def test_weights_change_what_the_solver_is_asked(database: str) -> None:
    conference, _, olga, _ = await house()
    planning = RowChange(
        table="planning",
        id="planning",
        was={"weights": None, "changeover": None},
        to={"weights": {"Missing seats": 30}, "changeover": 10},
    )
    await do(conference, olga, Facts(rows=(planning,)))
    store._desks.clear()
    desk = await store.present(conference)
    asked = json.loads(solving.request(desk, solving.Wish(), now=BEFORE))
    assert asked["frame"]["weights"] == {"Missing seats": 30}
    assert asked["rules"]["changeover"] == 600
    bad = replace(planning, was=planning.to, to={"weights": {"x": -1}, "changeover": 10})
    refused = await do(conference, olga, Facts(rows=(bad,)))
    assert isinstance(refused.outcomes[0].refused, FactsRefused)
    assert load_request(json.dumps(asked)).frame.weights == {"Missing seats": 30}
