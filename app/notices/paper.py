"""How a mail reads and looks: the same words as plain text and as HTML.

What a mail says is kept as parts (`opening`, `cards`, `action`, `closing`, `why`), or as one `text`.
A card is a session: `title`, `lines`, perhaps `was` (struck out), `link`, `gone`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app import html
from app.conferences import brand
from app.html import gettext as _


def plain(facts: Mapping[str, Any]) -> str:
    """The plain part. A mail that stands as one text is that text."""
    if "text" in facts:
        body = str(facts["text"])
    else:
        body = "\n\n".join(part for part in _parts(facts) if part)
    foot = "\n".join(_foot(facts))
    return f"{body}\n\n-- \n{foot}\n" if foot else body


def rich(facts: Mapping[str, Any], *, subject: str, logo: str = "") -> str:
    """The HTML part: a page of its own, without scripts or anything that tracks. Its one picture is
    the sender's logo, where `logo` is the Content-ID of the part that holds it."""
    look = {**brand.in_mail(), **facts.get("look", {})}
    return html.render(
        "mail/message.html", subject=subject, facts=dict(facts), look=look, logo=logo
    )


def _parts(facts: Mapping[str, Any]) -> Iterator[str]:
    yield facts.get("opening", "")
    for card in facts.get("cards", ()):
        yield "\n".join(_card(card))
    if action := facts.get("action"):
        yield f"{action['words']}:\n{action['url']}"
    yield facts.get("closing", "")


def _card(card: Mapping[str, Any]) -> Iterator[str]:
    yield card["title"]
    if card.get("gone"):
        yield _("no longer takes place")
    for line in card.get("lines", ()):
        if line:
            yield f"  {line}"
    if card.get("was"):
        yield "  " + _("before: {was}").format(was=card["was"])
    if card.get("link"):
        yield f"  {card['link']}"


def _foot(facts: Mapping[str, Any]) -> Iterator[str]:
    if facts.get("why"):
        yield facts["why"]
    if facts.get("unsubscribe"):
        yield _("No more of these: {link}").format(link=facts["unsubscribe"])
