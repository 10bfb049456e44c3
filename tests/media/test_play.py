"""Loops made from a raw stream, and played into rooms as ordered."""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from media.encode import encode_stream
from media.grant import sign
from media.loops import Frame, Loop, Sound, read_loop, write_loop
from media.play import Order, Player
from tests.media.builders import DELTA, KEYFRAME, SECRET, free_udp_port, make_grant

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 20.0


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Path]:
    """A media node in a process of its own; its socket."""
    socket = tmp_path / "node.sock"
    process = subprocess.Popen(
        [sys.executable, "-m", "media"],
        cwd=ROOT,
        env={
            "PLENARY_SECRET_MEDIA": SECRET,
            "PLENARY_MEDIA_SOCKET": str(socket),
            "PLENARY_UDP_PORT": str(free_udp_port()),
            "PLENARY_MEDIA_ADDRESSES": "127.0.0.1",
        },
        stdout=subprocess.DEVNULL,
    )
    yield socket
    process.terminate()
    process.wait(10)


def small_loop() -> Loop:
    """A second of made-up pictures and sounds."""
    frames = (
        Frame(keyframe=True, payloads=(KEYFRAME,)),
        *(Frame(keyframe=False, payloads=(DELTA,)) for _ in range(14)),
    )
    sounds = tuple(Sound(level=40, payload=b"opus") for _ in range(50))
    return Loop(fps=15, frames=frames, sounds=sounds)


@pytest.fixture
def loop_file(tmp_path: Path) -> Path:
    write_loop(small_loop(), tmp_path / "one.loop")
    return tmp_path / "one.loop"


def order(loop_file: Path, *persons: str) -> Order:
    return {
        person: {
            "room": "hall",
            "grant": sign(make_grant(person=person, publish="opening"), SECRET),
            "loop": str(loop_file),
        }
        for person in persons
    }


async def publishers(socket: Path) -> int:
    transport = httpx.AsyncHTTPTransport(uds=str(socket))
    async with httpx.AsyncClient(transport=transport, base_url="http://node") as client:
        try:
            return int((await client.get("/media/health")).json()["publishers"])
        except httpx.TransportError:
            return -1


async def until_publishers(socket: Path, wanted: int) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while await publishers(socket) != wanted:
            await asyncio.sleep(0.05)


async def test_a_player_makes_what_runs_what_is_ordered(node: Path, loop_file: Path) -> None:
    player = Player(f"unix:{node}")
    try:
        await player.obey(order(loop_file, "ada", "ben"))
        await until_publishers(node, 2)
        await player.obey(order(loop_file, "ben", "cleo", "dov"))
        await until_publishers(node, 3)
        await player.obey({})
        await until_publishers(node, 0)
    finally:
        await player.close()


async def test_a_loop_that_is_no_loop_is_left_out(node: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.loop").write_bytes(b"{}\n")
    player = Player(f"unix:{node}")
    await player.obey({**order(tmp_path / "bad.loop", "ada"), **order(tmp_path / "no.loop", "ben")})
    await player.close()
    await until_publishers(node, 0)


async def test_the_program_hangs_up_when_its_orders_end(node: Path, loop_file: Path) -> None:
    program = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "media.play", f"unix:{node}", cwd=ROOT, stdin=asyncio.subprocess.PIPE
    )
    assert program.stdin is not None
    program.stdin.write(json.dumps({"play": order(loop_file, "ada")}).encode() + b"\n")
    await until_publishers(node, 1)
    program.stdin.close()
    assert await asyncio.wait_for(program.wait(), PATIENCE_S) == 0
    await until_publishers(node, 0)


def stream_of(pictures: int, promised: int) -> io.BytesIO:
    head = {"width": 66, "height": 48, "fps": 15, "frames": promised, "kbps": 100}
    picture = bytes(range(198)) * 48
    return io.BytesIO(json.dumps(head).encode() + b"\n" + picture * pictures + bytes(2000))


def test_a_stream_becomes_a_loop(tmp_path: Path) -> None:
    encode_stream(stream_of(3, 3), tmp_path / "a.loop")
    loop = read_loop(tmp_path / "a.loop")
    assert [frame.keyframe for frame in loop.frames] == [True, False, False]
    assert len(loop.sounds) >= 2


def test_a_stream_that_ends_early_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="ends in a picture"):
        encode_stream(io.BytesIO(stream_of(1, 1).getvalue()[:5000]), tmp_path / "a.loop")
    assert list(tmp_path.iterdir()) == []
