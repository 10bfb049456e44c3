"""Writing the answer to an offer (SDP, RFC 8866 and RFC 8829)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from media.sdp import Codec, Media

H264_WANTED = "42e01f"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Our answer to one m-line: the codec taken (None: refused), and what we send on it."""

    media: Media
    direction: str = "inactive"
    codec: Codec | None = None
    repair: Codec | None = None
    extensions: tuple[str, ...] = ()
    ssrc: int | None = None
    repair_ssrc: int | None = None
    stream: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport:
    """Our end of the bundled transport."""

    ufrag: str
    password: str
    fingerprint: str
    candidates: Sequence[tuple[str, int]]


def write_answer(lines: Sequence[Line], transport: Transport, session_id: int) -> str:
    """The answer to an offer: a line for each of its m-lines, in the same order."""
    mids = [line.media.mid for line in lines if line.codec]
    out = [
        "v=0",
        f"o=- {session_id} 1 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        f"a=group:BUNDLE {' '.join(mids)}",
        "a=ice-lite",
        "a=msid-semantic: WMS *",
    ]
    for line in lines:
        out += _refused(line) if line.codec is None else _accepted(line, line.codec, transport)
    return "\r\n".join(out) + "\r\n"


def _refused(line: Line) -> list[str]:
    media = line.media
    return [
        f"m={media.kind} 0 {media.protocol} {'webrtc-datachannel' if media.kind == 'application' else 0}",
        "c=IN IP4 0.0.0.0",
        f"a=mid:{media.mid}",
        "a=inactive",
    ]


def _accepted(line: Line, codec: Codec, transport: Transport) -> list[str]:
    media = line.media
    numbers = [codec.payload_type, *([line.repair.payload_type] if line.repair else [])]
    out = [
        f"m={media.kind} 9 {media.protocol} {' '.join(map(str, numbers))}",
        "c=IN IP4 0.0.0.0",
        f"a=ice-ufrag:{transport.ufrag}",
        f"a=ice-pwd:{transport.password}",
        f"a=fingerprint:sha-256 {transport.fingerprint}",
        "a=setup:passive",
        f"a=mid:{media.mid}",
        f"a={line.direction}",
        "a=rtcp-mux",
        "a=rtcp-mux-only",
        "a=rtcp-rsize",
    ]
    out += [f"a=extmap:{media.extensions[uri]} {uri}" for uri in line.extensions]
    out += _codec_lines(media.kind, codec, line.repair)
    out += _source_lines(line)
    for number, (host, port) in enumerate(transport.candidates, 1):
        priority = (126 << 24) | ((65536 - number) << 8) | 255
        out.append(f"a=candidate:{number} 1 udp {priority} {host} {port} typ host")
    return [*out, "a=end-of-candidates"]


def _codec_lines(kind: str, codec: Codec, repair: Codec | None) -> list[str]:
    number = codec.payload_type
    if kind == "audio":
        return [
            f"a=rtpmap:{number} opus/48000/2",
            f"a=fmtp:{number} minptime=10;useinbandfec=1;usedtx=1",
            f"a=rtcp-fb:{number} nack",
        ]
    out = [
        f"a=rtpmap:{number} H264/90000",
        f"a=fmtp:{number} level-asymmetry-allowed=1;packetization-mode=1;profile-level-id={H264_WANTED}",
        *(f"a=rtcp-fb:{number} {feedback}" for feedback in ("nack", "nack pli", "goog-remb")),
    ]
    if repair:
        out += [
            f"a=rtpmap:{repair.payload_type} rtx/90000",
            f"a=fmtp:{repair.payload_type} apt={number}",
        ]
    return out


def _source_lines(line: Line) -> list[str]:
    if line.ssrc is None:
        return []
    track = f"{line.stream}-{line.media.mid}"
    out = [f"a=msid:{line.stream} {track}"]
    if line.repair_ssrc is not None:
        out.append(f"a=ssrc-group:FID {line.ssrc} {line.repair_ssrc}")
    for ssrc in filter(None, (line.ssrc, line.repair_ssrc)):
        out += [f"a=ssrc:{ssrc} cname:{line.stream}", f"a=ssrc:{ssrc} msid:{line.stream} {track}"]
    return out
