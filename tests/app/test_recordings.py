"""Recordings: when, of whom, made from what is on the shelf, kept, and shown to whom they may."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import boto3
import httpx
import pytest

from agenda.doors import Phase
from agenda.model import Slot, SlotId
from app.clock import now as present
from app.conferences.tables import Conference
from app.jobs import runner
from app.jobs import store as jobs
from app.jobs.runner import Task
from app.jobs.tables import Job
from app.programme import draft, releases
from app.recordings import director, links, store
from app.recordings import jobs as recording_jobs
from app.recordings.policy import (
    ALWAYS,
    ASKED,
    NEVER,
    Stay,
    Switch,
    is_on,
    recorded,
    withheld,
)
from app.recordings.storage import Bucket, Folder, Storage
from app.settings import Settings
from app.stages.tables import OnStage, PhaseChange
from media.broadcast.shelf import Run
from tests.app.builders import (
    make_conference,
    make_person,
    make_schedule,
    member,
    same_origin,
    sign_in,
)
from tests.media.broadcast.builders import Source, Studio, loop

T = datetime(2027, 5, 12, 13, 0, tzinfo=UTC)
LIVE = (T, T + timedelta(minutes=30))


def at(minutes: float, *, on: bool = True) -> Switch:
    return Switch(on=on, at=T + timedelta(minutes=minutes))


def minutes(stretches: list[tuple[datetime, datetime]]) -> list[tuple[float, float]]:
    return [((a - T).total_seconds() / 60, (b - T).total_seconds() / 60) for a, b in stretches]


@pytest.mark.parametrize(
    ("mode", "switches", "wanted"),
    [
        (ASKED, [], []),
        (ALWAYS, [], [(0, 30)]),
        (NEVER, [at(1)], []),
        (ASKED, [at(-5)], [(0, 30)]),
        (ASKED, [at(5), at(10, on=False), at(20)], [(5, 10), (20, 30)]),
        (ALWAYS, [at(10, on=False)], [(0, 10)]),
        (ALWAYS, [at(-1, on=False), at(4)], [(4, 30)]),
        (ASKED, [at(5), at(6), at(5.01, on=False)], [(6, 30)]),
        (ASKED, [at(40)], []),
    ],
)
def test_a_session_is_recorded_while_policy_or_producer_say_so(
    mode: str, switches: list[Switch], wanted: list[tuple[float, float]]
) -> None:
    ordered = sorted(switches, key=lambda switch: switch.at)
    assert minutes(recorded(mode, refused=False, switches=ordered, live=LIVE)) == wanted
    assert recorded(mode, refused=True, switches=ordered, live=LIVE) == []


def test_a_refusal_beats_policy_and_producer() -> None:
    assert is_on(ALWAYS, refused=False, switches=[])
    assert not is_on(ALWAYS, refused=True, switches=[at(0)])
    assert not is_on(NEVER, refused=False, switches=[at(0)])
    assert not is_on(ALWAYS, refused=False, switches=[at(0), at(1, on=False)])


def test_who_refused_is_withheld_with_a_second_on_both_sides() -> None:
    second = timedelta(seconds=1)
    stays = [
        Stay(person="a", began=T, ended=T + timedelta(minutes=1)),
        Stay(person="b", began=T, ended=None),
        Stay(person="a", began=T + timedelta(minutes=1, seconds=1), ended=None),
    ]
    until = T + timedelta(minutes=5)
    assert withheld(stays, frozenset({"a"}), until=until) == [(T - second, until + second)]
    assert withheld(stays, frozenset(), until=until) == []


def made_of(folder: Path) -> Path:
    source = folder / "made"
    source.mkdir()
    (source / "video.mp4").write_bytes(bytes(range(256)) * 40)
    (source / "poster.jpg").write_bytes(b"picture")
    return source


def check_storage(kept: Storage, source: Path) -> None:
    kept.put_folder(source, "one/two-3")
    whole = (source / "video.mp4").read_bytes()
    found = kept.read("one/two-3", "video.mp4", 0, None)
    assert (found.size, b"".join(found.chunks)) == (len(whole), whole)
    part = kept.read("one/two-3", "video.mp4", 100, 300)
    assert (part.start, part.end, part.size) == (100, 300, len(whole))
    assert b"".join(part.chunks) == whole[100:300]
    with pytest.raises(FileNotFoundError):
        kept.read("one/two-3", "other.mp4", 0, None)
    kept.remove("one/two-3")
    kept.remove("one/two-3")
    with pytest.raises(FileNotFoundError):
        kept.read("one/two-3", "video.mp4", 0, None)


def test_a_folder_keeps_recordings(tmp_path: Path) -> None:
    check_storage(Folder(tmp_path / "files"), made_of(tmp_path))


@pytest.fixture
def bucket() -> Iterator[Any]:
    """A real server that speaks S3, on loopback."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    client = boto3.client(
        "s3",
        endpoint_url=f"http://{host}:{port}",
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
    )
    client.create_bucket(Bucket="tide")
    yield client
    client.close()
    server.stop()


