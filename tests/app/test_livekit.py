"""LiveKit as engine: tickets that allow no more than a grant would, and webhooks in our words."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import httpx
import jwt
import pytest
from livekit import api
from redis.asyncio import Redis

from app.settings import BadSetting, LiveKit, Settings, from_environment
from app.stages import livekit
from app.stages.livekit import Guest
from media import events
from tests.app.builders import make_person
from tests.app.conftest import started

SERVER = LiveKit(
    url="wss://live.example.org", api_url="https://live.example.org", key="k", secret="s" * 32
)
ANN = Guest(
    conference=str(UUID(int=1)), room=str(UUID(int=2)), person=str(UUID(int=3)), name="Ann Émile"
)
SAM = dataclasses.replace(ANN, name="Sam", person=str(UUID(int=4)), group=str(UUID(int=5)))


def allowed(token: str) -> dict[str, object]:
    claims = jwt.decode(token, SERVER.secret, algorithms=["HS256"])
    found: dict[str, object] = claims["video"]
    return found


def test_the_audience_may_see_and_do_nothing() -> None:
    ticket = livekit.watch_ticket(SERVER, ANN, "1")
    assert (ticket["engine"], ticket["url"], ticket["room"]) == ("livekit", SERVER.url, ANN.room)
    assert allowed(ticket["token"]) == {
        "roomJoin": True,
        "room": ANN.room,
        "canPublish": False,
        "canPublishData": False,
        "canSubscribe": True,
        "hidden": True,
    }


def test_a_speaker_publishes_backstage_and_waits_for_the_stage() -> None:
    ticket = livekit.publish_ticket(SERVER, SAM, "1")
    group, stage = allowed(ticket["token"]), allowed(ticket["stage"])
    assert (group["room"], group["canPublish"]) == (f"{SAM.room}~{SAM.group}", True)
    assert (stage["room"], stage["canPublish"], stage["canSubscribe"]) == (SAM.room, False, False)
    assert allowed(ticket["watch"])["canPublish"] is False


def hook(event: str, guest: Guest, *, room: str, name: str = "", sid: str = "PA_1") -> bytes:
    """What LiveKit would send."""
    return json.dumps(
        {
            "event": event,
            "id": f"EV_{uuid4().hex}",
            "createdAt": "1779796800",
            "room": {"name": room, "sid": "RM_1"},
            "participant": {"sid": sid, "identity": guest.identity(), "name": name},
        }
    ).encode()


def signed(body: bytes, secret: str = SERVER.secret) -> str:
    token = api.AccessToken(SERVER.key, secret)
    token.claims.sha256 = base64.b64encode(hashlib.sha256(body).digest()).decode()
    return token.to_jwt()


@pytest.mark.parametrize(
    ("event", "guest", "room", "kind"),
    [
        ("participant_joined", ANN, ANN.room, events.SUBSCRIBER_JOINED),
        ("participant_left", ANN, ANN.room, events.SUBSCRIBER_LEFT),
        ("participant_joined", SAM, f"{SAM.room}~{SAM.group}", events.PUBLISHER_JOINED),
        ("track_published", SAM, SAM.room, events.PUBLISHER_ON_STAGE),
        ("track_unpublished", SAM, SAM.room, events.PUBLISHER_OFF_STAGE),
        ("participant_left", SAM, SAM.room, events.PUBLISHER_OFF_STAGE),
        ("track_published", SAM, f"{SAM.room}~{SAM.group}", None),
        ("participant_joined", SAM, SAM.room, None),
        ("room_finished", ANN, ANN.room, None),
    ],
)
def test_webhooks_have_our_words(event: str, guest: Guest, room: str, kind: str | None) -> None:
    body = hook(event, guest, room=room)
    told = livekit.event_of(livekit.received(SERVER, body.decode(), signed(body)))
    assert (told.kind if told else None) == kind
    if told is not None:
        assert told.facts["room"] == guest.room
        assert told.facts["person"] == guest.person
        assert told.facts["group"] == guest.group


def test_what_livekit_did_not_sign_is_refused() -> None:
    body = hook("participant_joined", ANN, room=ANN.room)
    for signature in ("", "x.y.z", signed(body, "another" * 6), signed(body + b" ")):
        with pytest.raises(livekit.Forged):
            livekit.received(SERVER, body.decode(), signature)


@pytest.fixture
async def hooked(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with started(dataclasses.replace(settings, livekit=SERVER)) as app:
        transport = httpx.ASGITransport(app=app)  # type: ignore[arg-type]
        async with httpx.AsyncClient(transport=transport, base_url=settings.base_url) as client:
            yield client


async def test_a_hook_reaches_the_stream_of_events_with_its_name(
    settings: Settings, hooked: httpx.AsyncClient
) -> None:
    async with Redis.from_url(settings.redis_url) as redis:
        await redis.delete(events.STREAM)
        person = await make_person("sam@example.org", name="Sam Shore")
        sam = dataclasses.replace(SAM, person=str(person))
        body = hook("track_published", sam, room=sam.room)
        wrong = await hooked.post(
            "/media-hooks/livekit", content=body, headers={"authorization": "no"}
        )
        right = await hooked.post(
            "/media-hooks/livekit", content=body, headers={"authorization": signed(body)}
        )
        assert (wrong.status_code, right.status_code) == (401, 200)
        entries = await redis.xrange(events.STREAM)
    assert len(entries) == 1
    assert entries[0][1][b"kind"] == b"publisher.on_stage"
    assert json.loads(entries[0][1][b"facts"])["name"] == "Sam Shore"
    policy = right.headers["content-security-policy"]
    assert "connect-src 'self' wss://live.example.org https://live.example.org" in policy


def test_settings_say_what_is_missing() -> None:
    env = {"PLENARY_SECRET": "s", "PLENARY_SECRET_MEDIA": "m"}
    with pytest.raises(BadSetting, match="must begin with ws:// or wss://"):
        from_environment({**env, "PLENARY_LIVEKIT_URL": "live.example.org"})
    with pytest.raises(BadSetting, match="PLENARY_LIVEKIT_KEY and PLENARY_LIVEKIT_SECRET"):
        from_environment({**env, "PLENARY_LIVEKIT_URL": "wss://live.example.org"})
