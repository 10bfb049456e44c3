"""Telling one person something, in the ways that they chose."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app import db, live
from app.accounts.tables import Person
from app.clock import now as present
from app.conferences import brand
from app.conferences.tables import Conference
from app.jobs import outbox
from app.jobs.outbox import Delivery
from app.notices import preferences, push
from app.notices.push import Ring
from app.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What somebody is told. `url` is a path of ours; `over` is when it is of no use any more."""

    kind: str
    key: str
    title: str
    body: str
    url: str
    over: datetime | None = None


async def tell(
    conference: Conference, person: UUID, news: News, *, settings: Settings, now: datetime
) -> preferences.Plan:
    """Write what goes to a person, in one transaction, the caller's if there is one.

    The same key twice tells once. Returns the plan that was followed.
    """
    found = await preferences.plans([person], news.kind, now=now, home=conference.time_zone)
    plan = found[person]
    async with db.transaction():
        if plan.page and (news.over is None or now < news.over):
            await _show(conference, person, news, now=now)
        if plan.in_time("push", now, news.over):
            ring = Ring(title=news.title, body=news.body, url=news.url, tag=news.key)
            await push.put(person, ring, news.key, now=now, due_at=plan.due(now))
        if plan.in_time("mail", now, news.over):
            await _mail(conference, person, news, settings, now=now, due_at=plan.due(now))
    return plan


async def _show(conference: Conference, person: UUID, news: News, *, now: datetime) -> None:
    said = {
        "conference": str(conference.id),
        "person": str(person),
        "kind": news.kind,
        "text": f"{news.title}. {news.body}".strip(),
        "url": news.url,
        "over": news.over.isoformat() if news.over else "",
    }
    await outbox.put("page", f"page:news:{news.key}:{person}", said, now=now)


async def on_page(delivery: Delivery) -> None:
    """The outbox handler for `page`: shows a notice on its reader's open pages."""
    facts = delivery.payload
    said = {name: facts[name] for name in ("kind", "text", "url", "over")}
    own = live.of_person(facts["person"])
    instant = present()
    await live.announce(UUID(facts["conference"]), "notice", said, channel=own, now=instant)


async def _mail(
    conference: Conference,
    person: UUID,
    news: News,
    settings: Settings,
    *,
    now: datetime,
    due_at: datetime,
) -> None:
    row = await Person.select(Person.email, Person.name).where(Person.id == person).first()
    if row is None or not row["email"]:
        return
    await outbox.put(
        "mail",
        f"news:{news.key}:{person}",
        {
            "to": row["email"],
            "name": row["name"],
            **brand.sender(conference.title, conference.brand),
            "subject": news.title,
            "text": f"{news.body}\n\n{settings.base_url}{news.url}".strip(),
        },
        now=now,
        due_at=due_at,
    )
