"""LiveKit as the media engine: our rooms, groups, grants and events in its words.

A room's stage is a LiveKit room of the same id; each backstage group is one of its own. Whoever may
publish is in both: in the group they are seen by the others there, and on the stage LiveKit itself
lets them publish only while their group is on air, so that no frame reaches the audience before.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any

import aiohttp
import httpx
from livekit import api
from livekit.protocol.models import ParticipantInfo, ParticipantPermission
from livekit.protocol.webhook import WebhookEvent

from app.settings import LiveKit
from app.stages.floor import Cues
from media import events

TERM = timedelta(minutes=15)
FLOOR_TERM = timedelta(minutes=1)
"""For guests: enough to connect, and over soon after a producer's “back”."""
WATCHES, PUBLISHES, TALKS = "watch", "publish", "talk"
_SEPARATOR = "~"
_NO_CUES: Mapping[str, Cues] = MappingProxyType({})


class Forged(ValueError):
    """A webhook that LiveKit did not sign with our key."""


def backstage_room(room: str, group: str) -> str:
    """LiveKit's name for a room's backstage group."""
    return f"{room}{_SEPARATOR}{group}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """Whom a token is for. `group` is where they may publish, or None for the audience."""

    conference: str
    room: str
    person: str
    name: str
    group: str | None = None

    def identity(self, visit: str = "", *, role: str = "") -> str:
        """Who this is, for LiveKit. Its webhooks about tracks tell no more than that.

        `visit` tells two devices of one person apart; without one, the later takes over.
        """
        role = role or (PUBLISHES if self.group else WATCHES)
        return "/".join((role, self.conference, self.room, self.group or "", self.person, visit))


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What an identity says."""

    role: str
    conference: str
    room: str
    group: str
    person: str


def known(identity: str) -> Known | None:
    """Who somebody is by their identity, or None for one that is not ours."""
    parts = identity.split("/")
    if len(parts) != 6 or parts[0] not in (WATCHES, PUBLISHES, TALKS):
        return None
    role, conference, room, group, person, _ = parts
    return Known(role=role, conference=conference, room=room, group=group, person=person)


def watch_ticket(server: LiveKit, guest: Guest, visit: str) -> dict[str, Any]:
    """What a browser needs to watch one stage: it may publish nothing and stays unseen.

    `visit` tells two devices of one person apart.
    """
    grants = api.VideoGrants(
        room_join=True, room=guest.room, can_publish=False, can_publish_data=False, hidden=True
    )
    token = _token(server, guest, guest.identity(visit), grants)
    return {"engine": "livekit", "url": server.url, "token": token, "room": guest.room}


def publish_ticket(
    server: LiveKit, guest: Guest, visit: str, *, term: timedelta = TERM
) -> dict[str, Any]:
    """What a browser needs to publish in its group, to see the others there, and to wait for the
    stage; good to connect for this long.

    The same person again takes over their own place: LiveKit ends the earlier one.
    """
    assert guest.group is not None
    behind = backstage_room(guest.room, guest.group)
    identity = guest.identity()
    in_group = api.VideoGrants(room_join=True, room=behind, can_publish_data=False)
    on_stage = api.VideoGrants(
        room_join=True,
        room=guest.room,
        can_publish=False,
        can_subscribe=False,
        can_publish_data=False,
    )
    unseen = api.VideoGrants(
        room_join=True, room=behind, can_publish=False, can_publish_data=False, hidden=True
    )
    sees = replace(guest, group=None)
    return {
        "engine": "livekit",
        "url": server.url,
        "token": _token(server, guest, identity, in_group, term),
        "watch": _token(server, sees, sees.identity(visit), unseen, term),
        "stage": _token(server, guest, identity, on_stage, term),
        "room": guest.room,
        "group": guest.group,
    }


