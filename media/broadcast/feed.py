"""One room's feed: packets of its lanes in, timed pictures and mixed sound out to the cutter.

Everything here takes time as an argument: wall-clock seconds, of the same clock as the node's
sender reports.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from media.broadcast import slate
from media.broadcast.boxes import AUDIO_CLOCK, VIDEO_CLOCK, Parameters
from media.broadcast.clock import LaneClock
from media.broadcast.cutter import SEGMENT_S, Cutter, Generation
from media.broadcast.h264 import Assembler, NotH264, Picture, parameters
from media.broadcast.mixer import Mixer, Voice
from media.broadcast.reorder import Packet, Reorder
from media.log import Log

logger = Log(__name__)

LEAST_HOLD_S, MOST_HOLD_S = 0.08, 0.4
GONE_S = 2.0
EMPTY_S = 0.25
GRACE_S = 1.2
KEYFRAME_LEAD_S = 0.05
KEYFRAME_AGAIN_S = 0.35
_HOLD_SHRINKS = 0.0004
_SLATE_STEP = VIDEO_CLOCK // slate.FPS


@dataclass(slots=True)
class Lane:
    """What is known of one incoming lane."""

    kind: str
    ssrc: int
    reorder: Reorder
    clock: LaneClock
    assembler: Assembler | None = None
    voice: Voice | None = None


def make_lane(kind: str, ssrc: int) -> Lane:
    """A lane of which nothing has come yet."""
    video = kind == "video"
    return Lane(
        kind=kind,
        ssrc=ssrc,
        reorder=Reorder(),
        clock=LaneClock(VIDEO_CLOCK if video else AUDIO_CLOCK),
        assembler=Assembler() if video else None,
        voice=None if video else Voice(),
    )


class Feed:
    """Follows lanes for as long as the room is broadcast; between lanes' lives it shows the slate.

    `epoch` is the wall-clock second at which the room's timeline begins, `generation` the number of
    the last generation that was used before.
    """

    def __init__(
        self,
        *,
        epoch: float,
        now: float,
        cutter: Cutter,
        begun: Callable[[Generation], None],
        generation: int = 0,
        words: slate.Words = slate.NO_WORDS,
    ) -> None:
        self.epoch = epoch
        self.words = words
        self.occupied = True
        """Whether anybody is on stage, as far as the node said."""
        self.keyframe: tuple[Parameters, bytes] | None = None
        """The newest keyframe, for stills."""
        self._cutter = cutter
        self._begun = begun
        self._generation = Generation(number=generation, parameters=_NOTHING)
        self._live = False
        self._seen = now
        self._patient_until = now + GRACE_S
        self._key_at = now
        self._asked = 0.0
        self._slate: slate.Slate | None = None
        self._slate_words: slate.Words | None = None
        self._slate_next = self.ticks(now)
        self._slate_number = 0
        self._hold = LEAST_HOLD_S
        self._mixer = Mixer(round((now - epoch) * AUDIO_CLOCK))

    @property
    def on_slate(self) -> bool:
        """Whether the slate is shown now."""
        return not self._live

    @property
    def late_sounds(self) -> int:
        """Pieces of sound that came too late to be heard whole."""
        return self._mixer.late

    def ticks(self, wall: float) -> int:
        """A wall-clock time on the room's timeline."""
        return round((wall - self.epoch) * VIDEO_CLOCK)

    def packet(self, lane: Lane, seq: int, packet: Packet, now: float) -> None:
        """Take a packet of a lane."""
        for ready in lane.reorder.push(seq, packet, now):
            self._use(lane, ready, now)

    def keyframe_due(self, now: float) -> bool:
        """Whether the publisher should be asked for a keyframe, so that a segment can end."""
        if not self.occupied:
            return False
        due = not self._live or now - self._key_at >= SEGMENT_S - KEYFRAME_LEAD_S
        if not due or now - self._asked < KEYFRAME_AGAIN_S:
            return False
        self._asked = now
        return True

    def tick(self, lanes: list[Lane], now: float) -> None:
        """Do what time brings: give up on lost packets, show the slate, let sound go on."""
        for lane in lanes:
            for ready in lane.reorder.expire(now):
                self._use(lane, ready, now)
        silent = now - self._seen
        if self._live and (silent > GONE_S or (not self.occupied and silent > EMPTY_S)):
            self._live = False
            last = self._cutter.last_start or 0
            self._slate_next = max(last + VIDEO_CLOCK // 30, self.ticks(self._seen))
        if not self._live and (not self.occupied or now >= self._patient_until):
            self._show_slate(now)
        for start, frame in self._mixer.blocks(self._samples(now - self._hold)):
            self._cutter.sound(start, frame)
        self._hold = max(LEAST_HOLD_S, self._hold - _HOLD_SHRINKS)

    def finish(self, now: float) -> None:
        """The broadcast ends here."""
        for start, frame in self._mixer.blocks(self._samples(now)):
            self._cutter.sound(start, frame)
        self._cutter.finish(self.ticks(now))

    def _use(self, lane: Lane, packet: Packet, now: float) -> None:
        if lane.assembler is not None:
            if packet.after_loss:
                lane.assembler.lost()
                self._key_at = min(self._key_at, now - SEGMENT_S)
            found = lane.assembler.push(packet.payload, packet.timestamp, packet.marker)
            for picture in found:
                self._picture(picture, lane.clock.at(picture.timestamp, now), now)
        elif lane.voice is not None:
            self._sound(lane.voice, packet, lane.clock.at(packet.timestamp, now), now)

    def _picture(self, picture: Picture, captured: float, now: float) -> None:
        if not self._live and not picture.key:
            return
        if picture.key:
            if not self._take_parameters(picture):
                return
            self._key_at = now
        self._seen, self._live = now, True
        self._cutter.picture(
            self.ticks(captured), picture.payload, key=picture.key, generation=self._generation
        )

    def _take_parameters(self, picture: Picture) -> bool:
        """Begin a new generation where the pictures changed their kind."""
        before = self._generation.parameters
        assert picture.sps is not None
        assert picture.pps is not None
        if not self._live or (picture.sps, picture.pps) != (before.sps, before.pps):
            try:
                found = parameters(picture.sps, picture.pps)
            except NotH264 as error:
                logger.warning("pictures not understood", error=str(error))
                return False
            self._begin(found, on_slate=False)
        self.keyframe = (self._generation.parameters, picture.payload)
        return True

    def _begin(self, found: Parameters, *, on_slate: bool) -> None:
        number = self._generation.number + 1
        self._generation = Generation(number=number, parameters=found, slate=on_slate)
        self._begun(self._generation)

    def _sound(self, voice: Voice, packet: Packet, captured: float, now: float) -> None:
        late = now - captured + 0.02
        if late < MOST_HOLD_S:
            self._hold = max(self._hold, late)
        found = voice.decode(packet.payload, self._samples(captured))
        if found is not None:
            self._mixer.add(*found)

    def _show_slate(self, now: float) -> None:
        at_its_end = self._slate_number % slate.FPS == 0
        if self._slate is None or (self._slate_words != self.words and at_its_end):
            self._slate, self._slate_words = slate.make(self.words), self.words
        shown = self._generation
        if not shown.slate or shown.parameters != self._slate.parameters:
            self._begin(self._slate.parameters, on_slate=True)
            self._slate_number = 0
            self._patient_until = 0.0
        until = self.ticks(now - self._hold)
        while self._slate_next <= until:
            place = self._slate_number % slate.FPS
            self._cutter.picture(
                self._slate_next,
                self._slate.pictures[place],
                key=place == 0,
                generation=self._generation,
            )
            self._slate_next += _SLATE_STEP
            self._slate_number += 1

    def _samples(self, wall: float) -> int:
        return round((wall - self.epoch) * AUDIO_CLOCK)


_NOTHING = Parameters(sps=b"", pps=b"", width=0, height=0)
