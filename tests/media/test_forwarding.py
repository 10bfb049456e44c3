"""From speaker to listener: what arrives, in which order, and what never does."""

from __future__ import annotations

import asyncio
import itertools

from media import rtcp
from tests.media.builders import DELTA, GROUP, KEYFRAME, ROOM, House, until


def follows(seqs: list[int]) -> bool:
    """Whether sequence numbers go up by one, over the wrap too."""
    return all((b - a) & 0xFFFF == 1 for a, b in itertools.pairwise(seqs))


def rises(timestamps: list[int]) -> bool:
    """Whether timestamps never run backwards, over the wrap too."""
    return all((b - a) & 0xFFFFFFFF < 1 << 31 for a, b in itertools.pairwise(timestamps))


async def test_what_is_said_on_stage_arrives_whole_and_in_order(house: House) -> None:
    house.on_air(**{ROOM: GROUP})
    speaker, listener = await house.speaker(), await house.listener()
    await speaker.talk(90)
    await until(lambda: len(listener.packets) >= 180)
    assert listener.payloads("video") == [KEYFRAME if i % 30 == 0 else DELTA for i in range(90)]
    assert follows(listener.seqs("video"))
    assert follows(listener.seqs("audio"))
    assert set(listener.payloads("audio")) == {b"opus"}


async def test_not_one_packet_leaves_the_green_room_before_it_is_on_air(house: House) -> None:
    speaker, listener = await house.speaker(), await house.listener()
    await speaker.talk(60)
    await asyncio.sleep(0.4)
    assert listener.packets == []
    assert listener.subscriber.packets_out == house.node.packets_out == 0
    house.on_air(**{ROOM: GROUP})
    await speaker.talk(30)
    await until(lambda: len(listener.of("video")) >= 30)
    house.on_air()
    await asyncio.sleep(0.1)
    before = listener.subscriber.packets_out
    await speaker.talk(60)
    await asyncio.sleep(0.2)
    assert listener.subscriber.packets_out == before == len(listener.packets)


async def test_another_group_stays_hidden_while_one_is_on_air(house: House) -> None:
    house.on_air(**{ROOM: "first"})
    await house.speaker("ada", group="first")
    later = await house.speaker("bob", group="second")
    listener = await house.listener()
    await later.talk(40)
    await asyncio.sleep(0.3)
    assert listener.packets == []


async def test_going_on_stage_keeps_the_connection(house: House) -> None:
    speaker, listener = await house.speaker(), await house.listener()
    session = speaker.publisher.id
    await speaker.talk(5)
    house.on_air(**{ROOM: GROUP})
    await speaker.talk(5)
    await until(lambda: listener.of("video"))
    assert list(house.node.publishers) == [session]


async def test_behind_the_stage_everybody_sees_the_others_and_not_themselves(house: House) -> None:
    house.on_air(**{ROOM: GROUP})
    ada, bob = await house.speaker("ada"), await house.speaker("bob")
    watching = await house.listener("ada", group=GROUP)
    await ada.talk(10)
    await asyncio.sleep(0.1)
    assert watching.packets == []
    await bob.talk(10)
    await until(lambda: len(watching.of("video")) >= 10)


async def test_a_newcomer_gets_the_picture_at_once(house: House) -> None:
    house.on_air(**{ROOM: GROUP})
    speaker = await house.speaker()
    await speaker.talk(20)
    listener = await house.listener()
    await until(lambda: len(listener.of("video")) >= 20)
    assert listener.payloads("video")[0] == KEYFRAME
    await speaker.talk(10, gop=100)
    await until(lambda: len(listener.of("video")) >= 30)
    assert follows(listener.seqs("video"))
    assert rises(listener.timestamps("video"))


async def test_switching_rooms_is_seamless_on_the_same_connection(house: House) -> None:
    house.on_air(hall="a", annex="b")
    ada = await house.speaker("ada", room="hall", group="a")
    bob = await house.speaker("bob", room="annex", group="b")
    listener = await house.listener(room="hall")
    talks = asyncio.gather(ada.talk(400, gop=50), bob.talk(400, gop=50))
    for turn in range(10):
        await asyncio.sleep(0.1)
        house.switch(listener, "annex" if turn % 2 == 0 else "hall")
    await talks
    await asyncio.sleep(0.1)
    for kind in ("audio", "video"):
        assert follows(listener.seqs(kind))
        assert rises(listener.timestamps(kind))
        assert len({p[8:12] for p in listener.of(kind)}) == 1
    assert len(listener.of("video")) > 300


