"""`python -m media`: run one media node, set by the environment."""

from __future__ import annotations

import asyncio
import os
import re
import socket
import sys
from collections.abc import Mapping
from dataclasses import fields

import uvicorn

from media import processes
from media.log import write_to_stdout
from media.node import Node
from media.server import MediaApp
from media.settings import BROADCAST, Limits, Settings
from media.turn import turn_from


def settings_from(environment: Mapping[str, str]) -> Settings:
    """The settings that these variables describe; raises ValueError in words."""
    secret = environment.get("PLENARY_SECRET_MEDIA", "")
    if len(secret) < 16:
        raise ValueError("PLENARY_SECRET_MEDIA must be set, to at least 16 characters")
    path, http = environment.get("PLENARY_MEDIA_SOCKET"), environment.get("PLENARY_MEDIA_HTTP")
    if bool(path) == bool(http):
        raise ValueError(
            "Set either PLENARY_MEDIA_SOCKET (a path) or PLENARY_MEDIA_HTTP (host:port)"
        )
    host, _, port = (http or "").rpartition(":")
    listed = environment.get("PLENARY_MEDIA_ADDRESSES", "")
    return Settings(
        secret=secret,
        id=_node_id(environment),
        address=environment.get("PLENARY_MEDIA_REACHED", ""),
        socket=path or None,
        http=(host, _port("PLENARY_MEDIA_HTTP", port)) if http else None,
        udp_port=_port("PLENARY_UDP_PORT", environment.get("PLENARY_UDP_PORT", "7900")),
        addresses=tuple(a.strip() for a in listed.split(",") if a.strip()),
        native=environment.get("PLENARY_MEDIA_FAN", "") != "python",
        redis_url=environment.get("REDIS_URL") or None,
        limits=_limits(environment),
        turn=turn_from(environment),
        broadcast=environment.get("PLENARY_MEDIA_BROADCAST") or BROADCAST,
    )


def main() -> int:
    """Serve until a signal ends it; the exit status."""
    try:
        settings = settings_from(os.environ)
    except ValueError as error:
        print(f"media: {error}", file=sys.stderr)
        return 2
    write_to_stdout()
    count = int(os.environ.get("PLENARY_MEDIA_PROCESSES") or "1")
    if count > 1:
        asyncio.run(processes.run(os.environ, count))
        return 0
    host, port = settings.http or ("127.0.0.1", 0)
    config = uvicorn.Config(
        MediaApp(lambda: Node(settings)),
        uds=settings.socket,
        host=host,
        port=port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        log_level="warning",
        log_config=None,
        timeout_graceful_shutdown=2,
        timeout_keep_alive=75,
        server_header=False,
        backlog=512,
    )
    server = uvicorn.Server(config)
    server.run()
    return 0 if server.started else 1


def _node_id(environment: Mapping[str, str]) -> str:
    """The node's name: PLENARY_NODE_ID, or the machine's with the UDP port."""
    port = environment.get("PLENARY_UDP_PORT", "7900")
    name = environment.get("PLENARY_NODE_ID") or f"{socket.gethostname()}-{port}"
    return re.sub(r"[^A-Za-z0-9.-]+", "-", name)[:60]


def _limits(environment: Mapping[str, str]) -> Limits:
    """The limits, each settable as PLENARY_MEDIA_LIMIT_ and its name in capitals."""
    given = {}
    for limit in fields(Limits):
        name = f"PLENARY_MEDIA_LIMIT_{limit.name.upper()}"
        text = environment.get(name, "").strip()
        if text and (not text.isascii() or not text.isdigit() or not int(text)):
            raise ValueError(f"{name} holds no number above 0: {text!r}")
        if text:
            given[limit.name] = int(text)
    return Limits(**given)


def _port(name: str, text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise ValueError(f"{name} holds no port: {text!r}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
