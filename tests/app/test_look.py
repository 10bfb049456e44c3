"""A conference's own look: readable in every light, never the red of the tally, in all that is made."""

from __future__ import annotations

import asyncio
import io
import json
from email import message_from_bytes
from email.policy import default
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pypdf import PageObject, PdfReader

from app import drawing
from app.clock import now
from app.conferences import brand
from app.conferences.brand import Brand
from app.conferences.tables import Conference
from app.jobs import runner, store
from app.jobs.store import Made
from app.notices import mail
from app.settings import Settings
from bench import contrast
from tests.app.builders import same_origin, sign_in
from tests.app.making import T0, make_attendee, make_conference, make_schedule, release

HTML = {"accept": "text/html"}
TEAL = "#0d7a7a"


@given(st.integers(0, 0xFFFFFF))
def test_any_colour_can_be_read_in_every_light(number: int) -> None:
    accent = f"#{number:06x}"
    tokens = contrast.tokens()
    for light, tone in brand.tones(accent).items():
        for ground in contrast.GROUNDS:
            on = contrast.ratio(contrast._colour(tone.fill), tokens[light][ground])
            assert on >= 4.45, (accent, light, ground)
        assert brand.ratio(tone.fill, tone.on) >= 4.5


def test_a_colour_that_can_be_read_stays_as_it_is() -> None:
    assert brand.tones("#0057b8")["up"].fill == "#0057b8"
    assert brand.tones("#f5c400")["down"].fill == "#f5c400"


def test_nothing_else_may_look_like_on_air() -> None:
    assert all(map(brand.too_red, (brand.TALLY, "#d32f2f", "#c8102e", "#ff1744")))
    assert not any(map(brand.too_red, (TEAL, "#0057b8", "#f5c400", "#6a1b9a", "#8f3a00")))


@pytest.mark.parametrize(
    ("typed", "read"),
    [("#0d7a7a", TEAL), ("0D7A7A", TEAL), (" #abc ", "#aabbcc"), ("teal", None), ("#12345", None)],
)
def test_colours_are_read_as_people_write_them(typed: str, read: str | None) -> None:
    assert brand.parse(typed) == read


def test_what_is_stored_and_unreadable_is_the_houses_look() -> None:
    held = Brand(accent=TEAL)
    assert brand.load(brand.dump(held)) == held
    assert brand.load('{"accent": "red;}", "paper": "#fff"}').plain
    assert brand.stylesheet(Brand()) == ""


SVG = (
    b'<?xml version="1.0"?><!DOCTYPE svg><svg xmlns="http://www.w3.org/2000/svg"'
    b' xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 300 100" onload="alert(1)">'
    b"<script>alert(1)</script><foreignObject><p>x</p></foreignObject>"
    b'<image xlink:href="file:///etc/passwd" width="10" height="10"/>'
    b'<image href="https://evil.example/track.png" width="10" height="10"/>'
    b'<style>@import url("https://evil.example/x.css");</style>'
    b'<rect width="300" height="100" fill="#0d7a7a" style="fill:url(https://evil.example/#a)"/>'
    b"</svg>"
)


def test_nothing_of_an_svg_leads_elsewhere() -> None:
    left = drawing.harmless(SVG)
    for word in ("script", "foreignObject", "passwd", "evil", "import"):
        assert word not in left
    assert "#0d7a7a" in left
    bomb = b'<!DOCTYPE svg [<!ENTITY a "x">]><svg xmlns="http://www.w3.org/2000/svg">&a;</svg>'
    with pytest.raises(Exception, match="Entit"):
        drawing.harmless(bomb)


