"""Reading and writing the RTCP that the node speaks: reports, NACK, PLI, REMB (RFC 3550, 4585)."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

SENDER_REPORT, RECEIVER_REPORT, DESCRIPTION, BYE, FEEDBACK, PAYLOAD_FEEDBACK = (
    200,
    201,
    202,
    203,
    205,
    206,
)
NACK, PLI, FIR, APPLICATION = 1, 1, 4, 15
MAX_NACKED = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderReport:
    """What a sender says of its clock: NTP time (32.32 fixed point) of an RTP timestamp."""

    ssrc: int
    ntp: int
    rtp: int
    packets: int
    octets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reception:
    """What a receiver says of one SSRC; `lost` is the fraction (0…1) since its last report."""

    ssrc: int
    lost: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Nack:
    """Packets (16-bit sequence numbers) that a receiver misses of one SSRC."""

    ssrc: int
    missing: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyframeWanted:
    """A receiver cannot go on without a keyframe of this SSRC."""

    ssrc: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BitrateLimit:
    """What a receiver believes that it can take of all its SSRCs together (REMB)."""

    ssrc: int
    kbps: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bye:
    """A sender ends this SSRC."""

    ssrc: int


Message = SenderReport | Reception | Nack | KeyframeWanted | BitrateLimit | Bye


def parse(compound: bytes) -> Iterator[Message]:
    """What a compound packet says, as far as we know it; ends silently at the first nonsense."""
    position, size = 0, len(compound)
    while position + 8 <= size:
        first, kind, words = struct.unpack_from("!BBH", compound, position)
        end = position + 4 * (words + 1)
        if first >> 6 != 2 or end > size:
            return
        reader = _READERS.get(kind)
        if reader:
            yield from reader(compound[position + 4 : end], first & 31)
        position = end


def _sender_report(body: bytes, count: int) -> Iterator[Message]:
    if len(body) < 24:
        return
    ssrc, ntp, rtp, packets, octets = struct.unpack_from("!LQLLL", body)
    yield SenderReport(ssrc=ssrc, ntp=ntp, rtp=rtp, packets=packets, octets=octets)
    yield from _receptions(body[24:], count)


def _receiver_report(body: bytes, count: int) -> Iterator[Message]:
    yield from _receptions(body[4:], count)


def _receptions(blocks: bytes, count: int) -> Iterator[Message]:
    for start in range(0, min(24 * count, len(blocks) - 23), 24):
        ssrc, lost = struct.unpack_from("!LB", blocks, start)
        yield Reception(ssrc=ssrc, lost=lost / 256)


def _feedback(body: bytes, kind: int) -> Iterator[Message]:
    if kind != NACK or len(body) < 12:
        return
    ssrc = struct.unpack_from("!L", body, 4)[0]
    missing: list[int] = []
    for start in range(8, len(body) - 3, 4):
        first, mask = struct.unpack_from("!HH", body, start)
        missing.append(first)
        missing += [(first + bit + 1) & 0xFFFF for bit in range(16) if mask >> bit & 1]
        if len(missing) >= MAX_NACKED:
            break
    yield Nack(ssrc=ssrc, missing=tuple(missing[:MAX_NACKED]))


def _payload_feedback(body: bytes, kind: int) -> Iterator[Message]:
    if len(body) < 8:
        return
    if kind == PLI:
        yield KeyframeWanted(ssrc=struct.unpack_from("!L", body, 4)[0])
    elif kind == FIR:
        for start in range(8, len(body) - 7, 8):
            yield KeyframeWanted(ssrc=struct.unpack_from("!L", body, start)[0])
    elif kind == APPLICATION:
        yield from _bitrate_limit(body)


def _bitrate_limit(body: bytes) -> Iterator[Message]:
    if len(body) < 20 or body[8:12] != b"REMB":
        return
    field, ssrc = struct.unpack_from("!LL", body, 12)
    yield BitrateLimit(ssrc=ssrc, kbps=(field & 0x3FFFF) * 2.0 ** (field >> 18 & 63) / 1000)


def _bye(body: bytes, count: int) -> Iterator[Message]:
    for start in range(0, min(4 * count, len(body) - 3), 4):
        yield Bye(ssrc=struct.unpack_from("!L", body, start)[0])


_READERS = {
    SENDER_REPORT: _sender_report,
    RECEIVER_REPORT: _receiver_report,
    BYE: _bye,
    FEEDBACK: _feedback,
    PAYLOAD_FEEDBACK: _payload_feedback,
}


def write_sender_report(report: SenderReport, cname: str) -> bytes:
    """A sender report with the description (CNAME) that RFC 3550 wants beside it."""
    body = struct.pack("!LQLLL", report.ssrc, report.ntp, report.rtp, report.packets, report.octets)
    name = cname.encode("ascii")
    item = struct.pack("!LBB", report.ssrc, 1, len(name)) + name + b"\0"
    item += bytes(-len(item) % 4)
    return _packed(SENDER_REPORT, 0, body) + _packed(DESCRIPTION, 1, item)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceptionBlock:
    """Our own account of one incoming SSRC, in the units of RFC 3550 section 6.4.1."""

    ssrc: int
    fraction: int
    lost: int
    highest: int
    jitter: int
    last_report: int
    delay: int


def write_receiver_report(blocks: Sequence[ReceptionBlock]) -> bytes:
    """A receiver report with up to 31 blocks."""
    body = struct.pack("!L", 1)
    for b in blocks[:31]:
        lost = max(-(1 << 23), min(b.lost, (1 << 23) - 1)) & 0xFFFFFF
        body += struct.pack(
            "!LLLLLL",
            b.ssrc,
            b.fraction << 24 | lost,
            b.highest & 0xFFFFFFFF,
            b.jitter & 0xFFFFFFFF,
            b.last_report,
            b.delay & 0xFFFFFFFF,
        )
    return _packed(RECEIVER_REPORT, len(blocks[:31]), body)


def write_keyframe_request(ssrc: int) -> bytes:
    """A picture loss indication."""
    return _packed(PAYLOAD_FEEDBACK, PLI, struct.pack("!LL", 1, ssrc))


def write_nack(ssrc: int, missing: Sequence[int]) -> bytes:
    """A NACK for these sequence numbers, which must be in ascending order."""
    pairs = b""
    index = 0
    while index < len(missing):
        first, mask = missing[index], 0
        index += 1
        while index < len(missing) and 0 < (ahead := (missing[index] - first) & 0xFFFF) <= 16:
            mask |= 1 << (ahead - 1)
            index += 1
        pairs += struct.pack("!HH", first & 0xFFFF, mask)
    return _packed(FEEDBACK, NACK, struct.pack("!LL", 1, ssrc) + pairs)


def write_bitrate_limit(bits_per_second: int, ssrcs: Sequence[int]) -> bytes:
    """A REMB message: what the sender of these SSRCs may use together."""
    exponent = max(0, bits_per_second.bit_length() - 18)
    mantissa = bits_per_second >> exponent
    body = struct.pack("!LL4sL", 1, 0, b"REMB", len(ssrcs) << 24 | exponent << 18 | mantissa)
    body += b"".join(struct.pack("!L", ssrc) for ssrc in ssrcs)
    return _packed(PAYLOAD_FEEDBACK, APPLICATION, body)


def write_bye(ssrcs: Sequence[int]) -> bytes:
    """The end of these SSRCs."""
    return _packed(BYE, len(ssrcs), b"".join(struct.pack("!L", ssrc) for ssrc in ssrcs))


def _packed(kind: int, count: int, body: bytes) -> bytes:
    return struct.pack("!BBH", 0x80 | count, kind, len(body) // 4) + body