@pytest.mark.filterwarnings("default")
def test_a_bucket_keeps_recordings(bucket: Any, tmp_path: Path) -> None:
    check_storage(Bucket(bucket, "tide"), made_of(tmp_path))


async def live_session(settings: Settings, seconds: float = 8.0) -> tuple[Conference, Slot, Run]:
    """A session that was live for so long until a moment ago, with its segments on the shelf."""
    conference = await make_conference()
    await draft.write(
        conference.id,
        make_schedule(("Hall", "Opening", 9, 30)),
        expected=(await draft.read(conference.id)).version,
    )
    await releases.publish(conference.id, by=None, now=present())
    released = await releases.latest(conference.id)
    assert released is not None
    slot = released.schedule.slots[0]
    end = present() - timedelta(seconds=10)
    start = end - timedelta(seconds=seconds)
    for phase, instant in ((Phase.LIVE, start), (Phase.ENDED, end)):
        await PhaseChange(
            id=uuid4(),
            conference=conference.id,
            slot=UUID(slot.id),
            room=UUID(slot.room),
            phase=str(phase),
            due=instant,
            at=instant,
        ).save()
    folder = settings.var / "hls" / str(conference.id) / slot.room
    studio = Studio(folder, now=start.timestamp() - 1)
    studio.plug(Source(loop(), began=start.timestamp() - 1))
    studio.play(seconds + 3)
    studio.shelf.close()
    return conference, slot, studio.run


async def tick(settings: Settings, conference: Conference) -> None:
    row = await Conference.select().where(Conference.id == conference.id).first()
    assert row is not None
    running = await director.read(row, now=present())
    assert running is not None
    await director.ask_for_recordings(running, now=present())


async def test_nothing_is_recorded_unless_somebody_says_so(
    database: str, settings: Settings
) -> None:
    conference, _slot, _run = await live_session(settings)
    await tick(settings, conference)
    assert await Job.count() == 0


async def test_a_session_becomes_a_recording(client: httpx.AsyncClient, settings: Settings) -> None:
    conference, slot, _run = await live_session(settings)
    await store.set_policy(conference.id, store.Policy(mode=ALWAYS), by=None, now=present())
    for _ in range(2):
        await tick(settings, conference)
    rows = await Job.select()
    assert [row["kind"] for row in rows] == ["recording"]
    await runner.run(settings, rows[0]["id"], 0)
    job = await jobs.find(rows[0]["id"])
    assert job is not None
    assert (job["state"], job["error"]) == ("done", "")

    made = (await store.made(conference.id))[SlotId(slot.id)]
    assert made["seconds"] == pytest.approx(8, abs=1)
    assert abs(made["loudness"] + 23) <= 0.5
    assert [c["title"] for c in json.loads(made["chapters"])] == ["Opening"]

    # On the session's page, for people of the conference; by signed links that expire.
    path = f"/c/trial/sessions/{slot.session}"
    assert "data-recording" not in (await client.get(path)).text
    await sign_in(client, await member(conference, "attendee"), now=present())
    assert "data-recording" in (await client.get(path)).text
    base = links.of_recording(settings, made["id"], now=present())
    whole = await client.get(f"{base}/video.mp4")
    assert (whole.status_code, len(whole.content)) == (200, made["size"])
    part = await client.get(f"{base}/video.mp4", headers={"range": "bytes=100-199"})
    assert part.status_code == 206
    assert part.headers["content-range"] == f"bytes 100-199/{made['size']}"
    assert part.content == whole.content[100:200]
    beyond = await client.get(f"{base}/video.mp4", headers={"range": "bytes=99999999-"})
    assert beyond.status_code == 416
    assert (await client.get(f"{base}/poster.jpg")).headers["content-type"] == "image/jpeg"
    assert (await client.get(f"{base}/index.jsonl")).status_code == 404
    old = links.of_recording(settings, made["id"], now=present() - timedelta(hours=4))
    assert (await client.get(f"{old}/video.mp4")).status_code == 403

    # What was recorded, and where in the film: a note finds its moment by it.
    [[start, end, place]] = json.loads(made["spans"])
    assert (end - start, place) == (pytest.approx(made["seconds"], abs=0.1), 0)

    await sign_in(client, await member(conference, "producer"), now=present())
    await captioned(client, conference, slot, made["id"], base, path)

    # Hidden by the producer: only staff sees it.
    hide = f"/c/trial/recordings/made/{made['id']}/hide"
    assert (await client.post(hide, headers=same_origin())).status_code == 303
    assert "data-recording" in (await client.get(path)).text
    await sign_in(client, await member(conference, "speaker"), now=present())
    assert "data-recording" not in (await client.get(path)).text


