"""A LiveKit server of this test's own, on loopback, that sends its webhooks to the suite."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.ports import free_port
from tests.peers.conftest import SERVER

KEY, SECRET = "devkey", "a-secret-of-the-tests-" + "x" * 20
READY_S = 20.0


@dataclass(frozen=True)
class LiveKitServer:
    """A running server: its port."""

    port: int

    @property
    def settings(self) -> dict[str, str]:
        """What the suite needs to know of it."""
        return {
            "PLENARY_LIVEKIT_URL": f"ws://127.0.0.1:{self.port}",
            "PLENARY_LIVEKIT_KEY": KEY,
            "PLENARY_LIVEKIT_SECRET": SECRET,
        }


@contextlib.contextmanager
def livekit_server(folder: Path, suite_port: int) -> Iterator[LiveKitServer]:
    """Start one whose webhooks go to the suite on this port. Raises RuntimeError with its log."""
    port = free_port()
    configuration = {
        "port": port,
        "bind_addresses": ["127.0.0.1"],
        "keys": {KEY: SECRET},
        "rtc": {
            "udp_port": free_port(datagrams=True),
            "tcp_port": free_port(),
            "node_ip": "127.0.0.1",
            "use_external_ip": False,
            "enable_loopback_candidate": True,
            "interfaces": {"includes": ["lo"]},
        },
        "webhook": {
            "api_key": KEY,
            "urls": [f"http://127.0.0.1:{suite_port}/media-hooks/livekit"],
        },
        "logging": {"level": "info"},
    }
    log = folder / "livekit.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [SERVER, "--config-body", json.dumps(configuration)],
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + READY_S
        while True:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=1).close()
                break
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(log.read_text(errors="replace")[-3000:])
            time.sleep(0.1)
        yield LiveKitServer(port)
    finally:
        # On SIGTERM it would wait for its participants.
        process.kill()
        process.wait(20)
