"""Load for the media benches: `python -m bench.media_load ROLE …` publishes or watches.

Both speak one line of JSON at a time on standard input and output, so that the bench that started
them decides when to count. What is published is made here: noise that moves, 720p at 30 pictures a
second and 1 Mbit/s, and a tone at 50 packets a second.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import math
import random
import struct
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from aiortc import RTCCertificate

from bench.janus import Janus
from media.client import Connection, OfferedLine, Session
from media.loop_publisher import Playing
from media.loops import Loop, encode_loop, read_loop, write_loop

WIDTH, HEIGHT, FPS, SECONDS = 1280, 720, 30, 4
VIDEO_KBPS = 1000
AT_ONCE = 4
DRAIN_S = 0.02
RECEIVING = (OfferedLine(kind="audio"), OfferedLine(kind="video"))


def loop_file(folder: Path) -> Path:
    """The loop that is published, made on first use."""
    path = folder / "load.loop"
    if not path.exists():
        write_loop(
            encode_loop(_pictures(), _tone(), fps=FPS, kbps=VIDEO_KBPS, gop_s=2, audio_kbps=64),
            path,
        )
    return path


class Watcher:
    """Many receiving connections that decrypt every packet and look for gaps."""

    def __init__(self) -> None:
        self.packets = 0
        self.gaps = 0
        self.connections: list[Connection] = []
        self._next: dict[tuple[int, bytes], int] = {}
        self._certificate = RTCCertificate.generateCertificate()

    def connection(self) -> Connection:
        """A new connection that counts here."""
        number = len(self.connections)
        found = Connection(
            certificate=self._certificate, on_rtp=lambda packet: self._count(number, packet)
        )
        self.connections.append(found)
        return found

    async def drain(self) -> None:
        """Read all sockets in turn, which is cheaper than waiting for each."""
        loop = asyncio.get_running_loop()
        taken: set[int] = set()
        while True:
            for connection in self.connections:
                if connection.ready and connection.socket is not None:
                    if connection.socket.fileno() not in taken:
                        taken.add(connection.socket.fileno())
                        loop.remove_reader(connection.socket.fileno())
                    connection.read()
            await asyncio.sleep(DRAIN_S)

    def _count(self, number: int, packet: bytes) -> None:
        self.packets += 1
        key, seq = (number, packet[8:12]), packet[2] << 8 | packet[3]
        if self._next.get(key, seq) != seq:
            self.gaps += 1
        self._next[key] = (seq + 1) & 0xFFFF


async def publish(kind: str, address: str, token: str, loop: Loop) -> None:
    """Publish the loop to a node or to Janus until the process is ended."""
    playing = Playing(loop)
    if kind == "janus":
        janus = Janus(address)
        await janus.publish(playing.connection, playing.lines())
    else:
        session = Session(address, playing.connection)
        await session.open("/media/whip/bench", token, playing.lines())
    _say(ready=True)
    await playing.play()


async def watch(kind: str, address: str, token: str, count: int) -> None:
    """Connect `count` subscribers, then answer each line on standard input with the counts."""
    watcher = Watcher()
    draining = asyncio.create_task(watcher.drain())
    open_one: Callable[[], Any]
    if kind == "janus":
        janus = Janus(address)
        open_one = lambda: janus.subscribe(watcher.connection())  # noqa: E731
    else:
        tokens = itertools.cycle(token.split(","))
        open_one = lambda: Session(address, watcher.connection()).open(  # noqa: E731
            "/media/whep/bench", next(tokens), RECEIVING
        )
    for start in range(0, count, AT_ONCE):
        await asyncio.gather(*(open_one() for _ in range(min(AT_ONCE, count - start))))
    _say(ready=True)
    async for _ in _lines():
        _say(packets=watcher.packets, gaps=watcher.gaps)
    draining.cancel()


async def _lines() -> Any:
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        yield line


def _say(**facts: object) -> None:
    print(json.dumps(facts), flush=True)


def _pictures() -> Iterator[Any]:
    import av

    dice = random.Random(1)
    rows = [
        bytes(value for _ in range(WIDTH // 8) for value in [dice.randrange(256)] * 8)
        for _ in range(HEIGHT // 8)
    ]
    for number in range(FPS * SECONDS):
        shift = number * 5 % WIDTH
        frame = av.VideoFrame(WIDTH, HEIGHT, "yuv420p")
        turned = [row[shift:] + row[:shift] for row in rows]
        lines = (turned[(y + number * 3) // 8 % len(rows)] for y in range(HEIGHT))
        stride = frame.planes[0].line_size
        frame.planes[0].update(b"".join(line.ljust(stride, b"\0") for line in lines))
        for plane in frame.planes[1:]:
            plane.update(bytes([128]) * plane.buffer_size)
        yield frame


def _tone() -> Iterator[bytes]:
    for piece in range(50 * SECONDS):
        start = piece * 960
        yield struct.pack(
            "=960h",
            *(int(8000 * math.sin(2 * math.pi * 440 * (start + i) / 48000)) for i in range(960)),
        )


def main(arguments: list[str]) -> None:
    """ROLE KIND ADDRESS TOKEN, then the loop's file or the number of subscribers."""
    role, kind, address, token, rest = arguments
    if role == "publish":
        asyncio.run(publish(kind, address, token, read_loop(Path(rest))))
    else:
        asyncio.run(watch(kind, address, token, int(rest)))


if __name__ == "__main__":
    main(sys.argv[1:])
