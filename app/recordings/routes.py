"""The broadcast's addresses, recordings and their files, and the producer's page for both."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID, uuid4

import httpx
from litestar import Request, get, post
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.exceptions import NotFoundException
from litestar.params import Body, FromPath
from litestar.response import Redirect, Response, Stream

from agenda.model import RoomId, SlotId
from app import words
from app.accounts.viewer import EVERYBODY, STAFF
from app.clock import now
from app.conferences.tables import Conference
from app.html import gettext as _
from app.html import language, page, wants_block
from app.jobs import routes as job_pages
from app.jobs import store as jobs
from app.jobs.tables import Job
from app.programme import releases
from app.recordings import captions, captions_routes, links, storage, store, viewers, watch
from app.recordings.policy import ANYONE, ATTENDEES, MODES, Switch, is_on
from app.recordings.tables import Outgoing
from app.settings import Settings
from app.stages import engine, house
from app.stages.node import control_grant
from app.stages.proxy import broadcast_client
from app.stages.view import RoomView
from media.errors import NoGrant

_NAMES = re.compile(r"video\.mp4|poster\.jpg|chapter-\d{1,4}\.jpg")
_CAPTIONS = re.compile(r"captions-([A-Za-z0-9-]{2,20})\.vtt")
_TYPES = {"mp4": "video/mp4", "jpg": "image/jpeg"}
_RANGE = re.compile(r"bytes=(\d{1,15})-(\d{0,15})")
_ADDRESS = re.compile(r"(rtmps?|srt)://[^\s/]+(/\S*)?")
Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


@get("/c/{slug:str}/broadcast/{room_id:uuid}", opt={"who": EVERYBODY})
async def broadcast(
    request: Request[Any, Any, Any],
    slug: FromPath[str],
    room_id: FromPath[UUID],
    settings: NamedDependency[Settings],
) -> dict[str, Any]:
    """Signed addresses of a room's playlists, good for two hours and a bit."""
    conference: Conference = request.state.conference
    released = await releases.latest(conference.id)
    if released is None or RoomId(str(room_id)) not in released.rooms:
        raise NotFoundException(_("There is no such room."))
    if not engine.broadcasts(settings):
        raise NotFoundException(_("This room is not broadcast."))
    base = links.of_room(settings, conference.id, str(room_id), now=now())
    viewer = viewers.Viewer(conference.id, room_id, request.state.viewer.person)
    return {
        "plain": f"{base}/plain.m3u8",
        "low_latency": f"{base}/live.m3u8",
        "still": f"{base}/still.jpg",
        "watching": viewers.address(settings, viewer, now=now()),
    }


@post(
    "/watching/{token:str}/{conference:uuid}/{room:uuid}/{person:uuid}",
    opt={"public": True},
    status_code=200,
)
async def watching(
    request: Request[Any, Any, Any],
    token: FromPath[str],
    conference: FromPath[UUID],
    room: FromPath[UUID],
    person: FromPath[UUID],
    settings: NamedDependency[Settings],
) -> Response[Any]:
    """A page's sign of life while it plays a broadcast; with `?gone=1` its last."""
    viewer = viewers.Viewer(conference, room, person)
    try:
        viewers.check(settings, token, viewer, now=now())
    except NoGrant as error:
        return Response({"detail": str(error)}, status_code=403)
    redis = request.app.state.redis
    if request.query_params.get("gone"):
        await viewers.gone(redis, viewer)
        return Response({"again_s": None})
    return Response({"again_s": await viewers.sign_of_life(redis, viewer, now=now())})


@get("/recordings/{token:str}/{recording:uuid}/{name:str}", opt={"public": True})
async def file(
    request: Request[Any, Any, Any],
    token: FromPath[str],
    recording: FromPath[UUID],
    name: FromPath[str],
    settings: NamedDependency[Settings],
) -> Response[Any] | Stream:
    """A recording's film or picture, or the part of it that the player asks for."""
    instant = now()
    if not links.opens(settings, token, recording, now=instant):
        return Response(
            _("This address has expired; open the session's page again."), status_code=403
        )
    row = await store.find(recording)
    if row is not None and (asked_for := _CAPTIONS.fullmatch(name)):
        return await _captions(row, asked_for[1])
    if row is None or not _NAMES.fullmatch(name):
        raise NotFoundException
    asked = _RANGE.fullmatch(request.headers.get("range", ""))
    start = int(asked[1]) if asked else 0
    end = int(asked[2]) + 1 if asked and asked[2] else None
    try:
        opened = storage.of(settings).read(row["place"], name, start, end)
    except FileNotFoundError:
        raise NotFoundException from None
    if asked and start >= opened.size:
        unreachable = {"Content-Range": f"bytes */{opened.size}"}
        return Response(b"", status_code=416, headers=unreachable)
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, max-age=3600",
        "Content-Length": str(opened.end - opened.start),
    }
    if asked:
        headers["Content-Range"] = f"bytes {opened.start}-{opened.end - 1}/{opened.size}"
    return Stream(
        opened.chunks,
        status_code=206 if asked else 200,
        media_type=_TYPES[name.rpartition(".")[2]],
        headers=headers,
    )


