"""How people are told: choices, quiet hours, and web push against a real endpoint."""

from __future__ import annotations

import base64
import json
import stat
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from app import outside
from app.clock import now
from app.jobs.outbox import Delivery, Undeliverable
from app.jobs.tables import Outbox
from app.notices import notify, preferences, push, unsubscribe, vapid
from app.notices.preferences import DEFAULTS, OFFERED, Chosen, quiet_until
from app.notices.unsubscribe import Wish
from app.settings import Settings
from app.words import local
from tests.app.builders import make_conference, make_person, same_origin, sign_in
from tests.app.push_service import Endpoint

NIGHT = datetime(2027, 5, 12, 23, 30, tzinfo=UTC)
NIGHT_HOURS = (22 * 60, 7 * 60)


@pytest.mark.parametrize(
    ("hours", "zone", "now_", "ends"),
    [
        (NIGHT_HOURS, "UTC", NIGHT, datetime(2027, 5, 13, 7, tzinfo=UTC)),
        (
            NIGHT_HOURS,
            "UTC",
            datetime(2027, 5, 13, 6, 59, tzinfo=UTC),
            datetime(2027, 5, 13, 7, tzinfo=UTC),
        ),
        (NIGHT_HOURS, "UTC", datetime(2027, 5, 13, 7, tzinfo=UTC), None),
        # 23:30 in London's summer is half past midnight there, and half past four in the afternoon in Denver.
        (NIGHT_HOURS, "Europe/London", NIGHT, datetime(2027, 5, 13, 6, tzinfo=UTC)),
        (NIGHT_HOURS, "America/Denver", NIGHT, None),
        (
            (12 * 60, 14 * 60),
            "UTC",
            datetime(2027, 5, 12, 13, tzinfo=UTC),
            datetime(2027, 5, 12, 14, tzinfo=UTC),
        ),
        ((600, 600), "UTC", NIGHT, None),
    ],
)
def test_quiet_hours(
    hours: tuple[int, int], zone: str, now_: datetime, ends: datetime | None
) -> None:
    assert quiet_until(*hours, zone, now=now_) == ends


@given(
    starts=st.integers(0, 1439),
    ends=st.integers(0, 1439),
    instant=st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    zone=st.sampled_from(
        ["UTC", "Europe/Lisbon", "Asia/Kathmandu", "America/St_Johns", "Pacific/Apia"]
    ),
)
def test_quiet_hours_end_within_a_day_and_where_they_said(
    starts: int, ends: int, instant: datetime, zone: str
) -> None:
    found = quiet_until(starts, ends, zone, now=instant)
    if found is not None:
        assert instant < found <= instant + timedelta(hours=25)
        there = local(found, zone)
        # Where clocks spring over the end, it is the hour after.
        assert abs(there.hour * 60 + there.minute - ends) in (0, 60)


async def test_everybody_has_the_defaults_until_they_choose(database: str) -> None:
    ada, bo = await make_person("ada@example.org"), await make_person("bo@example.org")
    chosen = Chosen(wanted=frozenset({("soon", "push")}), quiet=NIGHT_HOURS, zone="Europe/London")
    await preferences.choose(ada, chosen)
    await preferences.choose(ada, chosen)
    assert await preferences.of(ada) == chosen
    found = await preferences.plans([ada, bo], "soon", now=NIGHT)
    assert found[bo] == preferences.Plan(page=True, mail=True, push=True)
    assert found[ada] == preferences.Plan(
        page=False, mail=False, push=True, quiet_until=datetime(2027, 5, 13, 6, tzinfo=UTC)
    )
    assert found[ada].in_time("push", NIGHT, NIGHT + timedelta(minutes=15)) is False
    assert found[ada].in_time("push", NIGHT, NIGHT + timedelta(hours=9)) is True
    (only,) = (await preferences.plans([bo], "day_before", now=NIGHT)).values()
    assert (only.page, only.mail, only.push) == (False, True, False)
    assert set(DEFAULTS) == set(OFFERED)


async def deliver(settings: Settings) -> None:
    row = await Outbox.select().where(Outbox.kind == "push").order_by(Outbox.created_at).first()
    assert row is not None
    await push.deliverer(settings)(
        Delivery(
            id=row["id"],
            kind="push",
            key=row["key"],
            payload=json.loads(row["payload"]),
            attempt=1,
            created_at=row["created_at"],
        )
    )


async def test_a_device_is_rung_in_words_that_only_it_can_read(
    client: httpx.AsyncClient, settings: Settings, endpoint: Endpoint
) -> None:
    conference = await make_conference()
    ada = await make_person("ada@example.org")
    await sign_in(client, ada, now=now())
    page = await client.get("/c/trial/preferences", headers=same_origin())
    public = vapid.public_key(settings)
    assert f'data-key="{public}"' in page.text
    told = {**endpoint.subscription(), "device": "Chrome, Linux"}
    taken = await client.post("/c/trial/push", json=told, headers=same_origin())
    assert taken.status_code == 201

    trusting = replace(settings, trusted_hosts=("127.0.0.1",))
    await deliver(trusting)
    ((line, headers, body),) = endpoint.got
    assert line == "POST /send/abc HTTP/1.1"
    assert (headers["content-encoding"], headers["ttl"]) == ("aes128gcm", "43200")
    assert endpoint.read(body) == {
        "title": conference.title,
        "body": "This is how we ring. Nothing more for now.",
        "url": "/c/trial/preferences",
        "tag": "trial",
    }
    # The signature is by the key that the browser subscribed with, for this service alone.
    scheme, _, rest = headers["authorization"].partition(" ")
    token, key = (part.split("=", 1)[1] for part in rest.split(","))
    assert (scheme, key) == ("vapid", public)
    point = base64.urlsafe_b64decode(key + "=" * (-len(key) % 4))
    claims = jwt.decode(
        token,
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point),
        algorithms=["ES256"],
        audience=f"http://127.0.0.1:{endpoint.port}",
    )
    assert claims["sub"].startswith("mailto:")
    assert stat.S_IMODE((settings.var / "vapid.pem").stat().st_mode) == 0o600

    # A browser that ended its subscription is forgotten.
    endpoint.status = 410
    with pytest.raises(Undeliverable):
        await deliver(trusting)
    assert await push.devices(ada) == []


