"""Who would be told what by a release, before it is one."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from agenda.findings import Finding, Severity
from agenda.model import SessionId
from app.notices import changes as notices
from app.notices.changes import Change
from app.programme.releases import Released
from app.programme.tables import Speaker, Star


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One change of time or place, with the speakers and how many others hear of it.

    `unreachable` are speakers without a known address.
    """

    change: Change
    speakers: tuple[str, ...]
    unreachable: tuple[str, ...]
    stars: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Everything that a release would send: `mails` to attendees, `invites` to speakers."""

    tellings: tuple[Telling, ...]
    invites: int
    mails: int
    wait_minutes: int


def by_severity(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    """Findings by severity, gravest first."""
    held = list(findings)
    return {str(s): [f for f in held if f.severity is s] for s in Severity}


async def by_release(conference: UUID, before: Released, after: Released) -> Told:
    """Who would hear what if `after` were released now."""
    found = await asyncio.to_thread(notices.between, before, after)
    rows = await Speaker.select(Speaker.id, Speaker.person).where(
        Speaker.conference == conference, Speaker.person.is_not_null()
    )
    reachable = {str(row["id"]) for row in rows}
    starrers = await _starrers(conference, {change.session for change in found})
    tellings = tuple(_telling(change, before, after, reachable, starrers) for change in found)
    people = {person for sessions in starrers.values() for person in sessions}
    return Told(
        tellings=tellings,
        invites=len({name for one in tellings for name in one.speakers}),
        mails=len(people),
        wait_minutes=int(notices.PATIENCE.total_seconds() // 60),
    )


def _telling(
    change: Change,
    before: Released,
    after: Released,
    reachable: set[str],
    starrers: dict[SessionId, set[UUID]],
) -> Telling:
    session = after.sessions.get(change.session) or before.sessions[change.session]
    names = {**before.speakers, **after.speakers}
    people = dict.fromkeys(session.speakers)
    return Telling(
        change=change,
        speakers=tuple(names[key].name for key in people if key in reachable),
        unreachable=tuple(names[key].name for key in people if key not in reachable),
        stars=len(starrers.get(change.session, ())),
    )


async def _starrers(conference: UUID, sessions: set[SessionId]) -> dict[SessionId, set[UUID]]:
    if not sessions:
        return {}
    rows = await Star.select(Star.session, Star.person).where(
        Star.conference == conference, Star.person.email.is_not_null()
    )
    found: dict[SessionId, set[UUID]] = defaultdict(set)
    for row in rows:
        key = SessionId(str(row["session"]))
        if key in sessions:
            found[key].add(row["person"])
    return found
