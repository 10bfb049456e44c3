"""Stock aiortc with MediaRelay behind WHIP and WHEP, as something to compare the node with."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import uvicorn
from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.contrib.media import MediaRelay

Message = MutableMapping[str, Any]


class RelayApp:
    """WHIP in, WHEP out, every picture decoded and encoded for everybody."""

    def __init__(self) -> None:
        self._relay = MediaRelay()
        self._tracks: dict[str, MediaStreamTrack] = {}
        self._connections: list[RTCPeerConnection] = []

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        status, answer = 200, ""
        if scope["method"] == "POST":
            status = 201
            answer = await self._answer(body.decode(), incoming="/whip/" in scope["path"])
        headers = [(b"location", b"/media/sessions/1"), (b"etag", b'"1"')]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.encode()})

    async def _answer(self, offer: str, *, incoming: bool) -> str:
        connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._connections.append(connection)
        if incoming:
            connection.on("track", lambda track: self._tracks.update({track.kind: track}))
        await connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
        for transceiver in () if incoming else connection.getTransceivers():
            transceiver.direction = "sendonly"
            track = self._tracks[transceiver.kind]
            transceiver.sender.replaceTrack(self._relay.subscribe(track, buffered=False))
        await connection.setLocalDescription(await connection.createAnswer())
        return connection.localDescription.sdp


async def serve(port: int) -> None:
    """Serve on 127.0.0.1 until the process is ended."""
    config = uvicorn.Config(
        RelayApp(), host="127.0.0.1", port=port, lifespan="off", log_level="warning"
    )
    await uvicorn.Server(config).serve()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
