"""The nginx file that we ship, with Debian's nginx: one copy for everybody, refusals never kept."""

from __future__ import annotations

import asyncio
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx

from media.access import TERM, sign_path
from tests.media.broadcast.air import CONFERENCE, ROOM, on_the_air, until
from tests.media.broadcast.builders import loop
from tests.media.broadcast.test_air import live, segments, until_count
from tests.media.builders import SECRET

SHIPPED = Path(__file__).resolve().parents[3] / "deploy" / "nginx-broadcast.conf"


@contextmanager
def nginx(folder: Path, hls_socket: Path) -> Iterator[str]:
    """nginx with the shipped file, its socket's path replaced by this one's."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    shipped = SHIPPED.read_text()
    assert "/srv/plenary/var/run/hls.sock" in shipped
    place = folder / "nginx"
    place.mkdir()
    paths = "".join(
        f"{kind}_temp_path {place}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (place / "nginx.conf").write_text(
        f"""daemon off; pid {place}/pid; error_log {place}/error.log;
        worker_processes 1; user root;
        events {{}}
        http {{ access_log off; {paths}
        proxy_cache_path {place}/cache levels=1:2 keys_zone=plenary_hls:10m max_size=1g;
        server {{ listen 127.0.0.1:{port};
        {shipped.replace("/srv/plenary/var/run/hls.sock", str(hls_socket))} }} }}"""
    )
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    process = subprocess.Popen(
        [program, "-p", str(place), "-c", str(place / "nginx.conf"), "-e", str(place / "error.log")]
    )
    try:
        end = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert time.monotonic() < end, (place / "error.log").read_text()
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


async def test_the_origin_is_asked_once_for_what_all_ask(tmp_path: Path) -> None:
    async with on_the_air(tmp_path) as air:
        await air.wish({"room": ROOM})
        await air.on_air(ROOM)
        async with air.speaker(loop()):
            await until(lambda: live(air), seconds=10, what="pictures")
            await until_count(air, await segments(air) + 2)
            with nginx(tmp_path, tmp_path / "hls.sock") as front:
                async with httpx.AsyncClient(base_url=front, timeout=15) as client:
                    path = air.path()
                    plain = await client.get(f"{path}/plain.m3u8")
                    assert plain.status_code == 200
                    name = re.findall(r"^\w+/s\d+\.m4s$", plain.text, re.M)[0]
                    answers = await asyncio.gather(
                        *(client.get(f"{path}/{name}") for _ in range(20))
                    )
                    assert {a.status_code for a in answers} == {200}
                    assert len({a.content for a in answers}) == 1
                    states = [a.headers["x-cache"] for a in answers]
                    assert states.count("MISS") == 1
                    assert set(states) == {"MISS", "HIT"}

                    # A part that has not come is waited for once, by whoever asks.
                    head = await client.get(f"{path}/live.m3u8")
                    hint = re.findall(r'HINT:TYPE=PART,URI="\w+/p(\d+)\.(\d+)', head.text)[0]
                    query = f"?_HLS_msn={hint[0]}&_HLS_part={hint[1]}"
                    held = await asyncio.gather(
                        *(client.get(f"{path}/live.m3u8{query}") for _ in range(10))
                    )
                    assert [a.headers["x-cache"] for a in held].count("MISS") == 1
                    assert all(f"p{hint[0]}.{hint[1]}.m4s" in a.text for a in held)

                    # A playlist is true for a second.
                    await asyncio.sleep(2.2)
                    later = await client.get(f"{path}/plain.m3u8")
                    assert later.text != plain.text
                    # Another room's signature, and one that has expired, are refused, also
                    # for what the cache holds; a refusal is never kept.
                    old = sign_path(CONFERENCE, ROOM, SECRET, now=datetime.now(UTC) - 2 * TERM)
                    expired = f"/media/hls/{old}/{CONFERENCE}/{ROOM}"
                    for address in (
                        f"{path[:-4]}lock/plain.m3u8",
                        f"{expired}/plain.m3u8",
                        f"{expired}/{name}",
                    ):
                        for _ in range(2):
                            refused = await client.get(address)
                            assert refused.status_code == 401, address
                            assert refused.headers["x-cache"] == "MISS"
                    kept = await client.get(f"{path}/{name}")
                    assert "immutable" in kept.headers["cache-control"]
                    assert kept.headers["x-cache"] == "HIT"
