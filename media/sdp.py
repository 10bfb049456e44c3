"""Reading offers and writing answers (SDP, RFC 8866 and RFC 8829), within strict bounds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from media.errors import BadOffer

MAX_LINES = 2000
MAX_LINE = 2000
MAX_MEDIA = 32
MAX_SSRCS = 32
MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
DIRECTIONS = ("sendrecv", "sendonly", "recvonly", "inactive")
TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`{|}~-]{1,32}")
ICE_UFRAG = re.compile(r"[A-Za-z0-9+/]{4,256}")
ICE_PASSWORD = re.compile(r"[A-Za-z0-9+/]{22,256}")
FINGERPRINT = re.compile(r"(sha-(?:256|384|512)) ([0-9A-F]{2}(?::[0-9A-F]{2}){31,63})", re.I)
H264_WANTED = "42e01f"
LOW = "alt"
"""What a line’s a=content says (RFC 4796) that carries the low layer of the picture before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Codec:
    """One payload type of an offer; `parameters` are those of its fmtp line."""

    payload_type: int
    name: str
    clock: int
    parameters: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """One m-line of an offer."""

    kind: str
    mid: str
    protocol: str
    direction: str
    rejected: bool
    codecs: tuple[Codec, ...] = ()
    extensions: dict[str, int] = field(default_factory=dict)
    ssrcs: tuple[int, ...] = ()
    repair_ssrcs: frozenset[int] = frozenset()
    content: str = ""

    @property
    def sends(self) -> bool:
        return self.direction in ("sendrecv", "sendonly")

    @property
    def receives(self) -> bool:
        return self.direction in ("sendrecv", "recvonly")


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a client offers: one bundled transport and its m-lines in order."""

    media: tuple[Media, ...]
    ufrag: str
    fingerprints: tuple[tuple[str, str], ...]


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


def parse_offer(text: str) -> Offer:
    """The offer in this session description; raises BadOffer in words."""
    session, sections = _sections(text)
    if not sections:
        raise BadOffer("The offer has no media line")
    if len(sections) > MAX_MEDIA:
        raise BadOffer(f"The offer has more than {MAX_MEDIA} media lines")
    media = tuple(_media(section, index) for index, section in enumerate(sections))
    live = [m for m in media if not m.rejected]
    if len({m.mid for m in media}) != len(media):
        raise BadOffer("Two media lines have the same mid")
    bundle = next(
        (v.split()[1:] for v in session.get("group", []) if v.split()[:1] == ["BUNDLE"]), []
    )
    if len(live) > 1 and any(m.mid not in bundle for m in live):
        raise BadOffer("All media lines must be bundled (a=group:BUNDLE)")
    return Offer(
        media=media,
        ufrag=_ufrag(session, sections),
        fingerprints=_fingerprints(session, sections),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteTransport:
    """A server's end of the bundled transport, as its description gives it; `active` tells that it
    begins the DTLS handshake."""

    ufrag: str
    password: str
    fingerprints: tuple[tuple[str, str], ...]
    candidates: tuple[tuple[str, int], ...]
    active: bool


def parse_remote_transport(text: str) -> RemoteTransport:
    """The transport in a server's description; raises BadOffer."""
    session, sections = _sections(text)
    lines = [value.split() for s in (*sections, session) for value in s.get("candidate", [])]
    candidates = dict.fromkeys(
        (words[4], _number(words[5], 65535))
        for words in lines
        if len(words) > 7 and words[2].lower() == "udp" and words[7] == "host"
    )
    passwords = [s["ice-pwd"][0] for s in (*sections, session) if "ice-pwd" in s]
    if not candidates or not passwords:
        raise BadOffer("The description has no UDP host candidate or no a=ice-pwd")
    return RemoteTransport(
        ufrag=_ufrag(session, sections),
        password=passwords[0],
        fingerprints=_read_fingerprints(session, sections),
        candidates=tuple(candidates),
        active=any("active" in s.get("setup", []) for s in (session, *sections)),
    )


def parse_sources(text: str) -> dict[str, int]:
    """The SSRC that a server's description sends on each line, by mid; raises BadOffer."""
    found: dict[str, int] = {}
    for section in _sections(text)[1]:
        ssrcs, _ = _ssrcs(section)
        if ssrcs and "mid" in section:
            found[section["mid"][0]] = ssrcs[0]
    return found


def find_codec(media: Media) -> Codec | None:
    """The codec of an m-line that the node carries: Opus, or H.264 baseline in mode 1."""
    wanted = _is_opus if media.kind == "audio" else _is_h264
    return next((codec for codec in media.codecs if wanted(codec)), None)


def find_repair(media: Media, codec: Codec) -> Codec | None:
    """The retransmission codec (RFC 4588) that belongs to a codec."""
    apt = str(codec.payload_type)
    return next(
        (c for c in media.codecs if c.name == "rtx" and c.parameters.get("apt") == apt), None
    )


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


def parse_fragment(text: str) -> tuple[str, str]:
    """User fragment and password of a trickle fragment (RFC 8840); empty where it has none."""
    session, sections = _sections(text)
    ufrag = next((s["ice-ufrag"][0] for s in (session, *sections) if "ice-ufrag" in s), "")
    password = next((s["ice-pwd"][0] for s in (session, *sections) if "ice-pwd" in s), "")
    return ufrag, password


Attributes = dict[str, list[str]]


