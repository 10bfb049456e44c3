"""One test for each private name that media/engine.py touches: an upgrade that breaks one says so."""

from __future__ import annotations

import asyncio

import pylibsrtp
import pytest
from aiortc import RTCCertificate
from aiortc.rtcdtlstransport import RTCDtlsTransport
from pylibsrtp import _binding

from media.client import rtp_packet
from media.engine import SecureTransport, Slots, certificate_fingerprint
from tests.media.builders import CERTIFICATE


class Wire:
    """What RTCDtlsTransport asks of a transport, and no more."""

    role = "controlled"

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.inbox: asyncio.Queue[bytes] = asyncio.Queue()

    async def _recv(self) -> bytes:
        return await self.inbox.get()

    async def _send(self, datagram: bytes) -> None:
        self.sent.append(datagram)


def dtls() -> tuple[RTCDtlsTransport, Wire]:
    wire = Wire()
    return RTCDtlsTransport(wire, [CERTIFICATE]), wire  # type: ignore[arg-type]


async def connected() -> tuple[SecureTransport, SecureTransport]:
    """Two ends that shook hands."""
    ends: list[SecureTransport] = []
    for other in (1, 0):
        ends.append(
            SecureTransport(
                CERTIFICATE,
                send=lambda datagram, other=other: ends[other].feed(datagram),  # type: ignore[misc]
                on_closed=lambda: None,
            )
        )
    print_ = (("sha-256", certificate_fingerprint(CERTIFICATE)),)
    held = await asyncio.gather(ends[0].handshake(print_), ends[1].handshake(print_, role="client"))
    assert list(held) == [True, True]
    return ends[0], ends[1]


async def test_set_role_takes_server_and_client() -> None:
    transport, _ = dtls()
    for role in ("server", "client"):
        transport._set_role(role)
        assert transport._role == role


async def test_the_transport_sends_and_receives_by_two_private_names() -> None:
    transport, wire = dtls()
    transport._set_role("client")
    from aiortc.rtcdtlstransport import RTCDtlsFingerprint, RTCDtlsParameters

    parameters = RTCDtlsParameters(fingerprints=[RTCDtlsFingerprint("sha-256", "00")])
    task = asyncio.create_task(transport.start(parameters))
    await asyncio.sleep(0.05)
    assert 19 < wire.sent[0][0] < 64
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_sessions_appear_under_rx_srtp_and_tx_srtp() -> None:
    transport, _ = dtls()
    assert transport._rx_srtp is None
    assert transport._tx_srtp is None
    server, client = await connected()
    for end in (server, client):
        assert isinstance(end._dtls._rx_srtp, pylibsrtp.Session)
        assert isinstance(end._dtls._tx_srtp, pylibsrtp.Session)
        await end.close()


def test_a_session_keeps_its_handle_under_srtp() -> None:
    session = pylibsrtp.Session()
    assert _binding.ffi.typeof(session._srtp).cname == "struct srtp_ctx_t_ * *"


@pytest.mark.parametrize(
    "name", ["srtp_protect", "srtp_protect_rtcp", "srtp_unprotect", "srtp_unprotect_rtcp"]
)
def test_the_binding_has_the_function(name: str) -> None:
    assert callable(getattr(_binding.lib, name))


def test_the_binding_s_ffi_makes_buffers_with_addresses() -> None:
    slots = Slots(2)
    assert slots.addresses[1] - slots.addresses[0] == 2048
    slots.views[1][:3] = b"abc"
    assert bytes(_binding.ffi.buffer(slots.pointers[1], 3)) == b"abc"


def test_errors_have_names() -> None:
    assert pylibsrtp.ERRORS[7] == "authentication failure"


async def test_what_one_end_protects_the_other_opens_and_nobody_else() -> None:
    server, client = await connected()
    packet = rtp_packet(96, seq=1, timestamp=2, ssrc=3, marker=True, payload=b"x" * 1400)
    sealed = client.protect(packet)
    assert len(sealed) == len(packet) + client.tag_length
    assert server.unprotect(sealed) == packet
    assert server.unprotect(sealed[:-1] + b"\0") is None
    report = b"\x80\xc9\x00\x01\x00\x00\x00\x01"
    assert server.unprotect_rtcp(client.protect_rtcp(report)) == report
    await client.close()
    await server.close()


async def test_a_stranger_s_certificate_does_not_shake_hands() -> None:
    stranger = RTCCertificate.generateCertificate()
    ends: list[SecureTransport] = []
    for certificate, other in ((CERTIFICATE, 1), (stranger, 0)):
        ends.append(
            SecureTransport(
                certificate,
                send=lambda datagram, other=other: ends[other].feed(datagram),  # type: ignore[misc]
                on_closed=lambda: None,
            )
        )
    expected = (("sha-256", certificate_fingerprint(CERTIFICATE)),)
    held = await asyncio.gather(
        ends[0].handshake(expected), ends[1].handshake(expected, role="client")
    )
    assert held[0] is False
    for end in ends:
        await end.close()


async def test_the_negotiated_cipher_is_gcm() -> None:
    server, client = await connected()
    assert server.tag_length == client.tag_length == 16
    await client.close()
    await server.close()
