"""Lost packets, on both sides of the node, with patterns that are the same every time."""

from __future__ import annotations

import asyncio

import pytest

from media import rtcp
from tests.media.builders import GROUP, ROOM, House, until


@pytest.mark.parametrize("every", [100, 20, 10])
async def test_what_a_listener_lost_is_sent_again(house: House, every: int) -> None:
    house.on_air(**{ROOM: GROUP})
    speaker, listener = await house.speaker(), await house.listener(kinds=("video",))
    listener.repairs = True
    listener.lose(lambda n: n % every == 0)
    await speaker.talk(400, gop=60)
    listener.lose(lambda _: False)
    await speaker.talk(5)
    seqs = listener.seqs("video")
    first = seqs[0]
    await until(lambda: {(s - first) & 0xFFFF for s in listener.seqs("video")} >= set(range(400)))
    assert listener.repaired > 0
    assert listener.subscriber.resent >= listener.repaired


@pytest.mark.parametrize("every", [100, 20, 10])
async def test_what_was_lost_on_the_way_in_is_asked_for(house: House, every: int) -> None:
    house.on_air(**{ROOM: GROUP})
    speaker, listener = await house.speaker(), await house.listener(kinds=("video",))
    speaker.lose = lambda seq: seq % every == 7
    await speaker.talk(300)
    speaker.lose = lambda _: False
    await speaker.talk(5)
    first = listener.seqs("video")[0]
    await until(lambda: {(s - first) & 0xFFFF for s in listener.seqs("video")} == set(range(305)))


async def test_reordering_on_the_way_in_is_passed_on_with_the_right_numbers(house: House) -> None:
    house.on_air(**{ROOM: GROUP})
    speaker, listener = await house.speaker(), await house.listener(kinds=("video",))
    await speaker.talk(1)
    send, held = speaker.connection.send_rtp, []

    def swapped(packet: bytes) -> None:
        held.append(packet)
        if len(held) == 2:
            send(held.pop())
            send(held.pop())

    speaker.connection.send_rtp = swapped  # type: ignore[method-assign]
    for number in range(40):
        speaker.picture(b"\x41" + number.to_bytes(2, "big") * 50)
        await asyncio.sleep(0.002)
    await until(lambda: len(set(listener.seqs("video"))) == 41)
    by_seq = sorted(
        listener.of("video"),
        key=lambda p: ((p[2] << 8 | p[3]) - listener.seqs("video")[0]) & 0xFFFF,
    )
    assert [int.from_bytes(p[13:15], "big") for p in by_seq[1:]] == list(range(40))


async def test_the_publisher_hears_of_its_loss_and_of_its_limit(house: House) -> None:
    speaker = await house.speaker()
    compounds: list[bytes] = []
    hear = speaker.connection.on_rtcp
    speaker.connection.on_rtcp = lambda compound: (compounds.append(compound), hear(compound))  # type: ignore[func-returns-value,assignment]
    speaker.lose = lambda seq: seq % 5 == 0
    speaker._history.clear()
    await speaker.talk(100)
    await until(lambda: any(isinstance(m, rtcp.Reception) for m in speaker.messages), seconds=3)
    assert any(b"REMB" in compound for compound in compounds)
