"""Sessions over time: expiry, limits, the floor, and the events that tell of all this."""

from __future__ import annotations

import asyncio
import gc
import shutil
import subprocess
import time
import weakref
from datetime import UTC, datetime
from pathlib import Path

import pytest

from media import events, views
from media.events import Journal
from media.rounds import EXPIRE_S
from media.stages import Stage
from tests.media.builders import GROUP, ROOM, House, make_grant, until

AT = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


def kinds(house: House) -> list[str]:
    return [event.kind for event in house.node.journal.waiting]


async def test_events_tell_the_whole_story(house: House) -> None:
    speaker, listener = await house.speaker(), await house.listener()
    house.on_air(**{ROOM: GROUP})
    house.switch(listener, "annex")
    house.on_air()
    await listener.connection.close()
    await speaker.connection.close()
    await until(lambda: not house.node.publishers and not house.node.subscribers)
    assert kinds(house) == [
        events.NODE_STARTED,
        events.PUBLISHER_JOINED,
        events.SUBSCRIBER_JOINED,
        events.PUBLISHER_ON_STAGE,
        events.SUBSCRIBER_MOVED,
        events.PUBLISHER_OFF_STAGE,
        events.SUBSCRIBER_LEFT,
        events.PUBLISHER_LEFT,
    ]
    numbers = [int(event.uid.partition(":")[2]) for event in house.node.journal.waiting]
    assert numbers == list(range(1, 9))
    joined = house.node.journal.waiting[1].facts
    assert joined == {
        "conference": "conference",
        "room": ROOM,
        "group": GROUP,
        "person": "ada",
        "name": "Ada",
        "publisher": speaker.publisher.id,
    }
    assert set(kinds(house)) <= set(events.KINDS)


async def test_nothing_is_left_of_those_who_went(house: House) -> None:
    """A hundred kilobytes each, for the collector of cycles to find some day, would be a leak."""
    house.on_air(**{ROOM: GROUP})
    speaker, listener = await house.speaker(), await house.listener()
    await speaker.talk(3)
    sessions = (speaker.publisher, listener.subscriber)
    left = [weakref.ref(x) for s in sessions for x in (s, s.peer, s.peer.secure, s.peer.ice)]
    gc.collect()
    gc.disable()
    try:
        for session in sessions:
            house.node.drop(session, "left")
        for guest in (speaker, listener):
            await guest.connection.close()
            guest.connection.on_rtp = guest.connection.on_rtcp = lambda _: None
        del sessions, session, speaker, listener, guest
        await until(lambda: not any(there() for there in left))
    finally:
        gc.enable()


async def test_who_leaves_while_on_air_is_off_stage_first(house: House) -> None:
    house.on_air(**{ROOM: GROUP})
    speaker = await house.speaker()
    house.node.drop(speaker.publisher, "left")
    assert kinds(house)[-2:] == [events.PUBLISHER_OFF_STAGE, events.PUBLISHER_LEFT]
    assert house.node.journal.waiting[-1].facts["reason"] == "left"


async def test_the_dead_are_noticed_within_fifteen_seconds(house: House) -> None:
    assert EXPIRE_S < 15
    speaker, listener = await house.speaker(), await house.listener()
    listener.subscriber.peer.ice.heard -= EXPIRE_S
    house.node.rounds.second(asyncio.get_running_loop().time())
    assert list(house.node.subscribers) == []
    assert list(house.node.publishers) == [speaker.publisher.id]
    assert house.node.journal.waiting[-1].facts["reason"] == "not heard any more"


async def test_an_empty_house_keeps_nothing(house: House) -> None:
    for turn in range(5):
        speaker, listener = await house.speaker(f"ada {turn}"), await house.listener(f"eve {turn}")
        house.on_air(**{ROOM: GROUP})
        await speaker.talk(3)
        await listener.connection.close()
        await speaker.connection.close()
    node = house.node
    await until(lambda: not node.rooms and not node.publishers and not node.subscribers)
    await until(lambda: not node._closing)
    assert node.mux._by_ufrag == {}
    assert all(port._by_address == {} for port in node.mux.ports)
    assert node.diary.joined == set()
    assert node._forwarder._arrived == {}
    assert node.packets_in > 0
    assert node.packets_out > 0


