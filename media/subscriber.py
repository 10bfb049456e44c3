"""Somebody who receives media from the node."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Protocol

from aiortc import RTCCertificate

from media import rtcp, sdp
from media.answer import Line, Transport, write_answer
from media.errors import NotAcceptable
from media.grant import Grant
from media.lane import Lane
from media.layout import LAYERS, Link, Wish, assign, layer_at, next_link, pin_main
from media.mux import Mux
from media.peer import Peer
from media.stream import AUDIO_CLOCK, VIDEO_CLOCK, Stream


class Source(Protocol):
    """Whoever is behind a stream: a publisher here, or one of another node that is relayed."""

    id: str
    grant: Grant

    @property
    def clock_offset(self) -> float | None: ...


Choice = tuple[Source, Stream]


class Subscriber:
    """One WHEP session: its lanes, and the room and group that it watches (None: the stage).

    Another node's session may have a second lane beside one of pictures, for the low layer of what
    is on it; `main_lanes` are those that get something of their own.
    """

    def __init__(
        self,
        *,
        offer: sdp.Offer,
        grant: Grant,
        room: str,
        group: str | None,
        mux: Mux,
        certificate: RTCCertificate,
        most_lanes: int,
        prefix: str = "",
        wish: Wish,
        catch_up: Callable[[Lane], None],
        ready: Callable[[Subscriber], None],
        gone: Callable[[Subscriber, str], None],
    ) -> None:
        self.grant = grant
        self.room = room
        self.group = group
        self.wish = replace(wish, layer="high") if grant.service else wish
        self.link = Link()
        self.loss = 0.0
        self.kbps = 0
        self.limit_kbps: float | None = None
        self.noted_at = float("-inf")
        self.resent = 0
        self.publishers: dict[str, Source] = {}
        self._now = mux.now
        self._lost: dict[int, float] = {}
        self._sources: dict[str, Stream] = {}
        self._choices: Sequence[Choice] = ()
        self._ready = ready
        self.lines = _lines(offer, most_lanes)
        self.lanes = [
            # A broadcast waits for a fresh keyframe: a squeezed replay would stay in the recording.
            _lane(line, now=mux.now, catch_up=catch_up, replays=not grant.service or grant.relays)
            for line in self.lines
            if line.codec
        ]
        self._lows = _low_lanes(self.lines, self.lanes) if grant.relays else {}
        beside = set(self._lows.values())
        self.main_lanes = [lane for lane in self.lanes if lane not in beside]
        self._by_ssrc = {lane.outlet.ssrc: lane for lane in self.lanes}
        self.peer = Peer(
            offer=offer,
            mux=mux,
            certificate=certificate,
            on_rtp=lambda _: None,
            on_rtcp=self._on_rtcp,
            on_ready=self._on_ready,
            on_path=self._connect,
            on_gone=lambda reason: gone(self, reason),
            prefix=prefix,
        )
        self.id = self.peer.id

    @property
    def packets_out(self) -> int:
        """Media packets sent so far."""
        return sum(lane.outlet.sent for lane in self.lanes)

    def answer(self, transport: Transport) -> str:
        """The session description that answers the offer."""
        return write_answer(self.lines, transport, session_id=id(self))

    def fill(self, choices: Sequence[Choice]) -> None:
        """Put these streams, the most wanted first, on the lanes, in the layers that fit."""
        self._choices = choices
        owners = {id(stream): publisher for publisher, stream in choices}
        self.publishers = {}
        for kind in ("audio", "video"):
            lanes = [lane for lane in self.main_lanes if lane.kind == kind]
            wanted = [stream for _, stream in choices if stream.kind == kind]
            present = [self._sources.get(lane.mid) for lane in lanes]
            choose = pin_main if kind == "video" and self.wish.has_main else assign
            for lane, source in zip(lanes, choose(present, wanted), strict=True):
                if source is None:
                    self._sources.pop(lane.mid, None)
                    lane.fill(None)
                else:
                    self._put(lane, source, wanted)
                    self.publishers[lane.mid] = owners[id(source)]
                beside = self._lows.get(lane.mid)
                if beside is not None:
                    beside.fill(source.low if source is not None else None)
                    if source is not None and source.low is not None:
                        self.publishers[beside.mid] = owners[id(source)]

    def ask(self, wish: Wish) -> None:
        """Fill the lanes as this wish says from now on."""
        self.wish = wish
        self.fill(self._choices)

    def source(self, mid: str) -> Stream | None:
        """What a lane shows, in whichever layer."""
        return self._sources.get(mid)

    def place(self, mid: str) -> int | None:
        """Where what a lane shows stands among all that it might: 0 is the most wanted."""
        source = self._sources.get(mid)
        alike = [stream for _, stream in self._choices if source and stream.kind == source.kind]
        return alike.index(source) if source in alike else None

    def layer(self, mid: str) -> str | None:
        """The layer that a lane carries now, or None where its source has but one."""
        source = self._sources.get(mid)
        if source is None or source.low is None:
            return None
        lane = next(lane for lane in self.lanes if lane.mid == mid)
        return LAYERS[2] if lane.stream is source.low else LAYERS[1]

    def second(self, now: float) -> bool:
        """Look at how the connection fares, once a second; whether it changed the layer."""
        self.kbps = sum(x.stream.kbps for x in self.lanes if x.live and x.stream is not None)
        layered = [s for s in self._sources.values() if s.low is not None]
        high_kbps = sum(s.kbps for s in layered)
        before = self.link
        self.link = next_link(
            before, loss=self.loss, limit_kbps=self.limit_kbps, high_kbps=high_kbps, now=now
        )
        if layered:
            self.fill(self._choices)
        return bool(layered) and self.link.low != before.low

    def _put(self, lane: Lane, source: Stream, wanted: Sequence[Stream]) -> None:
        """Let the lane carry the source, in the layer that its place and the link allow."""
        shown = min(len(wanted), sum(1 for x in self.main_lanes if x.kind == lane.kind))
        layer = layer_at(wanted.index(source), shown, self.wish, self.link)
        low = source.low
        stream = (
            low if layer == "low" and low is not None and not low.quiet(self._now()) else source
        )
        if self._sources.get(lane.mid) is source:
            lane.turn(stream)
        else:
            self._sources[lane.mid] = source
            lane.fill(stream)

    @property
    def report_due(self) -> bool:
        """Whether a lane took a source whose clock the receiver does not know yet."""
        return any(
            lane.live and not lane.reported and lane.stream is not None and lane.stream.report
            for lane in self.lanes
        )

    def report(self) -> None:
        """Send the sender reports of all lanes in one packet."""
        if not self.peer.ready:
            return
        now, wall, compound = self._now(), time.time(), b""
        for lane in self.lanes:
            publisher = self.publishers.get(lane.mid)
            if publisher is None or publisher.clock_offset is None:
                continue
            report = lane.sender_report(publisher.clock_offset, now, wall)
            if report is not None:
                compound += rtcp.write_sender_report(report, "plenary")
        if compound:
            self.peer.send_rtcp(compound)

    def _on_ready(self) -> None:
        self._connect()
        self._ready(self)

    def _connect(self) -> None:
        if self.peer.ice.path is not None:
            port, address = self.peer.ice.path
            for lane in self.lanes:
                lane.connect(port.fan, self.peer.secure, address)

    def _on_rtcp(self, compound: bytes) -> None:
        for message in rtcp.parse(compound):
            if isinstance(message, rtcp.BitrateLimit):
                self.limit_kbps = message.kbps
            lane = self._by_ssrc.get(message.ssrc)
            if lane is None:
                continue
            if isinstance(message, rtcp.Nack):
                self.resent += lane.resend(message.missing)
            elif isinstance(message, rtcp.KeyframeWanted) and lane.stream is not None:
                lane.stream.request_keyframe()
            elif isinstance(message, rtcp.Reception):
                self._lost[message.ssrc] = message.lost
                self.loss = max(self._lost.values())


def _lines(offer: sdp.Offer, most_lanes: int) -> list[Line]:
    lines, used = [], 0
    for media in offer.media:
        codec = None if media.rejected or not media.receives else sdp.find_codec(media)
        if codec is None or used >= most_lanes:
            lines.append(Line(media=media))
            continue
        used += 1
        repair = sdp.find_repair(media, codec) if media.kind == "video" else None
        lines.append(
            Line(
                media=media,
                codec=codec,
                repair=repair,
                direction="sendonly",
                ssrc=random.randrange(1, 1 << 32),
                repair_ssrc=random.randrange(1, 1 << 32) if repair else None,
                stream="plenary",
            )
        )
    if not used:
        raise NotAcceptable("No line is offered that the node can fill: Opus, H.264 baseline")
    return lines


def _low_lanes(lines: Sequence[Line], lanes: Sequence[Lane]) -> dict[str, Lane]:
    """The lanes that carry the low layer of the picture lane before them, by that one’s mid."""
    by_mid = {lane.mid: lane for lane in lanes}
    found: dict[str, Lane] = {}
    main = None
    for line in lines:
        lane = by_mid.get(line.media.mid)
        if lane is None or lane.kind != "video":
            continue
        if line.media.content == sdp.LOW and main is not None:
            found[main], main = lane, None
        else:
            main = lane.mid
    return found


def _lane(
    line: Line,
    *,
    now: Callable[[], float],
    catch_up: Callable[[Lane], None],
    replays: bool,
) -> Lane:
    assert line.codec is not None
    assert line.ssrc is not None
    repair = None
    if line.repair and line.repair_ssrc is not None:
        repair = (line.repair.payload_type, line.repair_ssrc)
    return Lane(
        kind=line.media.kind,
        mid=line.media.mid,
        clock=VIDEO_CLOCK if line.media.kind == "video" else AUDIO_CLOCK,
        payload_type=line.codec.payload_type,
        repair=repair,
        ssrc=line.ssrc,
        now=now,
        catch_up=catch_up,
        replays=replays,
    )
