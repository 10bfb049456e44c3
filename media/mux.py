"""One UDP port for everybody: ICE-lite, and the way from a datagram to its session."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import secrets
import socket
import string
from collections.abc import Callable, Sequence
from typing import Any

import ifaddr

from media import stun
from media.log import Log
from media.native import make_fan

logger = Log(__name__)

Address = tuple[Any, ...]
ICE_CHARACTERS = string.ascii_letters + string.digits
READ_AT_ONCE = 64
MAX_DATAGRAM = 2048
SOCKET_BUFFER = 4 << 20
ADDRESSES_PER_SESSION = 6


def random_ice(length: int) -> str:
    """A random string of characters that ICE allows in its credentials."""
    return "".join(secrets.choice(ICE_CHARACTERS) for _ in range(length))


def _nothing() -> None:
    """What a session that has ended does."""


def _ignore(datagram: bytes) -> None:
    """What a session that has ended makes of a datagram."""


class IceSession:
    """Our end of one ICE session: credentials, and the addresses that proved to know them.

    `media`, `dtls` and `selected` are called with what arrives; `heard` is the loop time of the
    last proof of life: a check with the right integrity, or media that decrypted.
    """

    def __init__(
        self,
        *,
        remote_ufrag: str,
        media: Callable[[bytes], None],
        dtls: Callable[[bytes], None],
        selected: Callable[[], None],
        now: float,
    ) -> None:
        self.ufrag = random_ice(16)
        self.password = random_ice(32)
        self.key = self.password.encode()
        self.username = f"{self.ufrag}:{remote_ufrag}"
        self.media = media
        self.dtls = dtls
        self.selected = selected
        self.heard = now
        self.bound: list[tuple[Port, Address]] = []
        self.path: tuple[Port, Address] | None = None

    def end(self) -> None:
        """Call nobody any more. What is called leads back to the session: a hundred kilobytes each
        would wait for the collector of cycles."""
        self.media = self.dtls = _ignore
        self.selected = _nothing

    def send(self, datagram: bytes) -> None:
        """Send to the selected address; silently nothing when there is none or the socket is full."""
        if self.path is not None:
            port, address = self.path
            port.send(datagram, address)


class Port:
    """One bound UDP socket of the port, with the sessions that were heard on it."""

    def __init__(self, bound: socket.socket, mux: Mux) -> None:
        self.socket = bound
        self.fan = make_fan(bound, native=mux.native)
        self._mux = mux
        self._by_address: dict[Address, IceSession] = {}

    def send(self, datagram: bytes, address: Address) -> None:
        try:
            self.socket.sendto(datagram, address)
        except OSError as error:
            logger.debug("datagram not sent", error=str(error))

    def readable(self) -> None:
        """Read what is there, up to a bound, then let the forwarder send in one go."""
        receive = self.socket.recvfrom
        for _ in range(READ_AT_ONCE):
            try:
                datagram, address = receive(MAX_DATAGRAM)
            except BlockingIOError:
                break
            except OSError as error:
                logger.debug("socket error", error=str(error))
                continue
            try:
                self.received(datagram, address)
            except Exception:
                logger.exception("a datagram was not understood", size=len(datagram))
        self._mux.drained()

    def received(self, datagram: bytes, address: Address) -> None:
        """Give one datagram to the session that its address belongs to."""
        if not datagram:
            return
        first = datagram[0]
        if first < 4:
            self._check(datagram, address)
            return
        session = self._by_address.get(address)
        if session is None:
            return
        if 127 < first < 192:
            session.media(datagram)
        elif 19 < first < 64:
            session.dtls(datagram)

    def forget(self, session: IceSession, address: Address) -> None:
        if self._by_address.get(address) is session:
            del self._by_address[address]

    def _check(self, datagram: bytes, address: Address) -> None:
        """Answer a connectivity check, and only after its integrity held learn its address."""
        request = stun.parse_request(datagram)
        if request is None:
            return
        session = self._mux.session(request.username.partition(":")[0])
        if session is None or request.username != session.username:
            return
        if not request.authentic(session.key) or not self._bind(session, address):
            return
        session.heard = self._mux.now()
        self.send(
            stun.binding_response(request.transaction, address[0], address[1], session.key), address
        )
        if session.path is None or (request.nominates and session.path != (self, address)):
            session.path = (self, address)
            session.selected()

    def _bind(self, session: IceSession, address: Address) -> bool:
        """Whether the address is the session's: another living session never loses its own."""
        owner = self._by_address.get(address)
        if owner is session:
            return True
        if owner is not None:
            return False
        self._by_address[address] = session
        session.bound.append((self, address))
        if len(session.bound) > ADDRESSES_PER_SESSION:
            spare = next(bound for bound in session.bound if bound != session.path)
            session.bound.remove(spare)
            spare[0].forget(session, spare[1])
        return True


