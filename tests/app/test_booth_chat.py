"""The chat of a booth: visitors write, its staff answers and moderates, and nobody else's staff does."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import io
import json
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx
import pytest
from litestar import Litestar

from app.clock import now
from app.conferences.tables import Conference
from app.jobs.tables import Outbox
from app.sponsors import store
from app.talk.tables import PlaceMute
from tests.app.builders import make_conference, member, same_origin, sign_in

AT = "/c/trial/sponsors/saltproof/talk"


@dataclass
class Booth:
    client: httpx.AsyncClient
    conference: Conference
    sponsor: UUID
    people: dict[str, UUID] = field(default_factory=dict)

    async def say(self, who: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        await sign_in(self.client, self.people[who], now=now())
        return await self.client.post(
            AT + path, json=body or {}, headers={**same_origin(), "accept": "application/json"}
        )

    async def state(self, who: str) -> dict[str, Any]:
        await sign_in(self.client, self.people[who], now=now())
        found: dict[str, Any] = (await self.client.get(AT)).json()
        return found

    async def texts(self, who: str) -> list[str]:
        return [one["text"] for one in (await self.state(who))["messages"]]


@pytest.fixture
async def booth(client: httpx.AsyncClient) -> Booth:
    """Two booths with one on duty each, two visitors, and a moderator of the conference."""
    conference = await make_conference()
    found = {}
    for name, contact in (("Saltproof", "gwen@salt.example"), ("Beacon", "ben@beacon.example")):
        made = await store.found(conference.id, name=name, tier="", contact=contact, now=now())
        found[name] = made["id"]
        for one in await store.staff(made["id"], now=now()):
            await store.duty(made["id"], one.person, on=True, now=now())
    booth = Booth(client, conference, found["Saltproof"])
    (gwen,) = await store.staff(found["Saltproof"], now=now())
    (ben,) = await store.staff(found["Beacon"], now=now())
    booth.people = {
        "gwen": gwen.person,
        "ben": ben.person,
        "iris": await member(conference, "attendee", "iris@example.org"),
        "bart": await member(conference, "attendee", "bart@example.org"),
        "mo": await member(conference, "moderator", "mo@example.org"),
    }
    return booth


async def test_a_visitor_asks_and_the_booth_answers(booth: Booth) -> None:
    said = await booth.say("iris", "/messages", {"text": "Does it rust?"})
    assert said.status_code == 201
    key = said.json()["id"]
    reply = await booth.say("gwen", "/messages", {"text": "Never.", "reply_to": key})
    assert reply.json()["reply_to"] == key
    state = await booth.state("bart")
    assert [one["text"] for one in state["messages"]] == ["Does it rust?", "Never."]
    assert state["staff"] == [str(booth.people["gwen"])]
    assert (state["me"]["host"], state["room"]) == (False, str(booth.sponsor))
    # Who is on duty is told wherever they are, once in ten minutes, and nobody of another booth.
    await booth.say("iris", "/messages", {"text": "At all?"})
    rows = await Outbox.select(Outbox.payload).where(Outbox.kind == "page")
    (told,) = [json.loads(row["payload"]) for row in rows]
    assert told["person"] == str(booth.people["gwen"])
    assert told["url"] == "/c/trial/sponsors/saltproof#talk"
    assert "Does it rust?" in told["text"]


async def test_the_booths_own_staff_moderates_and_others_do_not(booth: Booth) -> None:
    key = (await booth.say("iris", "/messages", {"text": "Buy my boat"})).json()["id"]
    for who in ("bart", "ben"):
        assert (await booth.say(who, f"/messages/{key}/hide")).status_code == 403
        assert (await booth.say(who, "/rules", {"slow_s": 60})).status_code == 403
        muted = await booth.say(who, f"/people/{booth.people['iris']}/mute")
        assert muted.status_code == 403
        assert (await booth.state(who))["restrained"] == []
    assert (await booth.say("gwen", f"/messages/{key}/hide")).status_code == 200
    assert await booth.texts("bart") == []
    assert await booth.texts("gwen") == ["Buy my boat"]
    assert (await booth.say("mo", f"/messages/{key}/show")).status_code == 200, (
        "moderators may, too"
    )
    assert (await booth.say("gwen", f"/messages/{key}/pin")).json()["pinned"] is True
    rules = {"chat": True, "approve_first": True, "slow_s": 0}
    assert (await booth.say("gwen", "/rules", rules)).json()["approve_first"] is True
    waits = (await booth.say("bart", "/messages", {"text": "A question"})).json()
    assert (waits["state"], await booth.texts("iris")) == ("waiting", ["Buy my boat"])
    await booth.say("gwen", f"/messages/{waits['id']}/approve")
    assert await booth.texts("iris") == ["Buy my boat", "A question"]
    await booth.say("gwen", "/rules", {"chat": False})
    assert (await booth.say("bart", "/messages", {"text": "Hm"})).status_code == 403


async def test_a_mute_holds_at_this_booth_alone(booth: Booth) -> None:
    iris = booth.people["iris"]
    assert (await booth.say("gwen", f"/people/{iris}/mute")).status_code == 404, "no guest of ours"
    await booth.say("iris", "/messages", {"text": "Buy my boat"})
    for _ in range(2):
        answer = await booth.say("gwen", f"/people/{iris}/mute")
        assert [one["person"] for one in answer.json()["restrained"]] == [str(iris)]
    assert await PlaceMute.count() == 1
    assert (await booth.say("iris", "/messages", {"text": "Again"})).status_code == 403
    assert (await booth.state("iris"))["me"]["muted"] is True
    elsewhere = await booth.client.post(
        "/c/trial/sponsors/beacon/talk/messages", json={"text": "Hello"}, headers=same_origin()
    )
    assert elsewhere.status_code == 201
    for act, status in (("ban", 404), ("mute", 409)):
        person = booth.people["gwen"] if act == "mute" else iris
        assert (await booth.say("gwen", f"/people/{person}/{act}")).status_code == status
    await booth.say("gwen", f"/people/{iris}/unmute")
    assert (await booth.say("iris", "/messages", {"text": "Sorry"})).status_code == 201


async def test_pages_hear_the_booth_and_resume_after_what_they_saw(
    booth: Booth, application: Litestar
) -> None:
    key = (await booth.say("iris", "/messages", {"text": "one"})).json()["id"]
    number = (await booth.state("iris"))["number"]
    await booth.say("gwen", "/messages", {"text": "two"})
    await booth.say("gwen", f"/messages/{key}/hide")
    heard = {who: await hear(booth, application, who, number) for who in ("iris", "gwen", "ben")}
    shown = [("message", "two"), ("gone", key)]
    assert heard["iris"] == heard["ben"] == shown
    assert heard["gwen"] == [*shown, ("message", "one")], "its staff sees what is hidden"


async def hear(booth: Booth, application: Litestar, who: str, number: int) -> list[tuple[str, str]]:
    """What a page of somebody gets that has seen everything up to `number`."""
    await sign_in(booth.client, booth.people[who], now=now())
    cookie = "; ".join(f"{name}={value}" for name, value in booth.client.cookies.items())
    body, enough = bytearray(), asyncio.Event()

    async def send(message: Any) -> None:
        body.extend(message.get("body", b""))
        enough.set()

    async def receive() -> Any:
        await asyncio.sleep(30)

    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": "/live",
        "raw_path": b"/live",
        "root_path": "",
        "query_string": f"c=trial&after={number}&on={booth.sponsor}:{number}".encode(),
        "headers": [(b"cookie", cookie.encode()), (b"host", b"testserver.local")],
        "http_version": "1.1",
        "scheme": "http",
        "client": ("127.0.0.1", 1),
        "server": ("testserver.local", 80),
    }
    page = asyncio.create_task(application(scope, receive, send))  # type: ignore[arg-type]
    try:
        async with asyncio.timeout(10):
            while body.count(b"event: talk") < (3 if who == "gwen" else 2):
                enough.clear()
                await enough.wait()
    finally:
        page.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await page
    lines = [line[6:] for line in body.decode().splitlines() if line.startswith("data: ")]
    talk = [said for line in lines if "what" in (said := json.loads(line))]
    return [(one["what"], one.get("id") or one["message"]["text"]) for one in talk]


async def test_the_export_is_for_its_own_staff_and_gives_no_address(booth: Booth) -> None:
    await booth.say("iris", "/messages", {"text": "=1+1"})
    for who, status in (("iris", 403), ("ben", 403), ("gwen", 200)):
        await sign_in(booth.client, booth.people[who], now=now())
        answer = await booth.client.get(f"{AT}/export.csv")
        assert answer.status_code == status
    (row,) = csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff"), newline=""))
    assert row["text"] == "'=1+1"
    assert "@" not in answer.text
