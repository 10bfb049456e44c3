"""Strangers' bytes at every door: nothing falls over, nothing grows.

PLENARY_FUZZ_EXAMPLES in the environment makes it longer than the few seconds of an ordinary run.
"""

from __future__ import annotations

import os
import re

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from media import sdp
from media.answer import Transport, write_answer
from media.client import AUDIO_PT, VIDEO_PT, Connection, OfferedLine, describe
from media.errors import MediaError
from media.lane import Lane
from media.outlet import Outlet
from media.publisher import _lines as publisher_lines
from media.stream import GOP_PACKETS, RING, Stream
from media.subscriber import _lines as subscriber_lines
from tests.media.builders import CERTIFICATE, House

EXAMPLES = int(os.environ.get("PLENARY_FUZZ_EXAMPLES", "300"))
fuzz = settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def whole_offer() -> str:
    lines = [OfferedLine(kind="audio", ssrc=1), OfferedLine(kind="video", ssrc=2)]
    return describe(Connection(certificate=CERTIFICATE), lines)


OFFER = whole_offer()


@st.composite
def broken_offers(draw: st.DrawFn) -> str:
    """An honest offer with lines dropped, doubled, swapped, cut, or filled with nonsense."""
    lines = OFFER.split("\r\n")
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(lines) - 1))
        change = draw(st.sampled_from(("drop", "double", "cut", "number", "text", "swap")))
        if change == "drop" and len(lines) > 1:
            del lines[at]
        elif change == "double":
            lines.insert(at, lines[at])
        elif change == "cut":
            lines[at] = lines[at][: draw(st.integers(0, 30))]
        elif change == "number":
            number = str(draw(st.integers(-(10**12), 10**12)))
            lines[at] = re.sub(r"\d+", number, lines[at], count=1)
        elif change == "text":
            lines[at] = lines[at][:4] + draw(st.text(max_size=40))
        else:
            other = draw(st.integers(0, len(lines) - 1))
            lines[at], lines[other] = lines[other], lines[at]
    return "\r\n".join(lines)


@fuzz
@given(broken_offers())
async def test_a_broken_offer_is_answered_or_refused_in_words(text: str) -> None:
    transport = Transport(
        ufrag="u" * 16, password="p" * 32, fingerprint="AA", candidates=[("127.0.0.1", 1)]
    )
    for lines_of in (publisher_lines, lambda offer: subscriber_lines(offer, 24)):
        try:
            lines = lines_of(sdp.parse_offer(text))
        except MediaError as refusal:
            words = str(refusal)
        else:
            words = write_answer(lines, transport, 1)
        assert len(words) > 10


headers = st.builds(
    lambda first, second, seq, timestamp, ssrc, rest: (
        bytes([first, second])
        + seq.to_bytes(2, "big")
        + timestamp.to_bytes(4, "big")
        + ssrc.to_bytes(4, "big")
        + rest
    ),
    first=st.sampled_from([0x80, 0x90, 0xA0, 0xB0, 0x8F, 0x9F, 0xBF]) | st.integers(128, 191),
    second=st.sampled_from([VIDEO_PT, VIDEO_PT | 0x80, AUDIO_PT]) | st.integers(0, 127),
    seq=st.integers(0, 0xFFFF),
    timestamp=st.integers(0, 0xFFFFFFFF),
    ssrc=st.sampled_from([1000, 1001, 7, 8]) | st.integers(0, 0xFFFFFFFF),
    rest=st.binary(max_size=60),
)


@fuzz
@given(st.lists(headers, max_size=30))
def test_any_sequence_of_packets_keeps_a_stream_in_bounds(packets: list[bytes]) -> None:
    stream = Stream(kind="video", mid="1", source="camera", request=lambda: None)
    lane = Lane(
        kind="video", mid="0", clock=90_000, payload_type=96, repair=None, ssrc=5,
        now=lambda: 1.0, catch_up=lambda _: None,
    )  # fmt: skip
    lane.fill(stream)
    for number, packet in enumerate(packets):
        try:
            stream.accept(packet, float(number))
        except ValueError:
            continue
        stream.overdue()
    stream.forward()
    stream.reception(99.0)
    assert len(stream.gop) <= GOP_PACKETS
    assert len(stream.missing) <= 128
    assert len(stream._ring) == RING["video"]
    assert [seq for seq, _ in stream.gop] == sorted({seq for seq, _ in stream.gop})


async def test_a_guest_who_sends_nonsense_harms_nobody(house: House) -> None:
    """Everything here is well encrypted: the guest is known, and means ill."""
    house.on_air(hall="opening")
    speaker, listener = await house.speaker(), await house.listener()

    @fuzz
    @given(packet=headers, compound=st.binary(max_size=80), datagram=st.binary(max_size=80))
    def attack(packet: bytes, compound: bytes, datagram: bytes) -> None:
        for deliver, piece in (
            (speaker.publisher._on_rtp, packet),
            (speaker.publisher._on_rtcp, b"\x80\xc8" + compound),
            (listener.subscriber._on_rtcp, b"\x81\xcd" + compound),
        ):
            try:
                deliver(piece)
            except ValueError:
                continue
        house.node.mux.ports[0].received(datagram, ("203.0.113.1", 5))
        house.node.mux.drained()

    attack()
    assert len(speaker.publisher._by_ssrc) <= 64
    assert house.node.mux.ports[0]._by_address.keys() == {
        address for s in (speaker.publisher, listener.subscriber) for _, address in s.peer.ice.bound
    }
    fresh = await house.speaker("bob")
    await fresh.talk(5)
    assert house.node.publishers


def test_outlets_stay_small() -> None:
    assert not hasattr(Outlet(ssrc=1, payload_type=96), "__dict__")
