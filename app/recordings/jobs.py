"""The job that makes a session's recording, in a child process, after it has ended."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from agenda.model import SlotId
from app.clock import now as present
from app.conferences.tables import Conference
from app.html import gettext as _
from app.jobs.press import Press, Unprintable
from app.jobs.runner import JobFailed, Task
from app.jobs.store import Made
from app.recordings import director, policy, storage, store
from app.recordings.director import Running

_WORK = "media.broadcast.recording:make"


async def make_one(task: Task) -> Made:
    """The recording of the slot that the arguments name. Making it twice replaces the first."""
    slot_id = SlotId(str(task.arguments["slot"]))
    now = present()
    conference = await Conference.select().where(Conference.id == task.conference).first()
    running = await director.read(conference, now=now) if conference else None
    if running is None or slot_id not in running.released.slots:
        raise JobFailed(_("The session is not on the released agenda any more."))
    slot = running.released.slots[slot_id]
    stretches = running.stretches(slot, now=now)
    if not stretches:
        raise JobFailed(_("Nobody asked for a recording while the session was live."))
    session = running.released.sessions[slot.session]
    work = task.file(".making")
    await task.progress(0, 1)
    try:
        order = await _order(task, running, slot_id, stretches, str(work))
        try:
            async with Press() as press:
                told = await press.order(_WORK, order)
        except Unprintable as error:
            if "NothingRecorded" in str(error):
                raise JobFailed(
                    _(
                        "Nothing of this session was kept: nobody was on stage, or the segments are gone."
                    )
                ) from error
            raise
        place = f"{task.conference}/{slot_id}-{int(now.timestamp())}"
        await asyncio.to_thread(storage.of(task.settings).put_folder, work, place)
    finally:
        await asyncio.to_thread(shutil.rmtree, work, True)
    await _keep(task, running, slot_id, told, place)
    await task.progress(1, 1)
    return Made(words=_("Recording of “{title}”").format(title=session.title))


async def _order(
    task: Task,
    running: Running,
    slot_id: SlotId,
    stretches: list[policy.Stretch],
    out: str,
) -> dict[str, Any]:
    slot = running.released.slots[slot_id]
    session = running.released.sessions[slot.session]
    refusing = await store.refusing(task.conference)
    until = stretches[-1][1]
    stays = await store.stays(task.conference, slot_id)
    marks = await store.marks(task.conference, UUID(slot_id))
    return {
        "folder": str(task.settings.var / "hls" / str(task.conference) / slot.room),
        "stretches": [[a.timestamp(), b.timestamp()] for a, b in stretches],
        "withheld": [
            [a.timestamp(), b.timestamp()] for a, b in policy.withheld(stays, refusing, until=until)
        ],
        "hidden": sorted(refusing),
        "marks": [{"at": m["at"].timestamp(), "title": m["title"]} for m in marks],
        "words": {
            "place": running.released.rooms[slot.room].name,
            "title": session.title,
            "below": _("This part is not recorded"),
        },
        "title": session.title,
        "out": out,
    }


async def _keep(
    task: Task, running: Running, slot_id: SlotId, told: Mapping[str, Any], place: str
) -> None:
    slot = running.released.slots[slot_id]
    before = running.made.get(slot_id)
    await store.keep(
        {
            "conference": task.conference,
            "slot": UUID(slot_id),
            "session": UUID(slot.session),
            "title": running.released.sessions[slot.session].title,
            "place": place,
            "began_at": running.stretches(slot, now=present())[0][0],
            "made_at": present(),
            **{
                key: told[key]
                for key in ("size", "seconds", "withheld", "width", "height", "loudness", "peak")
            },
        },
        chapters=told["chapters"],
        spans=told["spans"],
    )
    if before is not None and before["place"] != place:
        await asyncio.to_thread(storage.of(task.settings).remove, before["place"])
