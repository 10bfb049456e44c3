"""The broadcast's own connection to the media node: a WHEP session of one room, kept up for ever."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from media import rtcp, rtp
from media.broadcast.feed import Lane, make_lane
from media.broadcast.reorder import Packet
from media.broadcast.wish import RoomKey
from media.client import REPAIR_PT, Connection, OfferedLine, Refused, Session
from media.errors import MediaError
from media.grant import Grant, sign
from media.log import Log

logger = Log(__name__)

PERSON = "broadcast"
_TERM = timedelta(minutes=5)
_RETRY_S = (0.25, 4.0)
_LANE = re.compile(r"^m=(audio|video) ")
_PAIR = re.compile(r"^a=ssrc-group:FID (\d+) (\d+)")
_SSRC = re.compile(r"^a=ssrc:(\d+) ")


class Tap:
    """Receives one room's stage; `deliver(lane, seq, packet)` gets each packet of media.

    `lanes` are those of the present connection; they are new after each reconnection. `id` names
    the session on the node, or is empty.
    """

    def __init__(
        self,
        node: str,
        key: RoomKey,
        secret: str,
        *,
        voices: int,
        deliver: Callable[[Lane, int, Packet], None],
    ) -> None:
        self.lanes: list[Lane] = []
        self._node = node
        self._key = key
        self._secret = secret
        self._voices = voices
        self._deliver = deliver
        self._by_ssrc: dict[int, Lane] = {}
        self._repairs: dict[int, Lane] = {}
        self._early: list[bytes] = []
        self._session: Session | None = None
        self._lost = asyncio.Event()
        self._task = asyncio.create_task(self._run())

    @property
    def id(self) -> str:
        """The session's id on the node, or nothing while there is none."""
        return self._session.location.rpartition("/")[2] if self._session else ""

    def check(self, sessions: frozenset[str]) -> None:
        """Compare with the sessions that the node knows; one that it forgot is opened again."""
        session = self._session
        if session and self.lanes and (self.id not in sessions or not session.connection.ready):
            self._lost.set()

    def ask_keyframe(self) -> None:
        """Ask for a keyframe of the video lane."""
        for lane in self.lanes:
            if lane.kind == "video":
                self._send(rtcp.write_keyframe_request(lane.ssrc))

    def repair(self, now: float) -> None:
        """Ask again for packets that are missing."""
        for lane in self.lanes:
            missing = lane.reorder.missing(now)
            if missing:
                self._send(rtcp.write_nack(lane.ssrc, missing))

    async def close(self) -> None:
        """Hang up."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        delay = _RETRY_S[0]
        while True:
            connection = Connection(on_rtp=self._on_rtp, on_rtcp=self._on_rtcp)
            session = Session(self._node, connection)
            try:
                await self._open(session)
                delay = _RETRY_S[0]
                await self._lost.wait()
                logger.info("lost the node, coming back", room=self._key[1])
            except (ConnectionError, Refused, MediaError) as error:
                logger.debug("stage not followed", room=self._key[1], reason=str(error))
            finally:
                self._session, self.lanes = None, []
                self._by_ssrc, self._repairs = {}, {}
                await session.close()
            await asyncio.sleep(delay)
            delay = min(delay * 2, _RETRY_S[1])

    async def _open(self, session: Session) -> None:
        conference, room = self._key
        grant = Grant(
            conference=conference,
            rooms=(room,),
            person=PERSON,
            subscribe=True,
            service=True,
            expires=datetime.now(UTC) + _TERM,
        )
        lines = [OfferedLine(kind="video")] + [OfferedLine(kind="audio")] * self._voices
        self._lost.clear()
        self._early = []
        await session.open(f"/media/whep/{quote(room, safe='')}", sign(grant, self._secret), lines)
        self._read(session.answer)
        self._session = session
        early, self._early = self._early, []
        for packet in early:
            self._on_rtp(packet)

    def _read(self, answer: str) -> None:
        """Find the SSRC of each lane in the answer."""
        kind, pending = "", True
        lanes = []
        for line in answer.splitlines():
            if found := _LANE.match(line):
                kind, pending = found[1], True
            elif found := _PAIR.match(line):
                lane = make_lane(kind, int(found[1]))
                lanes.append(lane)
                self._repairs[int(found[2])] = lane
                pending = False
            elif pending and (found := _SSRC.match(line)):
                lanes.append(make_lane(kind, int(found[1])))
                pending = False
        self._by_ssrc = {lane.ssrc: lane for lane in lanes}
        self.lanes = lanes

    def _on_rtp(self, packet: bytes) -> None:
        if not self.lanes:
            if len(self._early) < 64:
                self._early.append(packet)
            return
        ssrc = int.from_bytes(packet[8:12], "big")
        try:
            if packet[1] & 0x7F == REPAIR_PT:
                self._on_repair(ssrc, packet)
                return
            lane = self._by_ssrc.get(ssrc)
            if lane is not None:
                start, end = (12, len(packet)) if packet[0] == 0x80 else rtp.payload_bounds(packet)
                item = Packet(
                    packet[start:end], int.from_bytes(packet[4:8], "big"), packet[1] > 127
                )
                self._deliver(lane, packet[2] << 8 | packet[3], item)
        except rtp.Malformed as error:
            logger.debug("packet not understood", error=str(error))
        except Exception:
            # One bad packet must not end the connection, which stands above us on the stack.
            logger.exception("packet not used", room=self._key[1])

    def _on_repair(self, ssrc: int, packet: bytes) -> None:
        lane = self._repairs.get(ssrc)
        start, end = rtp.payload_bounds(packet)
        if lane is None or end - start < 2:
            return
        seq = packet[start] << 8 | packet[start + 1]
        item = Packet(packet[start + 2 : end], int.from_bytes(packet[4:8], "big"), packet[1] > 127)
        self._deliver(lane, seq, item)

    def _on_rtcp(self, compound: bytes) -> None:
        for message in rtcp.parse(compound):
            if isinstance(message, rtcp.SenderReport):
                lane = self._by_ssrc.get(message.ssrc)
                if lane is not None:
                    lane.clock.report(message)

    def _send(self, compound: bytes) -> None:
        if self._session is not None and self._session.connection.ready:
            try:
                self._session.connection.send_rtcp(compound)
            except ConnectionError as error:
                logger.debug("feedback not sent", error=str(error))
