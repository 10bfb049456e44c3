"""The node's HTTP side, a small ASGI application: finds the handler of a request, answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import parse_qs, unquote

from media.errors import BadOffer, MediaError, Missing, WrongMethod
from media.handlers import ROUTES, Handler
from media.log import Log
from media.node import Node
from media.web import (
    Message,
    Receive,
    Request,
    Response,
    Send,
    answer_options,
    answer_problem,
    read_body,
    respond,
)

logger = Log(__name__)


class MediaApp:
    """The ASGI application around one node, which it starts and closes."""

    def __init__(self, make_node: Callable[[], Node]) -> None:
        self._make_node = make_node
        self.node: Node | None = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await respond(await self._handle(scope, receive), send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            self.node = self._make_node()
            await self.node.start()
        except OSError as error:
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.node.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _handle(self, scope: Message, receive: Receive) -> Response:
        assert self.node is not None
        try:
            methods, varying = _route(scope["path"])
            if scope["method"] == "OPTIONS":
                return answer_options(methods)
            handler = methods.get("GET" if scope["method"] == "HEAD" else scope["method"])
            if handler is None:
                raise WrongMethod(scope["method"], ", ".join(methods))
            headers = {
                k.decode("latin-1").lower(): v.decode("latin-1") for k, v in scope["headers"]
            }
            query = parse_qs(scope["query_string"].decode("latin-1"), max_num_fields=10)
            request = Request(
                method=scope["method"],
                resource=scope["path"].strip("/").split("/")[1],
                path=varying,
                query={key: values[0] for key, values in query.items()},
                headers=headers,
                body=await read_body(receive),
                now=datetime.now(UTC),
            )
            return handler(request, self.node)
        except MediaError as error:
            return answer_problem(error)
        except ValueError as error:
            logger.warning("request not understood", path=scope["path"], error=str(error))
            return answer_problem(BadOffer("The request cannot be read"))
        except Exception:
            logger.exception("request failed", path=scope["path"], method=scope["method"])
            return answer_problem(_Failed("The node could not do this; it has been logged"))


class _Failed(MediaError):
    status = 500
    title = "Internal error"


def _route(path: str) -> tuple[dict[str, Handler], tuple[str, ...]]:
    """The handlers at a path, and the parts of it that vary; raises Missing."""
    parts = tuple(unquote(part) for part in path.strip("/").split("/"))
    if parts[:1] == ("media",) and 1 < len(parts) < 5:
        for pattern, methods in ROUTES.items():
            pairs = list(zip(pattern, parts[1:], strict=False))
            if len(pattern) == len(parts) - 1 and all(a in ("*", b) for a, b in pairs):
                return methods, tuple(b for a, b in pairs if a == "*")
    raise Missing("There is nothing at this address")
