"""Tables of sessions, speakers, rooms, tracks and blocked times: shown, changed, taken in and out."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any
from uuid import UUID, uuid4

from litestar import Request, get, post
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.exceptions import ClientException, NotFoundException
from litestar.params import Body, FromPath
from litestar.response import Redirect, Response

from agenda.errors import Unreadable
from agenda.formats import csv_table, xlsx_table
from app import live
from app.accounts.viewer import OWNER
from app.clock import now
from app.editor import sheet, sheet_edits, steps, store
from app.editor.bodies import json_body
from app.editor.facts import Facts
from app.editor.words import refusal
from app.html import gettext as _
from app.html import page

_MOST_ROWS = 2000
_MOST_BYTES = 10 * 1024 * 1024
Upload = Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)]


def _known(kind: str) -> None:
    if kind not in sheet.KINDS:
        raise NotFoundException


@get("/c/{slug:str}/tables/{kind:str}", opt={"who": OWNER})
async def table(
    request: Request[Any, Any, Any], slug: FromPath[str], kind: FromPath[str]
) -> Response[Any]:
    """One table, each cell of which can be changed in place."""
    stem, dot, suffix = kind.rpartition(".")
    if dot and suffix in ("csv", "xlsx"):
        _known(stem)
        return await _file(request, slug, stem, suffix)
    _known(kind)
    desk = await store.present(request.state.conference.id)
    return page(
        request,
        "editor/table.html",
        at=f"/c/{slug}",
        kind=kind,
        columns=sheet.columns(kind),
        lines=sheet.lines(desk, kind),
        names={
            "speakers": [one.name for one in desk.schedule.speakers],
            "track": [one.name for one in desk.schedule.tracks],
            "who": [room.name for room in desk.schedule.rooms]
            + [speaker.name for speaker in desk.schedule.speakers],
        },
        told="",
        troubles=(),
    )


async def _file(
    request: Request[Any, Any, Any], slug: str, kind: str, suffix: str
) -> Response[Any]:
    """A table as a file that can be taken in again."""
    desk = await store.present(request.state.conference.id)
    held = sheet.columns(kind)
    rows = [["ID", *(column.words for column in held)]]
    rows += [
        [line.id, *(line.cells[column.key] for column in held)] for line in sheet.lines(desk, kind)
    ]
    if suffix == "csv":
        body = await asyncio.to_thread(csv_table.write_rows, rows)
        media_type = "text/csv; charset=utf-8"
    else:
        body = await asyncio.to_thread(xlsx_table.write_rows, rows)
        media_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    name = f"{slug}-{kind}.{suffix}"
    return Response(
        body,
        media_type=media_type,
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )


@post("/c/{slug:str}/tables/{kind:str}", opt={"who": OWNER}, status_code=200)
async def change(
    request: Request[Any, Any, Any], slug: FromPath[str], kind: FromPath[str]
) -> Response[Any]:
    """Change cells: `{"rows": [{"id", "was", "to"}], "gone": [ids]}`; all of them or none."""
    _known(kind)
    held = await json_body(request)
    wishes = _wishes(held.get("rows") or [])
    gone = [str(key) for key in held.get("gone") or []]
    desk = await store.present(request.state.conference.id)
    facts, troubles = sheet_edits.facts(desk, kind, wishes, gone)
    words = ""
    if facts is not None:
        words = await _store(request, facts)
        desk = await store.present(request.state.conference.id)
    return Response(
        {
            "ok": not troubles and not words,
            "words": words,
            "troubles": [
                {"row": t.row, "column": t.column, "words": t.words, "present": t.present}
                for t in troubles
            ],
            "lines": [
                {"id": line.id, "cells": dict(line.cells)} for line in sheet.lines(desk, kind)
            ],
        },
        headers={"Cache-Control": "no-store"},
    )


def _wishes(held: Any) -> list[sheet.Wish]:
    if not isinstance(held, list) or len(held) > _MOST_ROWS:
        raise ClientException("“rows” is a list")
    return [
        sheet.Wish(
            id=str(one["id"]) if one.get("id") else None,
            was={str(k): str(v) for k, v in (one.get("was") or {}).items()},
            to={str(k): str(v) for k, v in (one.get("to") or {}).items()},
        )
        for one in held
        if isinstance(one, dict)
    ]


async def _store(request: Request[Any, Any, Any], facts: Facts, key: UUID | None = None) -> str:
    """Store an edit of facts; what stood in the way, or nothing."""
    viewer = request.state.viewer
    wish = store.Wish(id=key or uuid4(), step=steps.of(facts))
    done = await store.apply(
        request.state.conference.id, [wish], author=viewer.person, name=viewer.name, now=now()
    )
    if done.patch is not None:
        await live.nudge(request.app.state.redis)
    refused = done.outcomes[0].refused
    return refusal(refused)[1] if refused is not None else ""


@post("/c/{slug:str}/tables/{kind:str}/file", opt={"who": OWNER}, status_code=200)
async def take_in(
    request: Request[Any, Any, Any], slug: FromPath[str], kind: FromPath[str], data: Upload
) -> Response[Any] | Redirect:
    """Take a CSV or XLSX file in: rows that are known by ID or name change, the others are new."""
    _known(kind)
    sent = data.get("file")
    if not isinstance(sent, UploadFile) or not sent.filename:
        return await _told(request, slug, kind, _("Choose a file first."))
    content = await sent.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        return await _told(request, slug, kind, _("The file is larger than 10 MB."))
    try:
        header, records = await asyncio.to_thread(_records, content)
    except Unreadable as error:
        return await _told(request, slug, kind, error.sentence)
    desk = await store.present(request.state.conference.id)
    wishes = sheet.from_table(desk, kind, header, records)
    if not wishes:
        names = ", ".join(column.words for column in sheet.columns(kind) if not column.fixed)
        words = _("No column of the file has a name that is known here: %(names)s.")
        return await _told(request, slug, kind, words % {"names": names})
    facts, troubles = sheet_edits.facts(desk, kind, wishes)
    if troubles:
        return await _told(
            request, slug, kind, _("Nothing was taken in. Mend these in the file first:"), troubles
        )
    words = await _store(request, facts) if facts is not None else ""
    if words:
        return await _told(request, slug, kind, words)
    return Redirect(f"/c/{slug}/tables/{kind}", status_code=303)


def _records(content: bytes) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a CSV or XLSX file. Raises Unreadable."""
    if xlsx_table.looks_right(content):
        for found in xlsx_table.sheets(content):
            if found:
                cells = [list(row[1]) for row in found]
                return cells[0], cells[1:]
        raise Unreadable(_("The workbook is empty."))
    rows = csv_table.records(content)
    return rows[0][1], [cells for _line, cells in rows[1:]]


async def _told(
    request: Request[Any, Any, Any],
    slug: str,
    kind: str,
    words: str,
    troubles: list[sheet.Trouble] | None = None,
) -> Response[Any]:
    desk = await store.present(request.state.conference.id)
    return page(
        request,
        "editor/table.html",
        status=422,
        at=f"/c/{slug}",
        kind=kind,
        columns=sheet.columns(kind),
        lines=sheet.lines(desk, kind),
        names={"speakers": [], "track": [], "who": []},
        told=words,
        troubles=troubles or (),
    )


handlers: list[Any] = [table, change, take_in]
