"""Pages: one Jinja environment, one helper that answers with a page or with a block of it."""

from __future__ import annotations

import gettext as catalogue
import json
import re
from contextvars import ContextVar
from datetime import timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app import words
from app.conferences import brand
from app.static_tree import static_url

if TYPE_CHECKING:
    from litestar import Request, Response

_HERE = Path(__file__).resolve().parent
_TEMPLATES = _HERE.parent / "templates"
_SCRIPTS = _HERE.parent / "static" / "js"

language: ContextVar[str] = ContextVar("language", default="en")
"""The language of the request being answered, as an IETF tag."""


@lru_cache(maxsize=32)
def _catalogue(tag: str) -> catalogue.NullTranslations:
    return catalogue.translation("plenary", _HERE / "locale", languages=[tag], fallback=True)


def gettext(message: str) -> str:
    """`message` in the language of the request. Import it as `_`."""
    return _catalogue(language.get()).gettext(message)


def ngettext(one: str, many: str, count: int) -> str:
    """`one` or `many`, by the plural rule of the language of the request."""
    return _catalogue(language.get()).ngettext(one, many, count)


_ = gettext


def look_of(conference: Any) -> brand.Brand | None:
    """The look of a page's conference; None where it is the house's own."""
    if conference is None:
        return None
    held = brand.load(conference.brand)
    return None if held.plain else held


_RIGHT_TO_LEFT = frozenset({"ar", "dv", "fa", "he", "ku", "ps", "sd", "ug", "ur", "yi"})


def direction() -> str:
    """Which way the language of the request is read: "ltr" or "rtl"."""
    return "rtl" if language.get().partition("-")[0] in _RIGHT_TO_LEFT else "ltr"


_SAID_BY_SCRIPTS = re.compile(r'\b_\(\s*"((?:[^"\\]|\\.)*)"')


@lru_cache(maxsize=1)
def _messages_of_scripts() -> tuple[str, ...]:
    """What static/js/*.js says through its `_()` (static/js/words.js)."""
    sources = (path.read_text("utf-8") for path in sorted(_SCRIPTS.glob("*.js")))
    return tuple({json.loads(f'"{text}"') for s in sources for text in _SAID_BY_SCRIPTS.findall(s)})


def words_of_scripts() -> dict[str, str]:
    """The scripts' messages in the language of the request, where they differ from what is written."""
    said = ((message, gettext(message)) for message in _messages_of_scripts())
    return {message: words for message, words in said if words != message}


def duration(length: timedelta) -> str:
    """A length in words: 45 min, 1 h 30, 2 h."""
    minutes = round(length.total_seconds() / 60)
    hours, rest = divmod(minutes, 60)
    if not hours:
        return _("%(minutes)s min") % {"minutes": rest}
    if not rest:
        return _("%(hours)s h") % {"hours": hours}
    return _("%(hours)s h %(minutes)02d") % {"hours": hours, "minutes": rest}


def day_words(day: Any, pattern: str = "EEEE d MMMM") -> str:
    return words.day_words(day, pattern, language.get())


def zone_city(zone_name: str) -> str:
    return words.zone_city(zone_name, language.get())


def tongue(tag: str) -> str:
    return words.tongue(tag, language.get())


def _environment() -> Environment:
    env = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.loopcontrols"],
    )
    env.install_gettext_callables(gettext, ngettext, newstyle=True)  # type: ignore[attr-defined]
    env.filters.update(
        local=words.local,
        stamp=words.stamp,
        clock=words.clock,
        offset=words.offset,
        city=zone_city,
        day=day_words,
        duration=duration,
        name=words.name,
        rich=words.rich,
        web=words.web,
        tongue=tongue,
        groupby_day=words.groupby_day,
    )
    env.globals.update(
        static_url=static_url,
        clock_range=words.clock_range,
        language=language.get,
        direction=direction,
        words_of_scripts=words_of_scripts,
        look_of=look_of,
    )
    env.globals["ui"] = env.get_template("_components.html").module
    return env


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The one environment of this process. `ui` in it holds the macros of _components.html."""
    return _environment()


def render(template: str, *, block: str | None = None, **context: Any) -> str:
    """A template, or one block of it, as text.

    A block sees the context, never what its template sets outside of it.
    """
    found = environment().get_template(template)
    if block is None:
        return found.render(context)
    return "".join(found.blocks[block](found.new_context(context)))


def wants_block(request: Request[Any, Any, Any]) -> bool:
    """True for an htmx request that swaps a part of the page, not for boosted or history ones."""
    headers = request.headers
    return (
        headers.get("hx-request") == "true"
        and headers.get("hx-boosted") != "true"
        and headers.get("hx-history-restore-request") != "true"
    )


def page(
    request: Request[Any, Any, Any],
    template: str,
    *,
    block: str | None = None,
    status: int = 200,
    headers: dict[str, str] | None = None,
    **context: Any,
) -> Response[str]:
    """Answer with a page, or, for an htmx request, with only the named block of it.

    `viewer` and `conference` come from the request's state unless given.
    """
    # Workers render mails and papers, and must not carry the web framework for it.
    from litestar import Response

    state = request.scope.get("state", {})
    context.setdefault("viewer", state.get("viewer"))
    context.setdefault("conference", state.get("conference"))
    context.setdefault("path", request.url.path)
    wanted = block if block and wants_block(request) else None
    answer = {"Vary": "HX-Request", "Cache-Control": "private, no-cache", **(headers or {})}
    return Response(
        render(template, block=wanted, **context),
        media_type="text/html; charset=utf-8",
        status_code=status,
        headers=answer,
    )
