"""Somebody who sends media to the node."""

from __future__ import annotations

from collections.abc import Callable

from aiortc import RTCCertificate

from media import rtcp, rtp, sdp
from media.answer import Line, Transport, write_answer
from media.errors import NotAcceptable
from media.grant import Grant
from media.mux import Mux
from media.peer import Peer
from media.skew import Skew
from media.stream import Stream
from media.voice import Voice, next_voice

KEYFRAME_INTERVAL_S = 0.3
GOP_AGE_S = 2.0
MAX_UNKNOWN_SSRCS = 64
SILENCE = 127
SOURCES = {
    "audio": ("microphone", "screen-sound"),
    "video": ("camera", "screen"),
}
LEAST_KBPS = 200
LOW_KBPS = 250


class Publisher:
    """One WHIP session: what is sent, by whom, into which group of which room."""

    def __init__(
        self,
        *,
        offer: sdp.Offer,
        grant: Grant,
        room: str,
        group: str,
        mux: Mux,
        certificate: RTCCertificate,
        ceiling_kbps: int,
        prefix: str = "",
        arrived: Callable[[Stream], None],
        ready: Callable[[Publisher], None],
        gone: Callable[[Publisher, str], None],
    ) -> None:
        self.grant = grant
        self.room = room
        self.group = group
        self.joined_at = mux.now()
        self.lines = _lines(offer)
        self.streams = [stream for stream in map(self._stream, self.lines) if stream]
        self._pair_layers()
        self.peer = Peer(
            offer=offer,
            mux=mux,
            certificate=certificate,
            on_rtp=self._on_rtp,
            on_rtcp=self._on_rtcp,
            on_ready=lambda: ready(self),
            on_path=lambda: None,
            on_gone=lambda reason: gone(self, reason),
            prefix=prefix,
        )
        self.id = self.peer.id
        self.loudness = 0.0
        self.kbps = 0
        self.loss = 0.0
        self.talks_to: frozenset[str] | None = None
        self.voice = Voice()
        self._skew = Skew()
        self.packets_in = 0
        self._now = mux.now
        self._arrived = arrived
        self._share = 1.0
        self._ceiling_kbps = ceiling_kbps
        self._asked: dict[str, float] = {}
        self._levels: list[int] = []
        self._by_ssrc: dict[int, Stream | None] = {}
        self._repair_ssrcs: set[int] = set()
        for line, stream in zip((x for x in self.lines if x.codec), self.streams, strict=True):
            self._repair_ssrcs |= line.media.repair_ssrcs
            for ssrc in line.media.ssrcs:
                self._by_ssrc[ssrc] = stream
        self._mid_id = _extension(self.lines, sdp.MID)
        self._level_id = _extension(self.lines, sdp.AUDIO_LEVEL)

    @property
    def clock_offset(self) -> float | None:
        """Seconds that their clock lacks to ours, or None while that is unknown."""
        return self._skew.offset_s

    def answer(self, transport: Transport) -> str:
        """The session description that answers the offer."""
        return write_answer(self.lines, transport, session_id=id(self))

    def request_keyframe(self, stream: Stream) -> None:
        """Ask for a keyframe, unless that was done a moment ago."""
        now = self._now()
        if stream.ssrc is None or now - self._asked.get(stream.mid, -1.0) < KEYFRAME_INTERVAL_S:
            return
        self._asked[stream.mid] = now
        self.peer.send_rtcp(rtcp.write_keyframe_request(stream.ssrc))

    def repair(self) -> bool:
        """Ask again for what is missing; whether anything still is."""
        for stream in self.streams:
            if stream.missing and stream.ssrc is not None:
                overdue = stream.overdue()
                if overdue:
                    self.peer.send_rtcp(rtcp.write_nack(stream.ssrc, overdue))
        return any(stream.missing for stream in self.streams)

    def remind(self, now: float) -> None:
        """Tell lanes that wait for a keyframe how late it is."""
        for stream in self.streams:
            for lane in list(stream.waiting):
                lane.wait_on(now)

    def second(self, now: float) -> None:
        """What is due every second: reports, the bit rate limit, a fresh keyframe now and then."""
        blocks = [b for b in (stream.reception(now) for stream in self.streams) if b]
        for stream in self.streams:
            stream.measure()
        self.kbps = sum(stream.kbps for stream in self.streams)
        if not blocks:
            return
        self.loss = max(block.fraction for block in blocks) / 256
        self._adapt()
        video = [s.ssrc for s in self.streams if s.kind == "video" and s.ssrc is not None]
        compound = rtcp.write_receiver_report(blocks)
        if video:
            compound += rtcp.write_bitrate_limit(self._limit_kbps(now) * 1000, video)
        self.peer.send_rtcp(compound)
        for stream in self.streams:
            if stream.followers and stream.gop and now - stream.gop_at > GOP_AGE_S:
                self.request_keyframe(stream)

    def measure_loudness(self) -> float:
        """How loud it was since the last call, smoothed: 0 (silent) to 127."""
        levels, self._levels = self._levels, []
        heard = sum(SILENCE - level for level in levels) / len(levels) if levels else 0.0
        self.loudness += (heard - self.loudness) * (0.5 if heard > self.loudness else 0.25)
        return self.loudness

    def speech(self, now: float) -> float | None:
        """The seconds of a speech that has just ended, after a look at the loudness."""
        self.voice, seconds = next_voice(self.voice, self.loudness, now=now)
        return seconds

    def _adapt(self) -> None:
        """Follow the loss: down when it is high, slowly up when there is none."""
        if self.loss > 0.1:
            self._share *= 1 - 0.5 * self.loss
        elif self.loss < 0.02:
            self._share *= 1.08
        self._share = min(max(self._share, 0.05), 1.0)

    def _limit_kbps(self, now: float) -> int:
        """What all pictures that flow may use together."""
        flowing = [s for s in self.streams if s.kind == "video" and not s.quiet(now)]
        ceiling = sum(LOW_KBPS if s.is_low else self._ceiling_kbps for s in flowing)
        return max(int(self._share * max(ceiling, self._ceiling_kbps)), LEAST_KBPS)

    def _stream(self, line: Line) -> Stream | None:
        if line.codec is None:
            return None
        kind = line.media.kind
        before = [x for x in self.lines[: self.lines.index(line)] if x.codec]
        names = SOURCES[kind]
        place = sum(1 for x in before if x.media.kind == kind and x.media.content != sdp.LOW)
        source = names[min(place, 1)]
        if kind == "video" and line.media.content == "slides":
            source = "screen"
        elif kind == "video" and line.media.content == sdp.LOW:
            source = "camera"
        stream = Stream(
            kind=kind,
            mid=line.media.mid,
            source=source,
            request=lambda: self.request_keyframe(stream),
        )
        stream.is_low = kind == "video" and line.media.content == sdp.LOW
        return stream

    def _pair_layers(self) -> None:
        """Tie each low layer to the first picture that has none yet."""
        for stream in self.streams:
            if stream.is_low:
                high = next((s for s in self.streams if s.kind == "video" and not s.is_low), None)
                if high is None:
                    stream.is_low = False
                elif high.low is None:
                    high.low, stream.source = stream, high.source

    def _on_rtp(self, packet: bytes) -> None:
        self.packets_in += 1
        ssrc = int.from_bytes(packet[8:12], "big")
        stream = self._by_ssrc.get(ssrc)
        if stream is None:
            stream = self._learn(ssrc, packet)
            if stream is None:
                return
        if stream.ssrc != ssrc:
            stream.ssrc = ssrc
        if self._level_id and stream.source == "microphone":
            level = rtp.extension(packet, self._level_id)
            if level and len(self._levels) < 100:
                self._levels.append(level[0] & 0x7F)
        missing = len(stream.missing)
        if stream.accept(packet, self._now()) or len(stream.missing) > missing:
            self._arrived(stream)

    def _learn(self, ssrc: int, packet: bytes) -> Stream | None:
        """Find the m-line of a new SSRC by its MID, or by its payload type if only one has it."""
        if len(self._by_ssrc) >= MAX_UNKNOWN_SSRCS or ssrc in self._repair_ssrcs:
            return None
        mid = rtp.extension(packet, self._mid_id)
        payload_type = packet[1] & 0x7F
        accepted = [line for line in self.lines if line.codec]
        found = [
            stream
            for line, stream in zip(accepted, self.streams, strict=True)
            if line.codec
            and line.codec.payload_type == payload_type
            and (mid is None or line.media.mid.encode() == mid)
        ]
        if len(found) != 1:
            return None
        self._by_ssrc[ssrc] = found[0]
        return found[0]

    def _on_rtcp(self, compound: bytes) -> None:
        now = self._now()
        for message in rtcp.parse(compound):
            if isinstance(message, rtcp.SenderReport):
                stream = self._by_ssrc.get(message.ssrc)
                if stream is not None:
                    stream.report, stream.report_at = message, now
                    self._skew.note(message)


