"""Who may call what: every route, every role, the own conference and another one."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import ASGIRoute, HTTPRoute

from app.accounts.viewer import ANYONE, EVERYBODY, ROLES, SIGNED_IN
from app.clock import now
from app.demo import routes as demo
from app.notices import routes as notices
from tests.app.builders import make_conference, make_person, member, same_origin, sign_in

# The whole table: a new route must be put here, with who may call it.
ANY = "anyone"
STAFF = frozenset({"owner", "producer"})
FLOOR = STAFF | {"moderator"}
OWNER = frozenset({"owner"})
HOSTS = frozenset({"owner", "producer", "moderator"})
BOOTH = frozenset({"owner", "sponsor"})
TABLE: dict[str, Any] = {
    "GET /": ANY,
    "GET /health": "public",
    "GET /ready": "public",
    "GET /static/{tree:str}/{path:path}": "public",
    "POST /media-hooks/livekit": "public",
    "GET /sign-in": ANY,
    "POST /sign-in": ANY,
    "GET /sign-in/{token:str}": ANY,
    "POST /sign-in/{token:str}": ANY,
    "POST /sign-out": ANY,
    "GET /calendar/{name:str}": ANY,
    "GET /c/{slug:str}": ANY,
    "POST /c/{slug:str}/join": "signed in",
    "GET /c/{slug:str}/agenda": ANY,
    "GET /c/{slug:str}/agenda.css": ANY,
    "GET /c/{slug:str}/speakers": ANY,
    "GET /c/{slug:str}/sessions/{session_id:uuid}": ANY,
    "POST /c/{slug:str}/sessions/{session_id:uuid}/star": ANY,
    "GET /c/{slug:str}/rooms/{room:str}": "signed in",
    "GET /c/{slug:str}/grants/watch": EVERYBODY,
    "GET /c/{slug:str}/broadcast/{room_id:uuid}": EVERYBODY,
    "POST /watching/{token:str}/{conference:uuid}/{room:uuid}/{person:uuid}": "public",
    "GET /recordings/{token:str}/{recording:uuid}/{name:str}": "public",
    "GET /c/{slug:str}/recordings": STAFF,
    "POST /c/{slug:str}/recordings/policy": STAFF,
    "POST /c/{slug:str}/recordings/refusal": EVERYBODY,
    "POST /c/{slug:str}/recordings/{slot_id:uuid}/{order:str}": STAFF,
    "POST /c/{slug:str}/recordings/made/{recording:uuid}/{order:str}": STAFF,
    "POST /c/{slug:str}/recordings/captions/{recording:uuid}": STAFF,
    "POST /c/{slug:str}/recordings/captions/{captions_id:uuid}/remove": STAFF,
    "POST /c/{slug:str}/recordings/outgoing": STAFF,
    "POST /c/{slug:str}/recordings/outgoing/{outgoing:uuid}/{order:str}": STAFF,
    "GET /c/{slug:str}/green-room/{slot_id:uuid}": EVERYBODY,
    "GET /c/{slug:str}/green-room/{slot_id:uuid}/state": EVERYBODY,
    "GET /c/{slug:str}/green-room/{slot_id:uuid}/grant": EVERYBODY,
    "GET /c/{slug:str}/rooms/{room:str}/floor": EVERYBODY,
    "GET /c/{slug:str}/rooms/{room:str}/floor/grant": EVERYBODY,
    "POST /c/{slug:str}/rooms/{room:str}/hand": EVERYBODY,
    "POST /c/{slug:str}/rooms/{room:str}/hand/lower": EVERYBODY,
    "GET /c/{slug:str}/hands": FLOOR,
    "POST /c/{slug:str}/hands/{slot_id:uuid}/{person:uuid}/{verb:str}": FLOOR,
    "POST /c/{slug:str}/desk/{slot_id:uuid}/stage/{order:str}": STAFF,
    "POST /c/{slug:str}/desk/rooms/{room:str}/seats": STAFF,
    "GET /c/{slug:str}/green-room/{slot_id:uuid}/talkback": FLOOR,
    "GET /c/{slug:str}/media": STAFF,
    "POST /c/{slug:str}/media/nodes/{node:str}/{order:str}": OWNER,
    "GET /c/{slug:str}/desk": STAFF,
    "POST /c/{slug:str}/desk/{slot_id:uuid}/{kind:str}": STAFF,
    "GET /c/{slug:str}/desk/{slot_id:uuid}": STAFF,
    "POST /c/{slug:str}/desk/{slot_id:uuid}/preview": STAFF,
    "POST /c/{slug:str}/desk/{slot_id:uuid}/amend": STAFF,
    "POST /c/{slug:str}/desk/{slot_id:uuid}/policy": STAFF,
    "GET /c/{slug:str}/desk/policies": STAFF,
    "POST /c/{slug:str}/desk/policies": STAFF,
    "GET /c/{slug:str}/import": OWNER,
    "POST /c/{slug:str}/import": OWNER,
    "POST /c/{slug:str}/import/{upload:uuid}": OWNER,
    "GET /c/{slug:str}/editor": OWNER,
    "GET /c/{slug:str}/editor/state": OWNER,
    "POST /c/{slug:str}/editor/edits": OWNER,
    "POST /c/{slug:str}/editor/here": OWNER,
    "POST /c/{slug:str}/editor/cure": OWNER,
    "POST /c/{slug:str}/import/{upload:uuid}/columns": OWNER,
    "GET /c/{slug:str}/settings": OWNER,
    "POST /c/{slug:str}/settings": OWNER,
    "POST /c/{slug:str}/settings/merge-days": OWNER,
    "GET /c/{slug:str}/look": OWNER,
    "POST /c/{slug:str}/look": OWNER,
    "POST /c/{slug:str}/look/preview": OWNER,
    "POST /c/{slug:str}/look/logo": OWNER,
    "POST /c/{slug:str}/look/logo/remove": OWNER,
    "GET /c/{slug:str}/brand.css": ANY,
    "GET /c/{slug:str}/logo.png": ANY,
    "GET /c/{slug:str}/tables/{kind:str}": OWNER,
    "POST /c/{slug:str}/tables/{kind:str}": OWNER,
    "POST /c/{slug:str}/tables/{kind:str}/file": OWNER,
    "POST /c/{slug:str}/editor/solver": OWNER,
    "GET /c/{slug:str}/editor/solver": OWNER,
    "POST /c/{slug:str}/editor/solver/{job:uuid}/stop": OWNER,
    "GET /c/{slug:str}/editor/why/{slot:uuid}": OWNER,
    "GET /c/{slug:str}/editor/score": OWNER,
    "GET /c/{slug:str}/editor/weights": OWNER,
    "GET /c/{slug:str}/releases": OWNER,
    "POST /c/{slug:str}/releases": OWNER,
    "GET /c/{slug:str}/releases/compare": OWNER,
    "POST /c/{slug:str}/releases/{number:int}/rollback": OWNER,
    "GET /c/{slug:str}/releases/preview/agenda": OWNER,
    "GET /c/{slug:str}/releases/preview/agenda.css": OWNER,
    "GET /c/{slug:str}/releases/preview/sessions/{session_id:uuid}": OWNER,
    "GET /c/{slug:str}/changes": ANY,
    "GET /c/{slug:str}/changes.atom": ANY,
    "GET /c/{slug:str}/schedule.xml": ANY,
    "GET /c/{slug:str}/export": ANY,
    "GET /c/{slug:str}/export/file": ANY,
    "GET /c/{slug:str}/editor/file": OWNER,
    "GET /c/{slug:str}/agenda/slots/{slot_id:uuid}": ANY,
    "GET /unsubscribe/{token:str}": "public",
    "POST /unsubscribe/{token:str}": "public",
    "POST /inbound/{key:str}": "public",
    "GET /c/{slug:str}/notices": OWNER,
    "POST /c/{slug:str}/notices": OWNER,
    "POST /c/{slug:str}/notices/modes": OWNER,
    "GET /c/{slug:str}/notices/{notice:uuid}": OWNER,
    "POST /c/{slug:str}/notices/{notice:uuid}": OWNER,
    "POST /c/{slug:str}/notices/{notice:uuid}/send": OWNER,
    "POST /c/{slug:str}/notices/{notice:uuid}/discard": OWNER,
    "POST /c/{slug:str}/notices/retry": OWNER,
    "POST /c/{slug:str}/notices/letters/{letter:uuid}/retry": OWNER,
    "POST /c/{slug:str}/notices/paused/{paused:uuid}/resume": OWNER,
    "GET /c/{slug:str}/calendar": EVERYBODY,
    "POST /c/{slug:str}/calendar": EVERYBODY,
    "GET /c/{slug:str}/invites": OWNER,
    "POST /c/{slug:str}/invites": OWNER,
    "GET /c/{slug:str}/badge": EVERYBODY,
    "POST /c/{slug:str}/badge": EVERYBODY,
    "GET /c/{slug:str}/badges": OWNER,
    "POST /c/{slug:str}/badges": OWNER,
    "GET /c/{slug:str}/badges/check": HOSTS,
    "GET /c/{slug:str}/badges/design": OWNER,
    "POST /c/{slug:str}/badges/design": OWNER,
    "POST /c/{slug:str}/badges/preview": OWNER,
    "POST /c/{slug:str}/certificate": EVERYBODY,
    "GET /c/{slug:str}/certificates/{code:str}": ANY,
    "GET /c/{slug:str}/sessions/{session_id:uuid}/invite.ics": ANY,
    "GET /c/{slug:str}/meeting": EVERYBODY,
    "POST /c/{slug:str}/meeting/profile": EVERYBODY,
    "GET /c/{slug:str}/meeting/people/{person:uuid}": EVERYBODY,
    "POST /c/{slug:str}/meeting/people/{person:uuid}/{verb:str}": EVERYBODY,
    "POST /c/{slug:str}/meeting/{meeting:uuid}/{verb:str}": EVERYBODY,
    "GET /c/{slug:str}/meeting/{meeting:uuid}/room": EVERYBODY,
    "GET /c/{slug:str}/meeting/{meeting:uuid}/grant": EVERYBODY,
    "GET /c/{slug:str}/meeting/roulette": EVERYBODY,
    "POST /c/{slug:str}/meeting/roulette/{verb:str}": EVERYBODY,
    "GET /c/{slug:str}/meeting/roulette/grant": EVERYBODY,
    "GET /c/{slug:str}/meeting/reports": frozenset({"owner", "producer", "moderator"}),
    "POST /c/{slug:str}/meeting/reports/{report:uuid}": frozenset(
        {"owner", "producer", "moderator"}
    ),
    "GET /c/{slug:str}/preferences": "signed in",
    "POST /c/{slug:str}/preferences": "signed in",
    "POST /c/{slug:str}/push": "signed in",
    "POST /c/{slug:str}/push/{device:str}": "signed in",
    "GET /c/{slug:str}/manifest.webmanifest": ANY,
    "GET /c/{slug:str}/icons/{name:str}": ANY,
    "GET /sw.js": "public",
    "GET /offline": ANY,
    "GET /c/{slug:str}/register": ANY,
    "POST /c/{slug:str}/register": ANY,
    "GET /c/{slug:str}/registration": "signed in",
    "POST /c/{slug:str}/registration/{verb:str}": "signed in",
    "GET /c/{slug:str}/conference.ics": ANY,
    "GET /go/{token:str}": ANY,
    "POST /go/{token:str}": ANY,
    "POST /c/{slug:str}/pretix/{hook:str}": ANY,
    "GET /c/{slug:str}/people": OWNER,
    "GET /c/{slug:str}/people.csv": OWNER,
    "GET /c/{slug:str}/people.xlsx": OWNER,
    "GET /c/{slug:str}/people/{application:uuid}": OWNER,
    "POST /c/{slug:str}/people/{application:uuid}/{verb:str}": OWNER,
    "POST /c/{slug:str}/people/invite": OWNER,
    "POST /c/{slug:str}/people/orders": OWNER,
    "GET /c/{slug:str}/people/setup": OWNER,
    "POST /c/{slug:str}/people/setup/{what:str}": OWNER,
    "GET /c/{slug:str}/sponsors": ANY,
    "GET /c/{slug:str}/sponsors/{sponsor_slug:str}": ANY,
    "POST /c/{slug:str}/sponsors/{sponsor_slug:str}/contact": EVERYBODY,
    "POST /c/{slug:str}/sponsors/{sponsor_slug:str}/contact/withdraw": EVERYBODY,
    "GET /c/{slug:str}/sponsors/{sponsor_slug:str}/leads": BOOTH,
    "GET /c/{slug:str}/sponsors/{sponsor_slug:str}/leads.csv": BOOTH,
    "POST /c/{slug:str}/sponsors/{sponsor_slug:str}/here": EVERYBODY,
    "GET /c/{slug:str}/sponsors/{sponsor_slug:str}/files/{file_id:uuid}": ANY,
    "POST /c/{slug:str}/sponsors/{sponsor_slug:str}/meetings": EVERYBODY,
    "GET /c/{slug:str}/sponsors/{sponsor_slug:str}/meetings": BOOTH,
    "POST /c/{slug:str}/sponsors/{sponsor_slug:str}/meetings/{meeting:uuid}/cancel": EVERYBODY,
    "POST /c/{slug:str}/sponsors/{sponsor_slug:str}/draws/{draw:uuid}/enter": EVERYBODY,
    "POST /c/{slug:str}/sponsors/{sponsor_slug:str}/draws": BOOTH,
    "POST /c/{slug:str}/sponsors/{sponsor_slug:str}/draws/{draw:uuid}": BOOTH,
    "GET /c/{slug:str}/sponsors/{sponsor_slug:str}/room": EVERYBODY,
    "GET /c/{slug:str}/sponsors/{sponsor_slug:str}/room/grant": EVERYBODY,
    "GET /c/{slug:str}/sponsors/{sponsor_slug:str}/setup": BOOTH,
    "POST /c/{slug:str}/sponsors/{sponsor_slug:str}/setup": BOOTH,
    "POST /c/{slug:str}/sponsors/{sponsor_slug:str}/setup/files": BOOTH,
    "POST /c/{slug:str}/sponsors/{sponsor_slug:str}/setup/files/{file_id:uuid}/remove": BOOTH,
    "POST /c/{slug:str}/sponsors/{sponsor_slug:str}/setup/hours": BOOTH,
    "POST /c/{slug:str}/sponsors/{sponsor_slug:str}/setup/hook": BOOTH,
    "GET /c/{slug:str}/sponsors/{sponsor_slug:str}/team": BOOTH,
    "POST /c/{slug:str}/sponsors/{sponsor_slug:str}/team": BOOTH,
    "POST /c/{slug:str}/sponsors/{sponsor_slug:str}/team/{person:uuid}/remove": BOOTH,
    "POST /c/{slug:str}/sponsors/{sponsor_slug:str}/team/duty": BOOTH,
    "GET /c/{slug:str}/sponsors/{sponsor_slug:str}/scan": BOOTH,
    "POST /c/{slug:str}/sponsors/{sponsor_slug:str}/scan": BOOTH,
    "POST /c/{slug:str}/sponsors/{sponsor_slug:str}/leads": BOOTH,
    "GET /c/{slug:str}/sponsors/{sponsor_slug:str}/leads.xlsx": BOOTH,
    "GET /c/{slug:str}/sponsors/{sponsor_slug:str}/leads/{lead:uuid}": BOOTH,
    "POST /c/{slug:str}/sponsors/{sponsor_slug:str}/leads/{lead:uuid}": BOOTH,
    "GET /c/{slug:str}/sponsors/manage": OWNER,
    "POST /c/{slug:str}/sponsors/manage": OWNER,
    "POST /c/{slug:str}/sponsors/manage/tiers": OWNER,
    "POST /c/{slug:str}/sponsors/{sponsor_slug:str}/manage": OWNER,
    "GET /c/{slug:str}/reports": STAFF,
    "POST /c/{slug:str}/reports": STAFF,
    "GET /c/{slug:str}/reports.csv": STAFF,
    "GET /c/{slug:str}/reports.json": STAFF,
    "GET /c/{slug:str}/reports.xlsx": STAFF,
    "GET /c/{slug:str}/reports/compare": STAFF,
    "GET /c/{slug:str}/reports/mine": EVERYBODY,
    "POST /c/{slug:str}/rooms/{room_id:uuid}/quality": EVERYBODY,
    "GET /c/{slug:str}/sessions/{session_id:uuid}/preview.png": ANY,
    "GET /c/{slug:str}/lobby": ANY,
    "POST /c/{slug:str}/lobby/here": EVERYBODY,
    "POST /c/{slug:str}/announcements": OWNER,
    "POST /c/{slug:str}/announcements/{announcement:uuid}/delete": OWNER,
    "POST /c/{slug:str}/sessions/{session_id:uuid}/rating": EVERYBODY,
    "POST /c/{slug:str}/sessions/{session_id:uuid}/notes": EVERYBODY,
    "POST /c/{slug:str}/notes/{note_id:uuid}": EVERYBODY,
    "GET /c/{slug:str}/notes": EVERYBODY,
    "GET /c/{slug:str}/sponsors/{sponsor_slug:str}/talk": EVERYBODY,
    "GET /c/{slug:str}/sponsors/{sponsor_slug:str}/talk/messages": EVERYBODY,
    "POST /c/{slug:str}/sponsors/{sponsor_slug:str}/talk/messages": EVERYBODY,
    "POST /c/{slug:str}/sponsors/{sponsor_slug:str}/talk/messages/{message:uuid}": EVERYBODY,
    "POST /c/{slug:str}/sponsors/{sponsor_slug:str}/talk/messages/{message:uuid}/{act:str}": EVERYBODY,
    "POST /c/{slug:str}/sponsors/{sponsor_slug:str}/talk/rules": EVERYBODY,
    "POST /c/{slug:str}/sponsors/{sponsor_slug:str}/talk/people/{person:uuid}/{act:str}": EVERYBODY,
    "GET /c/{slug:str}/sponsors/{sponsor_slug:str}/talk/export.csv": frozenset(
        {"owner", "sponsor"}
    ),
    "GET /c/{slug:str}/soon": EVERYBODY,
    "GET /c/{slug:str}/rooms/{room:str}/talk": EVERYBODY,
    "GET /c/{slug:str}/rooms/{room:str}/talk/messages": EVERYBODY,
    "POST /c/{slug:str}/rooms/{room:str}/talk/messages": EVERYBODY,
    "POST /c/{slug:str}/rooms/{room:str}/talk/messages/{message:uuid}": EVERYBODY,
    "POST /c/{slug:str}/rooms/{room:str}/talk/messages/{message:uuid}/{act:str}": EVERYBODY,
    "POST /c/{slug:str}/rooms/{room:str}/talk/questions": EVERYBODY,
    "POST /c/{slug:str}/rooms/{room:str}/talk/questions/{question:uuid}/{act:str}": EVERYBODY,
    "POST /c/{slug:str}/rooms/{room:str}/talk/polls": EVERYBODY,
    "POST /c/{slug:str}/rooms/{room:str}/talk/polls/{poll:uuid}/{act:str}": EVERYBODY,
    "POST /c/{slug:str}/rooms/{room:str}/talk/reactions": EVERYBODY,
    "POST /c/{slug:str}/rooms/{room:str}/talk/rules": EVERYBODY,
    "POST /c/{slug:str}/rooms/{room:str}/talk/people/{person:uuid}/{act:str}": EVERYBODY,
    "GET /c/{slug:str}/rooms/{room:str}/talk/export.csv": HOSTS,
    "GET /jobs/{job:uuid}": "signed in",
    "GET /jobs/{job:uuid}/result": "signed in",
    "POST /jobs/{job:uuid}/retry": "signed in",
}


def handlers_of(app: Litestar) -> dict[str, Any]:
    """“METHOD path” → who may call it, as the handlers say."""
    found: dict[str, Any] = {}
    for route in app.routes:
        if isinstance(route, ASGIRoute):
            continue
        assert isinstance(route, HTTPRoute)
        for handler in route.route_handlers:
            assert isinstance(handler, HTTPRouteHandler)
            for method in handler.http_methods - {"OPTIONS", "HEAD"}:
                who = "public" if handler.opt.get("public") else handler.opt["who"]
                found[f"{method} {route.path}"] = who
    return found


async def test_every_route_says_who_and_the_table_agrees(application: Litestar) -> None:
    found = handlers_of(application)
    assert found == TABLE


def test_what_only_the_demo_has_stays_out_of_a_deployment() -> None:
    paths = {path for handler in (*demo.handlers, *notices.handlers) for path in handler.paths}
    assert {path.split("/")[1] for path in paths} == {"demo", "mail"}
    assert not any(path in line for path in paths for line in TABLE)


async def ask(client: httpx.AsyncClient, line: str, slug: str) -> int:
    method, path = line.split(" ", 1)
    for kind, value in (
        ("{slug:str}", slug),
        ("{room:str}", "no-room"),
        ("{kind:str}", "hold"),
        ("{number:int}", "1"),
        ("{verb:str}", "invite"),
        ("{order:str}", "pin"),
        ("{node:str}", "nobody"),
        ("{act:str}", "vote"),
        ("{name:str}", "x.ics"),
        ("{token:str}", "x"),
        ("{sponsor_slug:str}", "nobody"),
    ):
        path = path.replace(kind, value)
    while ":uuid}" in path:
        path = path[: path.index("{")] + str(uuid4()) + path[path.index("}") + 1 :]
    data = {"email": "not an address"} if line == "POST /sign-in" else {}
    answer = await client.request(method, path, data=data, headers=same_origin())
    return answer.status_code


async def test_each_role_gets_in_where_it_may_and_nowhere_else(
    application: Litestar, client: httpx.AsyncClient
) -> None:
    here, elsewhere = await make_conference("here"), await make_conference("elsewhere")
    lines = {
        line: who
        for line, who in handlers_of(application).items()
        if "{slug:str}" in line and who not in (ANYONE, "public") and not line.endswith("/join")
    }
    assert len(lines) > 15
    for line in lines:
        assert await ask(client, line, "here") == 303, f"nobody: {line}"
    stranger = await make_person("stranger@example.org")
    for role in (None, *ROLES):
        person = stranger if role is None else await member(here, role)
        await sign_in(client, person, now=now())
        for line, who in lines.items():
            allowed = who == SIGNED_IN or (role is not None and role in who)
            status = await ask(client, line, "here")
            assert (status != 403) is allowed or status == 404, f"{role}: {line} gave {status}"
            if not allowed:
                assert status == 403, f"{role}: {line} gave {status}"
            if who != SIGNED_IN:
                other = await ask(client, line, "elsewhere")
                assert other == 403, f"{role} of another conference: {line} gave {other}"
    assert elsewhere.slug == "elsewhere"
