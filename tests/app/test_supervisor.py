"""The supervisor: restarts what died, prefixes its log, names a busy port, stops within five seconds."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from app import supervisor
from app.settings import ROOT, BadSetting, Settings, from_environment
from app.supervisor import Line

_RUN = """
import asyncio, pathlib, sys
from app import supervisor
from app.settings import from_environment
asyncio.run(supervisor.supervise(from_environment(), pathlib.Path(sys.argv[1])))
"""


@pytest.fixture
def house(tmp_path: Path) -> Settings:
    return from_environment(
        {
            "PLENARY_VAR": str(tmp_path / "var"),
            "PLENARY_SECRET": "s" * 32,
            "PLENARY_SECRET_MEDIA": "m" * 32,
            "PLENARY_HTTP_HOST": "127.0.0.1",
        }
    )


@contextlib.contextmanager
def supervised(procfile: Path, settings: Settings) -> Iterator[subprocess.Popen[str]]:
    """A supervisor of its own process, over this Procfile."""
    with subprocess.Popen(
        [sys.executable, "-c", _RUN, str(procfile)],
        cwd=ROOT,
        env={
            **os.environ,
            "PLENARY_VAR": str(settings.var),
            "PLENARY_SECRET": settings.secret,
            "PLENARY_SECRET_MEDIA": settings.media_secret,
        },
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def lines_of(process: subprocess.Popen[str]) -> Iterator[str]:
    assert process.stdout is not None
    for text in process.stdout:
        yield text.rstrip("\n")


def test_a_procfile_has_named_lines(tmp_path: Path) -> None:
    path = tmp_path / "Procfile"
    path.write_text("# who runs\n\nweb: run web --port 1\nworker:  run worker\n")
    assert supervisor.read_procfile(path) == (
        Line(name="web", command="run web --port 1"),
        Line(name="worker", command="run worker"),
    )
    path.write_text("web: run\nno command here\n")
    with pytest.raises(BadSetting, match="Procfile line 2: write “name: command”"):
        supervisor.read_procfile(path)


def test_redis_is_ours_only_where_none_is_named(house: Settings) -> None:
    redis, speakers = Line(name="redis", command="x"), Line(name="speakers", command="x")
    assert supervisor.wanted(redis, house, {})
    assert not supervisor.wanted(redis, house, {"REDIS_URL": "redis://elsewhere"})
    assert not supervisor.wanted(speakers, house, {})
    assert supervisor.wanted(speakers, dataclasses.replace(house, demo=True), {})


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (socket.SOCK_STREAM, ("http port", "PLENARY_HTTP_PORT")),
        (socket.SOCK_DGRAM, ("UDP port", "PLENARY_UDP_PORT")),
    ],
)
def test_a_busy_port_is_named_with_what_moves_it(
    house: Settings, kind: socket.SocketKind, words: tuple[str, str]
) -> None:
    with socket.socket(socket.AF_INET, kind) as holder:
        holder.bind(("127.0.0.1", 0))
        if kind is socket.SOCK_STREAM:
            holder.listen()
        port = holder.getsockname()[1]
        field = "http_port" if kind is socket.SOCK_STREAM else "udp_port"
        told = supervisor.busy_port(dataclasses.replace(house, **{field: port}))
    assert told is not None
    assert all(part in told for part in (f"{words[0]} {port} ", words[1]))


def test_a_line_that_died_comes_again_after_growing_pauses(house: Settings, tmp_path: Path) -> None:
    procfile = tmp_path / "Procfile"
    procfile.write_text("mayfly: sh -c 'echo alive; exit 3'\nsteady: sleep 60\n")
    began, seen, at = time.monotonic(), [], []
    with supervised(procfile, house) as process:
        for text in lines_of(process):
            seen.append(text)
            if text == "mayfly       | alive":
                at.append(time.monotonic() - began)
            if len(at) == 4:
                break
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
    assert "mayfly       | ended with 3, starting again in 0.5 s" in seen
    pauses = [later - earlier for earlier, later in pairwise(at)]
    assert pauses[0] >= 0.5
    assert pauses[1] >= 1.0
    assert pauses[2] >= 2.0


def test_ctrl_c_ends_even_a_line_that_does_not_listen(house: Settings, tmp_path: Path) -> None:
    procfile = tmp_path / "Procfile"
    deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    procfile.write_text(f'deaf: {sys.executable} -c "{deaf}"\n')
    with supervised(procfile, house) as process:
        assert next(lines_of(process)) == "deaf         | up"
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        assert len(children) == 1
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        assert process.wait(10) == 0
        assert time.monotonic() - began < 5.5
    assert not Path(f"/proc/{children[0]}").exists()