def picture(size: tuple[int, int], ink: tuple[int, ...], kind: str = "PNG") -> bytes:
    """A picture with a bar in its middle, on a transparent ground where the kind has that."""
    drawn = Image.new("RGBA" if len(ink) == 4 else "RGB", size, (0, 0, 0, 0)[: len(ink)])
    drawn.paste(ink, (size[0] // 4, size[1] // 4, 3 * size[0] // 4, 3 * size[1] // 4))
    held = io.BytesIO()
    drawn.save(held, format=kind)
    return held.getvalue()


async def stored(conference: Conference) -> Brand:
    row = await Conference.select(Conference.brand).where(Conference.id == conference.id).first()
    assert row is not None
    return brand.load(row["brand"])


async def made_by(settings: Settings, kind: str, conference: Conference, **arguments: Any) -> bytes:
    job = await store.ask(kind, kind, arguments, conference=conference.id, asked_by=None, now=now())
    await runner.run(settings, job, 0)
    row = await store.find(job)
    assert row is not None
    assert row["state"] == "done", row["error"]
    made = Made.read(row["result"])
    assert made is not None
    return await asyncio.to_thread((settings.files / made.file).read_bytes)


def drawn(page: PageObject) -> bytes:
    contents = page.get_contents()
    assert contents is not None
    return contents.get_data()


async def test_a_look_is_chosen_seen_and_taken_back(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    conference = await make_conference()
    await release(conference, make_schedule())
    owner = await make_attendee(conference, "Olga", role="owner")
    ada = await make_attendee(conference, "Ada Ng")
    at = f"/c/{conference.slug}"
    agenda = await client.get(f"{at}/agenda?view=list", headers=HTML)
    assert "brand.css" not in agenda.text
    await sign_in(client, owner, now=now())
    page = await client.get(f"{at}/look", headers=HTML)
    assert page.status_code == 200
    seen = {"version": (await stored(conference)).version}

    async def send(typed: str) -> httpx.Response:
        return await client.post(f"{at}/look", data={**seen, "typed": typed}, headers=same_origin())

    shown = await client.post(
        f"{at}/look/preview",
        data={"typed": "#ddd"},
        headers={**same_origin(), "hx-request": "true"},
    )
    assert "made darker on paper" in shown.text
    assert "<html" not in shown.text
    for wrong, words in (("teal", "Write a colour as"), ("#e01020", "says on air")):
        refused = await send(wrong)
        assert (refused.status_code, words in refused.text) == (422, True)
    assert (await send(TEAL)).status_code == 303
    stale = await send("#222222")
    assert (stale.status_code, "Somebody else changed" in stale.text) == (409, True)

    async def upload(name: str, content: bytes) -> httpx.Response:
        return await client.post(
            f"{at}/look/logo", files={"file": (name, content)}, headers=same_origin()
        )

    for content, words in (
        (b"no picture", "PNG, JPEG, WebP or SVG"),
        (picture((40, 40), (0, 0, 0, 255)), "too small"),
        (picture((2000, 20), (0, 0, 0)), "too wide"),
        (picture((200, 200), (0, 0, 0, 0)), "nothing to be seen"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "can't be drawn"),
        (b"", "is empty"),
    ):
        refused = await upload("logo", content)
        assert (refused.status_code, words in refused.text.replace("&#39;", "'")) == (422, True)
    for name, content, plate in (
        ("dark.png", picture((800, 400), (10, 20, 30, 255)), "down"),
        ("pale.webp", picture((800, 400), (250, 250, 250, 255), "WEBP"), "up"),
        ("brings its ground.jpg", picture((900, 300), (10, 20, 30), "JPEG"), ""),
        ("drawn.svg", SVG, ""),
    ):
        assert (await upload(name, content)).status_code == 303, name
        logo = (await stored(conference)).logo
        assert logo is not None
        assert logo.plate == plate, name
    client.cookies.clear()

    look = await stored(conference)
    version = look.version
    agenda = await client.get(f"{at}/agenda?view=list", headers=HTML)
    assert f'href="{at}/brand.css?v={version}"' in agenda.text
    assert f'src="{at}/logo.png?v={version}"' in agenda.text
    style = await client.get(f"{at}/brand.css?v={version}")
    assert f"--accent: light-dark({TEAL}, " in style.text
    assert "immutable" in style.headers["cache-control"]
    assert (await client.get(f"{at}/brand.css?v=x")).headers["cache-control"] == "no-cache"
    logo_png = await client.get(f"{at}/logo.png?v={version}")
    assert Image.open(io.BytesIO(logo_png.content)).size == (480, 160)
    await sign_in(client, ada, now=now())
    assert (await client.get(f"{at}/look", headers=HTML)).status_code == 403

    fresh = await Conference.objects().where(Conference.id == conference.id).first()
    assert fresh is not None
    for kind, arguments in (("badge", {"person": str(ada)}), ("report", {})):
        content = await made_by(settings, kind, conference, **arguments)
        page_one = PdfReader(io.BytesIO(content)).pages[0]
        assert [image.image.size for image in page_one.images if image.image is not None].count(
            (1200, 400)
        ) == 1, kind
        assert b"0.05098 0.478431 0.478431 rg" in drawn(page_one), kind

    facts = {"to": "ada@example.org", "subject": "Hello", "text": "Hello"}
    facts |= brand.sender(fresh.title, fresh.brand)
    message = mail.build(facts, key="k", created_at=T0, settings=settings)
    assert (
        message.as_bytes()
        == mail.build(
            json.loads(json.dumps(facts)), key="k", created_at=T0, settings=settings
        ).as_bytes()
    )
    read = message_from_bytes(message.as_bytes(), policy=default)
    types = [part.get_content_type() for part in read.walk()]
    assert types == [
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
    ]
    body: Any = read.get_body(("html",))
    (picture_part,) = [part for part in read.walk() if part.get_content_type() == "image/png"]
    assert f'src="cid:{picture_part["Content-ID"].strip("<>")}"' in body.get_content()
    assert f"solid {TEAL}" in body.get_content()

    await sign_in(client, owner, now=now())
    assert (await client.post(f"{at}/look/logo/remove", headers=same_origin())).status_code == 303
    gone = mail.build(facts, key="k", created_at=T0, settings=settings)
    assert gone["Message-ID"] == message["Message-ID"]
    assert (await client.get(f"{at}/logo.png", headers=HTML)).status_code == 404
    assert (await stored(conference)).accent == TEAL


async def test_both_addresses_of_a_house_without_a_look_are_harmless(
    client: httpx.AsyncClient,
) -> None:
    conference = await make_conference()
    style = await client.get(f"/c/{conference.slug}/brand.css")
    assert (style.status_code, style.text) == (200, "")
    assert (await client.get(f"/c/{conference.slug}/logo.png")).status_code == 404
