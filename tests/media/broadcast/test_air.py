"""Real processes: the broadcast beside a node, its addresses, its caches, deaths on both sides."""

from __future__ import annotations

import asyncio
import io
import re
import socket
import subprocess
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import av
import pytest

from media.access import TERM, check_path, sign_path
from media.errors import NoGrant
from tests.media.broadcast.air import CONFERENCE, ROOM, Air, on_the_air, until
from tests.media.broadcast.builders import loop
from tests.media.builders import SECRET

NOW = datetime(2027, 5, 12, 13, 20, tzinfo=UTC)


def test_a_token_opens_one_room_until_it_expires() -> None:
    token = sign_path("tide", "hall", SECRET, now=NOW)
    until_ = check_path(token, "tide", "hall", SECRET, now=NOW)
    assert TERM <= until_ - NOW <= TERM * 1.25 + timedelta(seconds=1)
    for conference, room, secret, now in (
        ("tide", "lock", SECRET, NOW),
        ("tid", "ehall", SECRET, NOW),
        ("tide", "hall", SECRET[:-1] + "x", NOW),
        ("tide", "hall", SECRET, until_),
    ):
        with pytest.raises(NoGrant):
            check_path(token, conference, room, secret, now=now)
    for broken in ("", ".", "x.y", token[:-1], "ffffffffffffffff." + token.partition(".")[2]):
        with pytest.raises(NoGrant):
            check_path(broken, "tide", "hall", SECRET, now=NOW)


def test_everybody_gets_the_same_token_for_a_while() -> None:
    """So that a cache in front keeps one copy."""
    tokens = {sign_path("a", "b", SECRET, now=NOW + timedelta(minutes=m)) for m in range(9)}
    assert len(tokens) == 1


async def segments(air: Air) -> int:
    told = await air.wish({"room": ROOM})
    return int(told["rooms"][0]["segments"])


async def live(air: Air) -> bool:
    told = await air.wish({"room": ROOM})
    return not told["rooms"][0]["on_slate"]


async def test_addresses_and_caches(tmp_path: Path) -> None:
    async with on_the_air(tmp_path) as air:
        await air.wish({"room": ROOM, "slate": {"title": "A pause"}})
        await air.on_air(ROOM)
        async with air.speaker(loop()), air.client("media.broadcast") as client:
            await until(lambda: live(air), seconds=10, what="pictures")
            await until_count(air, await segments(air) + 2)
            path = air.path()
            plain = await client.get(f"{path}/plain.m3u8")
            assert plain.headers["cache-control"] == "public, max-age=1"
            assert plain.headers["content-type"] == "application/vnd.apple.mpegurl"
            assert plain.headers["content-encoding"] == "gzip"
            name = re.findall(r"^\w+/s\d+\.m4s$", plain.text, re.M)[-1]
            init = re.findall(r'MAP:URI="(.+?)"', plain.text)[-1]
            segment = await client.get(f"{path}/{name}")
            assert "immutable" in segment.headers["cache-control"]
            seconds = int(re.findall(r"max-age=(\d+)", segment.headers["cache-control"])[0])
            assert 0 < seconds <= TERM.total_seconds() * 1.25 + 1
            content = (await client.get(f"{path}/{init}")).content + segment.content
            with av.open(io.BytesIO(content), "r") as container:
                assert len(list(container.decode(video=0))) > 5

            # Blocking reload: the answer comes when the part is there, and not before.
            head = await client.get(f"{path}/live.m3u8")
            assert head.headers["cache-control"] == "no-cache"
            hint = re.findall(r'PRELOAD-HINT:TYPE=PART,URI="\w+/(p(\d+)\.(\d+)\.m4s)"', head.text)[
                0
            ]
            held = await client.get(f"{path}/live.m3u8?_HLS_msn={hint[1]}&_HLS_part={hint[2]}")
            assert hint[0] in held.text.split("PRELOAD-HINT")[0]
            assert held.headers["cache-control"] == "public, max-age=6"
            upcoming = re.findall(r'PRELOAD-HINT:TYPE=PART,URI="(.+?)"', held.text)[0]
            assert (await client.get(f"{path}/{upcoming}")).status_code == 200
            await until_count(air, 9)
            delta = await client.get(f"{path}/live.m3u8?_HLS_skip=YES")
            assert re.search(r"#EXT-X-SKIP:SKIPPED-SEGMENTS=\d+", delta.text)

            for address, status in (
                (f"/media/hls/nonsense/{CONFERENCE}/{ROOM}/plain.m3u8", 401),
                (path.replace(ROOM, "lock") + "/plain.m3u8", 401),
                (f"{path}/{name.replace('/s', '/s999')}", 404),
                (f"{path}/..%2f..%2fhls/index.jsonl", 404),
                (f"{path}/{name.partition('/')[0]}/index.jsonl", 404),
                (f"{path}/live.m3u8?_HLS_msn=99999", 400),
                (f"{path}/live.m3u8?_HLS_msn=x", 400),
                (f"{path}/other.m3u8", 404),
                ("/media/hls/rooms", 401),
            ):
                answer = await client.get(address)
                assert answer.status_code == status, address
                assert answer.headers["cache-control"] == "no-store"
            still = await until(lambda: picture(air), seconds=10, what="a still")
            assert still[:2] == b"\xff\xd8"
        told = await air.wish()
        assert told == {"rooms": []}
        assert (await air.playlist()).endswith("#EXT-X-ENDLIST\n")


