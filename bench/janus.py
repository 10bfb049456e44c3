"""Enough of Janus' videoroom over its HTTP API to publish into one room and watch it."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from media import sdp
from media.client import Connection, OfferedLine, describe
from media.engine import certificate_fingerprint

ROOM = 1
WAIT_S = 20.0
PLUGINS = Path("/usr/lib/x86_64-linux-gnu/janus")


def write_settings(folder: Path, *, http_port: int, udp_ports: str) -> None:
    """Settings for a private Janus: one event loop (its best), videoroom and HTTP only."""
    parts = next(Path("/usr/lib").glob("*/janus"), PLUGINS)
    (folder / "janus.jcfg").write_text(
        f"""general: {{
    configs_folder = "{folder}"
    plugins_folder = "{parts}/plugins"
    transports_folder = "{parts}/transports"
    debug_level = 2
    event_loops = 1
    session_timeout = 0
}}
media: {{ rtp_port_range = "{udp_ports}" }}
nat: {{ ice_ignore_list = "vmnet" }}
plugins: {{ disable = "{_all_but(parts / "plugins", "libjanus_videoroom.so")}" }}
transports: {{ disable = "{_all_but(parts / "transports", "libjanus_http.so")}" }}
"""
    )
    (folder / "janus.transport.http.jcfg").write_text(
        f"""general: {{
    json = "compact"
    base_path = "/janus"
    http = true
    port = {http_port}
    ip = "127.0.0.1"
    https = false
}}
admin: {{ admin_http = false }}
"""
    )
    (folder / "janus.plugin.videoroom.jcfg").write_text("general: {}\n")


class Janus:
    """A client of Janus' HTTP API."""

    def __init__(self, address: str) -> None:
        self._http = httpx.AsyncClient(base_url=address, timeout=WAIT_S)

    async def publish(self, connection: Connection, lines: Sequence[OfferedLine]) -> None:
        """Make the room and publish into it."""
        handle = await self._handle()
        await self._ask(
            handle,
            {
                "request": "create",
                "room": ROOM,
                "publishers": 2,
                "audiocodec": "opus",
                "videocodec": "h264",
                "h264_profile": "42e01f",
                "bitrate": 0,
                "audiolevel_ext": False,
                "transport_wide_cc_ext": False,
                "playoutdelay_ext": False,
            },
        )
        offer = {"type": "offer", "sdp": describe(connection, lines)}
        join = {"request": "joinandconfigure", "room": ROOM, "ptype": "publisher", "id": 1}
        answer = await self._ask(handle, join, offer)
        await connection.connect(sdp.parse_remote_transport(answer["jsep"]["sdp"]))

    async def subscribe(self, connection: Connection) -> None:
        """Watch the publisher of the room."""
        handle = await self._handle()
        join = {"request": "join", "room": ROOM, "ptype": "subscriber", "streams": [{"feed": 1}]}
        offered = (await self._ask(handle, join))["jsep"]["sdp"]
        answer = {"type": "answer", "sdp": _answer(connection, sdp.parse_offer(offered))}
        await self._ask(handle, {"request": "start"}, answer)
        await connection.connect(sdp.parse_remote_transport(offered))

    async def _handle(self) -> str:
        """The path of a new handle in a session of its own."""
        session = await self._post("/janus", {"janus": "create"})
        path = f"/janus/{session['data']['id']}"
        attach = {"janus": "attach", "plugin": "janus.plugin.videoroom"}
        return f"{path}/{(await self._post(path, attach))['data']['id']}"

    async def _ask(
        self, handle: str, body: dict[str, Any], jsep: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """Send a message to the plugin and return the event that answers it."""
        message: dict[str, Any] = {"janus": "message", "body": body}
        if jsep:
            message["jsep"] = jsep
        reply = await self._post(handle, message)
        while reply.get("janus") != "event" and reply.get("janus") != "success":
            reply = (await self._http.get(handle.rpartition("/")[0])).json()
        failure = reply.get("plugindata", {}).get("data", {}).get("error")
        if failure:
            raise ConnectionError(f"Janus: {failure}")
        return reply

    async def _post(self, path: str, message: dict[str, Any]) -> dict[str, Any]:
        reply = await self._http.post(path, json={**message, "transaction": secrets.token_hex(6)})
        found: dict[str, Any] = reply.json()
        return found


def _answer(connection: Connection, offer: sdp.Offer) -> str:
    mids = " ".join(media.mid for media in offer.media)
    out = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", f"a=group:BUNDLE {mids}"]
    for media in offer.media:
        codec = sdp.find_codec(media)
        if codec is None:
            raise ConnectionError("Janus offers a codec that nobody asked for")
        number = codec.payload_type
        parameters = ";".join(f"{key}={value}" for key, value in codec.parameters.items())
        name = "opus/48000/2" if media.kind == "audio" else "H264/90000"
        out += [
            f"m={media.kind} 9 {media.protocol} {number}",
            "c=IN IP4 0.0.0.0",
            f"a=ice-ufrag:{connection.ufrag}",
            f"a=ice-pwd:{connection.password}",
            f"a=fingerprint:sha-256 {certificate_fingerprint(connection.certificate)}",
            "a=setup:active",
            f"a=mid:{media.mid}",
            "a=recvonly",
            "a=rtcp-mux",
            f"a=rtpmap:{number} {name}",
            f"a=fmtp:{number} {parameters}",
        ]
    return "\r\n".join(out) + "\r\n"


def _all_but(folder: Path, wanted: str) -> str:
    return ",".join(sorted(path.name for path in folder.glob("*.so") if path.name != wanted))
