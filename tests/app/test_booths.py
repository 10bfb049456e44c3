"""Behind the counter: booths set up by their sponsors, badges scanned, meetings, draws, webhooks."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import io
import json
import zipfile
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs
from uuid import UUID, uuid4

import httpx
import pytest
from PIL import Image
from pypdf import PdfReader

from app.attendees import codes
from app.attendees import store as attendees
from app.attendees.tables import Registration
from app.clock import now
from app.conferences.tables import Conference
from app.jobs import outbox, runner
from app.jobs.outbox import Undeliverable
from app.jobs.store import Made
from app.jobs.tables import Job, Outbox
from app.settings import Settings
from app.sponsors import consent, draws, files, hooks, leads, meetings, score, store
from app.sponsors.leads import LeadMoved
from app.sponsors.names import parted
from app.sponsors.score import Signals
from app.sponsors.tables import BoothSignal, Consent, DrawEntry, LeadNote, Sponsor
from app.stages.tables import PhaseChange, Presence
from tests.app.builders import same_origin, sign_in
from tests.app.making import T0, make_attendee, make_conference, make_schedule, release
from tests.app.test_sponsors import HTML, give, ledger_of, make_sponsor

WEB = "http://testserver.local"


async def row_of(sponsor: UUID) -> dict[str, Any]:
    row = await Sponsor.select().where(Sponsor.id == sponsor).first()
    assert row is not None
    return row


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("Ada Ng", ("Ada", "Ng")),
        ("Ludwig van Beethoven", ("Ludwig", "van Beethoven")),
        ("Ana de la Cruz", ("Ana", "de la Cruz")),
        ("大谷 真理子", ("真理子", "大谷")),
        ("هدى العمري", ("هدى", "العمري")),
        ("Suharto", ("", "Suharto")),
        ("", ("", "")),
    ],
)
def test_a_name_in_two_parts(name: str, parts: tuple[str, str]) -> None:
    assert parted(name) == parts


def test_a_score_is_the_sum_of_its_parts_and_at_most_a_hundred() -> None:
    everything = Signals(
        wants_call=True,
        meetings=3,
        downloads=9,
        session_s=99_999,
        visits=50,
        dwell_s=99_999,
        draws=1,
    )
    assert score.parts(Signals()) == ()
    assert score.total(score.parts(everything)) == score.MOST == sum(m for _, m, _ in score.RULES)
    some = score.parts(Signals(downloads=1, session_s=12 * 60 + 59, visits=2, dwell_s=119))
    assert [(p.what, p.points, p.amount) for p in some] == [
        ("downloads", 8, 1),
        ("sessions", 4, 12),
        ("visits", 2, 2),
    ]
    assert [score.squares(n) for n in (0, 1, 20, 21, 100)] == [0, 1, 1, 2, 5]


@pytest.mark.parametrize(
    ("header", "span"),
    [
        ("bytes=0-", (0, 99)),
        ("bytes=10-19", (10, 19)),
        ("bytes=-5", (95, 99)),
        ("bytes=90-200", (90, 99)),
        ("bytes=100-", None),
        ("bytes=5-3", None),
        ("bytes=-0", None),
        ("bytes=x-3", None),
        ("pages=1-2", (0, 99)),
    ],
)
def test_ranges_of_a_video(header: str, span: tuple[int, int] | None) -> None:
    assert files.span(header, 100) == span


async def test_a_sponsor_sets_its_booth_up_and_its_team_meets_no_other(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    conference = await make_conference()
    await release(conference, make_schedule())
    owner = await make_attendee(conference, "Olga", role="owner")
    await sign_in(client, owner, now=now())
    root = f"/c/{conference.slug}/sponsors"
    form = {"name": "Salt & Proof", "tier": "Harbour", "contact": "gwen@salt.example"}
    answer = await client.post(f"{root}/manage", data=form, headers=same_origin())
    assert answer.status_code == 303
    wrong = await client.post(
        f"{root}/manage", data={**form, "contact": "nonsense"}, headers=same_origin()
    )
    assert wrong.status_code == 422
    assert "name@example.org" in wrong.text
    tiers = {"name_0": "Harbour", "place_0": "large", "name_1": "Quay", "place_1": "nonsense"}
    await client.post(f"{root}/manage/tiers", data=tiers, headers=same_origin())
    assert [(t["name"], t["place"]) for t in await store.tiers(conference.id)] == [
        ("Harbour", "large"),
        ("Quay", "row"),
    ]
    (sponsor,) = await store.of(conference.id)
    assert sponsor["slug"] == "salt-proof"
    mail = await Outbox.select().where(Outbox.key == f"sponsor:{sponsor['id']}").first()
    assert mail is not None
    assert "/sponsors/salt-proof/setup" in json.loads(mail["payload"])["text"]

    (gwen,) = await store.staff(sponsor["id"], now=now())
    await sign_in(client, gwen.person, now=now())
    booth = f"{root}/salt-proof"
    texts = {
        "version": "0",
        "tagline": "Gauges",
        "text": "- one\n- two",
        "url": "salt.example",
        "live_room": "1",
        "offer_title_0": "Ten per cent",
        "offer_url_0": "https://salt.example/ten",
        "offer_title_1": "",
    }
    answer = await client.post(f"{booth}/setup", data=texts, headers=same_origin())
    assert answer.status_code == 303, answer.text
    stale = await client.post(f"{booth}/setup", data=texts, headers=same_origin())
    assert stale.status_code == 409
    assert "meanwhile" in stale.text
    await client.post(
        f"{booth}/team",
        data={"email": "ngozi@salt.example", "title": "Repairs"},
        headers=same_origin(),
    )
    await client.post(f"{booth}/team/duty", data={"on": "1"}, headers=same_origin())
    page = (await client.get(booth, headers=HTML)).text
    for words in ("Ten per cent", "https://salt.example", "<li>one</li>", "<b>gwen</b>"):
        assert words in page, words
    team = await store.staff(sponsor["id"], now=now())
    assert [(one.email, one.on_duty) for one in team] == [
        ("gwen@salt.example", True),
        ("ngozi@salt.example", False),
    ]
    await client.post(f"{booth}/team/{team[1].person}/remove", headers=same_origin())
    assert not await store.works_for(team[1].person, sponsor["id"])
    assert not (await client.get(f"{root}/manage", headers=HTML)).is_success

    _other, rival = await make_sponsor(conference, "Rival")
    await sign_in(client, rival, now=now())
    for path in ("setup", "team", "scan", "leads", "leads.csv", "leads.xlsx", "meetings"):
        assert (await client.get(f"{booth}/{path}", headers=HTML)).status_code == 403, path
    for path in ("setup", "team", "team/duty", "scan", "leads", "draws", "setup/hours"):
        answer = await client.post(f"{booth}/{path}", data={"x": "1"}, headers=same_origin())
        assert answer.status_code == 403, path


def picture(kind: str = "PNG") -> bytes:
    held = io.BytesIO()
    Image.new("RGB", (2400, 900), "#056ac1").save(held, format=kind)
    return held.getvalue()


async def test_files_are_bounded_drawn_anew_and_counted(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    conference = await make_conference()
    sponsor, staff = await make_sponsor(conference)
    await sign_in(client, staff, now=now())
    booth = f"/c/{conference.slug}/sponsors/saltproof"

    async def send(kind: str, name: str, content: bytes) -> httpx.Response:
        return await client.post(
            f"{booth}/setup/files",
            data={"kind": kind},
            files={"file": (name, content)},
            headers=same_origin(),
        )

    assert (await send("logo", "a.jpg", picture("JPEG"))).status_code == 303
    drawing = (
        b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 3"><path d="M0 0h8v3z"/></svg>'
    )
    assert (await send("logo", "a.svg", drawing)).status_code == 303
    assert (await send("logo", "b.png", picture())).status_code == 303
    for name, content, words in (
        ("c.svg", b"<svg onload='alert(1)'/>", "SVG can&#39;t be drawn"),
        ("c.png", b"<html>", "PNG, JPEG, WebP or SVG"),
    ):
        bad = await send("logo", name, content)
        assert (bad.status_code, words in bad.text) == (422, True), bad.text
    assert (await send("video", "v.mp4", b"\0\0\0\x18ftypisom" + b"v" * 5000)).status_code == 303
    assert (await send("video", "v.avi", b"RIFFxxxx")).status_code == 422
    assert (await send("file", "../..\\Data sheet.html", b"<script>1</script>")).status_code == 303
    held = {row["kind"]: row for row in await files.of(sponsor)}
    assert [row["kind"] for row in await files.of(sponsor)] == ["logo", "video", "file"]
    assert len(list((settings.files / "sponsors" / str(sponsor)).iterdir())) == 3

    logo = await client.get(f"{booth}/files/{held['logo']['id']}")
    assert logo.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(logo.content)).size == (1200, 450)
    part = await client.get(f"{booth}/files/{held['video']['id']}", headers={"range": "bytes=4-11"})
    assert (part.status_code, part.content) == (206, b"ftypisom")
    assert part.headers["content-range"] == "bytes 4-11/5012"

    client.cookies.clear()
    for number in range(6):
        visitor = await make_attendee(conference, f"V{number}")
        await sign_in(client, visitor, now=now())
        for _again in range(2):
            found = await client.get(f"{booth}/files/{held['file']['id']}")
            assert found.headers["content-disposition"].startswith("attachment")
            assert "Data%20sheet.html" in found.headers["content-disposition"]
        if number == 3:
            (before,) = (await ledger_of(sponsor, conference)).taken
            assert (before.times, before.people) == (None, None)
    assert await BoothSignal.count() == 6
    (after,) = (await ledger_of(sponsor, conference)).taken
    assert (after.name, after.times, after.people) == ("Data sheet.html", 6, 6)


async def test_a_scan_counts_only_with_a_yes_and_its_owner_gets_a_mail(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    conference = await make_conference()
    _sponsor, staff = await make_sponsor(conference)
    ada = await make_attendee(conference, "Ada Ng", "ada@example.org")
    place = await Registration.select().where(Registration.person == ada).first()
    assert place is not None
    code = codes.sign(place["badge_code"], codes.key_of(conference.id, settings.secret))
    await sign_in(client, staff, now=now())
    scan = f"/c/{conference.slug}/sponsors/saltproof/scan"
    forged = await client.post(
        scan, data={"code": code[:-1] + ("B" if code.endswith("A") else "A")}, headers=same_origin()
    )
    assert "no badge of" in forged.text
    seen = await client.post(scan, data={"code": code.lower()}, headers=same_origin())
    assert "Ada Ng" in seen.text
    assert await Consent.count() == 0
    done = await client.post(scan, data={"code": code, "agreed": "1"}, headers=same_origin())
    assert "agreed" in done.text
    (row,) = await Consent.select()
    assert (row["source"], row["recorded_by"], row["person"]) == ("scan", staff, ada)
    mails = await Outbox.select().where(Outbox.kind == "mail")
    (mail,) = [json.loads(m["payload"]) for m in mails]
    assert mail["to"] == "ada@example.org"
    assert row["wording"] in mail["text"]
    again = await client.post(scan, data={"code": code, "agreed": "1"}, headers=same_origin())
    assert again.status_code == 200
    assert await Consent.count() == 1
    assert await Outbox.count().where(Outbox.kind == "mail") == 1


async def test_a_meeting_is_booked_once_and_called_off_in_both_calendars(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    conference = await make_conference()
    sponsor, _staff = await make_sponsor(conference)
    await Sponsor.update({Sponsor.live_room: True}).where(Sponsor.id == sponsor)
    begins = now().replace(minute=0, second=0, microsecond=0) + timedelta(days=1)
    ends = begins + timedelta(minutes=40)
    await meetings.hours_edited(sponsor, 15, [[begins.isoformat(), ends.isoformat()]])
    row = await row_of(sponsor)
    assert [at - begins for at in meetings.starts(row)] == [
        timedelta(0),
        timedelta(minutes=15),
    ]
    ada = await make_attendee(conference, "Ada Ng", "ada@example.org")
    bo = await make_attendee(conference, "Bo", "bo@example.org")
    booth = f"/c/{conference.slug}/sponsors/saltproof"
    form = {"start": begins.isoformat(), "message": "Prices", "organization": "1"}
    await sign_in(client, ada, now=now())
    assert f'value="{begins.isoformat()}"' in (await client.get(booth, headers=HTML)).text
    answer = await client.post(f"{booth}/meetings", data=form, headers=same_origin())
    assert answer.status_code == 303
    standing = await consent.standing(sponsor, ada)
    assert standing is not None
    assert standing["source"] == "meeting"
    await sign_in(client, bo, now=now())
    late = await client.post(f"{booth}/meetings", data=form, headers=same_origin())
    assert late.status_code == 409
    assert "just been taken" in late.text
    assert await consent.standing(sponsor, bo) is None
    (meeting,) = await meetings.booked(sponsor)
    stranger = await client.post(f"{booth}/meetings/{meeting['id']}/cancel", headers=same_origin())
    assert stranger.status_code == 403

    # Taking the contact back calls the meeting off.
    await sign_in(client, ada, now=now())
    await client.post(f"{booth}/contact/withdraw", headers=same_origin())
    assert await meetings.booked(sponsor) == []
    mails = [
        json.loads(m["payload"])
        for m in await Outbox.select().where(Outbox.kind == "mail").order_by(Outbox.created_at)
    ]
    told = [(m["to"], m["calendar"]["method"]) for m in mails if "calendar" in m]
    assert told == [("ada@example.org", "REQUEST"), ("ada@example.org", "CANCEL")]
    uids = {
        line for m in mails for line in m["calendar"]["ics"].splitlines() if line.startswith("UID:")
    }
    assert len(uids) == 1
    assert "SEQUENCE:1" in mails[-1]["calendar"]["ics"]


async def test_a_draw_is_among_consents_that_stand_and_happens_once(database: str) -> None:
    conference = await make_conference()
    sponsor, _staff = await make_sponsor(conference)
    closes = T0 + timedelta(hours=1)
    draw = await draws.open_draw(sponsor, title="A gauge", prize="One", closes_at=closes)
    ada, bo, cy = [await make_attendee(conference, name) for name in ("Ada", "Bo", "Cy")]
    for person in (ada, bo):
        await give(sponsor, person)
        assert await draws.enter(sponsor, draw, person, now=T0)
        assert await draws.enter(sponsor, draw, person, now=T0)
    assert not await draws.enter(sponsor, draw, cy, now=T0)
    assert not await draws.enter(uuid4(), draw, ada, now=T0)
    assert not await draws.enter(sponsor, draw, ada, now=closes)
    assert await draws.pull(sponsor, draw, now=T0) is None
    await consent.take_back(sponsor, bo, now=T0)
    assert await DrawEntry.count() == 1
    assert await draws.pull(sponsor, draw, now=closes) == ada
    assert await draws.pull(sponsor, draw, now=closes) is None
    (row,) = await draws.of(sponsor)
    assert (row["winner_name"], row["entries"]) == ("Ada", 1)


async def test_the_teams_view_is_versioned_and_goes_with_the_consent(database: str) -> None:
    conference = await make_conference()
    sponsor, staff = await make_sponsor(conference)
    ada = await make_attendee(conference, "Ada")
    await give(sponsor, ada, phone="+31 6 1", fields=("name", "email", "phone"), wants_call=True)
    await leads.mark(sponsor, ada, {"rating": 4, "owner": staff}, expected=0, now=T0)
    with pytest.raises(LeadMoved):
        await leads.mark(sponsor, ada, {"rating": 1}, expected=0, now=T0)
    await leads.note(sponsor, ada, "Call in March", by="Gwen", now=T0)
    (lead,) = (await ledger_of(sponsor, conference)).leads
    assert (lead.rating, lead.owner, lead.phone, lead.version) == (4, staff, "+31 6 1", 1)
    assert [note.text for note in lead.notes] == ["Call in March"]
    assert [part.what for part in lead.parts] == ["call"]
    await consent.take_back(sponsor, ada, now=T0)
    assert await LeadNote.count() == 0
    (row,) = await Consent.select()
    assert (row["phone"], row["message"]) == ("", "")
    await give(sponsor, ada)
    (lead,) = (await ledger_of(sponsor, conference)).leads
    assert (lead.rating, lead.notes, lead.phone) == (0, (), "")


async def test_dwell_is_what_the_page_said_and_a_median_needs_four_sponsors(
    database: str,
) -> None:
    conference = await make_conference()
    sponsor, _staff = await make_sponsor(conference)
    people = [await make_attendee(conference, f"P{n}") for n in range(6)]
    for number, person in enumerate(people):
        await store.visit(sponsor, person, now=T0)
        for beat in range(number + 1):
            await store.still_here(sponsor, person, now=T0 + timedelta(seconds=30 * beat))
    await store.still_here(sponsor, people[0], now=T0 + timedelta(hours=1))
    held = await ledger_of(sponsor, conference)
    assert (held.visits, held.visitors) == (7, 6)
    assert held.half_stayed_s == 60
    assert held.typical is None
    for name in ("A", "B", "C"):
        other, _ = await make_sponsor(conference, name)
        await give(other, people[0])
        await give(other, people[1])
    held = await ledger_of(sponsor, conference)
    assert held.typical is not None
    assert (held.typical.sponsors, held.typical.leads, held.typical.tier) == (4, 2, "Harbour")


class Listener:
    """A real HTTP server that keeps what it was told."""

    def __init__(self, status: int = 200, more: str = "") -> None:
        self.told: list[tuple[dict[str, str], bytes]] = []
        self._head = (
            f"HTTP/1.1 {status} X\r\n{more}content-length: 2\r\nconnection: close\r\n\r\nok"
        )

    async def __aenter__(self) -> Listener:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/leads?oid=00D1"
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        headers = dict(
            line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line
        )
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self.told.append((headers, body))
        writer.write(self._head.encode())
        await writer.drain()
        writer.close()


async def deliver(*, allow_private: bool) -> None:
    handlers = {"lead-hook": hooks.deliverer(allow_private=allow_private)}
    while await outbox.deliver_due(handlers, now=now):
        pass


async def test_a_webhook_tells_what_was_given_and_taken_back(database: str) -> None:
    conference = await make_conference()
    sponsor, _staff = await make_sponsor(conference)
    ada = await make_attendee(conference, "Ada Ng", "ada@example.org")
    bo = await make_attendee(conference, "Bo", "bo@example.org")
    async with Listener() as listener:
        values = {"hook_url": listener.url, "hook_secret": "s3cret"}
        await store.edit(sponsor, values)
        await give(sponsor, ada, fields=("name", "email"), now=now())
        await deliver(allow_private=True)
        headers, body = listener.told[0]
        stamp, seal = (part.split("=")[1] for part in headers["plenary-signature"].split(","))
        expected = hmac.new(b"s3cret", f"{stamp}.".encode() + body, hashlib.sha256)
        assert seal == expected.hexdigest()
        held = json.loads(body)
        assert held["event"] == "lead.given"
        assert (held["lead"]["name"], held["lead"]["organization"]) == ("Ada Ng", "")
        await consent.take_back(sponsor, ada, now=now())
        await deliver(allow_private=True)
        last = json.loads(listener.told[-1][1])
        assert last == {"event": "lead.revoked", "lead": {"id": held["lead"]["id"]}}

        await store.edit(sponsor, {"hook_format": "hubspot"})
        await give(sponsor, ada, now=now())
        await deliver(allow_private=True)
        fields = {f["name"]: f["value"] for f in json.loads(listener.told[-1][1])["fields"]}
        assert fields == {
            "email": "ada@example.org",
            "firstname": "Ada",
            "lastname": "Ng",
            "company": "Port",
        }
        await store.edit(sponsor, {"hook_format": "salesforce"})
        await give(sponsor, bo, fields=("name", "email"), now=now())
        await deliver(allow_private=True)
        form = parse_qs(listener.told[-1][1].decode())
        assert form["oid"] == ["00D1"]
        assert (form["last_name"], form["company"]) == (["Bo"], ["[not provided]"])
    assert (await row_of(sponsor))["hook_error"] == ""


async def test_a_webhook_reaches_no_private_address_and_follows_nobody(database: str) -> None:
    for url in (
        "https://127.0.0.1/x",
        "https://localhost/x",
        "https://[::1]/x",
        "https://10.1.2.3/x",
        "https://169.254.169.254/latest",
        "https://[::ffff:192.168.1.1]/",
        "http://example.org/",
        "ftp://example.org/",
        "https://user@10.0.0.1/",
    ):
        with pytest.raises(Undeliverable):
            await hooks.resolved(url)
    conference = await make_conference()
    sponsor, _staff = await make_sponsor(conference)
    async with Listener(302, "location: http://127.0.0.1:1/\r\n") as listener:
        await store.edit(sponsor, {"hook_url": listener.url})
        await give(sponsor, await make_attendee(conference, "Ada"), now=now())
        await deliver(allow_private=True)
        assert len(listener.told) == 1
    (row,) = await Outbox.select().where(Outbox.kind == "lead-hook")
    assert row["due_at"] == outbox.GIVEN_UP
    assert "follow" in (await row_of(sponsor))["hook_error"]


async def test_the_report_and_every_file_forget_who_took_it_back(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    conference = await make_conference()
    await release(conference, make_schedule())
    sponsor, staff = await make_sponsor(conference)
    await Sponsor.update({Sponsor.name: "塩 Salt مالح 🧂"}).where(Sponsor.id == sponsor)
    ada = await make_attendee(conference, "Ada Ng", "ada@example.org")
    bo = await make_attendee(conference, "大谷 真理子", "bo@example.org")
    for person in (ada, bo):
        await give(sponsor, person, now=now())
    await sign_in(client, staff, now=now())
    booth = f"/c/{conference.slug}/sponsors/saltproof"
    await client.post(f"{booth}/leads", headers=same_origin())
    (job,) = await Job.select()
    await runner.run(settings, job["id"], 0)
    (job,) = await Job.select()
    assert job["state"] == "done", job["error"]
    made = Made.read(job["result"])
    assert made is not None
    assert made.name == "leads-saltproof-2-withdrawn-0.pdf"
    path = settings.files / made.file
    assert path.read_bytes().startswith(b"%PDF")
    printed = " ".join(" ".join(p.extract_text() for p in PdfReader(path).pages).split())
    for words in (
        "gave the contact, and nothing more yet",
        "not rated yet",
        "Asked for a call (30)",
    ):
        assert words in printed
    assert (await client.get(f"/jobs/{job['id']}/result")).status_code == 200
    # A producer is staff of the conference, and still reads no sponsor's leads.
    producer = await make_attendee(conference, "Pia", role="producer")
    await sign_in(client, producer, now=now())
    assert (await client.get(f"/jobs/{job['id']}/result")).status_code == 404

    await sign_in(client, ada, now=now())
    await client.post(f"{booth}/contact/withdraw", headers=same_origin())
    assert not path.exists()
    await sign_in(client, staff, now=now())
    book = await client.get(f"{booth}/leads.xlsx")
    assert "leads-saltproof-1-withdrawn-1.xlsx" in book.headers["content-disposition"]
    with zipfile.ZipFile(io.BytesIO(book.content)) as held:
        words = held.read("xl/sharedStrings.xml").decode()
    assert "大谷 真理子" in words
    assert "Ada Ng" not in words
    for shape, first in (
        ("hubspot", "First Name"),
        ("salesforce", "First Name"),
        ("plain", "Name"),
    ):
        text = (await client.get(f"{booth}/leads.csv?shape={shape}")).text
        assert text.removeprefix("\ufeff").startswith(first)
        assert "Ada" not in text
    assert (await client.get(f"{booth}/leads.csv?shape=other")).status_code == 404


async def test_a_lead_is_read_rated_and_noted_on_its_page(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    conference = await make_conference()
    sponsor, staff = await make_sponsor(conference)
    ada = await make_attendee(conference, "Ada Ng", "ada@example.org")
    booth = f"/c/{conference.slug}/sponsors/saltproof"
    await sign_in(client, ada, now=now())
    form = {"phone": "+31 6 12 34", "message": "Price?", "call": "1"}
    await client.post(f"{booth}/contact", data=form, headers=same_origin())
    standing = await consent.standing(sponsor, ada)
    assert standing is not None
    assert standing["fields"] == "name,email,phone"
    assert "my phone number" in standing["wording"]
    assert standing["wording"] in (await client.get(booth, headers=HTML)).text
    await sign_in(client, staff, now=now())
    card = f"{booth}/leads/{standing['id']}"
    page = (await client.get(card, headers=HTML)).text
    for words in ("Ada Ng", "+31 6 12 34", "Price?", "asked for a call"):
        assert words in page
    change = {"version": "0", "rating": "4", "tags": "big, big, May", "owner": str(staff)}
    change |= {"answered": "1", "note": "Rang her"}
    assert (await client.post(card, data=change, headers=same_origin())).status_code == 303
    stale = await client.post(card, data=change, headers=same_origin())
    assert stale.status_code == 409
    (lead,) = (await ledger_of(sponsor, conference)).leads
    assert (lead.rating, lead.tags, lead.answered, lead.owner) == (4, ("big", "May"), True, staff)
    listed = (await client.get(f"{booth}/leads?q=rang&sort=score", headers=HTML)).text
    assert "Rang her" in listed
    _other, rival = await make_sponsor(conference, "Rival")
    await sign_in(client, rival, now=now())
    assert (await client.get(card, headers=HTML)).status_code == 403
    # Nor below the rival's own booth.
    assert (await client.get(card.replace("saltproof", "rival"), headers=HTML)).status_code == 404


async def test_attendees_registered_elsewhere_can_not_be_scanned(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    here: Conference = await make_conference()
    there = await make_conference()
    _sponsor, staff = await make_sponsor(here)
    ada = await make_attendee(there, "Ada Ng")
    place = await attendees.registration(there.id, ada)
    assert place is not None
    code = codes.sign(place["badge_code"], codes.key_of(there.id, settings.secret))
    await sign_in(client, staff, now=now())
    scan = f"/c/{here.slug}/sponsors/saltproof/scan"
    answer = await client.post(scan, data={"code": code}, headers=same_origin())
    assert "no badge of" in answer.text


async def test_a_sponsored_session_says_so_and_counts_its_audience_from_five_on(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    conference = await make_conference()
    schedule = make_schedule(sessions=2, rooms=1)
    await release(conference, schedule)
    sponsor, _staff = await make_sponsor(conference)
    owner = await make_attendee(conference, "Olga", role="owner")
    await sign_in(client, owner, now=now())
    first, second = schedule.sessions
    root = f"/c/{conference.slug}"
    form = {"name": "Saltproof", "tier": "Harbour", "position": "0", "session": first.id}
    answer = await client.post(
        f"{root}/sponsors/saltproof/manage", data=form, headers=same_origin()
    )
    assert answer.status_code == 303
    page = (await client.get(f"{root}/sessions/{first.id}", headers=HTML)).text
    assert "Made possible by" in page
    assert "/sponsors/saltproof" in page
    other = (await client.get(f"{root}/sessions/{second.id}", headers=HTML)).text
    assert "Made possible by" not in other
    slot = schedule.slots[0]
    for phase, minute in (("live", 0), ("ended", 30)):
        await PhaseChange(
            id=uuid4(),
            conference=conference.id,
            slot=UUID(slot.id),
            room=UUID(slot.room),
            phase=phase,
            due=T0,
            at=T0 + timedelta(minutes=minute),
        ).save()
    people = [await make_attendee(conference, f"P{n}") for n in range(5)]
    await give(sponsor, people[0])
    for number, person in enumerate(people):
        await Presence(
            id=uuid4(),
            conference=conference.id,
            uid=f"{conference.id}{number}",
            subscriber="s",
            room=UUID(slot.room),
            person=str(person),
            joined_at=T0,
            left_at=T0 + timedelta(minutes=12),
        ).save()
        held = await ledger_of(sponsor, conference)
        (audience,) = held.audiences
        assert audience.unique == (5 if number == 4 else None)
    (lead,) = held.leads
    assert (audience.minutes, lead.signals.session_s) == (12, 720)
    assert [(part.what, part.points) for part in lead.parts] == [("sessions", 4)]
