"""Every refusal and failure as a page in words, or, for a program, as problem details (RFC 9457)."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, NotFoundException, ValidationException
from litestar.response import Redirect
from litestar.status_codes import HTTP_500_INTERNAL_SERVER_ERROR

from app.accounts.viewer import SignInFirst
from app.html import gettext as _
from app.html import page
from app.programme.draft import DraftMoved

logger = structlog.get_logger(__name__)


class Refused(Exception):
    """A rule says no; `words` tell the person why, and what to do."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status
        self.words = words


def _wants_html(request: Request[Any, Any, Any]) -> bool:
    accept = request.headers.get("accept", "")
    return "text/html" in accept or request.headers.get("hx-request") == "true"


def _titles() -> dict[int, tuple[str, str]]:
    return {
        400: (_("That did not make sense"), _("Go back, look at what was entered, and try again.")),
        403: (_("Not for you"), _("This page is for other roles than yours.")),
        404: (_("Nothing here"), _("The address may be mistyped, or the page was taken away.")),
        405: (_("Not this way"), _("This address can't be used like that.")),
        409: (_("Somebody was faster"), _("It changed meanwhile. Load the page and repeat.")),
        413: (_("Too large"), _("Send a smaller file.")),
        429: (_("Too often"), _("Wait a little, then try again.")),
        500: (_("Our mistake"), _("It has been noted. Try again in a moment.")),
        503: (_("Not ready"), _("A part of the system is being started. Try again in a moment.")),
    }


def refusal(request: Request[Any, Any, Any], status: int, words: str = "") -> Response[Any]:
    """The answer for a status: a page for a person, problem details for a program."""
    title, advice = _titles().get(status, _titles()[500 if status >= 500 else 400])
    if _wants_html(request):
        return page(
            request, "error.html", status=status, code=status, title=title, words=words or advice
        )
    return Response(
        {"type": "about:blank", "title": title, "status": status, "detail": words or advice},
        status_code=status,
        media_type="application/problem+json",
    )


def on_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    words = error.detail if isinstance(error, NotFoundException) else ""
    if words == HTTPStatus(error.status_code).phrase:
        # Litestar's own word for an address without a handler; ours says more.
        words = ""
    if isinstance(error, ValidationException):
        words = _("A value in the address or form is missing or malformed.")
    answer = refusal(request, error.status_code, words)
    for name, value in (error.headers or {}).items():
        answer.headers[name] = value
    return answer


def on_sign_in(request: Request[Any, Any, Any], error: SignInFirst) -> Response[Any]:
    if _wants_html(request):
        return Redirect(f"/sign-in?next={error.next_url}", status_code=303)
    return refusal(request, 401, _("Sign in first."))


def on_moved(request: Request[Any, Any, Any], error: DraftMoved) -> Response[Any]:
    return refusal(
        request, 409, _("Somebody else changed the draft meanwhile. Load the page and repeat.")
    )


def on_refused(request: Request[Any, Any, Any], error: Refused) -> Response[Any]:
    return refusal(request, error.status, error.words)


def on_failure(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    logger.error("request failed", path=request.url.path, method=request.method, exc_info=error)
    return refusal(request, HTTP_500_INTERNAL_SERVER_ERROR)


HANDLERS: dict[Any, Any] = {
    HTTPException: on_http,
    SignInFirst: on_sign_in,
    DraftMoved: on_moved,
    Refused: on_refused,
    Exception: on_failure,
}
