"""Everybody who is registered or on the way, as a file."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from litestar import Request, get
from litestar.params import FromPath
from litestar.response import Response

from agenda.formats import csv_table, xlsx_table
from app.accounts.viewer import OWNER
from app.conferences.tables import Conference
from app.html import gettext as _
from app.registration import rules, store
from app.registration.tables import Agreement
from app.words import local

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@get("/c/{slug:str}/people.csv", opt={"who": OWNER})
async def export_csv(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[bytes]:
    """Everybody with answers and agreements; no cell is a formula."""
    body = csv_table.write_rows(await _table(request.state.conference))
    return _to_save(body, f"people-{slug}.csv", "text/csv; charset=utf-8")


@get("/c/{slug:str}/people.xlsx", opt={"who": OWNER})
async def export_xlsx(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[bytes]:
    """The same for spreadsheets."""
    body = xlsx_table.write_rows(await _table(request.state.conference))
    return _to_save(body, f"people-{slug}.xlsx", _XLSX)


def _to_save(body: bytes, name: str, media_type: str) -> Response[bytes]:
    return Response(
        body,
        media_type=media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "private, no-store",
        },
    )


async def _table(conference: Conference) -> list[list[str]]:
    asked = await store.questions(conference.id)
    versions = await store.every_version(conference.id)
    titles = list(dict.fromkeys(row["title"] for row in reversed(versions)))
    given = await _given(conference.id)
    words = rules.state_words()
    header = [
        _("Name"),
        _("Mail address"),
        _("Organization"),
        _("Ticket"),
        _("State"),
        _("Since"),
        _("Source"),
        _("Order"),
        *(each.label for each in asked),
        *titles,
    ]
    table = [header]
    for row in await store.people(conference.id):
        answers = json.loads(row["answers"])
        table.append(
            [
                row["name"],
                row["email"] or "",
                row["organization_name"],
                row["ticket_name"],
                words[row["state"]],
                f"{local(row['since'], conference.time_zone):%Y-%m-%d %H:%M}",
                row["source"],
                row["external"],
                *(rules.in_words(answers.get(str(each.id))) for each in asked),
                *(given.get((row["person"], title), "") for title in titles),
            ]
        )
    return table


async def _given(conference: UUID) -> dict[tuple[UUID, str], str]:
    """(person, title) → the version agreed to and when."""
    rows = (
        await Agreement.select(
            Agreement.person,
            Agreement.given_at,
            Agreement.text.title.as_alias("title"),
            Agreement.text.version.as_alias("version"),
        )
        .where(Agreement.conference == conference, Agreement.revoked_at.is_null())
        .order_by(Agreement.given_at)
    )
    return {
        (row["person"], row["title"]): _("version {number}, {day}").format(
            number=row["version"], day=f"{row['given_at']:%Y-%m-%d}"
        )
        for row in rows
    }


handlers: list[Any] = [export_csv, export_xlsx]
