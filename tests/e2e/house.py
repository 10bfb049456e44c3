"""The whole suite, really running, for the browser tests: its processes, people and programme."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
from redis.asyncio import Redis

from agenda.model import (
    Conference,
    Room,
    RoomId,
    Schedule,
    Session,
    SessionId,
    Slot,
    SlotId,
    Speaker,
    SpeakerId,
    Track,
    TrackId,
)
from app import db, migrate
from app.accounts import links, sessions
from app.attendees import store as attendees
from app.clock import now
from app.conferences import store as conferences
from app.programme import draft, releases
from app.programme import tables as programme
from app.settings import Settings, from_environment
from app.stages.node import Node
from app.stages.nodes import Nodes
from bench.ports import free_port

PATIENCE_S = 60.0
"""When a test gives up. Never how fast something is to be, which a loaded machine can't show: see bench/."""

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class House:
    """A running deployment with an empty database, on loopback."""

    settings: Settings
    process: subprocess.Popen[bytes]
    log: Path
    conference: UUID = field(default_factory=uuid4)

    @property
    def url(self) -> str:
        return self.settings.base_url

    def line(self, name: str) -> int:
        """The process id of a Procfile line, found among the supervisor's children."""
        wanted = {
            "web": b"app.serve",
            "worker-fast": b"app.worker\0fast",
            "worker-heavy": b"app.worker\0heavy",
            "media": b"-m\0media\0",
            "hls": b"-m\0media.broadcast\0",
            "redis": b"redis-server",
        }[name]
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        for pid in children.read_text().split():
            with contextlib.suppress(FileNotFoundError):
                if wanted in Path(f"/proc/{pid}/cmdline").read_bytes():
                    return int(pid)
                title = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
                if name.encode() in title:
                    return int(pid)
        raise LookupError(f"no line {name} is running")

    async def person(self, email: str, name: str, *roles: str) -> tuple[UUID, str]:
        """Somebody with roles, signed in: their id and their session cookie."""
        instant = now()
        person = await links.find_or_create(email, name=name, now=instant)
        for role in roles:
            if role == "attendee":
                await attendees.register(
                    self.conference, person, ticket_type="Attendee", now=instant
                )
            else:
                await conferences.grant_role(self.conference, person, role)
        return person, await sessions.open_session(person, now=instant)

    async def open_conference(self, slug: str = "trial") -> UUID:
        owner = await links.find_or_create("owner@example.org", name="Olga Owner", now=now())
        made = await conferences.create(
            organization="house",
            slug=slug,
            title="Trial 2027",
            time_zone="Europe/Lisbon",
            owner=owner,
            now=now(),
        )
        self.conference = made.id
        return owner

    async def node_rooms(self) -> dict[str, Any]:
        """The media node's own account of who is where."""
        async with Redis.from_url(self.settings.redis_url) as redis:
            nodes = Nodes(self.settings, redis)
            try:
                return await Node(self.settings, nodes).rooms(now=now())
            finally:
                await nodes.aclose()


@dataclass(frozen=True)
class Act:
    """One session of a little programme: room, title, speaker, seconds from now, seconds long."""

    room: str
    title: str
    speaker: str
    begins: float
    lasts: float


def this_morning() -> datetime:
    """09:00 UTC today, so that acts counted from it fall on one conference day at any hour of a run."""
    return now().replace(hour=9, minute=0, second=0, microsecond=0)


