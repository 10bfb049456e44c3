"""Reading offers and other session descriptions (SDP, RFC 8866 and RFC 8829), within strict bounds."""

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