async def test_many_lanes_carry_all_speakers_and_are_kept(house: House) -> None:
    house.on_air(**{ROOM: GROUP})
    ada, bob = await house.speaker("ada"), await house.speaker("bob")
    listener = await house.listener(kinds=("audio", "audio", "audio", "video", "video"))
    await asyncio.gather(ada.talk(20), bob.talk(20))
    await until(lambda: len(listener.of("video")) >= 40)
    shown = {mid: p.id for mid, p in listener.subscriber.publishers.items()}
    assert sorted(shown.values()) == sorted([ada.publisher.id, bob.publisher.id] * 2)
    await house.speaker("cyd")
    after = {mid: p.id for mid, p in listener.subscriber.publishers.items()}
    assert {mid: after[mid] for mid in shown} == shown


async def test_the_same_person_takes_over_their_own_place(house: House) -> None:
    house.on_air(**{ROOM: GROUP})
    first, listener = await house.speaker(), await house.listener()
    await first.talk(10)
    start = asyncio.get_running_loop().time()
    second = await house.speaker()
    assert list(house.node.publishers) == [second.publisher.id]
    await second.talk(10)
    await until(lambda: len(listener.of("video")) >= 20)
    assert asyncio.get_running_loop().time() - start < 2
    assert follows(listener.seqs("video"))
    assert rises(listener.timestamps("video"))


async def test_a_speaker_who_leaves_leaves_a_quiet_lane(house: House) -> None:
    house.on_air(**{ROOM: GROUP})
    speaker, listener = await house.speaker(), await house.listener()
    await speaker.talk(10)
    await speaker.connection.close()
    await until(lambda: not house.node.publishers)
    assert listener.subscriber.peer.ready
    again = await house.speaker("bob")
    await again.talk(10)
    await until(lambda: len(listener.of("video")) >= 20)
    assert follows(listener.seqs("video"))


async def test_sender_reports_carry_the_lane_s_own_timestamps(house: House) -> None:
    house.on_air(**{ROOM: GROUP})
    speaker, listener = await house.speaker(), await house.listener()
    for kind, clock in (("video", speaker.video_time), ("audio", speaker.audio_time)):
        report = rtcp.SenderReport(
            ssrc=speaker.ssrc(kind), ntp=(3_900_000_000 << 32), rtp=clock, packets=1, octets=1
        )
        speaker.connection.send_rtcp(rtcp.write_sender_report(report, "ada"))
    await speaker.talk(20)
    await until(lambda: len({r.ssrc for r in listener.reports}) == 2)
    for kind in ("audio", "video"):
        newest = listener.timestamps(kind)[-1]
        ssrc = int.from_bytes(listener.of(kind)[0][8:12], "big")
        report = next(r for r in reversed(listener.reports) if r.ssrc == ssrc)
        assert abs(((report.rtp - newest + (1 << 31)) & 0xFFFFFFFF) - (1 << 31)) < 3 * 90_000


async def test_a_keyframe_is_asked_for_when_there_is_none_and_not_too_often(house: House) -> None:
    house.on_air(**{ROOM: GROUP})
    speaker = await house.speaker()
    speaker.picture()
    await until(lambda: house.node.packets_in)
    listeners = [await house.listener(f"guest {i}") for i in range(4)]
    await until(lambda: speaker.keyframes_wanted)
    await asyncio.sleep(0.1)
    assert speaker.keyframes_wanted < 4
    await until(lambda: speaker.keyframes_wanted > 1, seconds=2)
    speaker.picture(KEYFRAME)
    for listener in listeners:
        await until(lambda listener=listener: listener.payloads("video") == [KEYFRAME])  # type: ignore[misc]


async def test_an_old_keyframe_is_shown_only_when_no_new_one_comes(house: House) -> None:
    house.on_air(**{ROOM: GROUP})
    speaker = await house.speaker()
    await speaker.talk(10)
    speaker.publisher.streams[1].gop_at -= 60
    first, second = await house.listener("eve"), await house.listener("fay")
    await asyncio.sleep(0.1)
    assert speaker.keyframes_wanted == 1
    assert first.of("video") == []
    speaker.picture(KEYFRAME)
    for listener in (first, second):
        await until(lambda listener=listener: listener.payloads("video") == [KEYFRAME])  # type: ignore[misc]
    await speaker.talk(5, gop=100)
    speaker.publisher.streams[1].gop_at -= 60
    late = await house.listener("gus")
    await until(lambda: len(late.of("video")) >= 5, seconds=2)
    assert late.payloads("video")[0] == KEYFRAME
    assert follows(late.seqs("video"))
