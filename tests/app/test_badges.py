"""Badges: every name whole, every code checkable without us."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import re
import subprocess
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from markupsafe import Markup
from pypdf import PdfReader

from app.attendees import badges, codes, design_store, designs, faces
from app.attendees import store as attendees
from app.attendees.designs import Design
from app.attendees.fitting import BOXES, fit
from app.clock import now
from app.conferences import brand
from app.jobs import runner, store
from app.jobs.press import Press
from app.jobs.store import Made
from app.jobs.tables import Job
from app.settings import Settings
from tests.app.builders import make_conference as make_trial
from tests.app.builders import make_person, member, same_origin, sign_in
from tests.app.making import make_attendee, make_conference, make_schedule, release
from tests.app.tagged import leaves

HTML = {"accept": "text/html"}
NAMES = (
    "Ada Ng",
    "大谷 真理子",
    "هدى العمري",
    "Zoë 🎈 Lefèvre",
    "Владимир Константинович",
    "김민준",
    "Wolfeschlegelsteinhausenbergerdorff Maximilian-Alexander von Hohenzollern-Sigmaringen",
    "Nguyễn Thị Minh Khai",
)


def text_of(pdf: Path) -> list[str]:
    words = subprocess.run(
        ["pdftotext", "-raw", pdf, "-"], check=True, capture_output=True, text=True
    ).stdout
    return words.split("\f")[:-1]


def together(text: str) -> str:
    """Without spaces and marks of direction, and ligatures of presentation taken apart."""
    return "".join(c for c in text if not c.isspace() and c not in "\u200b\u202a\u202b\u202c\ufe0f")


def test_a_code_is_checked_with_the_conferences_key_alone() -> None:
    conference, other = uuid4(), uuid4()
    key = codes.key_of(conference, "secret")
    text = codes.sign("0123456789abcdef", key)
    assert text.isascii()
    assert text == text.upper()
    assert codes.verify(text, key) == "0123456789abcdef"
    assert codes.verify(f" {text.lower()}\n", key) == "0123456789abcdef"
    assert codes.verify(text, codes.key_of(other, "secret")) is None
    assert codes.verify(text, codes.key_of(conference, "other secret")) is None
    assert codes.verify(text.replace("0123", "0124"), key) is None
    for nonsense in ("", "P1", "P1--", "x" * 5000, "P1-0123456789ABCDEF-", "P1-٣-AAAA"):
        assert codes.verify(nonsense, key) is None


@pytest.mark.parametrize("size", ["a6", "cr80"])
def test_long_names_shrink_by_the_rule(size: str) -> None:
    box = BOXES[size]["name"]
    assert fit("Ada Ng", box) == box.sizes[0]
    sizes = [fit("Ada " + "Longername" * n, box) for n in range(1, 12)]
    assert sizes == sorted(sizes, reverse=True)
    assert fit("X" * 200, box) > box.sizes[-1], "a name may have 200 letters"
    assert fit("", box) == box.sizes[0]
    assert all(fit(name, box) in box.sizes for name in NAMES)


async def test_everybody_gets_a_page_with_their_whole_name(
    database: str, settings: Settings
) -> None:
    conference = await make_conference("Tidewater 2027 — Gezeiten")
    await release(conference, make_schedule())
    for name in NAMES:
        await make_attendee(conference, name)
    job = await store.ask("badges", "b", {}, conference=conference.id, asked_by=None, now=now())
    await runner.run(settings, job, 0)
    row = await store.find(job)
    assert row is not None
    assert (row["state"], row["done"], row["total"]) == ("done", len(NAMES), len(NAMES))
    made = Made.read(row["result"])
    assert made is not None
    assert made.words == f"{len(NAMES)} badges"
    pages = await asyncio.to_thread(text_of, settings.files / made.file)
    assert len(pages) == len(NAMES)
    whole = "".join(map(together, pages))
    for name in NAMES:
        for word in name.split():
            # An extractor gives Arabic in its own order and emoji as they come.
            if word.isascii() or (word.isalpha() and not "\u0590" < word[0] < "\u0700"):
                assert together(word) in whole
    assert whole.count("Tidewater2027—Gezeiten") == len(NAMES)
    assert whole.count("12–14May2027") == len(NAMES)
    assert not list((settings.files / "jobs").glob("*.part-*"))


async def test_one_badge_and_the_code_on_it(
    database: str, settings: Settings, tmp_path: Path
) -> None:
    conference = await make_conference()
    person = await make_attendee(conference, "Ada Ng")
    job = await store.ask(
        "badge",
        "b",
        {"person": str(person)},
        conference=conference.id,
        asked_by=person,
        now=now(),
    )
    await runner.run(settings, job, 0)
    row = await store.find(job)
    assert row is not None
    made = Made.read(row["result"])
    assert made is not None
    (page,) = await asyncio.to_thread(text_of, settings.files / made.file)
    printed = "".join(page.split())
    at = printed.index("P1-")
    key = codes.key_of(conference.id, settings.secret)
    assert codes.verify(printed[at : at + 36], key) is not None


@pytest.mark.parametrize("kind", ["badge", "badges"])
async def test_without_a_place_there_is_no_badge_and_it_says_so(
    database: str, settings: Settings, kind: str
) -> None:
    conference = await make_conference()
    job = await store.ask(
        kind, "b", {"person": str(uuid4())}, conference=conference.id, asked_by=None, now=now()
    )
    await runner.run(settings, job, 0)
    row = await store.find(job)
    assert row is not None
    assert row["state"] == "failed"
    assert row["error"].endswith(".")


async def test_the_badge_page_shows_progress_and_gives_the_file_to_its_owner_alone(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    conference = await make_conference()
    ada = await make_attendee(conference, "Ada Ng")
    bo = await make_attendee(conference, "Bo")
    owner = await make_attendee(conference, "Olga", role="owner")
    address = f"/c/{conference.slug}/badge"
    await sign_in(client, ada, now=now())
    page = await client.get(address, headers=HTML)
    place = await attendees.registration(conference.id, ada)
    assert place is not None
    key = codes.key_of(conference.id, settings.secret)
    assert codes.sign(place["badge_code"], key) in page.text
    assert "Everybody" not in page.text
    for _ in range(2):
        assert (await client.post(address, headers=same_origin())).status_code == 303
    assert await Job.count() == 1
    row = await store.latest(f"badge:{conference.id}:{ada}")
    assert row is not None
    fragment = f"/jobs/{row['id']}"
    htmx = {**HTML, "hx-request": "true"}
    waiting = (await client.get(fragment, headers=htmx)).text
    assert "hx-get" in waiting
    assert "<html" not in waiting
    assert (await client.get(f"{fragment}/result", headers=HTML)).status_code == 404
    await runner.run(settings, row["id"], 0)
    done = (await client.get(fragment, headers=htmx)).text
    assert "hx-get" not in done
    assert "Your badge is ready." in done
    for person, status in ((bo, 404), (owner, 200), (ada, 200)):
        await sign_in(client, person, now=now())
        answer = await client.get(f"{fragment}/result", headers=HTML)
        assert answer.status_code == status
        if status == 200:
            assert answer.content.startswith(b"%PDF")
            name = f'filename="badge-{conference.slug}.pdf"'
            assert name in answer.headers["content-disposition"]
    assert (await client.get(fragment, headers=HTML)).status_code == 200


async def test_a_failed_job_can_be_tried_again_from_its_page(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    conference = await make_conference()
    owner = await make_attendee(conference, "Olga", role="owner")
    await sign_in(client, owner, now=now())
    job = await store.ask(
        "badge",
        f"badge:{conference.id}:{owner}",
        {"person": str(uuid4())},
        conference=conference.id,
        asked_by=owner,
        now=now(),
    )
    await runner.run(settings, job, 0)
    address = f"/c/{conference.slug}/badge"
    page = await client.get(address, headers=HTML)
    assert "Your badge could not be made." in page.text
    assert f'action="/jobs/{job}/retry"' in page.text
    headers = {**same_origin(), "referer": f"{settings.base_url}{address}"}
    answer = await client.post(f"/jobs/{job}/retry", headers=headers)
    assert answer.headers["location"] == address
    for referer, start in (
        ("https://evil.example/x", "/jobs/"),
        (f"{settings.base_url}//evil.example/x", "/"),
    ):
        headers = {**same_origin(), "referer": referer}
        answer = await client.post(f"/jobs/{job}/retry", headers=headers)
        assert answer.headers["location"].startswith(start)
        assert not answer.headers["location"].startswith("//")
    assert await Job.count() == 2


def test_large_fonts_give_small_faces_with_the_wanted_letters() -> None:
    letters = faces.large("大谷 真理子 김 Ada 🎈")
    assert letters == "大子理真谷김"
    for tag, family in (("ja", "Noto Sans CJK JP"), ("ko", "Noto Sans CJK KR")):
        found = faces.find(f"{family}:bold", family)
        assert found is not None, f"the fonts for {tag} are not installed"
        content = faces.subset(*found, letters)
        assert content is not None
        assert 500 < len(content) < 40_000
    assert faces.find("No Such Face", "No Such Face") is None
    assert faces.style("") == ""
    assert faces.style(letters).count("@font-face") == 6


def test_emoji_become_pictures_in_one_piece_and_nothing_else_does() -> None:
    drawn = faces.with_pictures(Markup("Ada &lt;b&gt; 👩🏽‍🚀 1 # 🇵🇹"))
    assert drawn.count("<img") == 2
    assert 'alt="👩🏽‍🚀"' in drawn
    assert drawn.startswith("Ada &lt;b&gt; <img")
    png = faces.picture("🎈")
    assert png is not None
    assert png.startswith(b"\x89PNG")
    assert faces.with_pictures(Markup("Zoë 大谷 ± №1")) == "Zoë 大谷 ± №1"


async def test_a_design_is_kept_previewed_and_not_lost_to_another(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    conference = await make_conference()
    owner = await make_attendee(conference, "Olga", role="owner")
    await make_attendee(conference, "大谷 真理子")
    await sign_in(client, owner, now=now())
    at = f"/c/{conference.slug}/badges"
    page = await client.get(f"{at}/design", headers=HTML)
    assert page.status_code == 200
    assert "大谷" in page.text
    form = {"for": "", "version": "0", "size": "cr80", "sheet": "a4", "tone": "7", "code": "1"}
    shown = await client.post(f"{at}/preview", data=form, headers=same_origin())
    assert 'class="badge-print cr80"' in shown.text
    assert "10 on a sheet" in shown.text
    assert await design_store.all_of(conference.id) == {}
    kept = await client.post(f"{at}/design", data=form, headers=same_origin())
    assert kept.status_code == 303
    stale = await client.post(f"{at}/design", data=form, headers=same_origin())
    assert stale.status_code == 409
    assert "Somebody else changed" in stale.text
    wrong = {**form, "version": "1", "size": "a0", "back": "x" * 900}
    refused = await client.post(f"{at}/design", data=wrong, headers=same_origin())
    assert refused.status_code == 422
    assert "Choose one of the sizes." in refused.text
    own = {**form, "for": "Attendee", "size": "a6", "sheet": ""}
    await client.post(f"{at}/design", data=own, headers=same_origin())
    held = await design_store.all_of(conference.id)
    assert (held[""].size, held["Attendee"].size) == ("cr80", "a6")
    drop = {"for": "Attendee", "drop": "1"}
    await client.post(f"{at}/design", data=drop, headers=same_origin())
    assert (await design_store.of(conference.id, "Attendee")).size == "cr80"


async def test_all_a_type_or_the_ticked_ones_as_pdf_or_zip(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    conference = await make_conference()
    owner = await make_attendee(conference, "Olga", role="owner")
    bo = await make_attendee(conference, 'Bo "../x" & Søn')
    zoe = await make_attendee(conference, "Zoë 🎈 Lefèvre")
    await sign_in(client, owner, now=now())
    at = f"/c/{conference.slug}/badges"
    list_ = await client.get(f"{at}?q=zoë", headers=HTML)
    assert "Lefèvre" in list_.text
    assert "Søn" not in list_.text
    ticked = {"which": "ticked", "persons": [str(bo), str(zoe)], "as": "zip"}
    asked = await client.post(at, data=ticked, headers=same_origin())
    assert asked.headers["location"] == f"{at}#made"
    await client.post(at, data={"which": "", "as": "pdf"}, headers=same_origin())
    jobs = await Job.select().where(Job.kind == "badges").order_by(Job.created_at)
    assert len(jobs) == 2
    for job in jobs:
        await runner.run(settings, job["id"], 0)
    packed, whole = [Made.read((await job_row(job["id"]))["result"]) for job in jobs]
    assert packed is not None
    assert whole is not None
    with zipfile.ZipFile(settings.files / packed.file) as held:
        assert held.namelist() == ["0001 Bo .. x Søn.pdf", "0002 Zoë Lefèvre.pdf"]
        for name in held.namelist():
            assert len(PdfReader(io.BytesIO(held.read(name))).pages) == 1
    assert (packed.media_type, packed.words) == ("application/zip", "2 badges")
    assert len(PdfReader(settings.files / whole.file).pages) == 3
    assert not list((settings.files / "jobs").glob("*.part-*"))


async def job_row(job: UUID) -> dict[str, Any]:
    row = await store.find(job)
    assert row is not None
    return row


def structure(pdf: Path) -> str:
    """The structure tree as poppler reads it, with the text of its leaves."""
    return subprocess.run(
        ["pdfinfo", "-struct-text", pdf], check=True, capture_output=True, text=True
    ).stdout


async def test_what_is_bound_keeps_the_structure_of_its_parts(
    database: str, settings: Settings
) -> None:
    conference = await make_conference('Tide & "Water" <2027>')
    names = [f"Guest Number{n:03d}" for n in range(2 * badges.CHUNK + 5)]
    for name in names:
        await make_attendee(conference, name)
    job = await store.ask("badges", "b", {}, conference=conference.id, asked_by=None, now=now())
    await runner.run(settings, job, 0)
    made = Made.read((await job_row(job))["result"])
    assert made is not None
    path = settings.files / made.file
    text = "".join(await asyncio.to_thread(structure, path)).replace('"\n', "").split()
    found = [word for word in " ".join(text).replace('"', " ").split() if word[:6] == "Number"]
    assert found == [name.split()[1] for name in names], "in order, each once"
    reader = PdfReader(path)
    root: Any = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert (root["/Lang"], root["/ViewerPreferences"]["/DisplayDocTitle"]) == ("en", True)
    assert reader.metadata is not None
    assert reader.metadata.title == 'Badges of Tide & "Water" <2027>'
    assert reader.xmp_metadata is not None
    assert b"pdfuaid:part" in root["/Metadata"].get_data()
    numbers = root["/StructTreeRoot"]["/ParentTree"]["/Nums"]
    tree = {int(numbers[at]): numbers[at + 1] for at in range(0, len(numbers), 2)}
    held_pages: list[Any] = list(reader.pages)
    pages = {page.indirect_reference.idnum: page for page in held_pages}
    assert len({int(page["/StructParents"]) for page in held_pages}) == len(names)
    for page in held_pages:
        for element in tree[int(page["/StructParents"])]:
            held = element.get_object()
            assert held["/Type"] == "/StructElem"
            if "/Pg" in held:
                assert pages[held.raw_get("/Pg").idnum] == page
    figures = [kid for kid in leaves(root["/StructTreeRoot"]) if kid.get("/S") == "/Figure"]
    assert len(figures) == 2 * len(names)
    assert all(kid["/Alt"] for kid in figures)


@pytest.mark.parametrize("size", list(designs.SIZES))
@pytest.mark.parametrize("sheet", ["", *designs.PAPERS])
def test_sheets_hold_whole_badges_inside_the_paper(size: str, sheet: str) -> None:
    found = designs.layout(Design(size=size, sheet=sheet))
    width, height = (edge * found.scale for edge in designs.SIZES[size])
    assert all(
        x >= 0 and y >= 0 and x + width <= found.width + 0.01 and y + height <= found.height + 0.01
        for x, y in found.cells
    )
    backs = [designs.behind(place, found.columns) for place in range(len(found.cells))]
    for front, back in zip(found.cells, (found.cells[n] for n in backs), strict=True):
        assert front[1] == back[1]
        assert round(front[0] + width + back[0] - found.width, 2) == 0, "mirrored on the long edge"


async def test_two_sides_on_sheets_come_out_in_pairs(database: str, settings: Settings) -> None:
    conference = await make_conference()
    for n in range(6):
        await make_attendee(conference, f"Guest {n}")
    design = Design(sheet="a4", two_sided=True, back="Help desk: Harbour Hall")
    assert await design_store.keep(conference.id, "", design, expected=0, now=now())
    job = await store.ask("badges", "b", {}, conference=conference.id, asked_by=None, now=now())
    await runner.run(settings, job, 0)
    made = Made.read((await job_row(job))["result"])
    assert made is not None
    pages = await asyncio.to_thread(text_of, settings.files / made.file)
    assert [page.count("Guest") for page in pages] == [4, 0, 2, 0]
    assert [page.count("Help desk") for page in pages] == [0, 4, 0, 2]
    reader = PdfReader(settings.files / made.file)
    assert [round(float(v)) for v in reader.pages[0].mediabox[2:]] == [595, 842]


def test_what_is_not_known_in_a_stored_design_is_passed_over() -> None:
    design = Design(size="cr80", tone="4", back="é")
    assert designs.load(designs.dump(design)) == design
    assert designs.load('{"size": "cr80", "wings": 2}') == Design(size="cr80")


HOSTILE = (
    *NAMES,
    "X" * 200,
    "WM " * 66,
    "Ada-" * 50,
    "大" * 100,
    "هدى " * 40,
    "Pneumonoultramicroscopicsilicovolcanoconiosis Hippopotomonstrosesquippedaliophobia",
)
_WORD = re.compile(r'<word xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">')


@pytest.mark.parametrize("size", list(designs.SIZES))
def test_no_name_is_cut_nor_runs_into_what_stands_below(size: str, tmp_path: Path) -> None:
    out = tmp_path / "hostile.pdf"
    held = [
        {"name": name, "organization": "Institute " * 20, "ticket": "ZZZ", "code": "P1-0-A"}
        for name in HOSTILE
    ]
    order = {
        "badges": held,
        "design": asdict(Design(size=size, code=False)),
        "event": {
            "title": "Coasts and harbours " * 12,
            "dates": "28 May–2 June YYY",
            "line": "",
            **brand.on_paper("{}", ""),
        },
        "language": "en",
        "out": str(out),
        "letters": faces.large("".join(HOSTILE)),
    }
    asyncio.run(set_by_press(order))
    shown = subprocess.run(
        ["pdftotext", "-bbox", out, "-"], check=True, capture_output=True, text=True
    ).stdout
    pages = shown.split("<page ")[1:]
    assert len(pages) == len(HOSTILE)
    width, height = (edge * 72 / 25.4 for edge in designs.SIZES[size])
    who = {"a6": 32.0, "cr80": 13.0}[size] * 72 / 25.4
    for name, page in zip(HOSTILE, pages, strict=True):
        dates = _WORD.findall(page[: page.index(">YYY<") + 1])[-1]
        assert float(dates[3]) <= who + 1, "a title of any length ends above the name"
        boxes = [tuple(map(float, found)) for found in _WORD.findall(page)]
        ticket = page.index(">ZZZ<")
        top = float(_WORD.findall(page[: ticket + 1])[-1][1])
        above = [box for box in boxes if box[1] < top]
        assert max(box[2] for box in boxes) <= width, name
        assert max(box[3] for box in boxes) <= height, name
        # A line's box is higher than its letters by the leading.
        assert max(box[3] for box in above) <= top + 3, name


async def set_by_press(order: dict[str, Any]) -> None:
    async with Press() as press:
        await press.order("app.attendees.badge_sheet:render", order)


async def test_a_place_that_was_given_back_is_known_at_the_door(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    conference = await make_trial()
    people = {}
    for name in ("Ada Ng", "Bo </script> Lind"):
        people[name] = await make_person(f"{name[:2].lower()}@example.org", name)
        await attendees.register(conference.id, people[name], ticket_type="Day", now=now())
    before = await attendees.registration(conference.id, people["Ada Ng"])
    assert before is not None
    for _ in range(2):
        await attendees.revoke(conference.id, people["Ada Ng"], now=now())
    assert await attendees.registration(conference.id, people["Ada Ng"]) is None
    staff = await member(conference, "moderator")
    await sign_in(client, staff, now=now())
    lobby = await client.get("/c/trial/lobby", headers={"accept": "text/html"})
    assert 'href="/c/trial/badges/check"' in lobby.text, "a moderator finds the way"
    page = (await client.get("/c/trial/badges/check", headers={"accept": "text/html"})).text
    held = json.loads(page.partition("data-held='")[2].partition("'")[0])
    assert list(held["revoked"]) == [before["badge_code"]]
    assert list(held["valid"].values()) == [["Bo </script> Lind", "Day"]]
    assert base64.b64decode(held["key"]) == codes.key_of(conference.id, settings.secret)
    # Who comes back gets another badge; the old one stays taken back.
    await attendees.register(conference.id, people["Ada Ng"], ticket_type="Day", now=now())
    again = await attendees.registration(conference.id, people["Ada Ng"])
    assert again is not None
    assert again["badge_code"] not in await attendees.revoked(conference.id)
