"""One connection with a client: ICE, then DTLS, then encrypted media, until it ends."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable

from aiortc import RTCCertificate

from media.engine import SecureTransport
from media.log import Log
from media.mux import IceSession, Mux
from media.sdp import Offer

logger = Log(__name__)


def _nothing() -> None:
    """What a connection that has ended does."""


def _ignore(arrived: object) -> None:
    """What a connection that has ended makes of anything."""


class Peer:
    """The transport of a publisher or a subscriber.

    `on_rtp` and `on_rtcp` get decrypted packets; `on_ready` is called once when media can flow,
    `on_path` whenever the client's address changes, `on_gone` once, with the reason, when the
    connection ended by itself. `prefix` begins the id, so that whoever has it knows the node.
    """

    def __init__(
        self,
        *,
        offer: Offer,
        mux: Mux,
        certificate: RTCCertificate,
        on_rtp: Callable[[bytes], None],
        on_rtcp: Callable[[bytes], None],
        on_ready: Callable[[], None],
        on_path: Callable[[], None],
        on_gone: Callable[[str], None],
        prefix: str = "",
    ) -> None:
        self.id = prefix + secrets.token_urlsafe(16)
        self.remote_ufrag = offer.ufrag
        self.secure = SecureTransport(certificate, send=self._send, on_closed=self._hung_up)
        self.ice = IceSession(
            remote_ufrag=offer.ufrag,
            media=self._media,
            dtls=self.secure.feed,
            selected=self._selected,
            now=mux.now(),
        )
        self.closed = False
        self._mux = mux
        self._fingerprints = offer.fingerprints
        self._on_rtp, self._on_rtcp = on_rtp, on_rtcp
        self._on_ready, self._on_path, self._on_gone = on_ready, on_path, on_gone
        self._task: asyncio.Task[None] | None = None
        mux.add(self.ice)

    @property
    def etag(self) -> str:
        """Names the present ICE session, as RFC 9725 wants it."""
        return f'"{self.ice.ufrag}"'

    @property
    def ready(self) -> bool:
        return self.secure.ready and self.ice.path is not None

    def send_rtcp(self, compound: bytes) -> None:
        """Send RTCP if media can flow; otherwise nothing happens."""
        if self.ready:
            try:
                self.ice.send(self.secure.protect_rtcp(compound))
            except ConnectionError as error:
                logger.debug("RTCP not sent", peer=self.id, error=str(error))

    async def close(self) -> None:
        """Hang up and release the address; safe to call twice."""
        if self.closed:
            return
        self.closed = True
        if self._task is not None:
            self._task.cancel()
        try:
            await self.secure.close()
        finally:
            self._mux.remove(self.ice)
            self.ice.end()
            self._on_rtp = self._on_rtcp = self._on_gone = _ignore
            self._on_ready = self._on_path = _nothing

    def _send(self, datagram: bytes) -> None:
        self.ice.send(datagram)

    def _selected(self) -> None:
        if self._task is None:
            self._task = asyncio.create_task(self._handshake())
        elif self.secure.ready:
            self._on_path()

    async def _handshake(self) -> None:
        try:
            held = await self.secure.handshake(self._fingerprints)
        except Exception:
            logger.exception("DTLS failed", peer=self.id)
            held = False
        if self.closed:
            return
        if held:
            self._on_ready()
        else:
            self._on_gone("handshake failed")

    def _hung_up(self) -> None:
        if not self.closed:
            self._on_gone("hung up")

    def _media(self, datagram: bytes) -> None:
        secure = self.secure
        if secure.handle is None or len(datagram) < 12:
            return
        if 191 < datagram[1] < 224:
            compound = secure.unprotect_rtcp(datagram)
            if compound is not None:
                self.ice.heard = self._mux.now()
                self._on_rtcp(compound)
            return
        packet = secure.unprotect(datagram)
        if packet is not None:
            self.ice.heard = self._mux.now()
            self._on_rtp(packet)
