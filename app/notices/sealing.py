"""Messages that only one browser can read (RFC 8291). Loads cryptography, so it is loaded late."""

from __future__ import annotations

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec


def check(point: bytes) -> None:
    """Raises ValueError for a point that is no public key of a browser's."""
    ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)


def seal(text: bytes, point: bytes, secret: bytes) -> bytes:
    """The text for the browser with this public key and secret, by aes128gcm."""
    sealed: bytes = http_ece.encrypt(
        text,
        private_key=ec.generate_private_key(ec.SECP256R1()),
        dh=point,
        auth_secret=secret,
        version="aes128gcm",
    )
    return sealed