async def captioned(
    client: httpx.AsyncClient, conference: Any, slot: Any, recording: UUID, base: str, page: str
) -> None:
    """Captions go up by language, are shown in the player, replaced, and taken away."""
    at = f"/c/trial/recordings/captions/{recording}"

    async def send(language: str, body: bytes) -> httpx.Response:
        sent = {"file": ("gate.srt", body, "application/x-subrip")}
        return await client.post(at, data={"language": language}, files=sent, headers=same_origin())

    srt = b"1\r\n00:00:01,500 --> 00:00:03,000\r\nDas <i>Tor</i>\r\nbleibt zu\r\n"
    for _ in range(2):
        assert (await send("de", srt)).status_code == 303
    assert (await send("pt_br", srt)).status_code == 303
    text = await client.get(f"{base}/captions-de.vtt")
    assert text.headers["content-type"] == "text/vtt; charset=utf-8"
    assert text.text == ("WEBVTT\n\n00:00:01.500 --> 00:00:03.000\nDas <i>Tor</i>\nbleibt zu\n")
    shown = (await client.get(page)).text
    assert re.findall(r'srclang="([^"]+)" label="([^"]+)"', shown) == [
        ("de", "Deutsch"),
        ("pt-BR", "português (Brasil)"),
    ]
    for language, body, words in (
        ("de", b"WEBVTT\n\nhello", "There is no caption in this file"),
        ("de", b"0:01 --> soon\nhello", "Line 1: “0:01 --&gt; soon” is not a time"),
        ("de", b"00:09:01.000 --> 00:09:02.000\nhello", "another session’s"),
        ("klingon?", srt, "Write the language as a tag"),
    ):
        refused = await send(language, body)
        assert (refused.status_code, words in refused.text) == (422, True), refused.text
    rows = (await store.captions(conference.id))[UUID(slot.id)]
    gone = f"/c/trial/recordings/captions/{rows[0]['id']}/remove"
    assert (await client.post(gone, headers=same_origin())).status_code == 303
    assert (await client.get(f"{base}/captions-de.vtt")).status_code == 404


async def test_whoever_refused_is_withheld(database: str, settings: Settings) -> None:
    conference, slot, run = await live_session(settings)
    person = await make_person("shy@example.org", "Shy Speaker")
    await store.refuse(conference.id, person, refuses=True, now=present())
    await store.refuse(conference.id, person, refuses=True, now=present())
    start = datetime.fromtimestamp(run.epoch + 1, UTC)
    await OnStage(
        id=uuid4(),
        conference=conference.id,
        uid="boot:1",
        publisher="p",
        room=UUID(slot.room),
        slot=slot.id,
        person=str(person),
        name="Shy Speaker",
        began_at=start + timedelta(seconds=3),
        ended_at=start + timedelta(seconds=5),
    ).save()
    by = await make_person("producer@example.org")
    await store.switch(conference.id, UUID(slot.id), True, by=by, now=start - timedelta(minutes=1))
    job = await jobs.ask(
        "recording",
        "recording:x",
        {"slot": slot.id},
        conference=conference.id,
        asked_by=None,
        now=present(),
    )
    task = Task(
        job=job,
        attempt=0,
        conference=conference.id,
        asked_by=None,
        arguments={"slot": slot.id},
        settings=settings,
    )
    await recording_jobs.make_one(task)
    made = (await store.made(conference.id))[SlotId(slot.id)]
    assert made["withheld"] == pytest.approx(4, abs=0.1)


