"""Letters: a mail to one person, written down with its outbox entry, and how it fared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from app import db
from app.conferences import brand
from app.conferences.tables import Conference
from app.html import gettext as _
from app.jobs import outbox
from app.jobs.tables import Outbox
from app.notices import preferences, push, unsubscribe
from app.notices.mail import message_id
from app.notices.preference_tables import PushSubscription
from app.notices.preferences import Plan
from app.notices.push import Ring
from app.notices.tables import Letter
from app.notices.unsubscribe import Wish
from app.settings import Settings

_CHUNK = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A mail that may be sent. `key` is its idempotency key; `payload` is what app.notices.paper reads.

    `over` (aware) is when it is of no use any more.
    """

    key: str
    person: UUID
    to: str
    name: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    over: datetime | None = None

    @property
    def speaking(self) -> bool:
        """Whether it concerns a session of the reader's own."""
        return bool(self.payload.get("speaking"))

    @property
    def must_go(self) -> bool:
        """Whether it goes whatever its reader chose: it withdraws what they hold, or is about their
        own session."""
        return self.speaking or bool(self.payload.get("withdraws"))


def addressed(
    draft: Draft, kind: str, conference: Conference, settings: Settings
) -> dict[str, Any]:
    """The whole outbox payload: to whom, from whom, why, and how to have no more of these."""
    payload = {
        "to": draft.to,
        "name": draft.name,
        **brand.sender(conference.title, conference.brand),
        "why": _("You get this as a participant of {conference}.").format(
            conference=conference.title
        ),
        **draft.payload,
    }
    if not draft.speaking:
        wish = Wish(conference=conference.id, person=draft.person, kind=kind)
        payload["unsubscribe"] = unsubscribe.address(wish, settings)
    return payload


async def put(
    conference: Conference,
    kind: str,
    drafts: Sequence[Draft],
    *,
    settings: Settings,
    now: datetime,
    notice: UUID | None = None,
) -> int:
    """Write letters and their outbox entries, in the caller's transaction if there is one; tell
    the pages and ring the devices of who wants that.

    Returns how many mails. Each goes in the ways that its reader chose and after their quiet hours,
    unless it would come too late; what concerns one's own session always goes, at once, and so does
    what withdraws. Who does not want this kind is passed over; the same key twice is one.
    """
    silent = await unsubscribe.muted(conference.id, kind)
    plans = await _plans(conference, kind, drafts, now)
    mailed = 0
    for at in range(0, len(drafts), _CHUNK):
        chunk = drafts[at : at + _CHUNK]
        mails = [
            one
            for one in chunk
            if one.must_go
            or (one.person not in silent and plans[one.person].in_time("mail", now, one.over))
        ]
        async with db.transaction():
            await _mail(mails, plans, conference, kind, notice, settings, now)
            await _show(chunk, plans, conference, kind, settings, now)
            await _ring(chunk, plans, settings, now)
        mailed += len(mails)
    return mailed


async def _plans(
    conference: Conference, kind: str, drafts: Sequence[Draft], now: datetime
) -> dict[UUID, Plan]:
    people = [one.person for one in drafts]
    if kind in preferences.DEFAULTS:
        return await preferences.plans(people, kind, now=now, home=conference.time_zone)
    return dict.fromkeys(people, Plan(page=False, push=False))


async def _mail(
    mails: Sequence[Draft],
    plans: Mapping[UUID, Plan],
    conference: Conference,
    kind: str,
    notice: UUID | None,
    settings: Settings,
    now: datetime,
) -> None:
    if not mails:
        return
    await Letter.insert(
        *(_letter(one, conference.id, kind, notice, settings, now) for one in mails)
    ).on_conflict(action="DO NOTHING")
    by_due: dict[datetime, list[tuple[str, dict[str, Any]]]] = {}
    for one in mails:
        due = now if one.must_go else plans[one.person].due(now)
        entry = (one.key, addressed(one, kind, conference, settings))
        by_due.setdefault(due, []).append(entry)
    for due_at in sorted(by_due):
        await outbox.put_many("mail", by_due[due_at], now=now, due_at=due_at)


async def _show(
    chunk: Sequence[Draft],
    plans: Mapping[UUID, Plan],
    conference: Conference,
    kind: str,
    settings: Settings,
    now: datetime,
) -> None:
    """On the reader's open pages, which are never quiet."""
    entries = [
        (
            f"page:{one.key}",
            {
                "conference": str(conference.id),
                "person": str(one.person),
                "kind": kind,
                "text": one.payload["subject"],
                "url": _path(one, settings),
                "over": one.over.isoformat() if one.over else "",
            },
        )
        for one in chunk
        if plans[one.person].page and (one.over is None or now < one.over)
    ]
    await outbox.put_many("page", entries, now=now)


async def _ring(
    chunk: Sequence[Draft], plans: Mapping[UUID, Plan], settings: Settings, now: datetime
) -> None:
    """Ring the devices of those who have some and want it."""
    rung = [one for one in chunk if plans[one.person].in_time("push", now, one.over)]
    if not rung:
        return
    rows = await PushSubscription.select(PushSubscription.person).where(
        PushSubscription.person.is_in([one.person for one in rung])
    )
    have = {row["person"] for row in rows}
    for one in rung:
        if one.person in have:
            due = now if one.speaking else plans[one.person].due(now)
            await push.put(one.person, _ring_of(one, settings), one.key, now=now, due_at=due)


