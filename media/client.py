"""A small media client: speaks WHIP and WHEP to a node, sends and receives encoded packets."""

from __future__ import annotations

import asyncio
import os
import random
import socket
import struct
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import httpx
from aiortc import RTCCertificate

from media import sdp, stun
from media.engine import SecureTransport, certificate_fingerprint
from media.log import Log
from media.mux import random_ice

logger = Log(__name__)

CHECK_S = 0.05
CONSENT_S = 2.5
CONNECT_S = 15.0
READ_AT_ONCE = 64
EARLY = 256
AUDIO_PT, VIDEO_PT, REPAIR_PT = 111, 96, 97
LEVEL_ID = 1

Receiver = Callable[[bytes], None]


class Refused(Exception):
    """The node answered with another status than 201; `status` is it."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(f"{status}: {words}")
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedLine:
    """One m-line to offer: its kind, the SSRC that we send with, or None to receive, and what it
    shows where that must be said (RFC 4796: “slides” a screen, “alt” the low layer)."""

    kind: str
    ssrc: int | None = None
    content: str = ""


class Connection:
    """ICE, DTLS and SRTP with one server that has a host candidate which we can reach.

    `on_rtp` and `on_rtcp` get decrypted packets. `heard_at` is the loop time of the last of them.
    """

    def __init__(
        self,
        *,
        on_rtp: Receiver = lambda _: None,
        on_rtcp: Receiver = lambda _: None,
        certificate: RTCCertificate | None = None,
    ) -> None:
        self.ufrag, self.password = random_ice(8), random_ice(24)
        self.certificate = certificate or RTCCertificate.generateCertificate()
        self.on_rtp, self.on_rtcp = on_rtp, on_rtcp
        self.drained: Callable[[], None] = lambda: None
        self.closed = False
        self.heard_at = 0.0
        self.socket: socket.socket | None = None
        self.secure = SecureTransport(self.certificate, send=self._send, on_closed=self._ended)
        self._answered = asyncio.Event()
        self._username = ""
        self._remote_key = b""
        self._tasks: list[asyncio.Task[None]] = []
        self._tie_breaker = os.urandom(8)
        self._controls = True
        self._early: deque[bytes] = deque(maxlen=EARLY)

    @property
    def ready(self) -> bool:
        return self.secure.ready

    async def connect(self, remote: sdp.RemoteTransport) -> None:
        """Reach the server of this description; raises ConnectionError when that fails."""
        host, port = next(
            (c for c in remote.candidates if c[0] == "127.0.0.1"), remote.candidates[0]
        )
        self._username = f"{remote.ufrag}:{self.ufrag}"
        self._remote_key = remote.password.encode()
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.socket = socket.socket(family, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            self.socket.setsockopt(socket.SOL_SOCKET, option, 1 << 20)
        self.socket.connect((host, port))
        asyncio.get_running_loop().add_reader(self.socket.fileno(), self.read)
        self._tasks.append(asyncio.create_task(self._keep_consent()))
        try:
            async with asyncio.timeout(CONNECT_S):
                await self._answered.wait()
                role = "server" if remote.active else "client"
                held = await self.secure.handshake(remote.fingerprints, role=role)
        except TimeoutError as error:
            raise ConnectionError("no answer from the server’s address") from error
        if not held:
            raise ConnectionError("DTLS failed")
        self.heard_at = asyncio.get_running_loop().time()
        while self._early:
            self._media(self._early.popleft())

    def send_rtp(self, packet: bytes) -> None:
        """Encrypt and send an RTP packet; raises ConnectionError when not connected."""
        self._send(self.secure.protect(packet))

    def send_rtcp(self, packet: bytes) -> None:
        """Encrypt and send a compound RTCP packet; raises ConnectionError when not connected."""
        self._send(self.secure.protect_rtcp(packet))

    async def close(self) -> None:
        """Hang up; safe to call twice."""
        if self.closed:
            return
        self.closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.secure.close()
        if self.socket is not None:
            asyncio.get_running_loop().remove_reader(self.socket.fileno())
            self.socket.close()
            self.socket = None

    def read(self) -> None:
        """Read what is there, up to a bound; then `drained` is called."""
        for _ in range(READ_AT_ONCE):
            try:
                datagram = self.socket.recv(2048) if self.socket else b""
            except OSError:
                break
            if not datagram:
                break
            self.received(datagram)
        self.drained()

    def received(self, datagram: bytes) -> None:
        """Take one datagram."""
        first = datagram[0] if datagram else 0
        if 127 < first < 192:
            if self.secure.ready:
                self._media(datagram)
            else:
                self._early.append(datagram)
        elif 19 < first < 64:
            self.secure.feed(datagram)
        elif first < 4 and len(datagram) >= 20:
            self._stun(datagram)

    def _media(self, datagram: bytes) -> None:
        self.heard_at = asyncio.get_running_loop().time()
        if len(datagram) > 1 and 191 < datagram[1] < 224:
            compound = self.secure.unprotect_rtcp(datagram)
            if compound is not None:
                self.on_rtcp(compound)
            return
        packet = self.secure.unprotect(datagram)
        if packet is not None:
            self.on_rtp(packet)

    def _stun(self, datagram: bytes) -> None:
        if datagram[:2] == stun.BINDING_RESPONSE.to_bytes(2, "big"):
            self._answered.set()
            return
        if datagram[:2] == stun.BINDING_ERROR.to_bytes(2, "big"):
            self._controls = False
            return
        request = stun.parse_request(datagram)
        if request is not None and self.socket and request.authentic(self.password.encode()):
            host, port = self.socket.getpeername()[:2]
            key = self.password.encode()
            self._send(stun.binding_response(request.transaction, host, port, key))

    async def _keep_consent(self) -> None:
        while True:
            self._send(
                stun.binding_request(
                    os.urandom(12),
                    self._username,
                    self._remote_key,
                    controls=self._controls,
                    tie_breaker=self._tie_breaker,
                )
            )
            await asyncio.sleep(CONSENT_S if self._answered.is_set() else CHECK_S)

    def _send(self, datagram: bytes) -> None:
        if self.socket is not None:
            try:
                self.socket.send(datagram)
            except OSError as error:
                logger.debug("datagram not sent", error=str(error))

    def _ended(self) -> None:
        self.heard_at = 0.0


class Session:
    """A WHIP or WHEP session with a node, reached by http://host:port or unix:/path."""

    def __init__(self, address: str, connection: Connection) -> None:
        self.connection = connection
        self.location = ""
        self.etag = ""
        self.answer = ""
        self._address = address
        self._token = ""

    async def open(self, path: str, token: str, lines: Sequence[OfferedLine]) -> None:
        """POST an offer of these lines to the path and connect.

        Raises Refused for any status but 201, ConnectionError when the node cannot be reached.
        """
        self._token = token
        response = await self.request(
            "POST", path, describe(self.connection, lines), {"content-type": "application/sdp"}
        )
        if response.status_code != 201:
            raise Refused(response.status_code, response.text[:300])
        self.location = response.headers["location"]
        self.etag = response.headers["etag"]
        self.answer = response.text
        await self.connection.connect(sdp.parse_remote_transport(response.text))

    async def close(self) -> None:
        """DELETE the session and hang up; a node that is gone does not matter."""
        try:
            if self.location:
                await self.request("DELETE", self.location)
        except ConnectionError as error:
            logger.debug("session not deleted", error=str(error))
        finally:
            await self.connection.close()

    async def request(
        self, method: str, path: str, body: str = "", headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """A request with the session's grant; raises ConnectionError."""
        uds = self._address.removeprefix("unix:") if self._address.startswith("unix:") else None
        base = "http://node" if uds else self._address.rstrip("/")
        transport = httpx.AsyncHTTPTransport(uds=uds, verify=base.startswith("https:"))
        try:
            async with httpx.AsyncClient(transport=transport, timeout=CONNECT_S) as http:
                return await http.request(
                    method,
                    base + path,
                    content=body,
                    headers={"authorization": f"Bearer {self._token}", **(headers or {})},
                )
        except httpx.HTTPError as error:
            raise ConnectionError(f"the node does not answer: {error}") from error


def describe(
    connection: Connection, lines: Sequence[OfferedLine], *, setup: str = "actpass"
) -> str:
    """Our session description with these lines."""
    out = [
        "v=0",
        f"o=- {random.getrandbits(60)} 1 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        f"a=group:BUNDLE {' '.join(str(i) for i in range(len(lines)))}",
    ]
    for mid, line in enumerate(lines):
        numbers = str(AUDIO_PT) if line.kind == "audio" else f"{VIDEO_PT} {REPAIR_PT}"
        out += [
            f"m={line.kind} 9 UDP/TLS/RTP/SAVPF {numbers}",
            "c=IN IP4 0.0.0.0",
            f"a=ice-ufrag:{connection.ufrag}",
            f"a=ice-pwd:{connection.password}",
            f"a=fingerprint:sha-256 {certificate_fingerprint(connection.certificate)}",
            f"a=setup:{setup}",
            f"a=mid:{mid}",
            f"a={'recvonly' if line.ssrc is None else 'sendonly'}",
            "a=rtcp-mux",
            *_codec_lines(line.kind),
        ]
        if line.ssrc is not None:
            out += [f"a=msid:loop {line.kind}{mid}", f"a=ssrc:{line.ssrc} cname:loop"]
        if line.content:
            out.append(f"a=content:{line.content}")
    return "\r\n".join(out) + "\r\n"


def rtp_packet(
    payload_type: int, *, seq: int, timestamp: int, ssrc: int, marker: bool, payload: bytes
) -> bytes:
    """An RTP packet without extensions."""
    second = (0x80 if marker else 0) | payload_type
    return struct.pack("!BBHLL", 0x80, second, seq & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc) + payload


def _codec_lines(kind: str) -> list[str]:
    if kind == "audio":
        return [
            f"a=rtpmap:{AUDIO_PT} opus/48000/2",
            f"a=fmtp:{AUDIO_PT} minptime=10;useinbandfec=1",
            f"a=extmap:{LEVEL_ID} {sdp.AUDIO_LEVEL}",
        ]
    return [
        f"a=rtpmap:{VIDEO_PT} H264/90000",
        f"a=fmtp:{VIDEO_PT} level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
        f"a=rtcp-fb:{VIDEO_PT} nack",
        f"a=rtcp-fb:{VIDEO_PT} nack pli",
        f"a=rtcp-fb:{VIDEO_PT} goog-remb",
        f"a=rtpmap:{REPAIR_PT} rtx/90000",
        f"a=fmtp:{REPAIR_PT} apt={VIDEO_PT}",
    ]
