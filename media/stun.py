"""Reading STUN binding requests and writing their answers (RFC 8489), as ICE-lite needs them."""

from __future__ import annotations

import hmac
import ipaddress
import struct
import zlib
from dataclasses import dataclass

COOKIE = 0x2112A442
HEADER = struct.Struct("!HHI12s")
ATTRIBUTE = struct.Struct("!HH")
BINDING_REQUEST = 0x0001
BINDING_RESPONSE = 0x0101
BINDING_ERROR = 0x0111
USERNAME = 0x0006
MESSAGE_INTEGRITY = 0x0008
XOR_MAPPED_ADDRESS = 0x0020
PRIORITY = 0x0024
USE_CANDIDATE = 0x0025
ICE_CONTROLLED = 0x8029
ICE_CONTROLLING = 0x802A
HOST_PRIORITY = 126 << 24 | 65535 << 8 | 255
FINGERPRINT = 0x8028
MAX_REQUEST = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class BindingRequest:
    """A connectivity check. It proves nothing before `authentic` says so."""

    transaction: bytes
    username: str
    nominates: bool
    covered: bytes
    integrity: bytes

    def authentic(self, password: bytes) -> bool:
        """Whether MESSAGE-INTEGRITY was made with this password."""
        return hmac.compare_digest(self.integrity, _integrity(self.covered, password))


def parse_request(datagram: bytes) -> BindingRequest | None:
    """The binding request in a datagram, or None for everything else.

    A request without USERNAME and MESSAGE-INTEGRITY counts as something else; attributes after
    MESSAGE-INTEGRITY are ignored, for nothing vouches for them.
    """
    size = len(datagram)
    if not HEADER.size <= size <= MAX_REQUEST:
        return None
    kind, length, cookie, transaction = HEADER.unpack_from(datagram)
    if kind != BINDING_REQUEST or cookie != COOKIE or length != size - HEADER.size or length % 4:
        return None
    username, nominates = "", False
    position = HEADER.size
    while position + ATTRIBUTE.size <= size:
        attribute, length = ATTRIBUTE.unpack_from(datagram, position)
        start, end = position + 4, position + 4 + length
        if end > size:
            return None
        if attribute == USERNAME:
            username = datagram[start:end].decode("ascii", "replace")
        elif attribute == USE_CANDIDATE:
            nominates = True
        elif attribute == MESSAGE_INTEGRITY:
            return BindingRequest(
                transaction=transaction,
                username=username,
                nominates=nominates,
                covered=datagram[:position],
                integrity=datagram[start:end],
            )
        position = end + -length % 4
    return None


def binding_response(transaction: bytes, host: str, port: int, password: bytes) -> bytes:
    """The answer to a check that came from host and port."""
    address = ipaddress.ip_address(host).packed
    pad = struct.pack("!I", COOKIE) + transaction
    mapped = bytes(a ^ b for a, b in zip(address, pad, strict=False))
    value = struct.pack("!BBH", 0, 1 if len(address) == 4 else 2, port ^ (COOKIE >> 16)) + mapped
    attribute = ATTRIBUTE.pack(XOR_MAPPED_ADDRESS, len(value)) + value
    return sealed(BINDING_RESPONSE, transaction, attribute, password)


def binding_request(
    transaction: bytes,
    username: str,
    password: bytes,
    *,
    controls: bool = True,
    tie_breaker: bytes = bytes(8),
) -> bytes:
    """A connectivity check of a client; `username` is theirs:ours. Who controls also nominates."""
    name = username.encode("ascii")
    attributes = ATTRIBUTE.pack(USERNAME, len(name)) + name + bytes(-len(name) % 4)
    attributes += ATTRIBUTE.pack(PRIORITY, 4) + HOST_PRIORITY.to_bytes(4, "big")
    attributes += ATTRIBUTE.pack(ICE_CONTROLLING if controls else ICE_CONTROLLED, 8) + tie_breaker
    if controls:
        attributes += ATTRIBUTE.pack(USE_CANDIDATE, 0)
    return sealed(BINDING_REQUEST, transaction, attributes, password)


def sealed(kind: int, transaction: bytes, attributes: bytes, password: bytes) -> bytes:
    """A message with MESSAGE-INTEGRITY and FINGERPRINT at its end."""
    body = HEADER.pack(kind, len(attributes), COOKIE, transaction) + attributes
    body += ATTRIBUTE.pack(MESSAGE_INTEGRITY, 20) + _integrity(body, password)
    body = _with_length(body, len(body) - HEADER.size + 8)
    return body + struct.pack("!HHI", FINGERPRINT, 4, zlib.crc32(body) ^ 0x5354554E)


def _integrity(covered: bytes, password: bytes) -> bytes:
    return hmac.digest(password, _with_length(covered, len(covered) - HEADER.size + 24), "sha1")


def _with_length(message: bytes, length: int) -> bytes:
    return message[:2] + struct.pack("!H", length) + message[4:]