def talkback_ticket(server: LiveKit, guest: Guest, visit: str) -> dict[str, Any]:
    """What a browser needs to speak to the people in a group; it hears nobody by it.

    The page says who may hear it, by their identities: `hears` with their person in it.
    """
    assert guest.group is not None
    grants = api.VideoGrants(
        room_join=True,
        room=backstage_room(guest.room, guest.group),
        can_publish_sources=["microphone"],
        can_subscribe=False,
        can_publish_data=False,
    )
    return {
        "engine": "livekit",
        "url": server.url,
        "token": _token(server, guest, guest.identity(visit, role=TALKS), grants),
        "hears": replace(guest, person="{person}").identity(),
        "room": guest.room,
        "group": guest.group,
    }


def _token(
    server: LiveKit, guest: Guest, identity: str, grants: api.VideoGrants, term: timedelta = TERM
) -> str:
    made = api.AccessToken(server.key, server.secret).with_identity(identity)
    # Pages read the person here: a pin names them, and nobody is shown themselves.
    made = made.with_name(guest.name).with_attributes({"person": guest.person})
    return made.with_ttl(term).with_grants(grants).to_jwt()


class Rooms:
    """The control interface of the engine over LiveKit's room service, as `Node` is over our own.

    Every call raises httpx.HTTPError, as that does, when LiveKit refuses or does not answer.
    """

    def __init__(self, server: LiveKit) -> None:
        self._server = server
        self._client: api.LiveKitAPI | None = None

    def _rooms(self) -> Any:
        if self._client is None:
            # Made late: its session belongs to the running loop.
            server = self._server
            self._client = api.LiveKitAPI(server.api_url, server.key, server.secret)
        return self._client.room

    async def aclose(self) -> None:
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    async def set_stages(
        self,
        on_air: Mapping[str, str | None],
        *,
        cues: Mapping[str, Cues] = _NO_CUES,
        now: datetime,
    ) -> None:
        """Let those publish on each stage whose group is on air and who are not held off it.

        Whoever went back into the audience is put out of the green room, too.
        """
        with _as_node_errors():
            there = await self._rooms().list_rooms(api.ListRoomsRequest(names=list(on_air)))
            for room in there.rooms:
                group = on_air[room.name]
                cue = cues.get(group or "", Cues())
                await self._permit(room.name, group, cue)
                await self._pin(room.name, room.metadata, cue)
                if group and cue.back:
                    await self._put_out(backstage_room(room.name, group), cue.back)

    async def keep_places(self, *, now: datetime) -> tuple[str, ...]:
        """LiveKit places rooms on its nodes by itself."""
        return ()

    async def _pin(self, room: str, told: str, cue: Cues) -> None:
        wanted = json.dumps({"pin": cue.pin})
        if told != wanted:
            await self._rooms().update_room_metadata(
                api.UpdateRoomMetadataRequest(room=room, metadata=wanted)
            )

    async def _permit(self, room: str, group: str | None, cue: Cues) -> None:
        for one in await self._participants(room):
            who = known(one.identity)
            if who is None or who.role != PUBLISHES:
                continue
            may = who.group == group and who.person not in cue.held
            if one.permission.can_publish != may:
                permission = ParticipantPermission(can_publish=may, can_subscribe=False)
                await self._rooms().update_participant(
                    api.UpdateParticipantRequest(
                        room=room, identity=one.identity, permission=permission
                    )
                )

    async def _put_out(self, room: str, people: tuple[str, ...]) -> None:
        for one in await self._participants(room):
            who = known(one.identity)
            if who is not None and who.person in people:
                await self._rooms().remove_participant(
                    api.RoomParticipantIdentity(room=room, identity=one.identity)
                )

    async def _participants(self, room: str) -> Iterable[ParticipantInfo]:
        found = await self._rooms().list_participants(api.ListParticipantsRequest(room=room))
        listed: Iterable[ParticipantInfo] = found.participants
        return listed

    async def rooms(self, *, now: datetime) -> dict[str, Any]:
        """Who is where, in the words of our own node (docs/protocol.md)."""
        with _as_node_errors():
            listed = await self._rooms().list_rooms(api.ListRoomsRequest())
            people = [
                (room.name, one)
                for room in listed.rooms
                for one in await self._participants(room.name)
            ]
        return _account(people)


