"""Badges: every name whole, every code checkable without us."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from markupsafe import Markup

from app.attendees import badge_sheet, codes, faces
from app.attendees import store as attendees
from app.clock import now
from app.jobs import runner, store
from app.jobs.store import Made
from app.jobs.tables import Job
from app.settings import Settings
from tests.app.builders import same_origin, sign_in
from tests.app.making import make_attendee, make_conference, make_schedule, release

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


def test_long_names_shrink_by_the_rule() -> None:
    assert badge_sheet.fitting("Ada Ng") == 44.0
    sizes = [badge_sheet.fitting("Ada " + "Longername" * n) for n in range(1, 12)]
    assert sizes == sorted(sizes, reverse=True)
    assert badge_sheet.fitting("X" * 500) == 7.0
    assert badge_sheet.fitting("") == 44.0
    assert all(badge_sheet.fitting(name) in badge_sheet.SIZES_PT for name in NAMES)


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
