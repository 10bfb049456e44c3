"""H.264 out of RTP (RFC 6184) without decoding: NAL units, whole pictures, the size of a picture."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from media.broadcast.boxes import Parameters

SLICE, IDR, SEI, SPS, PPS, DELIMITER, STAP_A, FU_A = 1, 5, 6, 7, 8, 9, 24, 28
_START = 0x80
_MOST_NALS = 4096
_HIGH_PROFILES = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128})


class NotH264(ValueError):
    """Bytes that are no parameter set that we can read."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One whole picture: RTP timestamp, NAL units without parameter sets, and these if it had any."""

    timestamp: int
    payload: bytes
    key: bool
    sps: bytes | None
    pps: bytes | None


class Assembler:
    """Puts packets, which come in order, together into pictures.

    After `lost` nothing comes out until the next keyframe: what refers to missing pictures would
    smear.
    """

    def __init__(self) -> None:
        self.broken = True
        self._nals: list[bytes] = []
        self._fragments: list[bytes] = []
        self._timestamp: int | None = None
        self._spoilt = False
        self._sps: bytes | None = None
        self._pps: bytes | None = None

    def lost(self) -> None:
        """Packets are missing before the next one."""
        self.broken = self._spoilt = True
        self._nals, self._fragments = [], []

    def push(self, payload: bytes, timestamp: int, marker: bool) -> list[Picture]:
        """Take one packet's payload; the pictures that it completed."""
        done = []
        if self._timestamp is not None and timestamp != self._timestamp:
            # The last packet of the earlier picture carried no marker.
            done += self._finish()
        self._timestamp = timestamp
        self._take(payload)
        if marker:
            done += self._finish()
        return done

    def _finish(self) -> list[Picture]:
        nals, timestamp, spoilt = self._nals, self._timestamp, self._spoilt
        self._nals, self._fragments, self._timestamp, self._spoilt = [], [], None, False
        slices = [nal for nal in nals if nal[0] & 31 in (SLICE, IDR)]
        if timestamp is None or not slices:
            return []
        key = any(nal[0] & 31 == IDR for nal in slices)
        if spoilt:
            return []
        if self.broken:
            if not key or not self._sps or not self._pps:
                return []
            self.broken = False
        payload = b"".join(struct.pack("!L", len(nal)) + nal for nal in slices)
        sets = (self._sps, self._pps) if key else (None, None)
        return [Picture(timestamp, payload, key, *sets)]

    def _take(self, payload: bytes) -> None:
        if len(payload) < 2:
            return
        kind = payload[0] & 31
        if kind == STAP_A:
            position = 1
            while position + 2 < len(payload):
                end = position + 2 + (payload[position] << 8 | payload[position + 1])
                self._keep(payload[position + 2 : end])
                position = end
        elif kind == FU_A:
            self._take_fragment(payload)
        elif kind < STAP_A:
            self._keep(payload)

    def _take_fragment(self, payload: bytes) -> None:
        head = payload[1]
        if head & _START:
            self._fragments = [bytes((payload[0] & 0xE0 | head & 31,))]
        if not self._fragments:
            return
        self._fragments.append(payload[2:])
        if head & 0x40:
            self._keep(b"".join(self._fragments))
            self._fragments = []

    def _keep(self, nal: bytes) -> None:
        if not nal or len(self._nals) >= _MOST_NALS:
            return
        kind = nal[0] & 31
        if kind == SPS and len(nal) > 4:
            self._sps = nal
        elif kind == PPS:
            self._pps = nal
        elif kind in (SLICE, IDR):
            self._nals.append(nal)


def parameters(sps: bytes, pps: bytes) -> Parameters:
    """The parameter sets with the size that they describe; raises NotH264."""
    width, height = picture_size(sps)
    return Parameters(sps=sps, pps=pps, width=width, height=height)


def annex_b(found: Parameters, payload: bytes) -> bytes:
    """A picture with its parameter sets as a decoder takes them from a raw stream."""
    parts = [b"\0\0\0\1", found.sps, b"\0\0\0\1", found.pps]
    position = 0
    while position + 4 <= len(payload):
        (length,) = struct.unpack_from("!L", payload, position)
        parts += [b"\0\0\0\1", payload[position + 4 : position + 4 + length]]
        position += 4 + length
    return b"".join(parts)


def length_prefixed(stream: bytes) -> tuple[bytes, bytes | None, bytes | None]:
    """A picture in Annex B form as a sample: its slices behind their lengths, and SPS and PPS."""
    sps = pps = None
    slices = []
    for nal in stream.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1"):
        kind = nal[0] & 31 if nal else 0
        if kind == SPS:
            sps = nal
        elif kind == PPS:
            pps = nal
        elif kind in (SLICE, IDR):
            slices.append(struct.pack("!L", len(nal)) + nal)
    return b"".join(slices), sps, pps


def picture_size(sps: bytes) -> tuple[int, int]:
    """Width and height in pixels, cropping taken off; raises NotH264."""
    bits = _Bits(sps[1:].replace(b"\0\0\3", b"\0\0"))
    profile = bits.take(8)
    bits.take(16)
    bits.golomb()
    chroma = 1
    if profile in _HIGH_PROFILES:
        chroma = bits.golomb()
        if chroma == 3:
            bits.take(1)
        bits.golomb()
        bits.golomb()
        bits.take(1)
        if bits.take(1):
            raise NotH264("scaling matrices are not read")
    bits.golomb()
    _skip_order(bits)
    bits.golomb()
    bits.take(1)
    across, down = bits.golomb() + 1, bits.golomb() + 1
    whole_frames = bits.take(1)
    if not whole_frames:
        bits.take(1)
    bits.take(1)
    crop: Sequence[int] = (0, 0, 0, 0)
    if bits.take(1):
        crop = [bits.golomb() for _ in range(4)]
    unit_x = 2 if chroma in (1, 2) else 1
    unit_y = (2 if chroma == 1 else 1) * (2 - whole_frames)
    width = across * 16 - unit_x * (crop[0] + crop[1])
    height = down * 16 * (2 - whole_frames) - unit_y * (crop[2] + crop[3])
    if not (0 < width <= 8192 and 0 < height <= 8192):
        raise NotH264(f"a picture of {width} by {height}")
    return width, height


def _skip_order(bits: _Bits) -> None:
    kind = bits.golomb()
    if kind == 0:
        bits.golomb()
    elif kind == 1:
        bits.take(1)
        bits.golomb()
        bits.golomb()
        for _ in range(min(bits.golomb(), 255)):
            bits.golomb()


class _Bits:
    def __init__(self, content: bytes) -> None:
        self._value = int.from_bytes(content, "big")
        self._left = len(content) * 8

    def take(self, count: int) -> int:
        self._left -= count
        if self._left < 0:
            raise NotH264("the parameter set ends early")
        return self._value >> self._left & ((1 << count) - 1)

    def golomb(self) -> int:
        zeros = 0
        while not self.take(1):
            zeros += 1
            if zeros > 31:
                raise NotH264("not a number")
        return (1 << zeros | self.take(zeros)) - 1 if zeros else 0
