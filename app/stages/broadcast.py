"""How the suite reaches the broadcast's process."""

from __future__ import annotations

import httpx

from app.settings import Settings


def broadcast_client(settings: Settings) -> httpx.AsyncClient:
    """A client of the broadcast on this machine. A playlist may be waited for."""
    return httpx.AsyncClient(
        transport=httpx.AsyncHTTPTransport(
            uds=str(settings.hls_socket),
            limits=httpx.Limits(max_connections=1000, max_keepalive_connections=50),
        ),
        base_url="http://media",
        timeout=httpx.Timeout(10.0, read=15.0),
    )
