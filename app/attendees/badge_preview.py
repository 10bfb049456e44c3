"""A badge on the page by the rules of the paper: which names to show, and how they fall out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import segno
from markupsafe import Markup

from app import words
from app.attendees import codes
from app.attendees.badges import badge_of
from app.attendees.designs import Design
from app.attendees.fitting import BOXES, sizes, stacked, whole

_INVENTED = (
    ("Ada Ng", "Port of Lisbon"),
    ("大谷 真理子", "港務局"),
    ("هدى العمري", "هيئة الموانئ"),
    ("Zoë 🎈 Lefèvre", "Ballons & Söhne"),
    ("Maximilian-Alexander von Hohenzollern-Sigmaringen", "Institute for Seawalls and Drains"),
)


def samples(rows: Sequence[Mapping[str, Any]], ticket: str, key: bytes) -> list[dict[str, str]]:
    """The longest and the shortest name that there are, then names that show what may come."""
    by_length = sorted(rows, key=lambda row: len(row["person.name"]))
    real = [by_length[-1], by_length[0]] if len(by_length) > 1 else list(by_length)
    shown = [badge_of(row, key) for row in real]
    return shown + [
        {
            "name": name,
            "organization": organization,
            "ticket": ticket or "Attendee",
            "code": codes.sign(f"{number:016x}", key),
        }
        for number, (name, organization) in enumerate(_INVENTED)
    ]


def preview(
    badges: Sequence[Mapping[str, str]], design: Design, event: Mapping[str, str]
) -> list[dict[str, Any]]:
    """The badges with their sizes and codes, for templates/badges/_badge.html."""
    return [_face(badge, design, event) for badge in badges]


def _face(badge: Mapping[str, str], design: Design, event: Mapping[str, str]) -> dict[str, Any]:
    measured = sizes(badge, design.size, title=event["title"], logo=bool(event["logo"]))
    drawn = segno.make(badge["code"], error="m", micro=False, mask=4)
    return {
        **badge,
        "sizes": measured,
        "stacked": stacked(badge["name"]),
        "whole": Markup(whole(badge["name"], measured["name"], BOXES[design.size]["name"])),
        "qr": drawn.png_data_uri(scale=6, border=0, dark="#14171a"),
        "label": words.name(badge["name"]),
    }
