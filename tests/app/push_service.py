"""A push service of our own (RFC 8030), and the browser whose device it rings (RFC 8291)."""

from __future__ import annotations

import asyncio
import base64
import json
import os
from dataclasses import dataclass, field
from typing import Any

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


@dataclass
class Endpoint:
    """A push service of our own: keeps what it gets, and answers `status`."""

    port: int = 0
    status: int = 201
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    secret: bytes = field(default_factory=lambda: os.urandom(16))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        line, *rest = head.strip().split("\r\n")
        headers = {k.lower(): v for k, v in (text.split(": ", 1) for text in rest)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.got.append((line, headers, body))
        writer.write(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % self.status)
        await writer.drain()
        writer.close()

    def subscription(self) -> dict[str, Any]:
        """What a browser's subscribe() would give."""
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return {
            "endpoint": f"http://127.0.0.1:{self.port}/send/abc",
            "keys": {"p256dh": _text(point), "auth": _text(self.secret)},
        }

    def read(self, body: bytes) -> dict[str, Any]:
        """What only this browser can read."""
        plain = http_ece.decrypt(
            body, private_key=self.key, auth_secret=self.secret, version="aes128gcm"
        )
        found: dict[str, Any] = json.loads(plain)
        return found


def _text(held: bytes) -> str:
    return base64.urlsafe_b64encode(held).decode().rstrip("=")