async def test_an_endpoint_at_a_private_address_is_not_asked(
    database: str, settings: Settings, endpoint: Endpoint
) -> None:
    ada = await make_person("ada@example.org")
    await push.subscribe(ada, endpoint.subscription(), device="", now=now())
    (device,) = await push.devices(ada)
    with pytest.raises(outside.Unreachable):
        await push.send(settings, device, {}, now=now())
    assert endpoint.got == []


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"endpoint": "ftp://x/y", "keys": {"p256dh": "", "auth": ""}},
        {"endpoint": "https://push.example/x", "keys": {"p256dh": "AAAA", "auth": "AAAA"}},
        {"endpoint": ["x"], "keys": {}},
    ],
)
async def test_what_no_browser_gives_is_refused(
    told: dict[str, Any], client: httpx.AsyncClient
) -> None:
    await make_conference()
    await sign_in(client, await make_person("ada@example.org"), now=now())
    answer = await client.post("/c/trial/push", json=told, headers=same_origin())
    assert answer.status_code == 422


async def test_the_page_keeps_what_was_chosen(client: httpx.AsyncClient) -> None:
    await make_conference()
    ada = await make_person("ada@example.org")
    await sign_in(client, ada, now=now())
    form = {"soon-push": "1", "quiet": "1", "from": "23:00", "to": "06:30", "zone": "Asia/Tokyo"}
    kept = await client.post("/c/trial/preferences", data=form, headers=same_origin())
    assert kept.status_code == 303
    assert await preferences.of(ada) == Chosen(
        wanted=frozenset({("soon", "push")}), quiet=(23 * 60, 6 * 60 + 30), zone="Asia/Tokyo"
    )
    for wrong, words in (
        ({**form, "zone": "Atlantis/Center"}, "no such time zone"),
        ({**form, "from": "late"}, "from when to when"),
    ):
        answer = await client.post("/c/trial/preferences", data=wrong, headers=same_origin())
        assert answer.status_code == 422
        assert words in answer.text


async def test_what_was_stopped_for_one_conference_stands_on_the_page(
    client: httpx.AsyncClient,
) -> None:
    conference = await make_conference()
    ada = await make_person("ada@example.org")
    await sign_in(client, ada, now=now())
    at = "/c/trial/preferences"
    assert "You stopped these mails" not in (await client.get(at)).text
    for kind in ("changes", "invites"):
        wish = Wish(conference=conference.id, person=ada, kind=kind)
        await unsubscribe.stop(wish, now=now())
    shown = (await client.get(at)).text
    assert "You stopped these mails from this conference alone" in shown
    assert shown.count('name="again"') == 2
    answer = await client.post(at, data={"again": "changes"}, headers=same_origin())
    assert answer.status_code == 303
    assert await unsubscribe.stopped_of(conference.id, ada) == ["invites"]
    assert (await preferences.of(ada)).quiet is None


async def test_news_go_the_ways_that_are_open_once(database: str, settings: Settings) -> None:
    conference = await make_conference()
    ada = await make_person("ada@example.org", "Ada")
    device = Endpoint(port=9)
    await push.subscribe(ada, device.subscription(), device="", now=now())
    news = notify.News(
        kind="meeting", key="m:1", title="Bo wants to meet", body="At 14:00", url="/c/trial/x"
    )
    for _ in range(2):
        await notify.tell(conference, ada, news, settings=settings, now=now())
    assert await _put() == ["mail", "push"]
    await preferences.choose(
        ada, Chosen(wanted=frozenset({("meeting", "page")}), quiet=None, zone="")
    )
    await notify.tell(conference, ada, replace(news, key="m:2"), settings=settings, now=now())
    assert await _put() == ["mail", "push"]
    await preferences.choose(
        ada,
        Chosen(
            wanted=frozenset({("meeting", "push"), ("meeting", "mail")}),
            quiet=NIGHT_HOURS,
            zone="UTC",
        ),
    )
    soon_over = replace(news, key="m:3", over=NIGHT + timedelta(minutes=10))
    await notify.tell(conference, ada, soon_over, settings=settings, now=NIGHT)
    assert await _put() == ["mail", "push"]
    await notify.tell(conference, ada, replace(news, key="m:4"), settings=settings, now=NIGHT)
    rows = await Outbox.select(Outbox.due_at).where(Outbox.key.like("%m:4%"))
    assert [row["due_at"] for row in rows] == [datetime(2027, 5, 13, 7, tzinfo=UTC)] * 2


async def _put() -> list[str]:
    rows = await Outbox.select(Outbox.kind).order_by(Outbox.kind)
    return [row["kind"] for row in rows if row["kind"] in ("mail", "push")]
