"""A running node and its guests, all in the test's own process."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from aiortc import RTCCertificate

from media import rtcp, sdp
from media.client import (
    AUDIO_PT,
    REPAIR_PT,
    VIDEO_PT,
    Connection,
    OfferedLine,
    describe,
    rtp_packet,
)
from media.grant import Grant
from media.node import Node
from media.publisher import Publisher
from media.settings import Limits, Settings
from media.stages import Stage
from media.subscriber import Subscriber

SECRET = "a secret of thirty-two characters"
ROOM, GROUP = "hall", "opening"
CERTIFICATE = RTCCertificate.generateCertificate()
KEYFRAME = b"\x65" + b"k" * 600
DELTA = b"\x41" + b"d" * 600


def make_grant(**overrides: Any) -> Grant:
    grant = Grant(
        conference="conference",
        rooms=("*",),
        person="ada",
        name="Ada",
        expires=datetime.now(UTC) + timedelta(hours=1),
    )
    return replace(grant, **overrides)


def free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def make_settings(**overrides: Any) -> Settings:
    settings = Settings(
        secret=SECRET,
        http=("127.0.0.1", 1),
        udp_port=free_udp_port(),
        addresses=("127.0.0.1",),
        limits=Limits(),
    )
    return replace(settings, **overrides)


async def until(true: Callable[[], object], *, seconds: float = 5.0) -> None:
    """Wait until something is so; fails when it takes too long."""
    end = asyncio.get_running_loop().time() + seconds
    while not true():
        assert asyncio.get_running_loop().time() < end, "it never came true"
        await asyncio.sleep(0.005)


class Speaker:
    """Sends made-up pictures (one payload each by default) and sounds; keeps them for repair."""

    def __init__(self, publisher: Publisher, connection: Connection, lines: list[OfferedLine]):
        self.publisher = publisher
        self.connection = connection
        self.lines = lines
        self.keyframes_wanted = 0
        self.messages: list[rtcp.Message] = []
        self.lose: Callable[[int], bool] = lambda _: False
        self.video_seq, self.audio_seq = 65_500, 10
        self.video_time, self.audio_time = 4_294_960_000, 5
        self._others: dict[int, list[int]] = {}
        self._history: dict[int, bytes] = {}
        connection.on_rtcp = self._on_rtcp

    def ssrc(self, kind: str, place: int = 0) -> int:
        found = [line.ssrc for line in self.lines if line.kind == kind][place]
        assert found is not None
        return found

    def picture(self, *payloads: bytes) -> None:
        """Send a picture."""
        self.video_time += 3000
        for number, payload in enumerate(payloads or (DELTA,), 1):
            packet = rtp_packet(
                VIDEO_PT,
                seq=self.video_seq,
                timestamp=self.video_time,
                ssrc=self.ssrc("video"),
                marker=number == len(payloads or (DELTA,)),
                payload=payload,
            )
            self._history[self.video_seq & 0xFFFF] = packet
            if not self.lose(self.video_seq):
                self.connection.send_rtp(packet)
            self.video_seq += 1

    def also(self, place: int, payload: bytes) -> None:
        """Send a picture on another of our lines: the place-th for video."""
        seq, timestamp = self._others.setdefault(place, [500 * place, 7000 * place])
        self._others[place] = [seq + 1, timestamp + 3000]
        self.connection.send_rtp(
            rtp_packet(
                VIDEO_PT,
                seq=seq,
                timestamp=timestamp,
                ssrc=self.ssrc("video", place),
                marker=True,
                payload=payload,
            )
        )

    def sound(self, payload: bytes = b"opus") -> None:
        self.audio_time += 960
        self.connection.send_rtp(
            rtp_packet(
                AUDIO_PT,
                seq=self.audio_seq,
                timestamp=self.audio_time,
                ssrc=self.ssrc("audio"),
                marker=False,
                payload=payload,
            )
        )
        self.audio_seq += 1

    async def talk(self, pictures: int, *, gop: int = 30, pause: float = 0.002) -> None:
        """Send so many pictures, a keyframe first and then every `gop`, and a sound with each."""
        for number in range(pictures):
            self.picture(KEYFRAME if number % gop == 0 else DELTA)
            self.sound()
            await asyncio.sleep(pause)

    def _on_rtcp(self, compound: bytes) -> None:
        for message in rtcp.parse(compound):
            self.messages.append(message)
            if isinstance(message, rtcp.KeyframeWanted):
                self.keyframes_wanted += 1
            elif isinstance(message, rtcp.Nack):
                for seq in message.missing:
                    if seq in self._history:
                        self.connection.send_rtp(self._history[seq])


class Listener:
    """Counts what arrives; asks for what is missing when `repairs` is set."""

    def __init__(self, subscriber: Subscriber, connection: Connection) -> None:
        self.subscriber = subscriber
        self.connection = connection
        self.repairs = False
        self.packets: list[bytes] = []
        self.repaired = 0
        self.reports: list[rtcp.SenderReport] = []
        self._repair_of = {
            line.repair_ssrc: line.ssrc
            for line in subscriber.lines
            if line.ssrc is not None and line.repair_ssrc is not None
        }
        connection.on_rtp, connection.on_rtcp = self._on_rtp, self._on_rtcp

    def lose(self, pattern: Callable[[int], bool]) -> None:
        """Lose the n-th datagram of media wherever the pattern is true."""
        count = 0
        receive = self.connection.received

        def received(datagram: bytes) -> None:
            nonlocal count
            if 127 < datagram[0] < 192 and not 191 < datagram[1] < 224:
                count += 1
                if pattern(count):
                    return
            receive(datagram)

        self.connection.received = received  # type: ignore[method-assign]

    def of(self, kind: str) -> list[bytes]:
        """Packets of one kind, in the order in which they came."""
        wanted = VIDEO_PT if kind == "video" else AUDIO_PT
        return [p for p in self.packets if p[1] & 0x7F == wanted]

    def seqs(self, kind: str, *, ssrc: int | None = None) -> list[int]:
        return [
            p[2] << 8 | p[3]
            for p in self.of(kind)
            if ssrc is None or int.from_bytes(p[8:12], "big") == ssrc
        ]

    def timestamps(self, kind: str) -> list[int]:
        return [int.from_bytes(p[4:8], "big") for p in self.of(kind)]

    def payloads(self, kind: str) -> list[bytes]:
        return [p[12:] for p in self.of(kind)]

    def _on_rtp(self, packet: bytes) -> None:
        ssrc = int.from_bytes(packet[8:12], "big")
        if packet[1] & 0x7F == REPAIR_PT:
            original = self._repair_of[ssrc]
            head = bytes([packet[0], packet[1] & 0x80 | VIDEO_PT]) + packet[12:14] + packet[4:8]
            packet, ssrc = head + original.to_bytes(4, "big") + packet[14:], original
            self.repaired += 1
        elif self.repairs and packet[1] & 0x7F == VIDEO_PT:
            self._ask_for_missing(ssrc, packet[2] << 8 | packet[3])
        self.packets.append(packet)

    def _ask_for_missing(self, ssrc: int, seq: int) -> None:
        got = set(self.seqs("video", ssrc=ssrc)[-300:])
        if got:
            missing = [(seq - back) & 0xFFFF for back in range(60, 0, -1)]
            first = self.seqs("video", ssrc=ssrc)[0]
            wanted = [s for s in missing if s not in got and 0 < (s - first) & 0xFFFF < 0x8000]
            if wanted:
                self.connection.send_rtcp(rtcp.write_nack(ssrc, wanted))

    def _on_rtcp(self, compound: bytes) -> None:
        self.reports += [m for m in rtcp.parse(compound) if isinstance(m, rtcp.SenderReport)]


class House:
    """A node with helpers to let people in."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self._connections: list[Connection] = []

    async def speaker(
        self,
        person: str = "ada",
        *,
        room: str = ROOM,
        group: str = GROUP,
        kinds: tuple[str, ...] = ("audio", "video"),
        **granted: Any,
    ) -> Speaker:
        """Somebody who publishes; a kind may name what it shows, as in “video:alt”."""
        lines = [
            OfferedLine(kind=kind.partition(":")[0], ssrc=1000 + i, content=kind.partition(":")[2])
            for i, kind in enumerate(kinds)
        ]
        connection = self._connection()
        grant = make_grant(person=person, name=person.title(), publish=group, **granted)
        publisher, answer = self.node.publish(room, grant, describe(connection, lines))
        await connection.connect(sdp.parse_remote_transport(answer))
        await until(lambda: publisher.peer.ready)
        return Speaker(publisher, connection, lines)

    async def listener(
        self,
        person: str = "eve",
        *,
        room: str = ROOM,
        group: str | None = None,
        kinds: tuple[str, ...] = ("audio", "video"),
        conference: str = "conference",
    ) -> Listener:
        lines = [OfferedLine(kind=kind) for kind in kinds]
        connection = self._connection()
        backstage = (group,) if group else ()
        grant = make_grant(
            person=person, subscribe=True, backstage=backstage, conference=conference
        )
        subscriber, answer = self.node.subscribe(room, group, grant, describe(connection, lines))
        listener = Listener(subscriber, connection)
        await connection.connect(sdp.parse_remote_transport(answer))
        await until(lambda: subscriber.peer.ready)
        return listener

    def on_air(self, **stages: str | None) -> None:
        """Put these groups on air in these rooms, and nothing else."""
        wanted = {room: Stage(group=group) for room, group in stages.items()}
        self.node.set_stages(make_grant(control=True), wanted)

    def switch(self, listener: Listener, room: str) -> None:
        self.node.move(listener.subscriber, make_grant(person="eve", subscribe=True), room, None)

    async def close(self) -> None:
        for connection in self._connections:
            await connection.close()
        await self.node.close()

    def _connection(self) -> Connection:
        connection = Connection(certificate=CERTIFICATE)
        self._connections.append(connection)
        return connection
