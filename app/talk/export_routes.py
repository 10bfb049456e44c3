"""What was said, asked and answered in a room, to take along as CSV."""

from __future__ import annotations

import csv
import io
from typing import Any

from litestar import get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery
from litestar.response import Response

from app.follow import HOSTS
from app.reports.cells import cell
from app.talk import chat, polls, questions
from app.talk.place import AT, Asked, Place, place_of


@get(AT + "/export.csv", opt={"who": HOSTS})
async def export(
    request: Asked, slug: FromPath[str], room: FromPath[str], what: FromQuery[str] = "chat"
) -> Response[str]:
    """Chat, questions or polls of a room as CSV."""
    place = await place_of(request, slug, room)
    makers = {"chat": _chat_rows, "questions": _question_rows, "polls": _poll_rows}
    if what not in makers:
        raise NotFoundException
    out = io.StringIO()
    writer = csv.writer(out)
    for row in await makers[what](place):
        writer.writerow([cell(str(value)) for value in row])
    name = f"{slug}-{room}-{what}.csv"
    return Response(
        "\ufeff" + out.getvalue(),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


async def _chat_rows(place: Place) -> list[list[Any]]:
    rows = await chat.everything(place.conference, place.room)
    head = ["at", "name", "address", "text", "state", "pinned", "reply to", "id"]
    return [head] + [
        [
            row["created_at"].isoformat(),
            row["name"],
            row["email"] or "",
            row["text"],
            row["state"],
            "yes" if row["pinned"] else "",
            row["reply_to"] or "",
            row["id"],
        ]
        for row in rows
    ]


async def _question_rows(place: Place) -> list[list[Any]]:
    rows = await questions.everything(place.conference, place.room)
    return [["votes", "question", "asked by", "state", "at", "session slot"]] + [
        [
            row["votes"],
            row["text"],
            "" if row["anonymous"] else row["name"],
            row["state"],
            row["created_at"].isoformat(),
            row["slot"] or "",
        ]
        for row in rows
    ]


async def _poll_rows(place: Place) -> list[list[Any]]:
    found: list[list[Any]] = [["poll", "kind", "state", "answer", "count", "people"]]
    for poll in await polls.everything(place.conference, place.room):
        held = poll["results"]
        names = poll["options"] or list(range(1, poll["steps"] + 1))
        counted = held.get("words") or list(zip(names, held.get("counts", ()), strict=False))
        for name, count in counted or [("", 0)]:
            found.append([poll["title"], poll["kind"], poll["state"], name, count, held["people"]])
    return found


handlers: list[Any] = [export]
