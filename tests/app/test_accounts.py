"""Signing in, staying signed in, and who is kept out."""

from __future__ import annotations

import asyncio
import json
import re
from datetime import timedelta

import httpx

from app.accounts import links, sessions
from app.accounts.tables import SignInLink, WebSession
from app.clock import now
from app.jobs.tables import Outbox
from tests.app.builders import make_person, same_origin, sign_in

Client = httpx.AsyncClient


async def link_in_outbox() -> str:
    row = await Outbox.select(Outbox.payload).where(Outbox.kind == "mail").first()
    assert row is not None
    found = re.search(r"/sign-in/[\w-]+", json.loads(row["payload"])["text"])
    assert found is not None
    return found.group()


async def test_a_link_signs_in_once_and_only_by_its_button(client: Client) -> None:
    answer = await client.post(
        "/sign-in", data={"email": " Ann@Example.org ", "next": "/?x=1"}, headers=same_origin()
    )
    assert answer.status_code == 200
    link = await link_in_outbox()

    # A mail scanner opens it, twice: nothing is used up.
    for _ in range(2):
        opened = await client.get(link, headers={"accept": "text/html"})
        assert opened.status_code == 200
    assert not await WebSession.exists()

    used = await client.post(link, headers=same_origin())
    assert (used.status_code, used.headers["location"]) == (303, "/?x=1")
    cookie = used.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie

    again = await client.post(link, headers=same_origin())
    assert again.status_code == 410
    assert await WebSession.count() == 1


async def test_nothing_secret_is_stored_as_it_is(client: Client) -> None:
    person = await make_person("ann@example.org")
    token = await links.issue(person, next_url="/", now=now())
    cookie = await sessions.open_session(person, now=now())
    stored = str(await SignInLink.select()) + str(await WebSession.select())
    assert token not in stored
    assert cookie not in stored


async def test_a_link_is_too_old_after_fifteen_minutes(client: Client) -> None:
    person = await make_person("ann@example.org")
    made = now() - timedelta(minutes=15, seconds=1)
    token = await links.issue(person, next_url="/", now=made)
    answer = await client.post(f"/sign-in/{token}", headers=same_origin())
    assert answer.status_code == 410


async def test_two_presses_at_once_sign_in_once(client: Client) -> None:
    person = await make_person("ann@example.org")
    token = await links.issue(person, next_url="/", now=now())

    async def press() -> bool:
        try:
            await links.consume(token, now=now())
        except links.LinkSpent:
            return False
        return True

    assert sorted(await asyncio.gather(*(press() for _ in range(5)))) == [False] * 4 + [True]


async def test_signing_out_ends_the_session_on_the_server(client: Client) -> None:
    person = await make_person("ann@example.org")
    await sign_in(client, person, now=now())
    await client.post("/sign-out", headers=same_origin())
    assert not await WebSession.exists()


async def test_an_expired_session_is_nobody(client: Client) -> None:
    person = await make_person("ann@example.org")
    cookie = await sessions.open_session(person, now=now() - sessions.LIFETIME)
    assert await sessions.person_of(cookie) is None


async def test_a_form_from_another_site_is_refused(client: Client) -> None:
    person = await make_person("ann@example.org")
    await sign_in(client, person, now=now())
    for headers in (
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {},
    ):
        answer = await client.post("/sign-out", headers=headers)
        assert answer.status_code == 403, headers
    assert await WebSession.count() == 1
    own = await client.post("/sign-out", headers={"origin": "http://testserver.local"})
    assert own.status_code == 303


async def test_the_way_back_stays_on_this_site(client: Client) -> None:
    for outside in ("https://evil.example/", "//evil.example", "/\\evil.example"):
        answer = await client.get(f"/sign-in?next={outside}", headers={"accept": "text/html"})
        assert "evil" not in answer.text


async def test_a_wrong_address_is_told_in_words(client: Client) -> None:
    answer = await client.post("/sign-in", data={"email": "nobody"}, headers=same_origin())
    assert answer.status_code == 422
    assert "name@example.org" in answer.text


async def test_asking_for_links_is_limited(client: Client) -> None:
    codes = {
        (
            await client.post(
                "/sign-in", data={"email": f"p{n}@example.org"}, headers=same_origin()
            )
        ).status_code
        for n in range(32)
    }
    assert codes == {200, 429}


async def test_every_answer_carries_the_policy(client: Client) -> None:
    for path in ("/sign-in", "/nothing-here", "/health"):
        answer = await client.get(path, headers={"accept": "text/html"})
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
