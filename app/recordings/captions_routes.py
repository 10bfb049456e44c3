"""Captions are sent up for a recording in one language each, and taken away again."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, post
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.exceptions import NotFoundException
from litestar.params import Body, FromPath
from litestar.response import Redirect, Response

from app.accounts.viewer import STAFF
from app.clock import now
from app.conferences.tables import Conference
from app.html import gettext as _
from app.html import page
from app.recordings import captions, store

Upload = Annotated[dict[str, Any], Body(media_type=RequestEncodingType.MULTI_PART)]


@post("/c/{slug:str}/recordings/captions/{recording:uuid}", opt={"who": STAFF})
async def add_captions(
    request: Request[Any, Any, Any], slug: FromPath[str], recording: FromPath[UUID], data: Upload
) -> Response[Any] | Redirect:
    """Captions of this recording in one language, in the place of those before."""
    conference: Conference = request.state.conference
    row = await store.find(recording)
    if row is None or row["conference"] != conference.id:
        raise NotFoundException
    sent = data.get("file")
    try:
        if not isinstance(sent, UploadFile) or not sent.filename:
            raise captions.BadCaptions(_("Choose a file first."))
        language = captions.tag_of(str(data.get("language", "")))
        cues = captions.read(await sent.read(captions.LARGEST + 1))
        captions.check(cues, row["seconds"])
    except captions.BadCaptions as error:
        return page(
            request,
            "recordings/refused.html",
            conference=conference,
            at=f"/c/{slug}",
            words=str(error),
            status=422,
        )
    await store.keep_captions(
        conference.id,
        row["slot"],
        language,
        captions.written(cues),
        cues=len(cues),
        by=request.state.viewer.person,
        now=now(),
    )
    return Redirect(f"/c/{slug}/recordings#made", status_code=303)


@post("/c/{slug:str}/recordings/captions/{captions_id:uuid}/remove", opt={"who": STAFF})
async def remove_captions(
    request: Request[Any, Any, Any], slug: FromPath[str], captions_id: FromPath[UUID]
) -> Redirect:
    await store.remove_captions(request.state.conference.id, captions_id)
    return Redirect(f"/c/{slug}/recordings#made", status_code=303)


handlers: list[Any] = [add_captions, remove_captions]
