"""When somebody speaks, and that the node says so."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from media import events
from media.voice import LEAST_S, PAUSE_S, Voice, next_voice, spoken
from tests.media.builders import GROUP, ROOM, House, until


def listen(levels: list[float], step: float = 0.25) -> list[float]:
    """The lengths of the speeches in these looks, the last one ended by leaving."""
    voice, found = Voice(), []
    for number, level in enumerate(levels):
        voice, seconds = next_voice(voice, level, now=number * step)
        if seconds is not None:
            found.append(seconds)
    last = spoken(voice)
    return [*found, last] if last is not None else found


def test_a_speech_lasts_over_short_pauses_and_a_cough_is_none() -> None:
    quiet = [0.0] * 8
    assert listen([90.0] * 8 + quiet) == [1.8]
    assert listen([90.0] * 4 + [0.0] * 4 + [90.0] * 4 + quiet) == [2.8]
    assert listen([90.0, 0.0, *quiet]) == []
    assert listen([50.0] * 20) == []
    assert listen([90.0] * 5) == [1.0]


@given(st.lists(st.floats(0, 127), max_size=80))
def test_speeches_never_last_longer_than_what_was_heard(levels: list[float]) -> None:
    lengths = listen(levels)
    assert all(length >= LEAST_S for length in lengths)
    assert sum(lengths) <= len(levels) * 0.25
    assert PAUSE_S > 0


async def test_a_speech_becomes_an_event_when_it_ends_or_its_speaker_leaves(house: House) -> None:
    house.on_air(**{ROOM: GROUP})
    ada = await house.speaker("ada")
    now = house.node.mux.now()
    ada.publisher.voice = Voice(since=now - 10, heard=now - 3)
    await until(lambda: any(e.kind == events.PUBLISHER_SPOKE for e in house.node.journal.waiting))
    spoke = house.node.journal.waiting[-1]
    assert (spoke.facts["seconds"], spoke.facts["person"], spoke.facts["on_stage"]) == (
        7.0, "ada", True
    )  # fmt: skip
    assert spoke.stream == events.STREAM
    ada.publisher.voice = Voice(since=now - 2, heard=now)
    ada.publisher.loudness = 127.0
    house.node.drop(ada.publisher, "test")
    kinds = [event.kind for event in house.node.journal.waiting]
    assert kinds[-3:] == [
        events.PUBLISHER_SPOKE, events.PUBLISHER_OFF_STAGE, events.PUBLISHER_LEFT
    ]  # fmt: skip


async def test_what_is_noted_often_never_pushes_out_who_was_where(house: House) -> None:
    house.on_air(**{ROOM: GROUP})
    listener = await house.listener()
    house.node.note_quality(listener.subscriber, 2, 900, 40)
    house.node.note_quality(listener.subscriber, 2, 900, 40)
    noted = [e for e in house.node.journal.waiting if e.kind == events.SUBSCRIBER_QUALITY]
    assert len(noted) == 1
    assert noted[0].stream == events.QUALITY_STREAM
    assert (noted[0].facts["freezes"], noted[0].facts["rtt_ms"]) == (2, 40)


async def test_a_publisher_who_posts_again_takes_its_place_in_no_time(house: House) -> None:
    house.on_air(**{ROOM: GROUP})
    first, listener = await house.speaker("ada"), await house.listener(kinds=("video",))
    await first.talk(10)
    await until(lambda: listener.of("video"))
    loop = asyncio.get_running_loop()
    began = loop.time()
    again = await house.speaker("ada")
    seen = len(listener.of("video"))
    await again.talk(2)
    await until(lambda: len(listener.of("video")) > seen)
    assert loop.time() - began < 2
    assert list(house.node.publishers) == [again.publisher.id]
    left = next(e for e in house.node.journal.waiting if e.kind == events.PUBLISHER_LEFT)
    assert left.facts["reason"] == "replaced"
