"""Hands, the stage, seats and talkback: what is granted to whom, and what the node is told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx
import pytest
from redis.asyncio import Redis

from app.accounts.who import Viewer
from app.clock import now
from app.live_tables import LiveEvent
from app.programme import draft, releases
from app.settings import Settings
from app.stages import floor, operator
from app.stages.stagehand import Stagehand
from media.grant import Grant, verify
from tests.app.builders import (
    NOW,
    make_conference,
    make_schedule,
    member,
    same_origin,
    sign_in,
)
from tests.app.test_stagehand import FakeNode


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is five minutes into the session."""
    from datetime import timedelta

    instant = NOW + timedelta(minutes=5)
    for module in ("app.stages.floor_routes",):
        monkeypatch.setattr(f"{module}.now", lambda: instant)


class Show:
    """A conference with one session that is live."""

    def __init__(self, client: httpx.AsyncClient, settings: Settings) -> None:
        self.client, self.settings = client, settings
        self.schedule = make_schedule(("Harbour Hall", "Gate", 0, 45))
        self.slot = self.schedule.slots[0]
        self.conference: Any = None
        self.node = FakeNode()
        self.hand: Any = None

    async def open(self, redis: Redis) -> None:
        self.conference = await make_conference()
        await draft.write(self.conference.id, self.schedule, expected=0)
        await releases.publish(self.conference.id, by=None, now=NOW)
        self.hand = Stagehand(self.node, redis, holder="one")  # type: ignore[arg-type]
        await self.tick()

    async def tick(self) -> None:
        from datetime import timedelta

        await self.hand.tick(NOW + timedelta(minutes=5))

    async def as_(self, role: str) -> UUID:
        person = await member(self.conference, role)
        await sign_in(self.client, person, now=now())
        return person

    async def ask(self, method: str, path: str, **form: str) -> httpx.Response:
        return await self.client.request(
            method,
            f"/c/trial/{path}",
            data=form or None,
            headers={**same_origin(), "accept": "application/json"},
        )

    async def grant(self, path: str) -> tuple[Grant, dict[str, Any]]:
        answer = await self.ask("GET", path)
        assert answer.status_code == 200, answer.text
        given = answer.json()
        return verify(given["grant"], self.settings.media_secret, now=NOW), given


@pytest.fixture
async def show(client: httpx.AsyncClient, settings: Settings, clock: None) -> Any:
    async with Redis.from_url(settings.redis_url) as redis:
        made = Show(client, settings)
        await made.open(redis)
        yield made


async def test_a_hand_goes_up_is_invited_and_comes_back(show: Show) -> None:
    room, slot = "rooms/harbour-hall", show.slot.id
    guest = await show.as_("attendee")
    assert (await show.ask("GET", f"{room}/floor/grant")).status_code == 403
    for _ in range(2):
        assert (await show.ask("POST", f"{room}/hand")).status_code == 204
    assert (await show.ask("GET", f"{room}/floor")).json()["hand"] == "raised"
    waiting, _ = await show.grant(f"{room}/floor/grant")
    assert waiting.publish == f"hands:{slot}"
    assert waiting.backstage == ()
    assert (await show.ask("GET", "hands")).status_code == 403

    await show.as_("moderator")
    up = (await show.ask("GET", "hands")).json()["hands"]
    assert [(h["person"], h["state"], h["slot"]) for h in up] == [(str(guest), "raised", slot)]
    assert (await show.ask("POST", f"hands/{slot}/{guest}/invite")).status_code == 204

    await show.as_("attendee")
    on_stage, given = await show.grant(f"{room}/floor/grant")
    assert (on_stage.publish, on_stage.seats) == (slot, None)
    assert (on_stage.expires - NOW).total_seconds() < 600
    assert given["ice_servers"] == []

    await show.as_("producer")
    assert (await show.ask("POST", f"hands/{slot}/{guest}/back")).status_code == 204
    assert (await show.ask("POST", f"hands/{slot}/{guest}/back")).status_code == 404
    assert (await floor.cues())[slot].held == (str(guest),)
    await show.as_("attendee")
    assert (await show.ask("GET", f"{room}/floor/grant")).status_code == 403
    assert (await show.ask("POST", f"{room}/hand")).status_code == 204
    assert await LiveEvent.count().where(LiveEvent.topic == "hand") >= 4