def _lines(offer: sdp.Offer) -> list[Line]:
    lines = []
    for media in offer.media:
        codec = None if media.rejected or not media.sends else sdp.find_codec(media)
        wanted = (sdp.MID, sdp.AUDIO_LEVEL) if media.kind == "audio" else (sdp.MID,)
        extensions = tuple(uri for uri in wanted if 0 < media.extensions.get(uri, 0) < 15)
        lines.append(Line(media=media, codec=codec, direction="recvonly", extensions=extensions))
    refused = [x for x in lines if not x.codec and not x.media.rejected and x.media.sends]
    if any(x.media.kind == "video" for x in refused):
        raise NotAcceptable(_why_not(refused))
    if not any(line.codec for line in lines):
        raise NotAcceptable("Nothing is offered that the node can take: Opus, H.264 baseline")
    return lines


def _why_not(refused: list[Line]) -> str:
    """Why these pictures cannot be taken, and what to do, in words for the person in front."""
    offered = {codec.name for x in refused for codec in x.media.codecs if x.media.kind == "video"}
    rule = "Video must be offered as H.264 constrained baseline (42e01f) in packetization mode 1"
    others = sorted(
        {"vp8": "VP8", "vp9": "VP9", "av1": "AV1"}[n] for n in offered & {"vp8", "vp9", "av1"}
    )
    if "h264" in offered or not others:
        return rule
    return (
        f"{rule}; here is {' and '.join(others)} alone, which the broadcast and many phones cannot"
        " play. Use Chrome, Edge, Safari or Firefox with its OpenH264 plugin switched on"
    )


def _extension(lines: list[Line], uri: str) -> int:
    return next((x.media.extensions[uri] for x in lines if x.codec and uri in x.extensions), 0)
