"""The only place that touches private names of aiortc and pylibsrtp: DTLS, and SRTP at full speed.

The names touched, each held by one test in tests/media/test_engine.py: `RTCDtlsTransport._set_role`,
`._rx_srtp`, `._tx_srtp` and its use of `transport._recv` / `transport._send`; `pylibsrtp._binding`
(`ffi`, `lib.srtp_protect` and its three sisters) and `pylibsrtp.Session._srtp`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pylibsrtp
from aiortc import RTCCertificate
from aiortc.rtcdtlstransport import RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport
from pylibsrtp._binding import ffi, lib

MAX_PACKET = 1500
BUFFER = 2048
HANDSHAKE_S = 15.0
QUEUED_DATAGRAMS = 32

protect_rtp = lib.srtp_protect
"""srtp_protect(handle, buffer, length): 0 when it held; the buffer grows by `tag_length` bytes."""

_buffer = ffi.new("uint8_t[]", BUFFER)
_view = memoryview(ffi.buffer(_buffer))
_length = ffi.new("int *")


class Slots:
    """`count` packet buffers of BUFFER bytes, side by side, as pointers, views and addresses."""

    def __init__(self, count: int) -> None:
        self._memory = ffi.new("uint8_t[]", count * BUFFER)
        whole = memoryview(ffi.buffer(self._memory))
        start = int(ffi.cast("uintptr_t", self._memory))
        self.pointers = [self._memory + i * BUFFER for i in range(count)]
        self.views = [whole[i * BUFFER : (i + 1) * BUFFER] for i in range(count)]
        self.addresses = [start + i * BUFFER for i in range(count)]
        self.length = ffi.new("int *")


def handle_address(handle: Any) -> int:
    """The address behind a libsrtp handle, for code that is not Python."""
    return int(ffi.cast("uintptr_t", handle))


def protect_address() -> int:
    """The address of srtp_protect."""
    return int(ffi.cast("uintptr_t", ffi.addressof(lib, "srtp_protect")))


def _nothing() -> None:
    """What happens after the end."""


def _ignore(datagram: bytes) -> None:
    """What becomes of datagrams after the end."""


class _Path:
    """What RTCDtlsTransport needs of an ICE transport: datagrams in, datagrams out."""

    role = "controlled"

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._datagrams: asyncio.Queue[bytes | None] = asyncio.Queue(QUEUED_DATAGRAMS)
        self._out = send
        self.closed = False

    def feed(self, datagram: bytes) -> None:
        if not self._datagrams.full():
            self._datagrams.put_nowait(datagram)

    def close(self) -> None:
        self.closed = True
        if self._datagrams.full():
            self._datagrams.get_nowait()
        self._datagrams.put_nowait(None)

    def forget(self) -> None:
        """Send nothing any more."""
        self._out = _ignore

    async def _recv(self) -> bytes:
        datagram = None if self.closed else await self._datagrams.get()
        if datagram is None:
            raise ConnectionError
        return datagram

    async def _send(self, datagram: bytes) -> None:
        self._out(datagram)


class SecureTransport:
    """DTLS-SRTP with one peer, over datagrams that the caller brings and takes away.

    The node is always the DTLS server: then Chromium picks AES-GCM, which costs half of AES-CM.
    """

    def __init__(
        self,
        certificate: RTCCertificate,
        *,
        send: Callable[[bytes], None],
        on_closed: Callable[[], None],
    ) -> None:
        self._path = _Path(send)
        self._dtls = RTCDtlsTransport(self._path, [certificate])  # type: ignore[arg-type]
        self._on_closed = on_closed
        self._rx: Any = None
        self._tx: Any = None
        self.handle: Any = None
        self.tag_length = 0

    @property
    def ready(self) -> bool:
        """Whether media can flow."""
        return self.handle is not None

    def feed(self, datagram: bytes) -> None:
        """Take a DTLS datagram of the peer; more than a handful unread are dropped."""
        self._path.feed(datagram)

    async def handshake(
        self, fingerprints: tuple[tuple[str, str], ...], *, role: str = "server"
    ) -> bool:
        """Whether the peer proved, within HANDSHAKE_S, to hold the certificate of its offer."""
        remote = RTCDtlsParameters(
            fingerprints=[RTCDtlsFingerprint(algorithm=a, value=v) for a, v in fingerprints]
        )
        self._dtls._set_role(role)
        try:
            async with asyncio.timeout(HANDSHAKE_S):
                await self._dtls.start(remote)
        except (TimeoutError, ConnectionError):
            return False
        if self._dtls.state != "connected":
            return False
        self._rx = self._dtls._rx_srtp._srtp[0]
        self._tx = self._dtls._tx_srtp._srtp[0]
        self.tag_length = self._measure_tag()
        self.handle = self._tx
        self._dtls.on("statechange", self._changed)
        return True

    async def close(self) -> None:
        """Say goodbye to the peer and release everything; safe to call twice."""
        self.handle = None
        self._dtls.remove_all_listeners()
        await self._dtls.stop()
        self._path.close()
        # Both lead back to whoever holds this: without them nothing here is a cycle.
        self._path.forget()
        self._on_closed = _nothing

    def protect_rtcp(self, packet: bytes) -> bytes:
        """The compound RTCP packet, encrypted; raises ConnectionError when that fails."""
        return _apply(lib.srtp_protect_rtcp, self._tx, packet)

    def protect(self, packet: bytes) -> bytes:
        """The RTP packet, encrypted; raises ConnectionError when that fails."""
        return _apply(lib.srtp_protect, self._tx, packet)

    def unprotect(self, packet: bytes) -> bytes | None:
        """The RTP packet in the clear, or None if it is not the peer's."""
        return _open(lib.srtp_unprotect, self._rx, packet)

    def unprotect_rtcp(self, packet: bytes) -> bytes | None:
        """The compound RTCP packet in the clear, or None if it is not the peer's."""
        return _open(lib.srtp_unprotect_rtcp, self._rx, packet)

    def _changed(self) -> None:
        if self._dtls.state in ("closed", "failed") and self.handle is not None:
            self.handle = None
            self._on_closed()

    def _measure_tag(self) -> int:
        """Bytes that encryption adds to a packet, asked of the library on a stream of its own."""
        ssrc = 0x706C656E
        probe = bytes([0x80, 0, 0, 0, 0, 0, 0, 0]) + ssrc.to_bytes(4, "big") + bytes(4)
        added = len(_apply(lib.srtp_protect, self._tx, probe)) - len(probe)
        self._dtls._tx_srtp.remove_stream(ssrc)
        return added


def certificate_fingerprint(certificate: RTCCertificate) -> str:
    """The SHA-256 fingerprint of a certificate as SDP writes it."""
    return next(f.value for f in certificate.getFingerprints() if f.algorithm == "sha-256")


def _apply(function: Any, handle: Any, packet: bytes) -> bytes:
    size = len(packet)
    if size > MAX_PACKET or handle is None:
        raise ConnectionError("packet cannot be protected")
    _view[:size] = packet
    _length[0] = size
    status = function(handle, _buffer, _length)
    if status:
        raise ConnectionError(pylibsrtp.ERRORS[status])
    return bytes(_view[: _length[0]])


def _open(function: Any, handle: Any, packet: bytes) -> bytes | None:
    size = len(packet)
    if size > BUFFER:
        return None
    _view[:size] = packet
    _length[0] = size
    if function(handle, _buffer, _length):
        return None
    return bytes(_view[: _length[0]])