async def _captions(recording: Mapping[str, Any], language: str) -> Response[Any]:
    text = await store.captions_text(recording["conference"], recording["slot"], language)
    if text is None:
        raise NotFoundException
    headers = {"Cache-Control": "private, max-age=300"}
    return Response(text.encode(), media_type="text/vtt", headers=headers)


@get("/c/{slug:str}/recordings", opt={"who": STAFF})
async def desk(
    request: Request[Any, Any, Any], slug: FromPath[str], settings: NamedDependency[Settings]
) -> Response[Any]:
    """What is recorded now, what was made, how the conference records, where rooms are sent to."""
    conference: Conference = request.state.conference
    instant = now()
    found = await house.read(conference, now=instant)
    switches = await store.switches(conference.id)
    policy = await store.policy(conference.id)
    rows = [
        {"view": view, "on": _is_on(view, policy, switches)}
        for view in (found.rooms() if found else [])
    ]
    made = await store.made(conference.id)
    written = await store.captions(conference.id)
    return page(
        request,
        "recordings/desk.html",
        block="recordings_now",
        conference=conference,
        at=f"/c/{slug}",
        broadcasts=engine.broadcasts(settings),
        rooms=rows,
        policy=policy,
        made=[
            watch.shown(settings, row, written.get(row["slot"], ()), now=instant)
            for row in made.values()
        ],
        languages={tag: words.tongue(tag, language.get()) for tag in captions.OFFERED},
        sessions={row["id"]: row["session"] for row in made.values()},
        jobs=await _jobs(conference.id),
        outgoing=await store.outgoing([conference.id]),
        states=await _states(settings),
        room_names={} if found is None else {r.id: r.name for r in found.released.schedule.rooms},
    )


def _is_on(view: RoomView, policy: store.Policy, switches: Mapping[SlotId, list[Switch]]) -> bool:
    if view.now is None:
        return False
    refused = bool(view.now.session.opt_out_recording)
    return is_on(policy.mode, refused=refused, switches=switches.get(view.now.slot.id, []))


async def _jobs(conference: UUID) -> list[dict[str, Any]]:
    """Recordings that are in the making, or could not be made, newest first."""
    rows = (
        await Job.select()
        .where(Job.conference == conference, Job.kind == "recording", Job.state != "done")
        .order_by(Job.created_at, ascending=False)
        .limit(20)
    )
    return [job_pages.shown(row) for row in rows]


async def _states(settings: Settings) -> dict[str, dict[str, Any]]:
    """How each outgoing stream fares, by its id; empty while the broadcast does not answer."""
    client = broadcast_client(settings)
    try:
        answer = await client.get(
            "/media/hls/rooms",
            headers={"authorization": f"Bearer {control_grant(settings, now=now())}"},
            timeout=2.0,
        )
        answer.raise_for_status()
    except httpx.HTTPError:
        return {}
    finally:
        await client.aclose()
    return {
        target["id"]: target
        for room in answer.json()["rooms"]
        for target in room.get("targets", [])
    }


@post("/c/{slug:str}/recordings/policy", opt={"who": STAFF})
async def set_policy(
    request: Request[Any, Any, Any], slug: FromPath[str], data: Form
) -> Response[Any] | Redirect:
    """How the conference records, and for whom."""
    mode, open_to = data.get("mode", ""), data.get("open_to", "")
    if mode not in MODES or open_to not in (ATTENDEES, ANYONE):
        raise NotFoundException
    await store.set_policy(
        request.state.conference.id,
        store.Policy(mode=mode, open_to=open_to),
        by=request.state.viewer.person,
        now=now(),
    )
    return _back(slug)


