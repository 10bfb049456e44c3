"""Pictures that people send, drawn anew in a process of their own (see app.drawing)."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any

from app.html import gettext as _
from app.jobs.press import Press, PressStopped, Unprintable

_PATIENCE_S = 20


class Refused(Exception):
    """A file that can't be taken; the text says what to send instead."""


async def drawn(how: str, order: Mapping[str, str]) -> Any:
    """What a function of app.drawing gives for this order. Raises Refused."""
    why = ""
    with contextlib.suppress(PressStopped, TimeoutError):
        async with asyncio.timeout(_PATIENCE_S), Press() as press:
            try:
                return await press.order(f"app.drawing:{how}", dict(order))
            except Unprintable as error:
                why = str(error).removeprefix("ValueError: ")
    raise Refused(
        {
            "small": _("The picture is too small to be printed. Send one of 128 pixels or more."),
            "narrow": _("It is too wide or too high for a logo: at most 12 to 1, or 1 to 3."),
            "empty": _("There is nothing to be seen in this picture."),
            "svg": _("This SVG can't be drawn. Save it as plain SVG, or send a PNG."),
        }.get(why, _("This is no picture that we can read. Send a PNG, JPEG, WebP or SVG."))
    )
