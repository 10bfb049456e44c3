"""Layouts, layers, pins, talkback and seats: who is shown to whom, and how sharply."""

from __future__ import annotations

import asyncio
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.client import AUDIO_PT, rtp_packet
from media.errors import Full, NotAcceptable, NotGranted
from media.layout import LAYOUTS, PATIENCE_S, Link, Wish, layer_at, next_link, pin_main
from media.publisher import _lines
from media.sdp import parse_offer
from media.stages import Stage
from tests.media.builders import GROUP, KEYFRAME, ROOM, House, Speaker, make_grant, until
from tests.media.test_fuzz import OFFER

LOW_KEY = b"\x65" + b"l" * 80
LOW = b"\x41" + b"l" * 80
SCREEN_KEY = b"\x65" + b"s" * 80


def order(house: House, **stage: object) -> None:
    house.node.set_stages(make_grant(control=True), {ROOM: Stage(group=GROUP, **stage)})  # type: ignore[arg-type]


async def both_layers(speaker: Speaker, turns: int, *, key: int = 10) -> None:
    for turn in range(turns):
        speaker.picture(KEYFRAME if turn % key == 0 else b"\x41high")
        speaker.also(1, LOW_KEY if turn % key == 0 else LOW)
        await asyncio.sleep(0.003)


async def test_a_subscriber_goes_to_the_low_layer_and_back_without_a_jump(house: House) -> None:
    house.on_air(**{ROOM: GROUP})
    speaker = await house.speaker(kinds=("audio", "video", "video:alt"))
    await both_layers(speaker, 10)
    listener = await house.listener(kinds=("video",))
    await both_layers(speaker, 10)
    await until(lambda: len(listener.of("video")) >= 10)
    assert not any(b"l" * 40 in p for p in listener.payloads("video"))
    for layer, wanted in (("low", b"l" * 40), ("high", b"high")):
        house.node.ask(listener.subscriber, Wish(layer=layer))
        seen = len(listener.of("video"))
        await both_layers(speaker, 30)
        await until(lambda wanted=wanted: wanted in listener.payloads("video")[-1])  # type: ignore[misc]
        begins = LOW_KEY if layer == "low" else KEYFRAME
        new = [p for p in listener.payloads("video")[seen:] if (b"l" * 40 in p) == (layer == "low")]
        assert new[0] == begins
        assert listener.subscriber.layer("0") == layer
    seqs = listener.seqs("video")
    assert all((b - a) & 0xFFFF == 1 for a, b in itertools.pairwise(seqs))
    stamps = listener.timestamps("video")
    assert all((b - a) & 0xFFFFFFFF < 1 << 31 for a, b in itertools.pairwise(stamps))


async def test_a_weak_link_gets_the_low_layer_by_itself(house: House) -> None:
    house.on_air(**{ROOM: GROUP})
    speaker = await house.speaker(kinds=("video", "video:alt"))
    await both_layers(speaker, 5)
    listener = await house.listener(kinds=("video",))
    await both_layers(speaker, 10)
    listener.subscriber.loss = 0.2
    listener.subscriber._lost = {}
    assert listener.subscriber.second(house.node.mux.now())
    await both_layers(speaker, 20)
    await until(lambda: listener.subscriber.layer("0") == "low")
    assert b"l" * 40 in listener.payloads("video")[-1]


async def test_a_lane_follows_the_screen_then_the_pin(house: House) -> None:
    order(house)
    ada = await house.speaker("ada", kinds=("audio", "video", "video:slides", "audio"))
    bob = await house.speaker("bob")
    listener = await house.listener(kinds=("video",))
    ada.picture(KEYFRAME)
    bob.picture(KEYFRAME)
    await until(lambda: listener.of("video"))
    ada.also(1, SCREEN_KEY)
    await until(lambda: SCREEN_KEY in listener.payloads("video"), seconds=2)
    source = listener.subscriber.source("0")
    assert source is not None
    assert source.source == "screen"
    order(house, pin="bob")
    assert listener.subscriber.publishers["0"].grant.person == "bob"
    order(house)
    assert listener.subscriber.publishers["0"].grant.person == "ada"


async def test_whoever_is_on_stage_sees_the_others_first(house: House) -> None:
    order(house)
    ada = await house.speaker("ada")
    own = await house.listener("ada", kinds=("video",))
    await ada.talk(3)
    await until(lambda: own.subscriber.publishers["0"].grant.person == "ada")
    bob = await house.speaker("bob")
    other = await house.listener("bob", kinds=("video",))
    await bob.talk(3)
    await ada.talk(3)
    await until(lambda: own.subscriber.publishers["0"].grant.person == "bob")
    await until(lambda: other.subscriber.publishers["0"].grant.person == "ada")
    order(house, pin="bob")
    assert other.subscriber.publishers["0"].grant.person == "ada"


async def test_a_film_s_sound_has_a_voice_before_microphones(house: House) -> None:
    order(house)
    ada = await house.speaker("ada", kinds=("audio", "video", "audio"))
    listener = await house.listener(kinds=("audio",))
    ssrc, shown = ada.ssrc("audio", 1), ""
    for seq in range(500):
        packet = rtp_packet(
            AUDIO_PT, seq=seq, timestamp=960 * seq, ssrc=ssrc, marker=False, payload=b"film"
        )
        ada.connection.send_rtp(packet)
        ada.sound()
        await asyncio.sleep(0.02)
        source = listener.subscriber.source("0")
        shown = source.source if source else ""
        if shown == "screen-sound":
            break
    assert shown == "screen-sound"