def _ring_of(one: Draft, settings: Settings) -> Ring:
    facts = one.payload
    cards = facts.get("cards") or ()
    lines = [str(card["title"]) for card in cards] or [
        facts.get("opening") or facts.get("text", "")
    ]
    return Ring(
        title=facts["subject"], body="\n".join(lines), url=_path(one, settings), tag=one.key
    )


def _path(one: Draft, settings: Settings) -> str:
    """Where a mail's button leads, as a path of ours."""
    address: str = (one.payload.get("action") or {}).get("url", "/")
    return address.removeprefix(settings.base_url) or "/"


async def fresh(drafts: Sequence[Draft]) -> list[Draft]:
    """Those that are not written yet: a look that finds nothing new writes nothing."""
    known: set[str] = set()
    for at in range(0, len(drafts), _CHUNK):
        keys = [one.key for one in drafts[at : at + _CHUNK]]
        rows = await Letter.select(Letter.key).where(Letter.key.is_in(keys))
        known.update(row["key"] for row in rows)
        shown = [f"page:{key}" for key in keys]
        rows = await Outbox.select(Outbox.key).where(Outbox.key.is_in(shown))
        known.update(row["key"].removeprefix("page:") for row in rows)
    return [one for one in drafts if one.key not in known]


def _letter(
    one: Draft,
    conference: UUID,
    kind: str,
    notice: UUID | None,
    settings: Settings,
    now: datetime,
) -> Letter:
    return Letter(
        id=uuid4(),
        conference=conference,
        notice=notice,
        person=one.person,
        kind=kind,
        key=one.key,
        message_id=message_id(one.key, settings),
        receiver=one.to,
        name=one.name,
        subject=one.payload["subject"],
        created_at=now,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fared:
    """A letter as the organizer's page shows it. `state`: waiting, trying, sent, failed, bounced."""

    id: UUID
    kind: str
    receiver: str
    name: str
    subject: str
    state: str
    words: str
    at: datetime


async def newest(
    conference: UUID, *, state: str = "", notice: UUID | None = None, most: int = 100
) -> list[Fared]:
    """The newest letters, perhaps only those in one state or of one notice."""
    where = [Letter.conference == conference]
    if notice is not None:
        where.append(Letter.notice == notice)
    if state == "bounced":
        where.append(Letter.fate == "bounced")
    elif state == "failed":
        keys = Outbox.select(Outbox.key).where(
            Outbox.kind == "mail", Outbox.due_at >= outbox.GIVEN_UP
        )
        where.append(Letter.key.is_in(keys))
    rows = await (
        Letter.select().where(*where).order_by(Letter.created_at, ascending=False).limit(most)
    )
    ways = await _ways(row["key"] for row in rows)
    found = [_fared(row, ways.get(row["key"])) for row in rows]
    return [one for one in found if not state or one.state == state]


async def _ways(keys: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    wanted = list(keys)
    if not wanted:
        return {}
    rows = await Outbox.select(
        Outbox.key, Outbox.delivered_at, Outbox.due_at, Outbox.attempts, Outbox.error
    ).where(Outbox.key.is_in(wanted))
    return {row["key"]: row for row in rows}


def _fared(row: Mapping[str, Any], way: Mapping[str, Any] | None) -> Fared:
    state, words, at = "sent", row["words"], row["created_at"]
    if row["fate"]:
        state = row["fate"]
    elif way is not None:
        at = way["delivered_at"] or at
        if way["delivered_at"] is None:
            given_up = way["due_at"] >= outbox.GIVEN_UP
            state = "failed" if given_up else "trying" if way["error"] else "waiting"
            words = way["error"]
    return Fared(
        id=row["id"],
        kind=row["kind"],
        receiver=row["receiver"],
        name=row["name"],
        subject=row["subject"],
        state=state,
        words=words,
        at=at,
    )


async def tally(conference: UUID) -> dict[str, int]:
    """How many letters are waiting, sent, failed and bounced."""
    rows = await Letter.raw(
        "SELECT CASE WHEN l.fate <> '' THEN l.fate"
        " WHEN o.key IS NULL OR o.delivered_at IS NOT NULL THEN 'sent'"
        " WHEN o.due_at >= {} THEN 'failed' ELSE 'waiting' END AS state, count(*) AS letters"
        " FROM letter l LEFT JOIN outbox o ON o.key = l.key"
        " WHERE l.conference = {} GROUP BY 1",
        outbox.GIVEN_UP,
        conference,
    )
    found = {row["state"]: row["letters"] for row in rows}
    return {state: found.get(state, 0) for state in ("waiting", "sent", "failed", "bounced")}


async def retry(conference: UUID, letter: UUID, *, now: datetime) -> bool:
    """Try a failed letter again at once; False where there is none to try."""
    row = await (
        Letter.select(Letter.key)
        .where(Letter.id == letter, Letter.conference == conference)
        .first()
    )
    if row is None:
        return False
    tried = await (
        Outbox.update({Outbox.due_at: now, Outbox.attempts: 0, Outbox.error: ""})
        .where(
            Outbox.key == row["key"],
            Outbox.delivered_at.is_null(),
            Outbox.due_at >= outbox.GIVEN_UP,
        )
        .returning(Outbox.id)
    )
    return bool(tried)


async def retry_all(conference: UUID, *, now: datetime) -> int:
    """Try every failed letter again; returns how many."""
    failed = await newest(conference, state="failed", most=1000)
    return sum([await retry(conference, one.id, now=now) for one in failed])