async def test_the_node_is_told_of_pins_and_of_who_is_held(show: Show) -> None:
    await show.as_("producer")
    slot = show.slot.id
    assert (await show.ask("POST", f"desk/{slot}/stage/pin", person="ada")).status_code == 204
    assert (await show.ask("POST", f"desk/{slot}/stage/off", person="bob")).status_code == 204
    await show.tick()
    assert show.node.cues[-1] == {slot: floor.Cues(pin="ada", held=("bob",))}
    assert (await show.ask("POST", f"desk/{slot}/stage/pin", person="cyd")).status_code == 204
    assert (await show.ask("POST", f"desk/{slot}/stage/on", person="bob")).status_code == 204
    await show.tick()
    assert show.node.cues[-1] == {slot: floor.Cues(pin="cyd")}
    assert (await show.ask("POST", f"desk/{slot}/stage/pin", person="")).status_code == 204
    await show.tick()
    assert show.node.cues[-1] == {}
    assert (await show.ask("POST", f"desk/{slot}/stage/juggle", person="a")).status_code == 404


async def test_everybody_may_sit_at_a_roundtable(show: Show) -> None:
    await show.as_("producer")
    for wrong in ("many", "51", "-1"):
        answer = await show.ask("POST", "desk/rooms/harbour-hall/seats", seats=wrong)
        assert answer.status_code == 400
    assert (await show.ask("POST", "desk/rooms/harbour-hall/seats", seats="8")).status_code == 204
    await show.as_("attendee")
    seated, _ = await show.grant("rooms/harbour-hall/floor/grant")
    assert (seated.publish, seated.seats, seated.backstage) == (
        show.slot.id, 8, (show.slot.id,)
    )  # fmt: skip
    # Behind the stage, too, for who is not ready; and who once went back may sit down again.
    waiting, _ = await show.grant("rooms/harbour-hall/floor/grant?stage=false")
    assert waiting.publish == f"hands:{show.slot.id}"
    for path in ("hand", "hand/lower"):
        assert (await show.ask("POST", f"rooms/harbour-hall/{path}")).status_code == 204
    assert (await show.ask("GET", "rooms/harbour-hall/floor")).json()["held"] is True
    await show.as_("producer")
    path = f"desk/{show.slot.id}/stage/off"
    assert (await show.ask("POST", path, person="bob")).status_code == 204
    assert (await show.ask("POST", "desk/rooms/harbour-hall/seats", seats="6")).status_code == 204
    assert (await floor.cues())[show.slot.id].held == ("bob",)
    assert (await show.ask("POST", "desk/rooms/harbour-hall/seats", seats="0")).status_code == 204
    assert await floor.seats(UUID(show.slot.room)) == 0


async def test_talkback_is_for_those_who_run_the_show(show: Show) -> None:
    path = f"green-room/{show.slot.id}/talkback"
    await show.as_("attendee")
    assert (await show.ask("GET", path)).status_code == 403
    await show.as_("producer")
    talk, given = await show.grant(path)
    assert talk.publish == f"talkback:{show.slot.id}" == given["group"]
    assert talk.rooms == (show.slot.room,)


async def test_nothing_is_raised_where_nothing_is_live(show: Show) -> None:
    await show.as_("attendee")
    assert (await show.ask("POST", "rooms/no-room/hand")).status_code == 404


async def test_the_page_of_sound_and_picture_says_that_no_node_answers(show: Show) -> None:
    await show.as_("producer")
    answer = await show.ask("GET", "media")
    assert answer.status_code == 200
    assert "No media node answers" in answer.text
    assert "Harbour Hall" in answer.text
    assert "/media/nodes/" not in answer.text
    assert (await show.ask("POST", "media/nodes/none/drain")).status_code == 403


async def test_owners_drain_nodes_where_nobody_else_is_named(show: Show) -> None:
    await show.as_("owner")
    assert (await show.ask("POST", "media/nodes/none/drain")).status_code == 404
    owner = Viewer(person=UUID(int=1), name="Olga", email="Olga@example.org")
    for named, may in (((), True), (("olga@example.org",), True), (("root@example.org",), False)):
        assert operator.operates(owner, replace(show.settings, operators=named)) is may


def test_whoever_sends_stands_where_the_cues_put_them() -> None:
    publisher = {
        "person": "ada", "name": "Ada", "group": "s", "on_stage": True, "video": True,
        "audio": True, "screen": False, "kbps": 900, "loss": 0.05, "loudness": 80,
    }  # fmt: skip
    cues = {"s": floor.Cues(pin="ada", held=("bob",))}
    ada = operator._sender(publisher, cues)
    assert (ada.place, ada.pinned, ada.how, ada.slot) == ("stage", True, "caution", "s")
    off = {**publisher, "person": "bob", "on_stage": False}
    assert operator._sender(off, cues).place == "held"
    waiting = {**publisher, "group": "hands:s", "on_stage": False}
    assert (operator._sender(waiting, cues).place, operator._sender(waiting, cues).slot) == (
        "waiting", "s"
    )  # fmt: skip
    assert (
        operator._sender({**publisher, "group": "talkback:s", "on_stage": False}, cues).place
        == "talkback"
    )
    assert operator._sender({**publisher, "group": "next", "on_stage": False}, {}).place == (
        "backstage"
    )
