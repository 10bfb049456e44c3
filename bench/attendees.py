"""A conference's audience for some minutes: the whole house, really running, and everybody taking part.

`--minutes M --guests N --interactive K`: K watch by WebRTC, the others by plain HLS (playlist and
segment every two seconds, asked of the broadcast's own socket as nginx in front of it asks). All
have a page open on a room; they chat, ask, vote, answer polls, react, switch rooms, and lose their
connection now and then. Every event is numbered: at the end each guest's stays are compared with
what was told in those rooms, and what was answered "yes" with the database.
"""

from __future__ import annotations

import argparse
import asyncio
import bisect
import contextlib
import random
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import httpx
import uvloop

from app import live
from app.clock import now
from app.live_tables import LiveEvent
from app.talk.tables import ChatMessage, PollAnswer, StageQuestionVote
from bench import crowd
from bench.guest import Guest, Segments, Stay, Venue, misheard
from bench.node_process import cpu_s
from bench.report import Report
from bench.spread import more_files
from media.loop_publisher import LoopPublisher
from media.loops import Loop, encode_loop

NAME = "attendees"
ROOMS = ("Harbour Hall", "Lock Room", "Saltmarsh")
LINES = ("web", "worker-fast", "worker-heavy", "media", "hls", "redis")
_AT_ONCE = 12
_SETTLE_S = 5.0


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How often, in the whole house, each thing is done, in times a second."""

    messages: float
    votes: float
    answers: float
    reactions: float
    switches: float
    questions: float = 0.1
    breaks: float = 1.0


def pace_of(guests: int) -> Pace:
    """What so many people do: a message each ten minutes, a reaction each three, a switch each two."""
    return Pace(
        messages=max(1.5, guests / 600),
        votes=max(1.0, guests / 500),
        answers=max(1.0, guests / 300),
        reactions=max(1.0, guests / 180),
        switches=max(0.5, guests / 120),
    )


def run(arguments: list[str]) -> Report:
    parser = argparse.ArgumentParser(prog="bench attendees")
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--guests", type=int, default=1000)
    parser.add_argument("--interactive", type=int, default=25)
    asked = parser.parse_args(arguments)
    more_files()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        figures = runner.run(_measure(asked.guests, asked.interactive, asked.minutes * 60))
    most = {"p99_ms": 200, "lost": 0, "doubled": 0, "untrue": 0, "refused": 0}
    return Report(bench=NAME, figures=figures, most=most)


async def _measure(count: int, interactive: int, seconds: float) -> dict[str, Any]:
    # The house of the browser tests is the whole suite, really running.
    from tests.e2e import house as h

    with tempfile.TemporaryDirectory(prefix="plenary-attendees-") as folder:
        async with h.running(Path(folder) / "var") as house:
            return await play(house, count, interactive, seconds)


async def play(house: Any, count: int, interactive: int, seconds: float) -> dict[str, Any]:
    """Fill a running house with guests for so long; the figures of it."""
    from tests.e2e import house as h

    await house.open_conference()
    acts = [h.Act(room, f"Talk in {room}", f"Sam {room}", -60, 7200) for room in ROOMS]
    slots = await h.put_on(house, acts)
    rooms = {act.room.lower().replace(" ", "-"): slots[act.title].room for act in acts}
    limits = httpx.Limits(max_connections=24, max_keepalive_connections=24)
    async with contextlib.AsyncExitStack() as stack:
        http = await stack.enter_async_context(httpx.AsyncClient(timeout=30, limits=limits))
        venue = Venue(
            base=house.url.replace("localhost", "127.0.0.1"),
            slug="trial",
            rooms=rooms,
            http=http,
            segments=Segments(str(house.settings.hls_socket)),
        )
        await stack.enter_async_context(_on_stage(house, venue, acts, slots))
        people = await crowd.signed_in(house.conference, count, now=now())
        guests = [
            Guest(venue, person, cookie, interactive=at < interactive)
            for at, (person, cookie) in enumerate(people)
        ]
        draining = asyncio.create_task(venue.watcher.drain())
        try:
            await _each(guests, lambda guest: guest.enter(random.choice(list(rooms))))
            polls = await _polls(house, venue)
            before, began = _used(house), time.monotonic()
            await _take_part(guests, venue, pace_of(count), polls, seconds)
            spent = time.monotonic() - began
            figures = _usage(before, _used(house), spent)
            await asyncio.sleep(_SETTLE_S)
            kept = await _compare(house, venue, guests)
        finally:
            await _each(guests, lambda guest: guest.leave())
            await venue.segments.close()
            draining.cancel()
            await asyncio.gather(draining, return_exceptions=True)
    late = sorted(venue.heard.late)
    for line in venue.refused[:5]:
        print("refused:", line)
    return {
        "guests": count,
        "interactive": interactive,
        "seconds": round(spent),
        **{what: venue.done.get(what, 0) for what in sorted(venue.done)},
        "deliveries": len(late),
        "p50_ms": round(late[len(late) // 2] * 1000, 1),
        "p99_ms": round(late[int(len(late) * 0.99)] * 1000, 1),
        **kept,
        "refused": len(venue.refused),
        "rtp_packets": venue.watcher.packets,
        "rtp_gaps": venue.watcher.gaps,
        **figures,
    }


async def _each(guests: list[Guest], do: Callable[[Guest], Awaitable[None]]) -> None:
    """A few at a time, as people come and go."""
    turn = asyncio.Semaphore(_AT_ONCE)

    async def one(guest: Guest) -> None:
        async with turn:
            await do(guest)

    await asyncio.gather(*(one(guest) for guest in guests))


@contextlib.asynccontextmanager
async def _on_stage(house: Any, venue: Venue, acts: Any, slots: Any) -> AsyncIterator[None]:
    """A synthetic speaker on every stage, sent with the grant that the green room gives out."""
    from tests.e2e import house as h

    loop = await asyncio.to_thread(small_loop)
    async with contextlib.AsyncExitStack() as stack:
        for act in acts:
            slot = slots[act.title]
            email = f"{act.room.replace(' ', '')}@example.org"
            person, cookie = await house.person(email, act.speaker, "speaker")
            await h.speaks_as(house, act.speaker, person)
            speaker = Guest(venue, person, cookie, interactive=True)
            given = await speaker.ask("GET", f"/green-room/{slot.id}/grant")
            publisher = LoopPublisher(venue.base, slot.room, given["grant"], loop)
            await stack.enter_async_context(publisher)

            async def on_air(publisher: LoopPublisher = publisher, room: str = slot.room) -> bool:
                node = await house.node_rooms()
                return publisher.connected and room in str(node)

            await h.until(on_air, seconds=30, what=f"{act.speaker} on stage")
        yield


def small_loop() -> Loop:
    """Two seconds of moving bars and silence: what is watched must not be what this measures."""

    def pictures() -> Any:
        for at in range(30):
            picture = av.VideoFrame(320, 180, "yuv420p")
            row = bytes((x * 2 + at * 8) % 256 for x in range(picture.planes[0].line_size))
            picture.planes[0].update(row * 180)
            for plane in picture.planes[1:]:
                plane.update(bytes([128]) * plane.buffer_size)
            yield picture

    silence = (bytes(1920) for _ in range(100))
    return encode_loop(pictures(), silence, fps=15, kbps=150, gop_s=2, audio_kbps=32)


async def _polls(house: Any, venue: Venue) -> dict[str, str]:
    """A moderator opens one poll and asks one question in every room; the polls by room."""
    person, cookie = await house.person("mo@example.org", "Mo", "attendee", "moderator")
    mo = Guest(venue, person, cookie, interactive=False)
    made = {}
    for room in venue.rooms:
        mo.room = room
        poll = {"kind": "single", "title": "Again?", "options": ["Yes", "No"], "open": True}
        made[room] = (await mo.ask("POST", f"/rooms/{room}/talk/polls", poll))["id"]
        await mo.ask("POST", f"/rooms/{room}/talk/questions", {"text": f"Who pays for {room}?"})
    return made


async def _take_part(
    guests: list[Guest], venue: Venue, pace: Pace, polls: dict[str, str], seconds: float
) -> None:
    """Everybody does what people do, for so many seconds; then what was begun is finished."""
    asked: dict[str, list[str]] = {}
    marks = iter(range(10_000_000))
    busy: set[Guest] = set()

    async def vote(guest: Guest) -> None:
        known = [q["id"] for q in guest.state["questions"]] + asked.get(guest.room, [])
        await guest.act("votes", f"/questions/{random.choice(known)}/vote") if known else None

    async def ask(guest: Guest) -> None:
        made = await guest.act("questions", "/questions", {"text": "How deep is it there?"})
        if made:
            asked.setdefault(guest.room, []).append(made["id"])

    async def answer(guest: Guest) -> None:
        body = {"answer": [random.randrange(2)]}
        await guest.act("answers", f"/polls/{polls[guest.room]}/answer", body)

    async def switch(guest: Guest) -> None:
        await guest.enter(random.choice([room for room in venue.rooms if room != guest.room]))
        venue.count("switches")

    async def lose(guest: Guest) -> None:
        await guest.follow()
        venue.count("breaks")

    deeds: list[tuple[float, Callable[[Guest], Awaitable[Any]]]] = [
        (pace.messages, lambda guest: guest.say(next(marks))),
        (pace.votes, vote),
        (pace.questions, ask),
        (pace.answers, answer),
        (pace.reactions, lambda guest: guest.act("reactions", "/reactions", {"sign": "👏"})),
        (pace.switches, switch),
        (pace.breaks, lose),
    ]
    ends = time.monotonic() + seconds

    async def one(deed: Callable[[Guest], Awaitable[Any]], guest: Guest) -> None:
        try:
            await deed(guest)
        finally:
            busy.discard(guest)

    async with asyncio.TaskGroup() as tasks:

        async def keep_doing(often: float, deed: Callable[[Guest], Awaitable[Any]]) -> None:
            while True:
                await asyncio.sleep(random.expovariate(often))
                if time.monotonic() > ends:
                    return
                free = [guest for guest in guests if guest not in busy and guest.stays]
                if free:
                    guest = random.choice(free)
                    busy.add(guest)
                    tasks.create_task(one(deed, guest))

        for often, deed in deeds:
            tasks.create_task(keep_doing(often, deed))


async def _compare(house: Any, venue: Venue, guests: list[Guest]) -> dict[str, int]:
    """What was lost or came twice at anybody's, and where the database says otherwise."""
    told: dict[str, list[int]] = {}
    for room in venue.rooms.values():
        rows = await LiveEvent.select(LiveEvent.id).where(
            LiveEvent.conference == house.conference,
            LiveEvent.topic == "talk",
            LiveEvent.channel == live.of_room(room),
        )
        told[room] = sorted(row["id"] for row in rows)

    def between(stay: Stay, until: int) -> list[int]:
        numbers = told[stay.room]
        return numbers[
            bisect.bisect_right(numbers, stay.since) : bisect.bisect_right(numbers, until)
        ]

    lost, doubled = misheard(guests, between, max(max(all_) for all_ in told.values()))
    said = await ChatMessage.count().where(ChatMessage.conference == house.conference)
    votes = await StageQuestionVote.select(StageQuestionVote.id)
    answers = await PollAnswer.select(PollAnswer.id)
    done = Counter(venue.done)
    untrue = abs(said - done["messages"])
    # Who votes or answers twice changes what was there.
    untrue += max(0, len(votes) - done["votes"]) + max(0, len(answers) - done["answers"])
    return {"lost": lost, "doubled": doubled, "untrue": untrue}


def _used(house: Any) -> dict[str, tuple[float, float]]:
    found = {}
    for line in LINES:
        pid = house.line(line)
        kb = next(
            int(row.split()[1])
            for row in Path(f"/proc/{pid}/status").read_text().splitlines()
            if row.startswith("VmRSS:")
        )
        found[line] = (cpu_s(pid), kb / 1024)
    return found


def _usage(before: Any, after: Any, seconds: float) -> dict[str, float]:
    """Percent of a core over the run, and MB at its end, of every process."""
    found: dict[str, float] = {}
    for line, (cpu, mb) in after.items():
        name = line.replace("-", "_")
        found[f"{name}_cpu_percent"] = round((cpu - before[line][0]) / seconds * 100, 1)
        found[f"{name}_mb"] = round(mb, 1)
    return found