async def test_who_is_held_off_the_stage_comes_back_on_the_same_connection(house: House) -> None:
    order(house)
    ada = await house.speaker("ada")
    listener = await house.listener(kinds=("video",))
    await ada.talk(5)
    await until(lambda: len(listener.of("video")) >= 5)
    order(house, held=frozenset({"ada"}))
    await asyncio.sleep(0.05)
    before = len(listener.of("video"))
    await ada.talk(10)
    await asyncio.sleep(0.05)
    assert len(listener.of("video")) == before
    order(house)
    await ada.talk(5)
    await until(lambda: len(listener.of("video")) > before)
    kinds = [event.kind for event in house.node.journal.waiting]
    assert kinds.count("publisher.on_stage") == 2
    assert kinds.count("publisher.off_stage") == 1


async def test_a_new_grant_moves_a_publisher_on_stage_and_back(house: House) -> None:
    order(house)
    guest = await house.speaker("gus", group="hands")
    listener = await house.listener(kinds=("video",))
    await guest.talk(5)
    assert listener.of("video") == []
    house.node.regroup(guest.publisher, make_grant(person="gus", publish=GROUP))
    await guest.talk(5)
    await until(lambda: listener.of("video"))
    house.node.regroup(guest.publisher, make_grant(person="gus", publish="hands"))
    await asyncio.sleep(0.05)
    before = len(listener.of("video"))
    await guest.talk(5)
    await asyncio.sleep(0.05)
    assert len(listener.of("video")) == before
    assert guest.publisher.peer.ready
    with pytest.raises(NotGranted):
        house.node.regroup(guest.publisher, make_grant(person="gus"))


async def test_a_table_has_so_many_seats(house: House) -> None:
    for person in ("ada", "bob"):
        await house.speaker(person, seats=2)
    with pytest.raises(Full, match="The table has its 2 already"):
        await house.speaker("cyd", seats=2)
    await house.speaker("bob", seats=2)


async def test_talkback_reaches_whom_it_is_meant_for_and_never_the_audience(house: House) -> None:
    order(house)
    producer = await house.speaker("pia", group="talkback:opening", kinds=("audio",))
    ada, bob = [await house.listener(p, group=GROUP, kinds=("audio",)) for p in ("ada", "bob")]
    public = await house.listener("eve", kinds=("audio",))

    async def heard(to: list[str] | None) -> list[bool]:
        house.node.talk(producer.publisher, to)
        before = [len(x.of("audio")) for x in (ada, bob, public)]
        for _ in range(5):
            producer.sound()
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        after = [len(x.of("audio")) for x in (ada, bob, public)]
        return [b > a for a, b in zip(before, after, strict=True)]

    assert await heard(None) == [False, False, False]
    assert await heard(["ada"]) == [True, False, False]
    assert await heard(["*"]) == [True, True, False]
    assert await heard(None) == [False, False, False]
    speaker = await house.speaker("ada")
    with pytest.raises(NotGranted):
        house.node.talk(speaker.publisher, ["*"])


def test_vp8_alone_is_refused_in_words() -> None:
    offer = parse_offer(OFFER.replace("H264/90000", "VP8/90000"))
    with pytest.raises(NotAcceptable, match=r"here is VP8 alone.*Use Chrome"):
        _lines(offer)


@given(
    present=st.lists(st.none() | st.integers(0, 9), max_size=6),
    wanted=st.lists(st.integers(0, 9), unique=True, max_size=8),
)
def test_the_main_lane_carries_the_most_wanted(
    present: list[int | None], wanted: list[int]
) -> None:
    present = [s if present.index(s) == i else None for i, s in enumerate(present)]
    lanes = pin_main(present, wanted)
    assert len(lanes) == len(present)
    assert {s for s in lanes if s is not None} == set(wanted[: len(present)])
    if lanes and wanted:
        assert lanes[0] == wanted[0]


def test_only_the_large_picture_is_sharp_and_a_grid_of_many_is_not() -> None:
    fine, weak = Link(), Link(low=True)
    speaker, grid = Wish(layout=LAYOUTS[1]), Wish(layout=LAYOUTS[2])
    assert [layer_at(n, 3, speaker, fine) for n in range(3)] == ["high", "low", "low"]
    assert layer_at(0, 4, grid, fine) == "high"
    assert layer_at(0, 9, grid, fine) == "low"
    assert layer_at(0, 1, Wish(), weak) == "low"
    assert layer_at(0, 1, Wish(layer="high"), weak) == "high"


def test_who_falls_back_soon_waits_longer_the_next_time() -> None:
    def look(link: Link, loss: float, now: float, limit: float | None = None) -> Link:
        return next_link(link, loss=loss, limit_kbps=limit, high_kbps=1000, now=now)

    link = look(Link(), 0.2, 100)
    assert link == Link(low=True, since=100)
    assert look(link, 0.0, 100 + PATIENCE_S - 1).low
    up = look(link, 0.0, 100 + PATIENCE_S)
    assert not up.low
    again = look(up, 0.2, 110)
    assert again == Link(low=True, since=110, patience_s=2 * PATIENCE_S)
    assert look(again, 0.05, 120).since == 120
    tight = Link()
    for second in range(5):
        tight = look(tight, 0.0, 200 + second, limit=300)
    assert tight.low
    assert look(Link(tight=4), 0.0, 300, limit=2000) == Link()