@post("/c/{slug:str}/recordings/{slot_id:uuid}/{order:str}", opt={"who": STAFF})
async def switch(
    request: Request[Any, Any, Any],
    slug: FromPath[str],
    slot_id: FromPath[UUID],
    order: FromPath[str],
) -> Response[Any] | Redirect:
    """Record this session, or stop; or make its recording again."""
    conference: Conference = request.state.conference
    released = await releases.latest(conference.id)
    if released is None or SlotId(str(slot_id)) not in released.slots:
        raise NotFoundException
    if order in ("record", "stop"):
        by = request.state.viewer.person
        await store.switch(conference.id, slot_id, order == "record", by=by, now=now())
    elif order == "again":
        await jobs.ask(
            "recording",
            f"recording:{slot_id}",
            {"slot": str(slot_id)},
            conference=conference.id,
            asked_by=request.state.viewer.person,
            now=now(),
        )
    else:
        raise NotFoundException
    return Response(None, status_code=204) if wants_block(request) else _back(slug)


@post("/c/{slug:str}/recordings/made/{recording:uuid}/{order:str}", opt={"who": STAFF})
async def publish(
    request: Request[Any, Any, Any],
    slug: FromPath[str],
    recording: FromPath[UUID],
    order: FromPath[str],
) -> Redirect:
    """Show a recording on its session's page, or hide it."""
    row = await store.find(recording)
    if (
        row is None
        or row["conference"] != request.state.conference.id
        or order not in ("show", "hide")
    ):
        raise NotFoundException
    await store.publish(recording, published=order == "show")
    return _back(slug)


@post("/c/{slug:str}/recordings/refusal", opt={"who": EVERYBODY})
async def refuse(request: Request[Any, Any, Any], slug: FromPath[str], data: Form) -> Response[Any]:
    """Whoever asks does not want to be in a recording, or does again."""
    conference: Conference = request.state.conference
    refuses = data.get("refuses") == "yes"
    await store.refuse(conference.id, request.state.viewer.person, refuses=refuses, now=now())
    return page(
        request,
        "recordings/refusal.html",
        block="refusal",
        conference=conference,
        at=f"/c/{slug}",
        refuses=refuses,
    )


@post("/c/{slug:str}/recordings/outgoing", opt={"who": STAFF})
async def add_outgoing(
    request: Request[Any, Any, Any], slug: FromPath[str], data: Form
) -> Response[Any] | Redirect:
    """Send a room to an outside platform too."""
    conference: Conference = request.state.conference
    released = await releases.latest(conference.id)
    address, room = data.get("address", "").strip(), RoomId(data.get("room", ""))
    if released is None or room not in released.rooms:
        raise NotFoundException
    if not _ADDRESS.fullmatch(address) or len(address) > 500:
        refusal = _("The address must begin with rtmp://, rtmps:// or srt:// and name a server.")
        return page(
            request,
            "recordings/refused.html",
            conference=conference,
            at=f"/c/{slug}",
            words=refusal,
            status=422,
        )
    await Outgoing.insert(
        Outgoing(
            id=uuid4(),
            conference=conference.id,
            room=UUID(room),
            name=data.get("name", "").strip()[:80] or address.split("/")[2],
            address=address,
            at=now(),
            by=request.state.viewer.person,
        )
    )
    return _back(slug)


@post("/c/{slug:str}/recordings/outgoing/{outgoing:uuid}/{order:str}", opt={"who": STAFF})
async def change_outgoing(
    request: Request[Any, Any, Any],
    slug: FromPath[str],
    outgoing: FromPath[UUID],
    order: FromPath[str],
) -> Redirect:
    """Stop sending, send again, or forget an outside platform."""
    own = (Outgoing.id == outgoing) & (Outgoing.conference == request.state.conference.id)
    if order == "remove":
        await Outgoing.delete().where(own)
    elif order in ("send", "stop"):
        await Outgoing.update({Outgoing.active: order == "send"}).where(own)
    else:
        raise NotFoundException
    return _back(slug)


def _back(slug: str) -> Redirect:
    return Redirect(f"/c/{slug}/recordings", status_code=303)


handlers: list[Any] = [
    broadcast,
    watching,
    file,
    desk,
    set_policy,
    switch,
    publish,
    refuse,
    add_outgoing,
    change_outgoing,
    *captions_routes.handlers,
]
