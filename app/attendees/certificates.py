"""Certificates of attendance and of speaking: hours from the rooms, checkable by anybody."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import segno

from agenda.model import SlotId
from app.accounts.tables import Person
from app.attendees import codes, store
from app.attendees.badges import dates
from app.attendees.fitting import Box, fit
from app.clock import now as present
from app.conferences import brand
from app.conferences.tables import Conference
from app.html import duration, render
from app.html import gettext as _
from app.jobs.press import Press
from app.jobs.runner import JobFailed, Task
from app.jobs.store import Made
from app.programme import releases
from app.programme.tables import Speaker
from app.reports import figures
from app.reports.figures import Stay
from app.reports.store import lives
from app.stages.tables import PhaseChange, Presence

_NAME = Box(width=540.0, height=96.0, sizes=(40.0, 33.0, 28.0, 24.0, 20.0, 17.0))
"""Room for the name, in points."""

_SHAPE = re.compile(r"C1-([0-9A-F]{8,32})-(\d{1,6})-(\d{1,6})-([A-Z2-7]{16})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Earned:
    """Minutes in live sessions, and minutes of one's own sessions on stage, with their titles."""

    attended: int
    spoken: int
    titles: tuple[str, ...] = ()


def sign(badge_code: str, earned: Earned, key: bytes) -> str:
    """The certificate's code: whose it is and what it says, signed."""
    body = f"{badge_code.upper()}-{earned.attended}-{earned.spoken}"
    return f"C1-{body}-{_mac(body, key)}"


def verify(text: str, key: bytes) -> tuple[str, Earned] | None:
    """(badge code, what was earned) of a code that `sign` made with this key, else None."""
    found = _SHAPE.fullmatch(text.strip().upper())
    if found is None:
        return None
    code, attended, spoken, mac = found.groups()
    if not hmac.compare_digest(mac, _mac(f"{code}-{attended}-{spoken}", key)):
        return None
    return code.lower(), Earned(attended=int(attended), spoken=int(spoken))


def _mac(body: str, key: bytes) -> str:
    digest = hmac.digest(key, b"certificate:" + body.encode(), hashlib.sha256)
    return base64.b32encode(digest[:10]).decode()


async def earned(conference: UUID, person: UUID, *, now: datetime) -> Earned:
    """What this person attended and said until `now`, from what the rooms recorded."""
    released = await releases.latest(conference)
    if released is None:
        return Earned(attended=0, spoken=0)
    changes = await PhaseChange.select(
        PhaseChange.slot, PhaseChange.room, PhaseChange.phase, PhaseChange.at
    ).where(PhaseChange.conference == conference)
    known = [one for one in lives(changes, now=now) if SlotId(one.slot) in released.slots]
    rows = await Presence.select(Presence.room, Presence.joined_at, Presence.left_at).where(
        Presence.conference == conference, Presence.person == str(person)
    )
    stays = [
        Stay(
            person="",
            room=str(row["room"]),
            joined=row["joined_at"],
            left=row["left_at"] or now,
        )
        for row in rows
    ]
    seconds = sum(one.seconds for one in await asyncio.to_thread(figures.attendance, stays, known))
    own = {
        str(row["id"])
        for row in await Speaker.select(Speaker.id).where(
            Speaker.conference == conference, Speaker.person == person
        )
    }
    said = [
        one
        for one in known
        if own & set(released.sessions[released.slots[SlotId(one.slot)].session].speakers)
    ]
    return Earned(
        attended=round(seconds / 60),
        spoken=round(sum((one.end - one.start).total_seconds() for one in said) / 60),
        titles=tuple(
            released.sessions[released.slots[SlotId(one.slot)].session].title for one in said
        ),
    )


async def make_one(task: Task) -> Made:
    """The certificate of the person that the arguments name."""
    person = UUID(task.arguments["person"])
    conference = await Conference.objects().where(Conference.id == task.conference).first()
    place = await store.registration(task.conference, person)
    if conference is None or place is None:
        raise JobFailed(_("This person has no place at the conference, so nothing to certify."))
    await task.progress(0, 1)
    held = await earned(task.conference, person, now=present())
    if not held.attended and not held.spoken:
        raise JobFailed(_("There is nothing to certify before you were in a live session."))
    row = await Person.select(Person.name).where(Person.id == person).first()
    assert row is not None
    key = codes.key_of(conference.id, task.settings.secret)
    address = (
        f"{task.settings.base_url}/c/{conference.slug}"
        f"/certificates/{sign(place['badge_code'], held, key)}"
    )
    look = brand.printed(conference.brand, task.settings.files)
    text = await asyncio.to_thread(_page, conference, row["name"], held, address, look)
    out = task.file(".pdf")
    order = {"text": text, "out": str(out), "sheet": "badges/certificate.css"}
    async with Press() as press:
        await press.order("app.reports.paper:render", order)
    await task.progress(1, 1)
    return task.made(out, name=f"certificate-{conference.slug}.pdf")


def minutes(count: int) -> str:
    """So many minutes in words: 45 min, 1 h 30."""
    return duration(timedelta(minutes=count))


def _page(
    conference: Conference, name: str, held: Earned, address: str, look: Mapping[str, str]
) -> str:
    drawn = segno.make(address, error="m", micro=False)
    return render(
        "badges/certificate_paper.html",
        conference=conference,
        look=look,
        name=name,
        earned=held,
        dates=dates(conference),
        address=address,
        minutes=minutes,
        size=int(fit(name, _NAME)),
        qr=drawn.png_data_uri(scale=6, border=0, dark="#14171a"),
    )
