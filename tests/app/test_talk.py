"""Taking part in a room: what the audience says, what moderators do, and what open pages hear."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import io
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from litestar import Litestar

from app import live, live_hub
from app.clock import now
from app.conferences.tables import Conference
from app.errors import Refused
from app.live_tables import LiveEvent
from app.programme import draft, releases
from app.recordings.tables import RecordingMark
from app.talk import rules
from app.talk.tables import ReactionCount
from tests.app.builders import make_conference, make_schedule, member, same_origin, sign_in

AT = "/c/trial/rooms/harbour-hall/talk"


@dataclass
class Stage:
    conference: Conference
    room: UUID
    people: dict[str, UUID] = field(default_factory=dict)


@pytest.fixture
async def stage(client: httpx.AsyncClient) -> Stage:
    """A released room with an attendee, another one, and a moderator."""
    conference = await make_conference()
    schedule = make_schedule(("Harbour Hall", "Gates", -100_000, 200_000))
    await draft.write(conference.id, schedule, expected=0)
    await releases.publish(conference.id, by=None, now=now())
    released = await releases.latest(conference.id)
    assert released is not None
    found = Stage(conference, UUID(released.room_by_slug["harbour-hall"].id))
    found.people = {
        "iris": await member(conference, "attendee", "iris@example.org"),
        "bart": await member(conference, "attendee", "bart@example.org"),
        "mo": await member(conference, "moderator", "mo@example.org"),
    }
    return found


@dataclass
class Caller:
    client: httpx.AsyncClient
    stage: Stage

    async def __call__(
        self, who: str, path: str, body: dict[str, Any] | None = None
    ) -> httpx.Response:
        await sign_in(self.client, self.stage.people[who], now=now())
        return await self.client.post(
            AT + path, json=body or {}, headers={**same_origin(), "accept": "application/json"}
        )

    async def state(self, who: str) -> dict[str, Any]:
        await sign_in(self.client, self.stage.people[who], now=now())
        answer = await self.client.get(AT)
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture
def call(client: httpx.AsyncClient, stage: Stage) -> Caller:
    return Caller(client, stage)


async def test_messages_threads_mentions_and_one_s_own(call: Caller) -> None:
    first = (await call("iris", "/messages", {"text": "  Good tide to all \x07"})).json()
    assert first["text"] == "Good tide to all"
    reply = (
        await call("bart", "/messages", {"text": "And to you", "reply_to": first["id"]})
    ).json()
    deeper = await call("iris", "/messages", {"text": "@attendee ok", "reply_to": reply["id"]})
    assert deeper.json()["reply_to"] == first["id"], "a reply to a reply belongs to the thread"
    assert [one["name"] for one in deeper.json()["mentions"]] == ["Attendee"]
    changed = await call("iris", f"/messages/{first['id']}", {"text": "Good tide"})
    assert (changed.json()["text"], changed.json()["edited"]) == ("Good tide", True)
    assert (await call("bart", f"/messages/{first['id']}", {"text": "mine"})).status_code == 403
    assert (await call("bart", f"/messages/{first['id']}/delete")).status_code == 403
    assert (await call("bart", f"/messages/{reply['id']}/delete")).status_code == 200
    texts = [m["text"] for m in (await call.state("mo"))["messages"]]
    assert texts == ["Good tide", "@attendee ok"]


async def test_what_can_t_be_said_is_refused_in_words(call: Caller) -> None:
    empty = await call("iris", "/messages", {"text": "   "})
    assert (empty.status_code, empty.json()["detail"]) == (422, "Write something first.")
    long = await call("iris", "/messages", {"text": "x" * 1001})
    assert "1001 characters" in long.json()["detail"]
    lost = await call("iris", "/messages", {"text": "y", "reply_to": str(uuid4())})
    assert lost.status_code == 404
    for body in (b"[1]", b"{"):
        answer = await call.client.post(AT + "/messages", content=body, headers=same_origin())
        assert answer.status_code == 400


async def test_slow_mode_holds_the_audience_and_not_its_hosts(call: Caller) -> None:
    await call("mo", "/rules", {"slow_s": 60})
    assert (await call("iris", "/messages", {"text": "one"})).status_code == 201
    held = await call("iris", "/messages", {"text": "two"})
    assert held.status_code == 429
    assert "slow mode" in held.json()["detail"]
    for text in ("a", "b"):
        assert (await call("mo", "/messages", {"text": text})).status_code == 201


async def test_approve_first_shows_hosts_what_waits_and_nobody_else(call: Caller) -> None:
    await call("mo", "/rules", {"approve_first": True})
    waits = (await call("iris", "/messages", {"text": "May I?"})).json()
    asked = (await call("iris", "/questions", {"text": "Who pays?"})).json()
    assert (waits["state"], asked["state"]) == ("waiting", "waiting")
    seen = {who: await call.state(who) for who in ("iris", "bart", "mo")}
    assert [len(seen[who]["messages"]) for who in ("iris", "bart", "mo")] == [1, 0, 1]
    assert [len(seen[who]["questions"]) for who in ("iris", "bart", "mo")] == [1, 0, 1]
    told = [row["channel"][:2] for row in await LiveEvent.select() if row["topic"] == "talk"]
    assert told.count("m:") == 2
    await call("mo", f"/messages/{waits['id']}/approve")
    await call("mo", f"/questions/{asked['id']}/approve")
    state = await call.state("bart")
    assert (len(state["messages"]), len(state["questions"])) == (1, 1)


async def test_hide_pin_mute_and_ban(call: Caller) -> None:
    said = (await call("iris", "/messages", {"text": "Buy my boat"})).json()
    for who, act, status in (("bart", "hide", 403), ("mo", "pin", 200), ("mo", "hide", 200)):
        assert (await call(who, f"/messages/{said['id']}/{act}")).status_code == status
    assert (await call.state("bart"))["messages"] == []
    assert (await call.state("mo"))["messages"][0]["state"] == "hidden"
    iris = call.stage.people["iris"]
    assert (await call("bart", f"/people/{iris}/mute")).status_code == 403
    assert (await call("mo", f"/people/{iris}/mute", {"minutes": 10})).status_code == 200
    muted = await call("iris", "/messages", {"text": "hello"})
    assert muted.status_code == 403
    assert "muted" in muted.json()["detail"]
    await call("mo", f"/people/{iris}/unmute")
    assert (await call("iris", "/messages", {"text": "hello"})).status_code == 201
    await call("mo", f"/people/{iris}/ban")
    await sign_in(call.client, iris, now=now())
    assert (await call.client.get("/c/trial/rooms/harbour-hall")).status_code == 403
    assert (await call.client.get("/c/trial/grants/watch")).status_code == 403
    assert (await call("iris", "/reactions", {"sign": "👏"})).status_code == 403
    myself = call.stage.people["mo"]
    assert (await call("mo", f"/people/{myself}/ban")).status_code == 409


async def test_questions_are_voted_answered_one_at_a_time_and_anonymous_if_allowed(
    call: Caller,
) -> None:
    one = (await call("iris", "/questions", {"text": "Who pays?", "anonymous": True})).json()
    two = (await call("bart", "/questions", {"text": "How deep?"})).json()
    assert (one["person"], one["name"]) == (None, None)
    for _ in range(2):
        voted = await call("bart", f"/questions/{one['id']}/vote")
        assert voted.json()["votes"] == 1, "twice is once"
    assert (await call("mo", f"/questions/{one['id']}/vote")).json()["votes"] == 2
    assert (await call("mo", f"/questions/{one['id']}/unvote")).json()["votes"] == 1
    assert (await call("iris", f"/questions/{one['id']}/answering")).status_code == 403
    await call("mo", f"/questions/{one['id']}/answering")
    await call("mo", f"/questions/{two['id']}/answering")
    chapters = await RecordingMark.select(RecordingMark.title).order_by(RecordingMark.at)
    assert [row["title"] for row in chapters] == ["Who pays?", "How deep?"]
    state = await call.state("bart")
    assert {q["text"]: q["state"] for q in state["questions"]} == {
        "Who pays?": "answered",
        "How deep?": "answering",
    }
    assert {q["text"]: (q["mine"], q["voted"]) for q in state["questions"]} == {
        "Who pays?": (False, True),
        "How deep?": (True, False),
    }
    assert (await call("bart", f"/questions/{one['id']}/vote")).status_code == 409
    await call("mo", "/rules", {"anonymous": False})
    refused = await call("iris", "/questions", {"text": "Psst", "anonymous": True})
    assert refused.status_code == 403
    iris = str(call.stage.people["iris"])
    events = [row["payload"] for row in await LiveEvent.select() if "Who pays" in row["payload"]]
    assert events
    assert not any(iris in payload for payload in events), (
        "who asked without a name is told nowhere"
    )


POLLS: list[tuple[dict[str, Any], list[Any], dict[str, Any]]] = [
    (
        {"kind": "single", "title": "When?", "options": ["Now", "Later"]},
        [[0], [1]],
        {"people": 2, "counts": [1, 1]},
    ),
    (
        {"kind": "many", "title": "Which?", "options": ["A", "B", "C"]},
        [[0, 2], [2]],
        {"people": 2, "counts": [1, 0, 2]},
    ),
    (
        {"kind": "scale", "title": "How?", "steps": 5, "low": "bad", "high": "good"},
        [[5], [4]],
        {"people": 2, "counts": [0, 0, 0, 1, 1], "mean": 4.5},
    ),
    (
        {"kind": "words", "title": "One word"},
        [["Tide", "salt"], ["TIDE"]],
        {"people": 2, "words": [["Tide", 2], ["salt", 1]]},
    ),
    (
        {"kind": "quiz", "title": "2+2", "options": ["3", "4"], "right": 1},
        [[1], [0]],
        {"people": 2, "counts": [1, 1]},
    ),
]


@pytest.mark.parametrize(
    ("asked", "answers", "expected"),
    POLLS,
    ids=lambda v: v.get("kind", "") if isinstance(v, dict) else "",
)
async def test_polls_of_each_kind_keep_their_results(
    call: Caller, asked: dict[str, Any], answers: list[Any], expected: dict[str, Any]
) -> None:
    assert (await call("iris", "/polls", asked)).status_code == 403
    poll = (await call("mo", "/polls", asked)).json()
    assert (await call.state("iris"))["polls"] == [], "a draft is for hosts"
    early = await call("iris", f"/polls/{poll['id']}/answer", {"answer": answers[0]})
    assert early.status_code == 409
    await call("mo", f"/polls/{poll['id']}/open")
    for who, given in zip(("iris", "bart"), answers, strict=True):
        answer = await call(who, f"/polls/{poll['id']}/answer", {"answer": given})
        assert (answer.status_code, answer.json()["mine"]) == (200, given)
    again = await call("bart", f"/polls/{poll['id']}/answer", {"answer": answers[1]})
    assert again.status_code == (409 if asked["kind"] == "quiz" else 200)
    bad = await call(
        "iris", f"/polls/{poll['id']}/answer", {"answer": [99] if asked["kind"] != "words" else []}
    )
    assert bad.status_code in (409, 422)
    during = (await call.state("iris"))["polls"][0]
    assert during["right"] is None
    assert during["results"] == ({"people": 2} if asked["kind"] == "quiz" else expected)
    closed = (await call("mo", f"/polls/{poll['id']}/close")).json()
    assert closed["results"] == expected
    assert closed["right"] == asked.get("right")
    rows = list(csv.reader(io.StringIO(await exported(call, "polls"))))
    assert len(rows) > 1


async def exported(call: Caller, what: str) -> str:
    await sign_in(call.client, call.stage.people["mo"], now=now())
    return (await call.client.get(f"{AT}/export.csv?what={what}")).text.removeprefix("\ufeff")


async def test_exports_hold_everything_and_no_formula(call: Caller) -> None:
    await call("iris", "/messages", {"text": "=1+1"})
    await call("iris", "/questions", {"text": "Anon", "anonymous": True})
    chat = list(csv.DictReader(io.StringIO(await exported(call, "chat"))))
    assert [(row["text"], row["address"]) for row in chat] == [("'=1+1", "iris@example.org")]
    asked = list(csv.DictReader(io.StringIO(await exported(call, "questions"))))
    assert [(row["question"], row["asked by"]) for row in asked] == [("Anon", "")]
    await sign_in(call.client, call.stage.people["iris"], now=now())
    assert (await call.client.get(f"{AT}/export.csv")).status_code == 403


async def test_reactions_and_votes_are_told_together(call: Caller, application: Litestar) -> None:
    question = (await call("bart", "/questions", {"text": "How deep?"})).json()
    await application.state.pulse.flush(now=now())
    await LiveEvent.delete(force=True)
    for who, sign in (("iris", "👏"), ("bart", "👏"), ("mo", "🎉")):
        assert (await call(who, "/reactions", {"sign": sign})).status_code == 202
    await call("iris", f"/questions/{question['id']}/vote")
    assert (await call("iris", "/reactions", {"sign": "<script>"})).status_code == 422
    await asyncio.sleep(0.5)
    await application.state.pulse.flush(now=now())
    rows = [json.loads(row["payload"]) for row in await LiveEvent.select().order_by(LiveEvent.id)]
    signs: dict[str, int] = {}
    for said in rows:
        for sign, count in said.get("counts", {}).items():
            signs[sign] = signs.get(sign, 0) + count
    assert signs == {"👏": 2, "🎉": 1}
    assert rows[-1].get("votes") == {question["id"]: 1} or any("votes" in r for r in rows)
    kept = {row["sign"]: row["times"] for row in await ReactionCount.select()}
    assert kept == {"👏": 2, "🎉": 1}


# -- what open pages hear ------------------------------------------------------------------------


@dataclass
class Page:
    """One open stream of the hub, without a socket."""

    chunks: list[bytes] = field(default_factory=list)
    left: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, message: Any) -> None:
        self.chunks.append(message.get("body", b""))

    async def receive(self) -> Any:
        await self.left.wait()
        return {"type": "http.disconnect"}

    def events(self) -> list[tuple[int, str, Any]]:
        found = []
        for block in b"".join(self.chunks).decode().split("\n\n"):
            lines = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line)
            if "event" in lines:
                found.append((int(lines["id"]), lines["event"], json.loads(lines["data"])))
        return found


@contextlib.asynccontextmanager
async def opened(hub: live_hub.Hub, wish: live_hub.Wish) -> AsyncIterator[Page]:
    page = Page()
    task = asyncio.create_task(hub.stream(wish, page.receive, page.send))
    try:
        yield page
    finally:
        page.left.set()
        await task


TOLD = ("talk", "reset")


async def heard(page: Page, count: int) -> list[tuple[int, str, Any]]:
    async with asyncio.timeout(5):
        while len([e for e in page.events() if e[1] in TOLD]) < count:
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    return [e for e in page.events() if e[1] in TOLD]


async def test_a_page_hears_its_rooms_and_no_others(stage: Stage, application: Litestar) -> None:
    hub: live_hub.Hub = application.state.hub
    conference, room = stage.conference.id, stage.room
    mine, other = live.of_room(room), live.of_room(uuid4())
    wish = live_hub.Wish(conference=conference, channels={live.EVERYBODY: None, mine: None})
    async with opened(hub, wish) as page:
        await asyncio.sleep(0.1)
        for channel, n in ((mine, 1), (other, 2), (live.of_hosts(room), 3), ("", 4)):
            await live.announce(conference, "talk", {"n": n}, channel=channel, now=now())
        await hub.wake()
        assert [said["n"] for _, _, said in await heard(page, 2)] == [1, 4]
    assert hub.pages(conference, mine) == 0


async def test_resuming_gives_each_channel_what_it_missed_once_and_in_order(
    stage: Stage, application: Litestar
) -> None:
    hub: live_hub.Hub = application.state.hub
    conference, mine = stage.conference.id, live.of_room(stage.room)
    start = await live.latest()
    for n in range(1, 1301):
        channel = mine if n % 2 else live.EVERYBODY
        await live.announce(conference, "talk", {"n": n}, channel=channel, now=now())
    numbers = {n: start + n for n in range(1, 1301)}
    wish = live_hub.Wish(
        conference=conference, channels={live.EVERYBODY: numbers[1000], mine: numbers[11]}
    )
    async with opened(hub, wish) as page:
        await live.announce(conference, "talk", {"n": 1301}, channel=mine, now=now())
        await hub.wake()
        expected = [n for n in range(12, 1302) if (n % 2) or n > 1000]
        events = await heard(page, len(expected))
        assert [said["n"] for _, _, said in events] == expected


async def test_who_missed_too_much_is_told_to_load_again(
    stage: Stage, application: Litestar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_hub, "_MOST", 20)
    hub: live_hub.Hub = application.state.hub
    conference = stage.conference.id
    seen = await live.latest()
    await live.announce_many(conference, "talk", [{"n": n} for n in range(30)], now=now())
    wish = live_hub.Wish(conference=conference, channels={live.EVERYBODY: seen})
    async with opened(hub, wish) as page:
        ((number, topic, _),) = await heard(page, 1)
        assert (number, topic) == (await live.latest(), "reset")


@dataclass
class Slow(Page):
    """A page that takes nothing more while its gate is shut: its server lets the writer wait."""

    gate: asyncio.Event = field(default_factory=asyncio.Event)

    async def send(self, message: Any) -> None:
        await self.gate.wait()
        await super().send(message)
        if message.get("more_body") is False:
            self.left.set()


async def test_a_slow_page_gets_everything_once_and_too_slow_a_one_is_closed(
    stage: Stage, application: Litestar, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub: live_hub.Hub = application.state.hub
    conference = stage.conference.id
    wish = live_hub.Wish(conference=conference, channels={live.EVERYBODY: None})

    async def said(numbers: range, listener: Page) -> None:
        before = len([e for e in listener.events() if e[1] in TOLD])
        for n in numbers:
            await live.announce(conference, "talk", {"n": n}, now=now())
            await hub.wake()
        await heard(listener, before + len(numbers))

    async with opened(hub, wish) as quick:
        slow = Slow()
        slow.gate.set()
        task = asyncio.create_task(hub.stream(wish, slow.receive, slow.send))
        await said(range(3), quick)
        slow.gate.clear()
        await said(range(3, 20), quick)
        assert [n["n"] for _, _, n in await heard(slow, 3)] == [0, 1, 2]
        slow.gate.set()
        assert [n["n"] for _, _, n in await heard(slow, 20)] == list(range(20))

        # It stops reading for good: the hub keeps a bounded rest, then completes the answer.
        monkeypatch.setattr(live_hub, "_REPLAY", 10)
        slow.gate.clear()
        await said(range(20, 40), quick)
        slow.gate.set()
        await asyncio.wait_for(task, 5)
        got = [n["n"] for _, _, n in slow.events() if "n" in n]
        assert got == list(range(len(got)))
        assert len(got) < 40
        assert len(await heard(quick, 40)) == 40
    assert hub.pages(conference) == 0


async def test_lines_are_kept_alive_and_end_when_their_roles_must_be_read_again(
    stage: Stage, application: Litestar, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = live_hub.Hub(application.state.redis)
    monkeypatch.setattr(live_hub, "_BEAT_S", 0.05)
    monkeypatch.setattr(live_hub, "_CHECKED_S", 0.3)
    await hub.start()
    channels: dict[str, int | None] = {live.EVERYBODY: None}
    known = live_hub.Wish(conference=stage.conference.id, channels=channels, roles=True)
    async with opened(hub, replace(known, roles=False)) as public:
        page = Slow()
        page.gate.set()
        await asyncio.wait_for(hub.stream(known, page.receive, page.send), 5)
        assert b"still here" in b"".join(page.chunks)
        assert not public.left.is_set()
        assert hub.pages(stage.conference.id) == 1
    await hub.close()


async def test_following_is_for_members_and_hosts_channels_for_hosts(
    stage: Stage, client: httpx.AsyncClient, application: Litestar, monkeypatch: pytest.MonkeyPatch
) -> None:
    wishes: list[live_hub.Wish] = []

    async def stream(self: live_hub.Hub, wish: live_hub.Wish, receive: Any, send: Any) -> None:
        wishes.append(wish)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    monkeypatch.setattr(live_hub.Hub, "stream", stream)
    address = f"/live?c=trial&after=5&on={stage.room}:7,nonsense"
    stranger = await member(await make_conference("elsewhere"), "attendee")
    for person in (None, stranger, stage.people["iris"], stage.people["mo"]):
        client.cookies.clear()
        if person is not None:
            await sign_in(client, person, now=now())
        await client.get(address, headers={"last-event-id": "6"} if person is None else {})
    room, hosts = live.of_room(stage.room), live.of_hosts(stage.room)
    iris, mo = (live.of_person(stage.people[who]) for who in ("iris", "mo"))
    assert [dict(wish.channels) for wish in wishes] == [
        {"": 6},
        {"": 5, live.of_person(stranger): 5},
        {"": 5, iris: 5, live.of_role("attendee"): 5, room: 7},
        {"": 5, mo: 5, live.of_role("moderator"): 5, room: 7, hosts: 7},
    ]


def test_texts_answers_and_polls_are_checked() -> None:
    with pytest.raises(Refused, match="different options"):
        rules.new_poll({"kind": "single", "title": "x", "options": ["a", "a"]})
    with pytest.raises(Refused, match="right"):
        rules.new_poll({"kind": "quiz", "title": "x", "options": ["a", "b"]})
    with pytest.raises(Refused, match="kind"):
        rules.new_poll({"kind": "guess", "title": "x"})
    people = {uuid4(): "Ann", uuid4(): "Ann Lee"}
    assert [m["name"] for m in rules.mentioned("hi @ann lee and", people)] == ["Ann Lee"]
    poll = {"kind": "many", "steps": 5}
    assert rules.answer(poll, ["a", "b"], ["1", 0]) == [0, 1]
    for bad in ([True], [2], ["x"], []):
        with pytest.raises(Refused):
            rules.answer(poll, ["a", "b"], bad)
