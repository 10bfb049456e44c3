"""Writing fragmented MP4 (ISO/IEC 14496-12, CMAF): one H.264 track and one AAC track, by hand.

By hand because a muxer of a library interleaves and delays as it likes, and a part must end exactly
where the playlist says.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

VIDEO_CLOCK = 90_000
AUDIO_CLOCK = 48_000
VIDEO_TRACK, AUDIO_TRACK = 1, 2
AAC_CONFIG = bytes((0x11, 0x90))
"""AudioSpecificConfig: AAC-LC, 48 kHz, stereo."""

AAC_SAMPLES = 1024
_KEY, _NOT_KEY = 0x02000000, 0x01010000
_MATRIX = struct.pack("!9L", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


@dataclass(frozen=True, slots=True)
class Sample:
    """One picture: start and duration in ticks of VIDEO_CLOCK, its NAL units behind their lengths."""

    start: int
    duration: int
    payload: bytes
    key: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """What a decoder must know before the first picture: H.264 parameter sets and the size."""

    sps: bytes
    pps: bytes
    width: int
    height: int

    @property
    def codec(self) -> str:
        """The codec as RFC 6381 names it."""
        return f"avc1.{self.sps[1:4].hex()}"


def init_segment(parameters: Parameters) -> bytes:
    """ftyp and moov of both tracks."""
    return _box(b"ftyp", b"iso5", bytes(4), b"iso5iso6mp41cmfc") + _box(
        b"moov",
        _movie_header(),
        _video_track(parameters),
        _audio_track(),
        _box(b"mvex", _track_defaults(VIDEO_TRACK), _track_defaults(AUDIO_TRACK)),
    )


def fragment(
    number: int, pictures: Sequence[Sample], sounds: Sequence[bytes], sound_start: int
) -> bytes:
    """One moof and its mdat. `sounds` are AAC frames, the first at `sound_start` (AUDIO_CLOCK)."""
    video, audio = b"", b""
    sizes = sum(len(p.payload) for p in pictures)
    # The data offsets count from the moof's start, so its size must be known before it is written.
    length = 8 + 16 + _video_length(len(pictures)) + _audio_length(len(sounds))
    if pictures:
        video = _video_fragment(pictures, length + 8)
    if sounds:
        audio = _audio_fragment(sounds, sound_start, length + 8 + sizes)
    moof = _box(b"moof", _full(b"mfhd", 0, 0, struct.pack("!L", number)), video, audio)
    assert len(moof) == length
    return moof + _box(b"mdat", *(p.payload for p in pictures), *sounds)


def _video_length(count: int) -> int:
    return 8 + 16 + 20 + 20 + 12 * count if count else 0


def _audio_length(count: int) -> int:
    return 8 + 20 + 20 + 20 + 4 * count if count else 0


def _video_fragment(pictures: Sequence[Sample], offset: int) -> bytes:
    rows = b"".join(
        struct.pack("!LLL", p.duration, len(p.payload), _KEY if p.key else _NOT_KEY)
        for p in pictures
    )
    return _box(
        b"traf",
        _full(b"tfhd", 0, 0x020000, struct.pack("!L", VIDEO_TRACK)),
        _full(b"tfdt", 1, 0, struct.pack("!Q", pictures[0].start)),
        _full(b"trun", 0, 0x000701, struct.pack("!Ll", len(pictures), offset), rows),
    )


def _audio_fragment(sounds: Sequence[bytes], start: int, offset: int) -> bytes:
    rows = struct.pack(f"!{len(sounds)}L", *map(len, sounds))
    return _box(
        b"traf",
        _full(b"tfhd", 0, 0x020008, struct.pack("!LL", AUDIO_TRACK, AAC_SAMPLES)),
        _full(b"tfdt", 1, 0, struct.pack("!Q", start)),
        _full(b"trun", 0, 0x000201, struct.pack("!Ll", len(sounds), offset), rows),
    )


def _box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack("!L4s", 8 + len(body), kind) + body


def _full(kind: bytes, version: int, flags: int, *content: bytes) -> bytes:
    return _box(kind, struct.pack("!L", version << 24 | flags), *content)


def _movie_header() -> bytes:
    return _full(
        b"mvhd",
        0,
        0,
        struct.pack("!4L", 0, 0, 1000, 0),
        struct.pack("!LH", 0x10000, 0x100),
        bytes(10),
        _MATRIX,
        bytes(24),
        struct.pack("!L", AUDIO_TRACK + 1),
    )


def _video_track(parameters: Parameters) -> bytes:
    avcc = _box(
        b"avcC",
        bytes((1,)) + parameters.sps[1:4] + b"\xff\xe1",
        struct.pack("!H", len(parameters.sps)) + parameters.sps,
        b"\x01" + struct.pack("!H", len(parameters.pps)) + parameters.pps,
    )
    entry = _box(
        b"avc1",
        bytes(6) + struct.pack("!H", 1) + bytes(16),
        struct.pack("!HH", parameters.width, parameters.height),
        struct.pack("!LLLH", 0x480000, 0x480000, 0, 1) + bytes(32),
        struct.pack("!Hh", 24, -1),
        avcc,
    )
    size = struct.pack("!LL", parameters.width << 16, parameters.height << 16)
    head = _full(b"vmhd", 0, 1, bytes(8))
    return _track(VIDEO_TRACK, VIDEO_CLOCK, b"vide", size, 0, head, entry)


def _audio_track() -> bytes:
    decoder = _descriptor(5, AAC_CONFIG)
    config = _descriptor(4, bytes((0x40, 0x15)) + bytes(3) + struct.pack("!LL", 0, 0) + decoder)
    esds = _full(b"esds", 0, 0, _descriptor(3, bytes(3) + config + _descriptor(6, b"\2")))
    entry = _box(
        b"mp4a",
        bytes(6) + struct.pack("!H", 1) + bytes(8),
        struct.pack("!HHLL", 2, 16, 0, AUDIO_CLOCK << 16),
        esds,
    )
    head = _full(b"smhd", 0, 0, bytes(4))
    return _track(AUDIO_TRACK, AUDIO_CLOCK, b"soun", bytes(8), 0x100, head, entry)


def _track(
    id: int, clock: int, handler: bytes, size: bytes, volume: int, head: bytes, entry: bytes
) -> bytes:
    header = _full(
        b"tkhd",
        0,
        3,
        struct.pack("!5L", 0, 0, id, 0, 0) + bytes(8),
        struct.pack("!HHHH", 0, 0, volume, 0),
        _MATRIX,
        size,
    )
    empty = (_full(kind, 0, 0, bytes(4)) for kind in (b"stts", b"stsc", b"stco"))
    table = _box(
        b"stbl",
        _full(b"stsd", 0, 0, struct.pack("!L", 1), entry),
        *empty,
        _full(b"stsz", 0, 0, bytes(8)),
    )
    reference = _full(b"dref", 0, 0, struct.pack("!L", 1), _full(b"url ", 0, 1))
    media = _box(
        b"mdia",
        _full(b"mdhd", 0, 0, struct.pack("!4LHH", 0, 0, clock, 0, 0x55C4, 0)),
        _full(b"hdlr", 0, 0, bytes(4) + handler + bytes(12) + b"\0"),
        _box(b"minf", head, _box(b"dinf", reference), table),
    )
    return _box(b"trak", header, media)


def _track_defaults(id: int) -> bytes:
    return _full(b"trex", 0, 0, struct.pack("!5L", id, 1, 0, 0, 0))


def _descriptor(tag: int, content: bytes) -> bytes:
    return bytes((tag, len(content))) + content