def _sections(text: str) -> tuple[Attributes, list[Attributes]]:
    """Attributes of the session and of each media section; "m" holds the m-line itself."""
    lines = text.split("\n")
    if len(lines) > MAX_LINES:
        raise BadOffer(f"The description has more than {MAX_LINES} lines")
    session: Attributes = {}
    sections: list[Attributes] = []
    present = session
    for raw in lines:
        line = raw.rstrip("\r")
        if not line:
            continue
        if len(line) > MAX_LINE or line[1:2] != "=":
            raise BadOffer(f"Not a line of SDP: {line[:40]!r}")
        if line[0] == "m":
            present = {"m": [line[2:]]}
            sections.append(present)
        elif line[0] == "a":
            name, _, value = line[2:].partition(":")
            present.setdefault(name, []).append(value)
    return session, sections


def _media(section: Attributes, index: int) -> Media:
    words = section["m"][0].split()
    if len(words) < 4 or words[0] not in ("audio", "video", "application"):
        raise BadOffer(f"Not a media line: {section['m'][0][:60]!r}")
    mid = section.get("mid", [str(index)])[0]
    if not TOKEN.fullmatch(mid):
        raise BadOffer(f"Not a mid: {mid[:40]!r}")
    rejected = words[1] == "0" and "bundle-only" not in section
    if words[0] == "application":
        return Media(
            kind=words[0], mid=mid, protocol=words[2], direction="inactive", rejected=rejected
        )
    if "rtcp-mux" not in section and not rejected:
        raise BadOffer(f"Media line {mid} lacks a=rtcp-mux")
    ssrcs, repair = _ssrcs(section)
    return Media(
        kind=words[0],
        mid=mid,
        protocol=words[2],
        direction=next((d for d in DIRECTIONS if d in section), "sendrecv"),
        rejected=rejected,
        codecs=tuple(_codecs(section, words[3:])),
        extensions=_extensions(section),
        ssrcs=ssrcs,
        repair_ssrcs=repair,
        content=section.get("content", [""])[0][:32],
    )


def _codecs(section: Attributes, formats: Sequence[str]) -> list[Codec]:
    parameters: dict[str, dict[str, str]] = {}
    for value in section.get("fmtp", []):
        payload_type, _, text = value.partition(" ")
        pairs = (part.partition("=") for part in text.split(";"))
        parameters[payload_type] = {name.strip().lower(): v.strip() for name, _, v in pairs}
    found = []
    for value in section.get("rtpmap", []):
        payload_type, _, text = value.partition(" ")
        name, _, clock = text.partition("/")
        if payload_type not in formats or not payload_type.isascii():
            continue
        number, rate = _number(payload_type, 127), _number(clock.partition("/")[0], 1 << 20)
        found.append(
            Codec(
                payload_type=number,
                name=name.lower(),
                clock=rate,
                parameters=parameters.get(payload_type, {}),
            )
        )
    return found


def _extensions(section: Attributes) -> dict[str, int]:
    found: dict[str, int] = {}
    for value in section.get("extmap", []):
        words = value.split()
        if len(words) >= 2 and words[1] in (MID, AUDIO_LEVEL):
            found.setdefault(words[1], _number(words[0].partition("/")[0], 255))
    return found


def _ssrcs(section: Attributes) -> tuple[tuple[int, ...], frozenset[int]]:
    """Media SSRCs in order of appearance, and those of repair streams (FID groups)."""
    repair: set[int] = set()
    for value in section.get("ssrc-group", []):
        words = value.split()
        if words[:1] == ["FID"]:
            repair.update(_number(word, 0xFFFFFFFF) for word in words[2:])
    every = (_number(v.split(" ", 1)[0], 0xFFFFFFFF) for v in section.get("ssrc", []))
    media = dict.fromkeys(ssrc for ssrc in every if ssrc not in repair)
    return tuple(media)[:MAX_SSRCS], frozenset(list(repair)[:MAX_SSRCS])


def _ufrag(session: Attributes, sections: Sequence[Attributes]) -> str:
    found = [s["ice-ufrag"][0] for s in (*sections, session) if "ice-ufrag" in s]
    passwords = [s["ice-pwd"][0] for s in (*sections, session) if "ice-pwd" in s]
    if not found or not ICE_UFRAG.fullmatch(found[0]):
        raise BadOffer("The description lacks a valid a=ice-ufrag")
    if not passwords or not ICE_PASSWORD.fullmatch(passwords[0]):
        raise BadOffer("The description lacks a valid a=ice-pwd")
    return found[0]


def _fingerprints(
    session: Attributes, sections: Sequence[Attributes]
) -> tuple[tuple[str, str], ...]:
    setups = [s["setup"][0] for s in (session, *sections) if "setup" in s]
    if any(setup == "passive" for setup in setups):
        raise BadOffer("The offer must be a=setup:actpass or active")
    return _read_fingerprints(session, sections)


def _read_fingerprints(
    session: Attributes, sections: Sequence[Attributes]
) -> tuple[tuple[str, str], ...]:
    values = next((s["fingerprint"] for s in (*sections, session) if "fingerprint" in s), [])
    found = [match.groups() for value in values if (match := FINGERPRINT.fullmatch(value))]
    if not found:
        raise BadOffer("The description lacks a=fingerprint with sha-256 or better")
    return tuple((algorithm.lower(), value.upper()) for algorithm, value in found[:4])


def _number(text: str, most: int) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 12) or int(text) > most:
        raise BadOffer(f"Not a number up to {most}: {text[:20]!r}")
    return int(text)


def _is_opus(codec: Codec) -> bool:
    return codec.name == "opus" and codec.clock == 48000


def _is_h264(codec: Codec) -> bool:
    profile = codec.parameters.get("profile-level-id", "42e01f").lower()
    return (
        codec.name == "h264"
        and codec.clock == 90000
        and codec.parameters.get("packetization-mode", "0") == "1"
        and re.fullmatch(r"42[4-7c-f][0-9a-f]{3}", profile) is not None
    )


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