async def until_count(air: Air, count: int) -> None:
    async def enough() -> bool:
        return await segments(air) >= count

    await until(enough, seconds=20, what=f"{count} segments")


async def picture(air: Air) -> bytes | None:
    async with air.client("media.broadcast") as client:
        answer = await client.get(f"{air.path()}/still.jpg")
    return answer.content if answer.status_code == 200 else None


async def test_either_side_may_be_killed(tmp_path: Path) -> None:
    async with on_the_air(tmp_path) as air:
        await air.wish({"room": ROOM})
        await air.on_air(ROOM)
        async with air.speaker(loop()):
            await until(lambda: live(air), seconds=10, what="pictures")
            await until_count(air, 4)
            before = await air.playlist()

            air.kill("media.broadcast")
            air.start("media.broadcast")
            await air.ready("media.broadcast")
            await air.wish({"room": ROOM})
            after = await air.playlist()
            # The same numbering goes on, behind a discontinuity.
            assert after.splitlines()[4:] != []
            assert re.findall(r"s\d+\.m4s", after)[:3] == re.findall(r"s\d+\.m4s", before)[:3]
            await until(lambda: live(air), seconds=10, what="pictures after the broadcast's death")
            count = await segments(air)
            await until_count(air, count + 2)
            assert (await air.playlist()).count("#EXT-X-DISCONTINUITY\n") >= 1

            air.kill("media")
            await asyncio.sleep(1.5)
            assert not await live(air)
            air.start("media")
            await air.ready("media")
            await air.on_air(ROOM)
            await until(lambda: live(air), seconds=15, what="pictures after the node's death")


async def test_a_room_of_another_node_is_broadcast_and_comes_back(tmp_path: Path) -> None:
    """The broadcast asks its own node, which has the room relayed from where it lives."""
    far = Air(tmp_path / "far")
    far.folder.mkdir()
    async with on_the_air(tmp_path) as air:
        try:
            far.start("media")
            await far.ready("media")
            await far.on_air(ROOM)
            await air.on_air(ROOM, home=far.node_address)
            await air.wish({"room": ROOM})
            async with far.speaker(loop()):
                await until(lambda: live(air), seconds=20, what="pictures from the other node")
                far.kill("media")

                async def dark() -> bool:
                    return not await live(air)

                await until(dark, seconds=20, what="the slate")
                far.start("media")
                await far.ready("media")
                await far.on_air(ROOM)
                await until(lambda: live(air), seconds=30, what="pictures after its death")
        finally:
            far.stop()


LISTEN = """
import av, sys
with av.open(sys.argv[1], "r", options={"listen": "1", "timeout": "45"}, timeout=45.0) as container:
    for frame in container.decode():
        kind = "v" if isinstance(frame, av.VideoFrame) else "a"
        print(kind, getattr(frame, "width", 0), flush=True)
"""


class Platform:
    """What an outside platform is to us: a process that listens for RTMP, and can be killed."""

    def __init__(self, address: str) -> None:
        self.pictures = 0
        self.sounds = 0
        self.sizes: set[int] = set()
        self._process = subprocess.Popen(
            [sys.executable, "-c", LISTEN, address],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._thread.join()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            kind, width = line.split()
            if kind == "v":
                self.pictures += 1
                self.sizes.add(int(width))
            else:
                self.sounds += 1


async def test_a_room_is_sent_out_and_sent_again(tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    target = {"id": "tube", "url": f"rtmp://127.0.0.1:{port}/live/key"}
    async with on_the_air(tmp_path) as air:

        async def state() -> dict[str, Any]:
            told = await air.wish({"room": ROOM, "targets": [target]})
            found: dict[str, Any] = told["rooms"][0]["targets"][0]
            return found

        async def stands_at(*wanted: str) -> None:
            async def so() -> bool:
                return (await state())["state"] in wanted

            await until(so, seconds=30, what=" or ".join(wanted))

        async def pictures_at(platform: Platform) -> None:
            async def come() -> bool:
                return platform.pictures > 30 and (await state())["state"] == "sending"

            await until(come, seconds=45, what="pictures at the platform")

        await air.on_air(ROOM)
        async with air.speaker(loop()):
            # Nobody listens yet: refused, said in words, and tried again.
            await stands_at("refused")
            words = (await state())["words"]
            assert words
            assert "key" not in words
            first = Platform(target["url"])
            await pictures_at(first)
            before = await state()
            assert before["kbps"] > 0

            # In mid-stream the platform dies: said in words, and sent again when it is back.
            first.kill()
            await stands_at("lost", "refused")
            lost = await state()
            assert lost["words"]
            assert lost["kbps"] == 0
            second = Platform(target["url"])
            await pictures_at(second)
            assert (await state())["restarts"] > before["restarts"]
            # A slate follows, another size: the platform sees one size.
            seen = second.pictures

        async def slate() -> bool:
            told = await air.wish({"room": ROOM, "targets": [target]})
            return bool(told["rooms"][0]["on_slate"]) and second.pictures > seen + 30

        await until(slate, seconds=30, what="the slate at the platform")
        assert second.sizes == {1280}
        assert second.sounds > 30
        second.kill()


def test_settings_are_refused_in_words(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "media.broadcast"],
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode == 2
    assert "PLENARY_SECRET_MEDIA" in done.stderr
