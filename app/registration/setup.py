"""Forms of the setup page, read into what is stored. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from app.html import gettext as _
from app.registration.rules import KINDS, QUESTION_KINDS
from app.words import local, zone


class Wrong(Exception):
    """A form can't be taken; the text says what to do."""


def kind_words() -> dict[str, str]:
    return {
        "open": _("Open to everybody"),
        "code": _("With a code"),
        "approval": _("You approve each"),
        "invitation": _("By invitation"),
        "paid": _("Paid elsewhere (pretix)"),
    }


def question_words() -> dict[str, str]:
    return {
        "text": _("One line"),
        "long": _("Several lines"),
        "choice": _("One of a list"),
        "several": _("Several of a list"),
        "tick": _("Yes or no"),
    }


def ticket(data: Mapping[str, str], zone_name: str) -> dict[str, Any]:
    """Raises Wrong."""
    name = " ".join(data.get("name", "").split())[:80]
    kind = data.get("kind", "open")
    code = data.get("code", "").strip()[:80]
    if not name:
        raise Wrong(_("Give the ticket type a name."))
    if kind not in KINDS:
        raise Wrong(_("Choose how one gets this kind of place."))
    if kind == "code" and len("".join(code.split())) < 4:
        raise Wrong(_("A code needs four characters or more, or anybody could guess it."))
    opens, closes = (instant(data.get(key, ""), zone_name) for key in ("opens_at", "closes_at"))
    if opens and closes and closes <= opens:
        raise Wrong(_("It would close before it opens."))
    return {
        "name": name,
        "description": data.get("description", "").strip()[:2000],
        "kind": kind,
        "code": code if kind == "code" else "",
        "capacity": _capacity(data.get("capacity", "")),
        "waiting": data.get("waiting") == "1",
        "opens_at": opens,
        "closes_at": closes,
        "retired": bool(data.get("retire")),
    }


def _capacity(text: str) -> int | None:
    if not text.strip():
        return None
    if not re.fullmatch(r"\d{1,7}", text.strip()):
        raise Wrong(_("Write how many places there are as a number, or nothing for no limit."))
    return int(text)


def instant(text: str, zone_name: str) -> datetime | None:
    """What a datetime-local field holds, on the clock of a zone, as aware UTC. Raises Wrong."""
    if not text.strip():
        return None
    try:
        naive = datetime.fromisoformat(text.strip())
    except ValueError:
        raise Wrong(_("Write the time like 2027-05-12 09:00.")) from None
    aware = naive if naive.tzinfo else naive.replace(tzinfo=zone(zone_name))
    return aware.astimezone(UTC)


def as_local(moment: datetime | None, zone_name: str) -> str:
    """The same, back into the field."""
    return "" if moment is None else f"{local(moment, zone_name):%Y-%m-%dT%H:%M}"


def question(data: Mapping[str, str]) -> dict[str, Any]:
    """Raises Wrong."""
    label = " ".join(data.get("label", "").split())[:300]
    kind = data.get("kind", "text")
    lines = (line.strip()[:200] for line in data.get("options", "").splitlines())
    options = list(dict.fromkeys(line for line in lines if line))
    if not label:
        raise Wrong(_("Write the question."))
    if kind not in QUESTION_KINDS:
        raise Wrong(_("Choose how the question is answered."))
    if kind in ("choice", "several") and len(options) < 2:
        raise Wrong(_("A list needs two answers or more, each on its own line."))
    return {
        "label": label,
        "hint": data.get("hint", "").strip()[:500],
        "kind": kind,
        "options": json.dumps(options if kind in ("choice", "several") else [], ensure_ascii=False),
        "required": data.get("required") == "1",
        "retired": bool(data.get("retire")),
    }


def consent(data: Mapping[str, str]) -> tuple[str, str]:
    """Title and text. Raises Wrong."""
    title = " ".join(data.get("title", "").split())[:200]
    text = data.get("text", "").strip()[:20_000]
    if not title or not text:
        raise Wrong(_("A consent needs a title and the words that people agree to."))
    return title, text


def shop(data: Mapping[str, str]) -> dict[str, Any]:
    """Raises Wrong."""
    base = data.get("base_url", "").strip().rstrip("/")
    organizer, event = (data.get(key, "").strip() for key in ("organizer", "event"))
    if base and not re.fullmatch(r"https?://[\w.-]+(:\d+)?(/[\w./-]*)?", base):
        raise Wrong(_("Write the shop’s address like https://pretix.eu."))
    for text in (organizer, event):
        if base and not re.fullmatch(r"[\w.-]{1,80}", text):
            raise Wrong(_("Organizer and event are the two short names in the shop’s address."))
    return {
        "base_url": base,
        "organizer": organizer,
        "event": event,
        "token": data.get("token", "").strip()[:200],
        "trouble": "",
    }