async def test_a_session_whose_segments_are_gone_is_said_in_words(
    database: str, settings: Settings
) -> None:
    conference, slot, run = await live_session(settings)
    await store.set_policy(conference.id, store.Policy(mode=ALWAYS), by=None, now=present())
    for path in run.folder.glob("s*.m4s"):
        path.unlink()
    await tick(settings, conference)
    row = (await Job.select())[0]
    await runner.run(settings, row["id"], 0)
    job = await jobs.find(row["id"])
    assert job is not None
    assert job["state"] == "failed"
    assert "Nothing of this session was kept" in job["error"]
    assert await store.made(conference.id) == {}
    assert slot.id


async def test_the_producers_page_switches_and_sends_out(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    conference, slot, _run = await live_session(settings)
    await sign_in(client, await member(conference, "producer"), now=present())
    shown = await client.get("/c/trial/recordings")
    assert shown.status_code == 200
    await client.post(f"/c/trial/recordings/{slot.id}/record", headers=same_origin())
    assert [s.on for s in (await store.switches(conference.id))[SlotId(slot.id)]] == [True]
    form = {"mode": "always", "open_to": "anyone"}
    await client.post("/c/trial/recordings/policy", data=form, headers=same_origin())
    assert await store.policy(conference.id) == store.Policy(mode="always", open_to="anyone")

    bad = {"room": slot.room, "name": "Tube", "address": "https://example.org/x"}
    refused = await client.post("/c/trial/recordings/outgoing", data=bad, headers=same_origin())
    assert refused.status_code == 422
    assert "rtmp://" in refused.text
    good = {**bad, "address": "rtmp://a.example.org/live/secret-key"}
    await client.post("/c/trial/recordings/outgoing", data=good, headers=same_origin())
    rows = await store.outgoing([conference.id])
    assert [(r["name"], r["active"]) for r in rows] == [("Tube", True)]
    page = await client.get("/c/trial/recordings")
    assert "Tube" in page.text
    assert "secret-key" not in page.text
    # How it fares stands in what the page fetches anew by itself.
    fresh = await client.get("/c/trial/recordings", headers={"hx-request": "true"})
    assert "waits for the room" in fresh.text
    assert "<html" not in fresh.text
    stop = f"/c/trial/recordings/outgoing/{rows[0]['id']}/stop"
    await client.post(stop, headers=same_origin())
    assert [r["active"] for r in await store.outgoing([conference.id])] == [False]


async def test_a_speaker_refuses_and_comes_back(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    conference = await make_conference()
    person = await member(conference, "speaker")
    await sign_in(client, person, now=present())
    for refuses, wanted in (("yes", frozenset({str(person)})), ("no", frozenset())):
        answer = await client.post(
            "/c/trial/recordings/refusal", data={"refuses": refuses}, headers=same_origin()
        )
        assert answer.status_code in (200, 201)
        assert await store.refusing(conference.id) == wanted


async def test_the_director_wishes_for_rooms_in_use(database: str, settings: Settings) -> None:
    conference, slot, _run = await live_session(settings)
    row = await Conference.select().where(Conference.id == conference.id).first()
    assert row is not None
    near = slot.start - timedelta(minutes=10)
    running = await director.read(row, now=present())
    assert running is not None
    wished = director.wishes(running, [], now=near)
    assert [(w["room"], w["slate"]["title"]) for w in wished] == [(slot.room, "Opening")]
    assert wished[0]["slate"]["below"].startswith("Begins at ")
    assert director.wishes(running, [], now=slot.start - timedelta(days=3)) == []