async def test_the_loudest_gets_the_only_lane_and_keeps_it_a_while(house: House) -> None:
    house.on_air(**{ROOM: GROUP})
    ada, bob = await house.speaker("ada"), await house.speaker("bob")
    listener = await house.listener(kinds=("video",))
    for speaker in (ada, bob):
        await speaker.talk(3)
    assert listener.subscriber.publishers["0"] is ada.publisher
    room = house.node.room_of(listener.subscriber)
    now = asyncio.get_running_loop().time()
    for tick in range(4):
        bob.publisher._levels = [10] * 10
        ada.publisher._levels = [127] * 10
        room.measure(now + 0.25 * tick)
    assert listener.subscriber.publishers["0"] is ada.publisher
    for tick in range(4, 12):
        bob.publisher._levels = [10] * 10
        room.measure(now + 0.25 * tick)
    assert listener.subscriber.publishers["0"] is bob.publisher


async def test_an_exception_in_a_hook_is_survived(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.on_air(**{ROOM: GROUP})
    speaker, listener = await house.speaker(), await house.listener()
    stream = speaker.publisher.streams[1]
    accept = stream.accept

    def failing(raw: bytes, now: float) -> bool:
        monkeypatch.setattr(stream, "accept", accept)
        raise RuntimeError("on purpose")

    monkeypatch.setattr(stream, "accept", failing)
    await speaker.talk(31)
    await until(lambda: len(listener.of("video")) > 0)
    assert house.node.publishers


def test_the_journal_is_bounded_and_says_what_it_lost() -> None:
    async def fill() -> Journal:
        journal = Journal("boot", length=3)
        for number in range(5):
            journal.write(events.NODE_STARTED, AT, number=number)
        return journal

    journal = asyncio.run(fill())
    assert [event.uid for event in journal.waiting] == ["boot:3", "boot:4", "boot:5"]
    assert journal.lost == 2
    assert journal.waiting[0].fields() == {
        "uid": "boot:3",
        "kind": "node.started",
        "at": "2026-05-01T12:00:00+00:00",
        "facts": '{"number":2}',
    }


class Redis:
    """A private redis-server on a unix socket."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "redis.sock"
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        program = shutil.which("redis-server")
        assert program, "redis-server is not installed: ./plenary test installs it"
        options = ["--port", "0", "--unixsocket", str(self.socket), "--dir", str(self._folder)]
        self._process = subprocess.Popen(
            [program, *options, "--appendonly", "yes"], stdout=subprocess.DEVNULL
        )
        end = time.monotonic() + 5
        while not self.socket.exists():
            assert time.monotonic() < end
            time.sleep(0.01)

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self.socket.unlink(missing_ok=True)


async def test_events_reach_redis_in_order_across_its_restart(tmp_path: Path) -> None:
    import redis.asyncio

    server = Redis(tmp_path)
    server.start()
    url = f"unix://{server.socket}"
    journal = Journal("boot")
    delivery = asyncio.create_task(journal.deliver(url))
    for number in range(300):
        journal.write(events.SUBSCRIBER_JOINED, AT, room="Saal ü", number=number)
    await until(lambda: not journal.waiting)
    server.kill()
    for number in range(300, 350):
        journal.write(events.SUBSCRIBER_LEFT, AT, number=number)
    await asyncio.sleep(0.3)
    assert len(journal.waiting) == 50
    server.start()
    await until(lambda: not journal.waiting)
    delivery.cancel()
    await asyncio.gather(delivery, return_exceptions=True)
    reader = redis.asyncio.Redis.from_url(url)
    entries = await reader.xrange(events.STREAM)
    await reader.aclose()
    server.kill()
    uids = list(dict.fromkeys(fields[b"uid"].decode() for _, fields in entries))
    assert uids == [f"boot:{number}" for number in range(1, 351)]


async def test_another_conference_s_room_of_the_same_name_is_another_room(house: House) -> None:
    house.on_air(**{ROOM: GROUP})
    speaker = await house.speaker()
    listener = await house.listener(conference="other")
    await speaker.talk(10)
    await asyncio.sleep(0.2)
    assert listener.packets == []
    everywhere = make_grant(conference="*", person="stagehand", control=True)
    house.node.set_stages(everywhere, {ROOM: Stage(group=GROUP)})
    await speaker.talk(10)
    assert listener.packets == []
    assert house.node.room_of(listener.subscriber).on_air == GROUP
    seen = views.rooms(house.node, everywhere)["rooms"][ROOM]
    assert (len(seen["publishers"]), seen["audience"]) == (1, 1)


async def test_a_person_s_other_conference_is_somebody_else(house: House) -> None:
    speaker = await house.speaker()
    other = make_grant(person="ada", conference="other", control=True)
    house.node.set_stages(other, {ROOM: Stage()})
    assert house.node.publishers[speaker.publisher.id] is speaker.publisher
