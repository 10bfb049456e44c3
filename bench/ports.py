"""Ports that nobody uses at this moment."""

from __future__ import annotations

import socket


def free_port(*, datagrams: bool = False) -> int:
    """A free TCP port of 127.0.0.1, or a free UDP port."""
    kind = socket.SOCK_DGRAM if datagrams else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
