"""Reading RTP packets as bytes: where the payload begins, and what a keyframe looks like."""

from __future__ import annotations

import struct

HEADER = struct.Struct("!BBHLL")
HEADER_SIZE = 12
BARE = bytes(HEADER_SIZE)
ONE_BYTE = 0xBEDE
IDR, SPS, STAP_A, FU_A = 5, 7, 24, 28


class Malformed(ValueError):
    """Bytes that are not an RTP or RTCP packet."""


def payload_bounds(packet: bytes) -> tuple[int, int]:
    """Start and end of the payload, without contributors, extensions and padding."""
    size = len(packet)
    if size < HEADER_SIZE or packet[0] >> 6 != 2:
        raise Malformed("not RTP")
    first = packet[0]
    start, end = HEADER_SIZE + 4 * (first & 15), size
    if first & 0x10:
        if start + 4 > size:
            raise Malformed("extension beyond the packet")
        start += 4 + 4 * int.from_bytes(packet[start + 2 : start + 4], "big")
    if first & 0x20 and size:
        end -= packet[-1]
    if not HEADER_SIZE <= start <= size or end < start:
        raise Malformed("payload beyond the packet")
    return start, end


def bare(packet: bytes) -> bytes:
    """The packet with nothing but twelve bytes of header before its payload."""
    if packet[0] == 0x80 and len(packet) >= HEADER_SIZE:
        return packet
    start, end = payload_bounds(packet)
    return BARE + packet[start:end]


def extension(packet: bytes, wanted: int) -> bytes | None:
    """The value of the one-byte header extension (RFC 8285) with this id, or None."""
    if not packet[0] & 0x10 or not wanted:
        return None
    position = HEADER_SIZE + 4 * (packet[0] & 15)
    if len(packet) < position + 4:
        return None
    profile, words = struct.unpack_from("!HH", packet, position)
    if profile != ONE_BYTE:
        return None
    position += 4
    end = min(position + 4 * words, len(packet))
    while position < end:
        head = packet[position]
        if head == 0:
            position += 1
            continue
        length = (head & 15) + 1
        if head >> 4 == wanted:
            return packet[position + 1 : min(position + 1 + length, end)]
        position += 1 + length
    return None


def starts_keyframe(packet: bytes) -> bool:
    """Whether an H.264 packet (RFC 6184) begins a picture that needs no other: SPS or IDR."""
    if len(packet) <= HEADER_SIZE + 2:
        return False
    kind = packet[HEADER_SIZE] & 31
    if kind in (SPS, IDR):
        return True
    if kind == FU_A:
        return packet[HEADER_SIZE + 1] & 0x9F in (0x80 | IDR, 0x80 | SPS)
    if kind == STAP_A and len(packet) > HEADER_SIZE + 3:
        return packet[HEADER_SIZE + 3] & 31 in (SPS, IDR)
    return False