class Mux:
    """All sockets of the node's one UDP port, and all ICE sessions behind it."""

    def __init__(
        self, *, now: Callable[[], float], drained: Callable[[], None], native: bool = True
    ) -> None:
        self.now = now
        self.drained = drained
        self.native = native
        self.ports: list[Port] = []
        self.candidates: list[tuple[str, int]] = []
        self._by_ufrag: dict[str, IceSession] = {}

    def open(self, addresses: Sequence[str], port: int) -> None:
        """Bind the port on these addresses (empty: all of the machine, and 127.0.0.1).

        An address that is not the machine's own (a public one in front of a translation) is
        offered all the same, and then one socket listens on every address. Raises OSError with
        the port in its words when the port is taken.
        """
        offered = list(addresses) or machine_addresses()
        try:
            sockets = _all_bound(offered, port)
        except OSError as error:
            if error.errno != errno.EADDRNOTAVAIL:
                raise OSError(error.errno, f"UDP port {port} is busy ({error.strerror})") from error
            families = {ipaddress.ip_address(address).version for address in offered}
            wildcards = ["0.0.0.0" if version == 4 else "::" for version in sorted(families)]
            sockets = _all_bound(wildcards, port)
        loop = asyncio.get_running_loop()
        for bound in sockets:
            entry = Port(bound, self)
            self.ports.append(entry)
            loop.add_reader(bound.fileno(), entry.readable)
        self.candidates = [(address, port) for address in offered]

    def close(self) -> None:
        loop = asyncio.get_running_loop()
        for port in self.ports:
            loop.remove_reader(port.socket.fileno())
            port.socket.close()
        self.ports.clear()

    def session(self, ufrag: str) -> IceSession | None:
        return self._by_ufrag.get(ufrag)

    def add(self, session: IceSession) -> None:
        self._by_ufrag[session.ufrag] = session

    def remove(self, session: IceSession) -> None:
        self._by_ufrag.pop(session.ufrag, None)
        for port, address in session.bound:
            port.forget(session, address)
        session.bound.clear()
        session.path = None


def machine_addresses() -> list[str]:
    """Every usable address of the machine: IPv4, global IPv6, and 127.0.0.1 last."""
    found: list[str] = []
    for adapter in ifaddr.get_adapters():
        for ip in adapter.ips:
            address = ipaddress.ip_address(ip.ip if isinstance(ip.ip, str) else ip.ip[0])
            if not (address.is_loopback or address.is_link_local):
                found.append(str(address))
    return [*dict.fromkeys(found), "127.0.0.1"]


def _all_bound(addresses: Sequence[str], port: int) -> list[socket.socket]:
    """A socket for each address, or, when one cannot be bound, none and OSError."""
    sockets: list[socket.socket] = []
    try:
        for address in addresses:
            sockets.append(_bound(address, port))
    except OSError:
        for bound in sockets:
            bound.close()
        raise
    return sockets


def _bound(address: str, port: int) -> socket.socket:
    version = ipaddress.ip_address(address).version
    bound = socket.socket(socket.AF_INET if version == 4 else socket.AF_INET6, socket.SOCK_DGRAM)
    try:
        bound.setblocking(False)
        if version == 6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            bound.setsockopt(socket.SOL_SOCKET, option, SOCKET_BUFFER)
        bound.bind((address, port))
    except OSError:
        bound.close()
        raise
    return bound
