"""The web application: every feature's handlers, wired."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import structlog
from litestar import Litestar, Request, get
from litestar.di import Provide
from litestar.handlers import asgi
from litestar.plugins import PluginProtocol
from litestar.plugins.core import MsgspecDIPlugin
from litestar.types import Receive, Scope, Send
from redis.asyncio import Redis

from app import db, errors, follow, live_hub, static
from app.accounts import routes as accounts
from app.accounts.origin import SameOriginOnly
from app.accounts.tables import Person
from app.accounts.viewer import ANYONE, admit
from app.afterwards import routes as afterwards
from app.attendees import badge_desk, diary
from app.attendees import routes as attendees
from app.conferences import look_routes
from app.conferences import routes as conferences
from app.demo import routes as demo
from app.editor import routes as editor
from app.editor import settings_routes as editor_settings
from app.editor import solver_routes as editor_solver
from app.editor import table_routes as editor_tables
from app.jobs import routes as jobs
from app.lobby import routes as lobby
from app.meeting import routes as meeting
from app.notices import organizer as mailings
from app.notices import public as inbound
from app.notices import routes as notices
from app.notices import ways
from app.offline import routes as offline
from app.programme import export_routes as programme_exports
from app.programme import feed, public
from app.programme import log_routes as programme_log
from app.programme import release_routes as programme_releases
from app.programme import routes as programme
from app.recordings import routes as recordings
from app.registration import export_routes, link_routes, organizer, setup_routes
from app.registration import routes as registration
from app.reports import routes as reports
from app.settings import Settings
from app.sponsors import routes as sponsors
from app.stages import routes as stages
from app.stages.nodes import Nodes
from app.stages.proxy import MediaProxy, broadcast_client
from app.talk import routes as talk
from app.talk.pulse import Pulse

logger = structlog.get_logger(__name__)

FEATURES = (
    accounts,
    conferences,
    look_routes,
    public,
    feed,
    programme,
    programme_releases,
    programme_exports,
    programme_log,
    editor,
    editor_solver,
    editor_tables,
    editor_settings,
    stages,
    talk,
    lobby,
    afterwards,
    attendees,
    badge_desk,
    diary,
    mailings,
    inbound,
    registration,
    link_routes,
    organizer,
    export_routes,
    setup_routes,
    ways,
    offline,
    meeting,
    sponsors,
    reports,
    recordings,
    jobs,
)
DEMO_FEATURES = (demo, notices)


@get("/health", opt={"public": True})
async def health() -> dict[str, str]:
    """Alive: this process answers."""
    return {"status": "ok"}


@get("/ready", opt={"public": True})
async def ready() -> dict[str, str]:
    """Ready: the database answers too."""
    await Person.count()
    return {"status": "ready"}


_AT_THE_DOOR = 16


@asgi("/live", opt={"who": ANYONE}, copy_scope=False)
async def _events(scope: Scope, receive: Receive, send: Send) -> None:
    request: Request[Any, Any, Any] = Request(scope, receive, send)
    conference = await conferences.by_slug(request.query_params.get("c", ""))
    scope["state"]["wish"] = await follow.wish(request, conference.id)


class _Application(Litestar):
    """Litestar without the plugins that it adds for Pydantic, which no handler speaks: 8 MB.

    It lets an open page in; then the hub serves the page, with none of what let it in kept.
    When thousands come at once, after a restart, they come in by turns: what each needs on the
    way would stay this process's memory.
    """

    hub: live_hub.Hub
    door: asyncio.Semaphore

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        return [*plugins, MsgspecDIPlugin()]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"] != "/live":
            await super().__call__(scope, receive, send)
            return
        async with self.door:
            await super().__call__(scope, receive, send)
        wish = scope["state"].get("wish")
        if wish is None:
            return
        # A server asks for the method at each write; the rest is 3 KB a page.
        method = scope["method"]
        scope["headers"].clear()
        scope.clear()
        scope["method"] = method
        serving = self.hub.stream(wish, receive, send)
        del wish
        await serving


def create_app(settings: Settings) -> Litestar:
    """The suite as one ASGI application. Binds this process to the settings' database."""
    db.bind(settings.database_url)
    redis = Redis.from_url(settings.redis_url)
    hub = live_hub.Hub(redis)
    nodes = Nodes(settings, redis)
    broadcast = broadcast_client(settings)
    proxy = MediaProxy(nodes, broadcast, settings)
    pulse = Pulse(hub)

    @contextlib.asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        await db.open_pool()
        await hub.start()
        pulse.start()
        try:
            yield
        finally:
            await pulse.close()
            await hub.close()
            await nodes.aclose()
            await broadcast.aclose()
            await redis.aclose()
            await db.close_pool()

    @asgi("/media", is_mount=True, opt={"public": True}, copy_scope=False)
    async def media(scope: Scope, receive: Receive, send: Send) -> None:
        await proxy(scope, receive, send)

    features = FEATURES + (DEMO_FEATURES if settings.demo else ())
    app = _Application(
        [
            health,
            ready,
            _events,
            media,
            *(handler for feature in features for handler in feature.handlers),
            static.static_file,
        ],
        guards=[admit],
        dependencies={"settings": Provide(lambda: settings, sync_to_thread=False)},
        exception_handlers=errors.HANDLERS,
        middleware=[SameOriginOnly],
        before_send=[static.securing(*settings.media_origins)],
        lifespan=[lifespan],
        openapi_config=None,
        request_max_body_size=20 * 1024 * 1024,
    )
    app.state.redis = redis
    app.state.settings = settings
    app.state.hub = app.hub = hub
    app.door = asyncio.Semaphore(_AT_THE_DOOR)
    app.state.nodes = nodes
    app.state.pulse = pulse
    return app
