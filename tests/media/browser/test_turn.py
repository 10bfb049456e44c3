"""Where UDP is blocked: through Debian's coturn, by UDP and by TLS; and where that fails too."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from playwright.async_api import Browser, async_playwright

from tests.media.browser.conftest import Front, becomes, open_page, start_front
from tests.media.builders import free_udp_port
from tests.media.test_clients import CHROMIUM

RELAY_ONLY = """
  const Plain = RTCPeerConnection;
  window.RTCPeerConnection = class extends Plain {
    constructor(settings) { super({...settings, iceTransportPolicy: 'relay'}); }
  };"""

WAY = """async () => {
  const reports = [...(await watching.keeper.connection.getStats()).values()];
  const pair = reports.find((one) => one.type === 'candidate-pair' && one.nominated);
  const local = reports.find((one) => one.id === pair?.localCandidateId);
  return [local?.candidateType, local?.relayProtocol];
}"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of 127.0.0.1's own making, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "cert.pem", folder / "key.pem"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths


@contextlib.contextmanager
def coturn(folder: Path, secret: str) -> Iterator[tuple[int, int]]:
    """Debian's coturn on loopback; its plain and its TLS port."""
    plain, tls, low = free_port(), free_port(), free_udp_port()
    cert, key = certificate(folder)
    command = [
        "turnserver", "-n", "--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1",
        f"--listening-port={plain}", f"--tls-listening-port={tls}",
        f"--cert={cert}", f"--pkey={key}", "--fingerprint", "--realm=localhost",
        "--use-auth-secret", f"--static-auth-secret={secret}", "--allow-loopback-peers",
        "--no-cli", "--no-multicast-peers", f"--min-port={low}", f"--max-port={low + 200}",
        "--log-file=stdout", "--simple-log", f"--pidfile={folder / 'pid'}",
        f"--userdb={folder / 'users'}",
    ]  # fmt: skip
    log = (folder / "turn.log").open("wb")
    process = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT)
    end = time.monotonic() + 10
    while True:
        with contextlib.suppress(OSError):
            socket.create_connection(("127.0.0.1", plain), 1).close()
            break
        assert time.monotonic() < end, (folder / "turn.log").read_text()
        time.sleep(0.05)
    try:
        yield plain, tls
    finally:
        process.terminate()
        process.wait(timeout=8)
        log.close()


@pytest.fixture
async def careless_browser() -> AsyncIterator[Browser]:
    """A browser that believes any certificate."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium",
            args=[
                *CHROMIUM,
                "--autoplay-policy=no-user-gesture-required",
                "--ignore-certificate-errors",
            ],
        )
        yield browser
        await browser.close()


@pytest.fixture(params=["udp", "tls"])
def turned(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Front, str]]:
    with coturn(tmp_path, "north") as (plain, tls):
        url = {
            "udp": f"turn:127.0.0.1:{plain}?transport=udp",
            "tls": f"turns:localhost:{tls}?transport=tcp",
        }[request.param]
        front = start_front(PLENARY_TURN_URLS=url, PLENARY_TURN_SECRET="north")
        yield front, request.param
        front.process.terminate()
        front.process.wait(timeout=8)


async def test_a_blocked_viewer_comes_through_coturn(
    turned: tuple[Front, str], careless_browser: Browser
) -> None:
    front, protocol = turned
    await front.on_air("hall")
    ada = await open_page(careless_browser, front.address)
    await ada.evaluate("publish('hall', 'ada', '#e00')")
    eve = await open_page(careless_browser, front.address, init=RELAY_ONLY)
    await eve.evaluate("watch('hall', 'eve', 1)")
    await becomes(eve, "colours()", ["red"])
    await becomes(eve, f"({WAY})()", ["relay", protocol])


async def test_where_every_way_is_blocked_the_page_hears_of_it_within_five_seconds(
    front: Front, browser: Browser
) -> None:
    await front.on_air("hall")
    nowhere = f"""
      window.blockedAt = 0;
      document.addEventListener('media-blocked', () => {{ blockedAt = performance.now(); }});
      const set = RTCPeerConnection.prototype.setRemoteDescription;
      RTCPeerConnection.prototype.setRemoteDescription = function (description) {{
        const sdp = description.sdp.replace(/ {front.udp_port} typ/g, ' {free_udp_port()} typ');
        return set.call(this, {{type: description.type, sdp}});
      }};"""
    eve = await open_page(browser, front.address, init=nowhere)
    began = await eve.evaluate("performance.now()")
    await eve.evaluate("watch('hall', 'eve', 1)")
    await becomes(eve, "blockedAt > 0", True)
    assert await eve.evaluate("blockedAt") - began < 5000
