"""Where a lane's packets go: how they are stamped, for whom they are encrypted, who sends them."""

from __future__ import annotations

import ctypes
import ipaddress
import socket
import struct
from collections.abc import Sequence
from typing import Protocol

from media.engine import SecureTransport, handle_address

Packet = tuple[bytes, int, int, int, int]
"""A packet to forward: bytes (12 of header, then payload), their number, 0x8000 | marker bit,
sequence number and timestamp of the source."""

header = struct.Struct("!HHLL")


class FanOut(Protocol):
    """Sends packets of sources to outlets through one socket; `flush` ends each burst.

    `dropped` counts packets that could not be sent; `trains` tells whether runs of packets to one
    peer leave as one datagram train (UDP GSO).
    """

    @property
    def dropped(self) -> int: ...

    @property
    def trains(self) -> bool: ...

    def forward(self, packets: Sequence[Packet], outlets: Sequence[Outlet]) -> None:
        """Send consecutive packets of one source to every outlet, in order."""

    def push(self, packet: bytes, outlet: Outlet) -> None:
        """Send one packet, whose header is written already, to one outlet."""

    def flush(self) -> None:
        """Hand everything that is queued to the kernel; what it has no room for is dropped."""


class Record(ctypes.Structure):
    """An outlet as media/_fan.c sees it; the layouts must agree."""

    _fields_ = (
        ("srtp", ctypes.c_void_p),
        ("sent", ctypes.c_uint64),
        ("ssrc", ctypes.c_uint32),
        ("ts_offset", ctypes.c_uint32),
        ("seq_offset", ctypes.c_uint16),
        ("payload_type", ctypes.c_uint8),
        ("tag", ctypes.c_uint8),
        ("name_size", ctypes.c_uint32),
        ("name", ctypes.c_uint8 * 32),
    )


class Outlet:
    """How one outgoing lane stamps and encrypts the packets of its present source."""

    __slots__ = (
        "address",
        "fan",
        "handle",
        "name",
        "name_size",
        "payload_type",
        "record",
        "record_address",
        "secure",
        "seq_offset",
        "ssrc",
        "tag",
        "ts_offset",
    )

    def __init__(self, *, ssrc: int, payload_type: int) -> None:
        self.record = Record(ssrc=ssrc, payload_type=payload_type)
        self.record_address = ctypes.addressof(self.record)
        self.ssrc = ssrc
        self.payload_type = payload_type
        self.seq_offset = 0
        self.ts_offset = 0
        self.fan: FanOut | None = None
        self.secure: SecureTransport | None = None
        self.handle: object = None
        self.tag = 0
        self.name = self.record_address + Record.name.offset
        self.name_size = 0
        self.address: tuple[object, ...] = ()

    @property
    def sent(self) -> int:
        """Packets sent so far."""
        sent: int = self.record.sent
        return sent

    def connect(self, fan: FanOut, secure: SecureTransport, address: tuple[object, ...]) -> None:
        """Send to this address from now on, encrypted for this peer."""
        raw = sockaddr(address)
        ctypes.memmove(self.name, raw, len(raw))
        self.name_size = self.record.name_size = len(raw)
        self.address = address
        self.fan, self.secure = fan, secure
        self.handle, self.tag = secure.handle, secure.tag_length
        self.record.srtp, self.record.tag = handle_address(secure.handle), secure.tag_length

    def number(self, seq_offset: int) -> None:
        """Add this to the source's sequence numbers (modulo 65536) from now on."""
        self.seq_offset = self.record.seq_offset = seq_offset & 0xFFFF

    def time(self, ts_offset: int) -> None:
        """Add this to the source's timestamps (modulo 2**32) from now on."""
        self.ts_offset = self.record.ts_offset = ts_offset & 0xFFFFFFFF


def sockaddr(address: tuple[object, ...]) -> bytes:
    """A socket address as the kernel lays it out."""
    host, port = str(address[0]), int(str(address[1]))
    packed = ipaddress.ip_address(host).packed
    if len(packed) == 4:
        return struct.pack("=H", socket.AF_INET) + struct.pack("!H", port) + packed + bytes(8)
    flow, scope = (int(str(x)) for x in (*address[2:4], 0, 0)[:2])
    family = struct.pack("=H", socket.AF_INET6) + struct.pack("!HI", port, flow)
    return family + packed + struct.pack("=I", scope)
