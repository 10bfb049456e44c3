"""The web process as browsers reach it: by TLS with certificate files, or behind a named proxy."""

from __future__ import annotations

import contextlib
import os
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest
from aiortc.rtcdtlstransport import RTCCertificate
from cryptography.hazmat.primitives import serialization

from app.settings import ROOT, BadSetting, Settings, from_environment
from bench.ports import free_port
from tests.app.workers import environment


@contextlib.contextmanager
def served(
    settings: Settings, more: Mapping[str, str], verify: ssl.SSLContext | bool
) -> Iterator[httpx.Client]:
    """A real web process, and a client of it. Raises RuntimeError when it does not come."""
    port = free_port()
    scheme = "https" if "PLENARY_TLS_CERT" in more else "http"
    process = subprocess.Popen(
        [sys.executable, "-m", "app.serve"],
        cwd=ROOT,
        env={
            **{k: v for k, v in environment(settings).items() if not k.startswith("PLENARY_BASE")},
            "PLENARY_HTTP_HOST": "127.0.0.1",
            "PLENARY_HTTP_PORT": str(port),
            **more,
        },
    )
    try:
        with httpx.Client(base_url=f"{scheme}://localhost:{port}", verify=verify) as client:
            deadline = time.monotonic() + 30
            while process.poll() is None and time.monotonic() < deadline:
                with contextlib.suppress(httpx.TransportError):
                    if client.get("/ready").status_code == 200:
                        yield client
                        return
                time.sleep(0.1)
            raise RuntimeError(f"the web process did not come: {process.poll()}")
    finally:
        process.terminate()
        process.wait(10)


def asked_for_links(client: httpx.Client, forwarded_for: list[str]) -> list[int]:
    """Ask once for a link by each of these addresses, as a proxy would pass them on."""
    return [
        client.post(
            "/sign-in", data={"email": "ann@example.org"}, headers={"X-Forwarded-For": address}
        ).status_code
        for address in forwarded_for
    ]


ASKERS = [f"203.0.113.{number}" for number in range(1, 32)]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_forwarded_headers_are_believed_from_named_proxies_only(settings: Settings) -> None:
    # 30 links in a quarter of an hour are one client's limit; these are 31 clients, or one.
    with served(settings, {"PLENARY_TRUSTED_PROXIES": "127.0.0.1"}, True) as client:
        assert asked_for_links(client, ASKERS) == [200] * 31
    with served(settings, {"PLENARY_TRUSTED_PROXIES": "192.0.2.7"}, True) as client:
        assert asked_for_links(client, ASKERS) == [200] * 30 + [429]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_certificate_files_make_it_speak_https(settings: Settings, tmp_path: Path) -> None:
    made = RTCCertificate.generateCertificate()
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    cert.write_bytes(made._cert.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        made._key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    # The name on aiortc's certificate is its own; that this very certificate answers is the point.
    trust = ssl.create_default_context(cafile=str(cert))
    trust.check_hostname = False
    with served(
        settings, {"PLENARY_TLS_CERT": str(cert), "PLENARY_TLS_KEY": str(key)}, trust
    ) as client:
        assert client.get("/health").json() == {"status": "ok"}


def test_half_a_certificate_is_refused_in_words(tmp_path: Path) -> None:
    env = {**os.environ, "PLENARY_SECRET": "s" * 32, "PLENARY_SECRET_MEDIA": "m" * 32}
    cert = tmp_path / "cert.pem"
    with pytest.raises(BadSetting, match="belong together"):
        from_environment({**env, "PLENARY_TLS_CERT": str(cert)})
    with pytest.raises(BadSetting, match=r"the TLS file .*cert\.pem does not exist"):
        from_environment({**env, "PLENARY_TLS_CERT": str(cert), "PLENARY_TLS_KEY": str(cert)})
