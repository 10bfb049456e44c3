"""A room of another node, watched here by one copy whoever many look at it.

The other node fills this node's lanes as it does for any subscriber; each lane is a stream here,
which lanes of our own subscribers follow. Beside each lane of pictures there is one for its low
layer. What a lane carries is asked for, four times a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from media import rtcp, sdp
from media.client import Connection, OfferedLine, describe
from media.errors import MediaError
from media.grant import RELAY, Grant, sign
from media.log import Log
from media.skew import Skew
from media.stream import Stream
from media.subscriber import Choice

logger = Log(__name__)

VOICES, PICTURES = 6, 8
ASK_S = 0.25
REPAIR_S = 0.025
REPORT_S = 1.0
AGAIN_S = (0.1, 2.0)
KEYFRAME_S = 0.3
TERM = timedelta(minutes=5)
ANSWER_S = 5.0


@dataclass(slots=True, eq=False)
class Remote:
    """Whoever is on one lane of the relay at the moment."""

    id: str
    grant: Grant
    skew: Skew

    @property
    def clock_offset(self) -> float | None:
        return self.skew.offset_s


class Relay:
    """One room of the node at `address` (http://host:port or unix:/path), kept connected until
    `close`. `choices` are what it carries, the best first; `changed` is called whenever they are
    others than before, with the streams that are gone."""

    def __init__(
        self,
        address: str,
        *,
        conference: str,
        room: str,
        secret: str,
        name: str,
        arrived: Callable[[Stream], None],
        drained: Callable[[], None],
        changed: Callable[[Iterable[Stream]], None],
    ) -> None:
        self.address = address
        self.choices: list[Choice] = []
        self._conference, self._room = conference, room
        self._secret, self._name = secret, name
        self._arrived, self._drained, self._changed = arrived, drained, changed
        self._loop = asyncio.get_running_loop()
        self._streams: dict[str, Stream] = {}
        self._remotes: dict[str, Remote] = {}
        self._by_ssrc: dict[int, Stream] = {}
        self._asked: dict[str, float] = {}
        self._skew = Skew()
        self._connection: Connection | None = None
        self._task = asyncio.create_task(self._keep())

    @property
    def streams(self) -> list[Stream]:
        """The streams of all lanes, for their followers' reminders."""
        return list(self._streams.values())

    async def close(self) -> None:
        """Hang up."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _keep(self) -> None:
        wait = AGAIN_S[0]
        uds = self.address.removeprefix("unix:") if self.address.startswith("unix:") else None
        transport = httpx.AsyncHTTPTransport(uds=uds)
        base = "http://node" if uds else self.address
        async with httpx.AsyncClient(transport=transport, base_url=base, timeout=ANSWER_S) as http:
            while True:
                try:
                    await self._watch(http)
                    wait = AGAIN_S[0]
                except (httpx.HTTPError, ConnectionError, MediaError) as error:
                    logger.info("room not relayed", room=self._room, reason=str(error))
                await asyncio.sleep(wait)
                wait = min(2 * wait, AGAIN_S[1])

    async def _watch(self, http: httpx.AsyncClient) -> None:
        """Connect, and follow until the connection or the session is gone."""
        connection = Connection(on_rtp=self._on_rtp, on_rtcp=self._on_rtcp)
        connection.drained = self._drained
        self._connection = connection
        location = ""
        try:
            layers = [OfferedLine(kind="video"), OfferedLine(kind="video", content=sdp.LOW)]
            lines = [OfferedLine(kind="audio")] * VOICES + layers * PICTURES
            answer = await http.post(
                f"/media/whep/{self._room}",
                content=describe(connection, lines),
                headers={"content-type": "application/sdp", **self._grant()},
            )
            answer.raise_for_status()
            location = answer.headers["location"]
            self._begin(sdp.parse_sources(answer.text))
            await connection.connect(sdp.parse_remote_transport(answer.text))
            logger.info("room relayed", room=self._room, home=self.address)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._mend(connection))
                group.create_task(self._follow(http, location))
        except* (httpx.HTTPError, ConnectionError, MediaError) as errors:
            raise ConnectionError(str(errors.exceptions[0])) from errors
        finally:
            self._end()
            await connection.close()
            if location:
                await _hang_up(http, location, self._grant())

    def _grant(self) -> dict[str, str]:
        grant = Grant(
            conference=self._conference,
            rooms=(self._room,),
            person=RELAY + self._name,
            name=self._name,
            subscribe=True,
            service=True,
            expires=datetime.now(UTC) + TERM,
        )
        return {"authorization": f"Bearer {sign(grant, self._secret)}"}

    def _begin(self, sources: Mapping[str, int]) -> None:
        self._skew = Skew()
        for number in range(VOICES + 2 * PICTURES):
            mid = str(number)
            ssrc = sources.get(mid)
            if ssrc is None:
                continue
            kind = "audio" if number < VOICES else "video"
            stream = Stream(
                kind=kind,
                mid=mid,
                source="microphone" if kind == "audio" else "camera",
                request=lambda mid=mid: self._request(mid),  # type: ignore[misc]
            )
            stream.ssrc = ssrc
            stream.is_low = kind == "video" and (number - VOICES) % 2 == 1
            self._streams[mid], self._by_ssrc[ssrc] = stream, stream

    def _end(self) -> None:
        self._streams, self._by_ssrc, self._remotes = {}, {}, {}
        self._connection = None
        self._show([])

    def _show(self, choices: list[Choice]) -> None:
        gone = _with_lows(self.choices) - _with_lows(choices)
        self.choices = choices
        self._changed(gone)

    async def _follow(self, http: httpx.AsyncClient, location: str) -> None:
        """Ask what the lanes carry, until the node no longer knows us."""
        shown: list[tuple[object, ...]] = []
        while True:
            answer = await http.get(f"{location}/state", headers=self._grant())
            if answer.status_code != 200:
                raise ConnectionError(f"the session ended ({answer.status_code})")
            lanes = [lane for lane in answer.json()["lanes"] if lane["publisher"]]
            lanes.sort(key=lambda lane: lane["place"] or 0)
            now: list[tuple[object, ...]] = [
                (lane["mid"], lane["publisher"], lane["source"], lane["layer"]) for lane in lanes
            ]
            if now != shown:
                shown = now
                self._show([choice for lane in lanes if (choice := self._choice(lane))])
            await asyncio.sleep(ASK_S)

    def _choice(self, lane: Mapping[str, Any]) -> Choice | None:
        """What a lane carries, as something to choose; the stream stays, whoever is on it."""
        stream = self._streams.get(lane["mid"])
        if stream is None:
            return None
        stream.source = lane["source"]
        low = self._streams.get(str(int(lane["mid"]) + 1)) if lane["layer"] else None
        stream.low = low if low is not None and low.is_low else None
        if stream.low is not None:
            stream.low.source = stream.source
        present = self._remotes.get(lane["mid"])
        if present is None or present.id != lane["publisher"]:
            grant = Grant(
                conference=self._conference,
                rooms=(self._room,),
                person=lane["person"],
                name=lane["name"],
                expires=datetime.now(UTC) + TERM,
            )
            present = Remote(lane["publisher"], grant, self._skew)
            self._remotes[lane["mid"]] = present
        return present, stream

    async def _mend(self, connection: Connection) -> None:
        """Ask again for what is missing, report every second, remind of keyframes."""
        turn = 0
        while connection.ready:
            await asyncio.sleep(REPAIR_S)
            turn += 1
            for stream in self._streams.values():
                overdue = stream.overdue() if stream.missing else []
                if overdue and stream.ssrc is not None:
                    connection.send_rtcp(rtcp.write_nack(stream.ssrc, overdue))
            if turn % round(KEYFRAME_S / REPAIR_S) == 0:
                for stream in self._streams.values():
                    for waiter in list(stream.waiting):
                        waiter.wait_on(self._loop.time())
            if turn % round(REPORT_S / REPAIR_S) == 0:
                self._report(connection)
        raise ConnectionError("the node hung up")

    def _report(self, connection: Connection) -> None:
        now = self._loop.time()
        for stream in self._streams.values():
            stream.measure()
        blocks = [b for b in (s.reception(now) for s in self._streams.values()) if b]
        if blocks:
            connection.send_rtcp(rtcp.write_receiver_report(blocks))

    def _request(self, mid: str) -> None:
        """Ask for a keyframe of a lane, unless that was done a moment ago."""
        now, connection = self._loop.time(), self._connection
        stream = self._streams.get(mid)
        late = now - self._asked.get(mid, float("-inf")) >= KEYFRAME_S
        if connection is None or not connection.ready or stream is None or not late:
            return
        assert stream.ssrc is not None
        self._asked[mid] = now
        connection.send_rtcp(rtcp.write_keyframe_request(stream.ssrc))

    def _on_rtp(self, packet: bytes) -> None:
        stream = self._by_ssrc.get(int.from_bytes(packet[8:12], "big"))
        if stream is not None:
            missing = len(stream.missing)
            if stream.accept(packet, self._loop.time()) or len(stream.missing) > missing:
                self._arrived(stream)

    def _on_rtcp(self, compound: bytes) -> None:
        for message in rtcp.parse(compound):
            if isinstance(message, rtcp.SenderReport):
                stream = self._by_ssrc.get(message.ssrc)
                if stream is not None:
                    stream.report, stream.report_at = message, self._loop.time()
                    self._skew.note(message)


def _with_lows(choices: Iterable[Choice]) -> set[Stream]:
    """The streams of these choices in all their layers."""
    return {x for _, stream in choices for x in (stream, stream.low) if x is not None}


async def _hang_up(http: httpx.AsyncClient, location: str, grant: Mapping[str, str]) -> None:
    try:
        await http.delete(location, headers=grant)
    except httpx.HTTPError as error:
        logger.debug("relay not deleted", error=str(error))
