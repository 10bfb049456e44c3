"""The tables: texts to edits and back, in one piece or not at all, from pages and from files."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx

from agenda.formats import csv_table
from agenda.model import Room, RoomId, SessionState
from app.clock import now
from app.editor import desk as desks
from app.editor import sheet, sheet_edits, steps
from app.editor.desk import Desk, Wanted
from app.editor.sheet import Wish
from app.programme import draft
from tests.app.builders import make_conference, make_schedule, member, same_origin, sign_in

ACTS = (("Hall", "Gate", 0, 45), ("Quay", "Pump", 0, 30))


def open_desk() -> Desk:
    return desks.open_desk(
        version=1,
        schedule=make_schedule(*ACTS),
        locked=frozenset(),
        blocked={},
        planning={},
        wanted=Wanted(),
    )


def after(desk: Desk, kind: str, *wishes: Wish, gone: tuple[str, ...] = ()) -> Desk:
    facts, troubles = sheet_edits.facts(desk, kind, wishes, gone)
    assert troubles == []
    assert facts is not None
    return desks.apply(desk, steps.of(facts), line=None)


def test_a_session_is_written_as_texts_and_read_again() -> None:
    desk = open_desk()
    gate = desk.schedule.sessions[0]
    found = after(
        desk,
        "sessions",
        Wish(
            id=gate.id,
            was={"title": "Gate"},
            to={
                "title": " The gate ",
                "speakers": "speaker of pump; Zoë Newcomer",
                "track": "Nature",
                "minutes": "1:30",
                "state": "accepted",
            },
        ),
    )
    held = found.schedule.sessions[0]
    names = {speaker.id: speaker.name for speaker in found.schedule.speakers}
    assert held.title == "The gate"
    assert [names[key] for key in held.speakers] == ["Speaker of Pump", "Zoë Newcomer"]
    assert [track.name for track in found.schedule.tracks] == ["Works", "Nature"]
    assert (held.duration, held.state) == (timedelta(minutes=90), SessionState.ACCEPTED)
    line = sheet.lines(found, "sessions")[0]
    assert (line.cells["minutes"], line.cells["placed"]) == ("90", "2027-05-12 14:20 Hall")


def test_the_same_text_is_no_edit() -> None:
    desk = open_desk()
    for kind in ("sessions", "speakers", "rooms", "tracks"):
        for line in sheet.lines(desk, kind):
            facts, troubles = sheet_edits.facts(desk, kind, [Wish(id=line.id, to=line.cells)])
            assert (facts, troubles) == (None, [])


def test_one_bad_cell_holds_up_all_and_is_named() -> None:
    desk = open_desk()
    one, two = desk.schedule.sessions
    wishes = [
        Wish(id=one.id, to={"title": "Fine"}),
        Wish(id=two.id, to={"minutes": "soon"}),
        Wish(id=None, to={"title": "New", "state": "perhaps"}),
    ]
    facts, troubles = sheet_edits.facts(desk, "sessions", wishes)
    assert facts is None
    assert [(t.row, t.column) for t in troubles] == [(1, "minutes"), (2, "state")]


def test_what_somebody_else_wrote_is_not_overwritten() -> None:
    desk = open_desk()
    room = desk.schedule.rooms[0]
    wish = Wish(id=room.id, was={"name": "Old hall"}, to={"name": "New hall"})
    facts, (trouble,) = sheet_edits.facts(desk, "rooms", [wish])
    assert facts is None
    assert trouble.present == "Hall"


def test_a_speaker_who_goes_leaves_the_sessions() -> None:
    desk = open_desk()
    speaker = desk.schedule.speakers[0]
    found = after(desk, "speakers", gone=(speaker.id,))
    assert [one.name for one in found.schedule.speakers] == ["Speaker of Pump"]
    assert found.schedule.sessions[0].speakers == ()


def test_blocked_times_name_rooms_speakers_or_everybody() -> None:
    desk = open_desk()
    found = after(
        desk,
        "blocked",
        Wish(id=None, to={"who": "hall", "from": "2027-05-12 14:00", "to": "2027-05-12 15:00"}),
        Wish(id=None, to={"who": "", "from": "2027-05-12 12:00", "to": "2027-05-12 13:00"}),
        Wish(
            id=None,
            to={"who": "Speaker of Gate", "from": "2027-05-13 09:00", "to": "2027-05-13 10:00"},
        ),
    )
    assert [line.cells["who"] for line in sheet.lines(found, "blocked")] == [
        "everybody",
        "Hall",
        "Speaker of Gate",
    ]
    _, (trouble,) = sheet_edits.facts(
        desk, "blocked", [Wish(id=None, to={"who": "Nobody", "from": "x", "to": "y"})]
    )
    assert trouble.column == "who"


def test_rows_of_a_file_are_known_by_id_or_name() -> None:
    desk = open_desk()
    gate, pump = desk.schedule.sessions
    wishes = sheet.from_table(
        desk,
        "sessions",
        ["ID", "Title", "Minutes", "Odd"],
        [[gate.id, "Gatekeepers", "50", "?"], ["", "pump", "35", ""], ["", "Fresh", "20"], [""]],
    )
    assert [(one.id, dict(one.to)) for one in wishes] == [
        (gate.id, {"title": "Gatekeepers", "minutes": "50"}),
        (pump.id, {"title": "pump", "minutes": "35"}),
        (None, {"title": "Fresh", "minutes": "20"}),
    ]


async def test_a_table_goes_out_and_comes_in_again(client: httpx.AsyncClient) -> None:
    conference = await make_conference()
    await sign_in(client, await member(conference, "owner"), now=now())
    schedule = make_schedule(*ACTS)
    await draft.write(conference.id, schedule, expected=0)
    for kind in sheet.KINDS:
        page = await client.get(f"/c/trial/tables/{kind}", headers={"accept": "text/html"})
        assert page.status_code == 200
    for suffix in ("csv", "xlsx"):
        file = await client.get(f"/c/trial/tables/sessions.{suffix}")
        before = (await draft.read(conference.id)).version
        same = await send(client, "sessions", f"x.{suffix}", file.content)
        assert same.status_code == 303
        assert (await draft.read(conference.id)).version == before
    header, *rows = (cells for _, cells in csv_table.records((await client.get("/c/trial/tables/sessions.csv")).content))  # fmt: skip
    rows[0][header.index("Minutes")] = "50"
    rows.append(["", "Brand new"])
    assert (await send(client, "sessions", "x.csv", csv_table.write_rows([header, *rows]))).status_code == 303  # fmt: skip
    held = (await draft.read(conference.id)).schedule
    assert [s.title for s in held.sessions] == ["Gate", "Pump", "Brand new"]
    assert held.sessions[0] == replace(schedule.sessions[0], duration=timedelta(minutes=50))
    bad = await send(client, "sessions", "x.csv", b"Title,Minutes\nGate,soon\n")
    assert bad.status_code == 422
    assert "Row 2, minutes" in bad.text
    assert (await send(client, "rooms", "x.csv", b"a,b\n1,2\n")).status_code == 422


async def send(client: httpx.AsyncClient, kind: str, name: str, content: bytes) -> httpx.Response:
    return await client.post(
        f"/c/trial/tables/{kind}/file", files={"file": (name, content)}, headers=same_origin()
    )


async def test_cells_are_changed_in_place_and_taken_back(client: httpx.AsyncClient) -> None:
    conference = await make_conference()
    await sign_in(client, await member(conference, "owner"), now=now())
    schedule = make_schedule(*ACTS)
    await draft.write(conference.id, schedule, expected=0)

    async def post(**held: Any) -> dict[str, Any]:
        answer = await client.post("/c/trial/tables/rooms", json=held, headers=same_origin())
        found: dict[str, Any] = answer.json()
        return found

    room = schedule.rooms[0]
    told = await post(
        rows=[
            {"id": room.id, "was": {"capacity": ""}, "to": {"capacity": "1,200"}},
            {"id": None, "to": {"name": "Attic", "capacity": "9"}},
        ]
    )
    assert told["ok"] is True
    assert [line["cells"]["capacity"] for line in told["lines"]] == ["1200", "", "9"]
    stuck = await post(rows=[], gone=[room.id])
    assert (stuck["ok"], "sessions in this room" in stuck["words"]) == (False, True)
    await client.post(
        "/c/trial/editor/edits",
        json={"wishes": [{"id": str(uuid4()), "undo": True}]},
        headers=same_origin(),
    )
    held = (await draft.read(conference.id)).schedule
    assert held.rooms == (Room(id=RoomId(room.id), name="Hall"), schedule.rooms[1])