async def put_on(
    house: House, acts: Sequence[Act], began: datetime | None = None
) -> dict[str, Slot]:
    """Write and release a programme, its acts counted from `began` (now); the slots by title."""
    began = began or now().replace(microsecond=0)
    rooms = {name: RoomId(str(uuid4())) for name in dict.fromkeys(a.room for a in acts)}
    speakers = {name: SpeakerId(str(uuid4())) for name in dict.fromkeys(a.speaker for a in acts)}
    track = Track(id=TrackId(str(uuid4())), name="Works")
    slots: dict[str, Slot] = {}
    made: list[Session] = []
    for act in acts:
        length = timedelta(seconds=act.lasts)
        made.append(
            Session(
                id=SessionId(str(uuid4())),
                title=act.title,
                track=track.id,
                speakers=(speakers[act.speaker],),
                duration=length,
            )
        )
        slots[act.title] = Slot(
            id=SlotId(str(uuid4())),
            session=made[-1].id,
            room=rooms[act.room],
            start=began + timedelta(seconds=act.begins),
            duration=length,
        )
    schedule = Schedule(
        conference=Conference(title="Trial 2027", zone="Europe/Lisbon"),
        tracks=(track,),
        rooms=tuple(Room(id=key, name=name) for name, key in rooms.items()),
        speakers=tuple(Speaker(id=key, name=name) for name, key in speakers.items()),
        sessions=tuple(made),
        slots=tuple(slots.values()),
    )
    version = (await draft.read(house.conference)).version
    await draft.write(house.conference, schedule, expected=version)
    await releases.publish(house.conference, by=None, now=now())
    return slots


async def speaks_as(house: House, name: str, person: UUID) -> None:
    """Tie a name on the programme to somebody who can sign in."""
    await programme.Speaker.update({programme.Speaker.person: person}).where(
        programme.Speaker.conference == house.conference, programme.Speaker.name == name
    )


@contextlib.asynccontextmanager
async def running(
    folder: Path,
    database_url: str | None = None,
    *,
    http: int | None = None,
    **environment: str,
) -> AsyncIterator[House]:
    """Start every line of the Procfile and wait until all of them are ready.

    `http` is the port, where it must be known before; `environment` are further settings.
    """
    http, udp = http or free_port(), free_port(datagrams=True)
    env = {
        **{
            k: v for k, v in os.environ.items() if not k.startswith("PLENARY_") and k != "REDIS_URL"
        },
        "PLENARY_VAR": str(folder),
        "PLENARY_SECRET": "e2e-" + "s" * 40,
        "PLENARY_SECRET_MEDIA": "e2e-" + "m" * 40,
        "PLENARY_HTTP_HOST": "127.0.0.1",
        "PLENARY_HTTP_PORT": str(http),
        "PLENARY_UDP_PORT": str(udp),
        "PLENARY_MEDIA_ADDRESSES": "127.0.0.1",
        "PLENARY_BASE_URL": f"http://localhost:{http}",
    }
    env.update(environment)
    if database_url:
        env["PLENARY_DATABASE_URL"] = database_url
    settings = from_environment(env)
    log = folder / "log.txt"
    folder.mkdir(parents=True, exist_ok=True)
    async with db.opened(settings.database_url):
        await migrate.forwards()
        with log.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "app.supervisor"],
                cwd=ROOT,
                env=env,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        try:
            await until_ready(settings, process, log)
            yield House(settings=settings, process=process, log=log)
        finally:
            process.send_signal(signal.SIGINT)
            began = time.monotonic()
            await asyncio.to_thread(process.wait, 15)
            assert time.monotonic() - began < 5.5, "stopping took more than five seconds"


async def until_ready(settings: Settings, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait for web and media. Raises RuntimeError with the log when they don't come."""
    deadline = time.monotonic() + PATIENCE_S
    async with httpx.AsyncClient() as client:
        while time.monotonic() < deadline and process.poll() is None:
            with contextlib.suppress(httpx.HTTPError):
                ready = await client.get(f"{settings.base_url}/ready")
                media = await client.get(f"{settings.base_url}/media/health")
                if ready.status_code == media.status_code == 200:
                    return
            await asyncio.sleep(0.1)
    raise RuntimeError(log.read_text(errors="replace")[-4000:])


async def until(condition: Any, *, seconds: float = PATIENCE_S, what: str) -> Any:
    """Poll an async condition until it gives something true. Raises AssertionError naming `what`."""
    deadline = time.monotonic() + seconds
    while True:
        found = await condition()
        if found:
            return found
        if time.monotonic() > deadline:
            raise AssertionError(f"within {seconds} s there was not: {what}")
        await asyncio.sleep(0.1)


def seconds_from(instant: datetime) -> float:
    return (instant - now()).total_seconds()
