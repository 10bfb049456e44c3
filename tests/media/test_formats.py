"""The small languages that the node reads and writes: SDP, STUN, RTP, RTCP, loops."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import aioice.stun
import aiortc.rtp
import pytest
from aiortc import sdp as reference
from aiortc.rtcrtpparameters import RTCRtpHeaderExtensionParameters, RTCRtpParameters
from hypothesis import given
from hypothesis import strategies as st

from media import loops, rtcp, rtp, sdp, stun
from media.answer import Line, Transport, write_answer
from media.client import Connection, OfferedLine, describe
from media.errors import BadOffer
from tests.media.builders import CERTIFICATE

SEQS = st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=40)


def offer_text(*kinds: str) -> str:
    lines = [OfferedLine(kind=kind, ssrc=10 + i) for i, kind in enumerate(kinds)]
    return describe(Connection(certificate=CERTIFICATE), lines)


async def test_an_offer_is_read_as_aiortc_reads_it() -> None:
    text = offer_text("audio", "video", "video")
    ours, theirs = sdp.parse_offer(text), reference.SessionDescription.parse(text)
    assert [m.kind for m in ours.media] == [m.kind for m in theirs.media]
    assert [m.mid for m in ours.media] == [m.rtp.muxId for m in theirs.media]
    assert [[c.payload_type for c in m.codecs] for m in ours.media] == [
        [c.payloadType for c in m.rtp.codecs] for m in theirs.media
    ]
    assert [m.ssrcs for m in ours.media] == [tuple(s.ssrc for s in m.ssrc) for m in theirs.media]
    assert theirs.media[0].ice is not None
    assert ours.ufrag == theirs.media[0].ice.usernameFragment


async def test_our_answer_is_sdp_that_aiortc_reads() -> None:
    offer = sdp.parse_offer(offer_text("audio", "video"))
    codecs = [sdp.find_codec(media) for media in offer.media]
    lines = [
        Line(media=m, codec=c, direction="sendonly", ssrc=5, repair_ssrc=6, stream="x",
                 repair=sdp.find_repair(m, c) if c else None)
        for m, c in zip(offer.media, codecs, strict=True)
    ]  # fmt: skip
    transport = Transport(
        ufrag="u" * 16, password="p" * 32, fingerprint="AA:" * 31 + "AA",
        candidates=[("127.0.0.1", 7900), ("2001:db8::1", 7900)],
    )  # fmt: skip
    answer = reference.SessionDescription.parse(write_answer(lines, transport, 1))
    assert [m.direction for m in answer.media] == ["sendonly", "sendonly"]
    assert [c.ip for c in answer.media[0].ice_candidates] == ["127.0.0.1", "2001:db8::1"]
    assert answer.media[0].ice is not None
    assert answer.media[0].ice.iceLite
    assert [c.mimeType for c in answer.media[1].rtp.codecs] == ["video/H264", "video/rtx"]
    remote = sdp.parse_remote_transport(write_answer(lines, transport, 1))
    assert remote.candidates == (("127.0.0.1", 7900), ("2001:db8::1", 7900))
    assert not remote.active


@pytest.mark.parametrize(
    ("profile", "taken"),
    [("42e01f", True), ("42E034", True), ("42c01f", True), ("42001f", False), ("640c1f", False)],
)
async def test_only_constrained_baseline_is_taken(profile: str, taken: bool) -> None:
    text = offer_text("video").replace("profile-level-id=42e01f", f"profile-level-id={profile}")
    assert (sdp.find_codec(sdp.parse_offer(text).media[0]) is not None) is taken


@given(st.text(max_size=400))
def test_any_text_is_an_offer_or_a_bad_one(text: str) -> None:
    for read in (sdp.parse_offer, sdp.parse_remote_transport, sdp.parse_fragment):
        try:
            read(text)
        except BadOffer:
            continue


@given(st.binary(min_size=12, max_size=12), st.ip_addresses(), st.integers(1, 65535))
def test_our_stun_answers_are_read_by_aioice(
    transaction: bytes, host: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int
) -> None:
    answer = aioice.stun.parse_message(
        stun.binding_response(transaction, str(host), port, b"password")
    )
    assert answer.attributes["XOR-MAPPED-ADDRESS"] == (str(host), port)
    assert answer.check_message_integrity(b"password")


def test_aioice_s_requests_are_read_by_us() -> None:
    request = aioice.stun.Message(aioice.stun.Method.BINDING, aioice.stun.Class.REQUEST)
    request.attributes["USERNAME"] = "ours:theirs"
    request.attributes["USE-CANDIDATE"] = None
    request.add_message_integrity(b"password")
    read = stun.parse_request(bytes(request))
    assert read is not None
    assert (read.username, read.nominates) == ("ours:theirs", True)
    assert read.authentic(b"password")
    assert not read.authentic(b"passw0rd")


@given(st.binary(max_size=120))
def test_any_bytes_are_a_request_or_nothing(datagram: bytes) -> None:
    read = stun.parse_request(datagram)
    assert read is None or not read.authentic(b"a password that nobody guesses")


@given(SEQS)
def test_a_nack_names_what_is_missing(seqs: list[int]) -> None:
    missing = sorted(set(seqs))
    [message] = rtcp.parse(rtcp.write_nack(7, missing))
    assert message == rtcp.Nack(ssrc=7, missing=tuple(missing))
    [theirs] = aiortc.rtp.RtcpPacket.parse(rtcp.write_nack(7, missing))
    assert isinstance(theirs, aiortc.rtp.RtcpRtpfbPacket)
    assert sorted(theirs.lost) == missing


@given(st.integers(1000, 100_000_000), st.lists(st.integers(0, 0xFFFFFFFF), max_size=3))
def test_a_bitrate_limit_is_read_by_aiortc(limit: int, ssrcs: list[int]) -> None:
    [packet] = aiortc.rtp.RtcpPacket.parse(rtcp.write_bitrate_limit(limit, ssrcs))
    assert isinstance(packet, aiortc.rtp.RtcpPsfbPacket)
    read, for_whom = aiortc.rtp.unpack_remb_fci(packet.fci)
    assert for_whom == ssrcs
    assert limit * 0.999 <= read <= limit


def test_reports_are_read_by_aiortc_and_by_us() -> None:
    report = rtcp.SenderReport(ssrc=1, ntp=2 << 40, rtp=3, packets=4, octets=5)
    written = rtcp.write_sender_report(report, "plenary")
    assert list(rtcp.parse(written)) == [report]
    assert len(aiortc.rtp.RtcpPacket.parse(written)) == 2
    block = rtcp.ReceptionBlock(
        ssrc=1, fraction=64, lost=-3, highest=70_000, jitter=9, last_report=1, delay=2
    )
    written = rtcp.write_receiver_report([block])
    assert list(rtcp.parse(written)) == [rtcp.Reception(ssrc=1, lost=0.25)]
    [theirs] = aiortc.rtp.RtcpPacket.parse(written)
    assert isinstance(theirs, aiortc.rtp.RtcpRrPacket)
    assert theirs.reports[0].packets_lost == -3
    assert list(rtcp.parse(rtcp.write_keyframe_request(8))) == [rtcp.KeyframeWanted(ssrc=8)]
    assert list(rtcp.parse(rtcp.write_bye([8, 9]))) == [rtcp.Bye(ssrc=8), rtcp.Bye(ssrc=9)]


@given(st.binary(max_size=200))
def test_any_bytes_are_rtcp_or_silence(compound: bytes) -> None:
    list(rtcp.parse(compound))


@given(st.binary(min_size=12, max_size=200))
def test_any_bytes_are_rtp_or_malformed(packet: bytes) -> None:
    try:
        bare = rtp.bare(packet)
    except rtp.Malformed:
        return
    assert len(bare) <= len(packet)
    rtp.starts_keyframe(bare)
    rtp.extension(packet, 1)


@given(
    payload=st.binary(min_size=1, max_size=50),
    csrc=st.lists(st.integers(0, 9), max_size=3),
    extended=st.booleans(),
    padding=st.integers(0, 9),
)
def test_what_is_not_payload_is_taken_off(
    payload: bytes, csrc: list[int], extended: bool, padding: int
) -> None:
    packet = aiortc.rtp.RtpPacket(payload_type=96, payload=payload)
    packet.csrc, packet.padding_size = csrc, padding
    packet.extensions.mid = "mid" if extended else None
    parameters = RTCRtpParameters(
        headerExtensions=[RTCRtpHeaderExtensionParameters(id=4, uri=sdp.MID)]
    )
    ids = aiortc.rtp.HeaderExtensionsMap()
    ids.configure(parameters)
    raw = packet.serialize(ids)
    assert rtp.bare(raw)[12:] == payload
    assert rtp.extension(raw, 4) == (b"mid" if extended else None)


@pytest.mark.parametrize(
    ("payload", "starts"),
    [
        (b"\x67abc", True),
        (b"\x65abc", True),
        (b"\x78\x00\x04\x67ab", True),
        (b"\x7c\x85ab", True),
        (b"\x7c\x05ab", False),
        (b"\x7c\x81ab", False),
        (b"\x41abc", False),
        (b"\x68abc", False),
        (b"", False),
    ],
)
def test_where_a_keyframe_starts(payload: bytes, starts: bool) -> None:
    assert rtp.starts_keyframe(bytes(12) + payload) is starts


def test_a_loop_survives_its_file(tmp_path: Path) -> None:
    loop = loops.Loop(
        fps=15,
        frames=(
            loops.Frame(keyframe=True, payloads=(b"a" * 900, b"b")),
            loops.Frame(keyframe=False, payloads=(b"c",)),
        ),
        sounds=(loops.Sound(level=30, payload=b"opus"),),
    )
    loops.write_loop(loop, tmp_path / "speaker.loop")
    assert loops.read_loop(tmp_path / "speaker.loop") == loop


@pytest.mark.parametrize(
    "content", [b"", b"{}\n", b'{"magic":"plenary-loop-1","fps":1,"frames":9}\n']
)
def test_what_is_no_loop_is_said_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "wrong.loop"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"wrong\.loop holds no loop"):
        loops.read_loop(path)


@given(st.lists(st.binary(min_size=1, max_size=4000), min_size=1, max_size=4))
def test_pictures_are_cut_so_that_aiortc_joins_them_again(bodies: list[bytes]) -> None:
    from aiortc.codecs.h264 import h264_depayload

    nals = [b"\x65" + body.replace(b"\0", b"\1") for body in bodies]
    picture = b"".join(b"\0\0\0\1" + nal for nal in nals)
    payloads = loops.packetize(b"\0\0\0\1\x67\x42\xe0\x1f\0\0\0\1\x68\xce" + picture)
    assert all(len(payload) <= loops.MAX_PAYLOAD for payload in payloads)
    joined = b"".join(h264_depayload(payload) for payload in payloads)
    assert joined.replace(b"\0\0\0\1", b"\0\0\1") == (
        b"\0\0\1\x67\x42\xe0\x1f\0\0\1\x68\xce" + picture.replace(b"\0\0\0\1", b"\0\0\1")
    )


def test_loudness_is_counted_as_rfc_6464_wants() -> None:
    assert loops.level_of(bytes(1920)) == 127
    assert loops.level_of(b"\xff\x7f" * 960) == 0