@contextlib.contextmanager
def _as_node_errors() -> Iterator[None]:
    try:
        yield
    except (api.TwirpError, aiohttp.ClientError, TimeoutError) as error:
        raise httpx.TransportError(f"LiveKit: {error}") from error


def _account(participants: Iterable[tuple[str, ParticipantInfo]]) -> dict[str, Any]:
    """What `rooms` answers, from every participant with the LiveKit room that they are in."""
    people = [
        (name, one, who) for name, one in participants if (who := known(one.identity)) is not None
    ]
    on_stage = {
        (who.room, who.person)
        for name, one, who in people
        if who.role == PUBLISHES and name == who.room and one.tracks
    }
    subscribers = [
        {"id": one.sid, "room": who.room, "group": None, "person": who.person}
        for name, one, who in people
        if who.role == WATCHES and name == who.room
    ]
    rooms: dict[str, Any] = {}
    for name, one, who in people:
        if who.role != PUBLISHES or name == who.room:
            continue
        watching = sum(s["room"] == who.room for s in subscribers)
        there = rooms.setdefault(
            who.room, {"on_air": None, "publishers": [], "subscribers": watching}
        )
        live = (who.room, who.person) in on_stage
        there["publishers"].append(_publisher(one, who, on_stage=live))
        there["on_air"] = who.group if live else there["on_air"]
    return {"rooms": rooms, "subscribers": subscribers}


def _publisher(one: ParticipantInfo, who: Known, *, on_stage: bool) -> dict[str, Any]:
    kinds = {track.type for track in one.tracks if not track.muted}
    return {
        "id": one.sid,
        "group": who.group,
        "person": who.person,
        "name": one.name,
        "on_stage": on_stage,
        "audio": 0 in kinds,
        "video": 1 in kinds,
    }


def received(server: LiveKit, body: str, signature: str) -> WebhookEvent:
    """A webhook's event. Raises Forged unless LiveKit signed this very body with our key."""
    receiver = api.WebhookReceiver(api.TokenVerifier(server.key, server.secret))
    try:
        return receiver.receive(body, signature)
    except Exception as error:
        # The library raises bare exceptions for each of the ways in which a signature can be wrong.
        raise Forged("this webhook was not signed with our key") from error


def event_of(hook: WebhookEvent) -> events.Event | None:
    """A webhook in our own vocabulary, or None for what has no word there."""
    who = known(hook.participant.identity)
    if who is None:
        return None
    kind = _KINDS.get((hook.event, who.role, hook.room.name == who.room))
    if kind is None:
        return None
    told: dict[str, events.Fact] = {
        "conference": who.conference,
        "room": who.room,
        "group": who.group or None,
        "person": who.person,
        "name": hook.participant.name,
        "subscriber" if who.role == WATCHES else "publisher": hook.participant.sid,
    }
    at = datetime.fromtimestamp(hook.created_at, UTC)
    return events.Event(uid=f"livekit:{hook.id}", kind=kind, at=at, facts=told)


# (LiveKit's event, role, on the stage) → ours. Backstage and stage are two LiveKit rooms, so a
# publisher joins by the first and comes on stage by a track in the second.
_KINDS: Mapping[tuple[str, str, bool], str] = MappingProxyType(
    {
        ("participant_joined", WATCHES, True): events.SUBSCRIBER_JOINED,
        ("participant_left", WATCHES, True): events.SUBSCRIBER_LEFT,
        ("participant_joined", PUBLISHES, False): events.PUBLISHER_JOINED,
        ("participant_left", PUBLISHES, False): events.PUBLISHER_LEFT,
        ("track_published", PUBLISHES, True): events.PUBLISHER_ON_STAGE,
        ("track_unpublished", PUBLISHES, True): events.PUBLISHER_OFF_STAGE,
        ("participant_left", PUBLISHES, True): events.PUBLISHER_OFF_STAGE,
    }
)
