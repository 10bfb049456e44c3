"""`./plenary mail`: what an operator needs to let mail in, and to sign what goes out."""

from __future__ import annotations

import base64
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from app.notices import inbound
from app.settings import BadSetting, Settings

_BITS = 2048


def words(settings: Settings) -> str:
    """Where mail goes, and where it may come in."""
    goes = (
        f"by {settings.smtp.host}:{settings.smtp.port}" if settings.smtp else settings.mail_folder
    )
    return "\n".join(
        [
            f"mail goes out       {goes}",
            f"returned mail to    {settings.mail_bounces}",
            f"read from           {settings.mail_inbox or 'no folder: set PLENARY_MAIL_INBOX'}",
            f"or handed over to   {settings.base_url}/inbound/{inbound.key_of(settings)}",
            f"signed              {'by ' + str(settings.dkim.key) if settings.dkim else 'no: see --dkim-key'}",
        ]
    )


def make_dkim_key(path: Path, selector: str = "plenary") -> str:
    """Write a new private key and return the DNS record (RFC 6376, 3.6.1) of its public half.

    Raises BadSetting where a file is there already.
    """
    if path.exists():
        raise BadSetting(f"{path} is there already; choose another name")
    key = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
    path.touch(mode=0o600)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    text = base64.b64encode(public).decode()
    return f'{selector}._domainkey  TXT  "v=DKIM1; k=rsa; p={text}"'
