"""Places given, waited for, and given back. Each call is one transaction, its mails in it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from app import db
from app.attendees import store as attendees
from app.attendees.tables import Registration
from app.conferences.tables import Conference, Membership
from app.registration import letters, links, rules, store
from app.registration.rules import (
    CANCELLED,
    CONFIRMED,
    DECLINED,
    INVITED,
    PENDING,
    UNPROVEN,
    WAITING,
    Claim,
    Refused,
    Sent,
    Ticket,
)
from app.registration.tables import Application
from app.settings import Settings

STANDING = (CONFIRMED, PENDING, WAITING)
"""States in which somebody is already where a form could bring them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where registrations are handled: the conference, the deployment, and the instant."""

    conference: Conference
    settings: Settings
    now: datetime


async def apply(
    desk: Desk,
    person: UUID,
    ticket: UUID,
    sent: Sent,
    claim: Claim,
    *,
    proven: bool,
    source: str = "form",
) -> str:
    """Ask for a place; returns the state that this led to. Raises Refused.

    A stranger's form (not `proven`) takes no place: it mails a link to the address, and whoever
    presses the button there goes on with `prove`.
    """
    async with db.transaction():
        wanted = await _locked(desk, ticket)
        row = await store.application(desk.conference.id, person)
        if row is not None and row["state"] in STANDING:
            if proven:
                await _keep_answers(desk, row, sent)
            else:
                await letters.again(desk, row)
            return str(row["state"])
        invited = proven and row is not None and row["state"] == INVITED and row["ticket"] == ticket
        claim = Claim(code=claim.code, invited=claim.invited or invited, cleared=claim.cleared)
        state = rules.outcome(wanted, claim, taken=await store.taken(ticket), now=desk.now)
        state = state if proven else UNPROVEN
        row = await _write(desk, person, ticket, sent, state, source)
        await _arrived(desk, row, state)
        return state


async def join(desk: Desk, person: UUID) -> str:
    """Take a place of the first open kind with one press; "" where that is not possible."""
    if await attendees.registration(desk.conference.id, person) is not None:
        return CONFIRMED
    kinds = await store.ticket_rows(desk.conference.id)
    first = next((row for row in kinds if row["kind"] == "open"), None)
    asked = [each for each in await store.questions(desk.conference.id) if each.required]
    if first is None or asked or any(c.required for c in await store.consents(desk.conference.id)):
        return ""
    sent = Sent(organization="")
    try:
        return await apply(desk, person, first["id"], sent, Claim(), proven=True, source="join")
    except Refused:
        return ""


async def prove(desk: Desk, row: Mapping[str, Any]) -> str:
    """The address of an unproven application is proven: go on with what the form said."""
    async with db.transaction():
        wanted = await _locked(desk, row["ticket"])
        fresh = await store.by_id(desk.conference.id, row["id"])
        if fresh is None or fresh["state"] != UNPROVEN:
            return str(fresh["state"]) if fresh else CANCELLED
        # The code was checked when the form was sent; asking for it again would help nobody.
        claim = Claim(code=wanted.code)
        state = rules.outcome(wanted, claim, taken=await store.taken(wanted.id), now=desk.now)
        await _move(desk, fresh, state)
        return state


async def accept(desk: Desk, row: Mapping[str, Any]) -> str:
    """An invited person takes the place that was offered, without a form. Raises Refused."""
    sent = Sent(organization=row["organization_name"], answers=json.loads(row["answers"]))
    return await apply(
        desk, row["person"], row["ticket"], sent, Claim(invited=True), proven=True, source="invite"
    )


async def approve(desk: Desk, row: Mapping[str, Any]) -> str:
    """Let somebody in who asked; where all places are taken, onto the waiting list."""
    async with db.transaction():
        wanted = await _locked(desk, row["ticket"])
        claim = Claim(cleared=True)
        state = rules.outcome(wanted, claim, taken=await store.taken(wanted.id), now=desk.now)
        await _move(desk, row, state)
        return state


async def give(desk: Desk, row: Mapping[str, Any]) -> None:
    """Give a place whatever the list and the capacity say: the organizer wants it."""
    async with db.transaction():
        await _locked(desk, row["ticket"])
        await _move(desk, row, CONFIRMED, freed=row["state"] == WAITING)


async def send_link(desk: Desk, row: Mapping[str, Any], *, fresh: bool = False) -> None:
    """Mail the personal link once more; `fresh` ends the present one before."""
    async with db.transaction():
        if fresh:
            await links.renew(desk.conference.id, row["person"], now=desk.now)
        await letters.link(desk, row)


async def decline(desk: Desk, row: Mapping[str, Any]) -> None:
    async with db.transaction():
        await _move(desk, row, DECLINED)


async def leave(desk: Desk, row: Mapping[str, Any]) -> None:
    """Give a place or a wish for one back; who waits longest gets it at once, and is told."""
    async with db.transaction():
        await _locked(desk, row["ticket"])
        await attendees.revoke(desk.conference.id, row["person"], now=desk.now)
        await Membership.delete().where(
            Membership.conference == desk.conference.id,
            Membership.person == row["person"],
            Membership.role == "attendee",
        )
        await _move(desk, row, CANCELLED)
        await fill(desk, row["ticket"])


async def fill(desk: Desk, ticket: UUID) -> int:
    """Give what places there are to those who wait, the longest first; returns how many."""
    async with db.transaction():
        wanted = await _locked(desk, ticket)
        rows = await _queue(ticket)
        by_id = {row["id"]: row for row in rows}
        lucky = rules.promoted(wanted, list(by_id), taken=await store.taken(ticket))
        for key in lucky:
            await _move(desk, by_id[key], CONFIRMED, freed=True)
        return len(lucky)


async def place_in_queue(row: Mapping[str, Any]) -> int:
    """How many would get a place before this one, and this one: 1 is the next."""
    waiting = [each["id"] for each in await _queue(row["ticket"])]
    return waiting.index(row["id"]) + 1 if row["id"] in waiting else 0


async def invite(
    desk: Desk, ticket: UUID, guests: Sequence[tuple[UUID, str]], *, source: str = "invite"
) -> int:
    """Invite people (person, organization); those who stand somewhere already are left alone."""
    count = 0
    for person, organization in guests:
        async with db.transaction():
            row = await store.application(desk.conference.id, person)
            if row is not None and row["state"] in (*STANDING, INVITED):
                continue
            sent = Sent(organization=organization)
            made = await _write(desk, person, ticket, sent, INVITED, source)
            await _arrived(desk, made, INVITED)
            count += 1
    return count


async def take_over(
    desk: Desk, person: UUID, ticket: UUID, *, organization: str, external: str
) -> bool:
    """A paid order elsewhere is a place here; False where it was already."""
    async with db.transaction():
        await _locked(desk, ticket)
        row = await store.application(desk.conference.id, person)
        if row is not None and row["state"] == CONFIRMED:
            if not row["external"] or row["external"] == external:
                await Application.update(
                    {Application.ticket: ticket, Application.external: external}
                ).where(Application.id == row["id"])
            return False
        sent = Sent(organization=organization)
        made = await _write(desk, person, ticket, sent, CONFIRMED, "pretix", external)
        await _arrived(desk, made, CONFIRMED)
        return True


async def _locked(desk: Desk, ticket: UUID) -> Ticket:
    found = await store.ticket(desk.conference.id, ticket, lock=True)
    if found is None:
        raise Refused("There is no such kind of place.")
    return found


async def _queue(ticket: UUID) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (
        await Application.select(
            *Application.all_columns(), Application.person.name.as_alias("name")
        )
        .where(Application.ticket == ticket, Application.state == WAITING)
        .order_by(Application.since, Application.id)
    )
    return rows


async def _write(
    desk: Desk,
    person: UUID,
    ticket: UUID,
    sent: Sent,
    state: str,
    source: str,
    external: str = "",
) -> dict[str, Any]:
    values: dict[Any, Any] = {
        Application.ticket: ticket,
        Application.state: state,
        Application.organization_name: sent.organization,
        Application.answers: json.dumps(sent.answers, ensure_ascii=False),
        Application.agreed: json.dumps([str(key) for key in sent.agreed]),
        Application.source: source,
        Application.external: external,
        Application.since: desk.now,
    }
    changed = (
        await Application.update(values)
        .where(Application.conference == desk.conference.id, Application.person == person)
        .returning(Application.id)
    )
    if not changed:
        named = {column._meta.name: value for column, value in values.items()}
        await Application(
            id=uuid4(),
            conference=desk.conference.id,
            person=person,
            created_at=desk.now,
            **named,
        ).save()
    row = await store.application(desk.conference.id, person)
    assert row is not None
    return row


async def _move(desk: Desk, row: Mapping[str, Any], state: str, *, freed: bool = False) -> None:
    await Application.update({Application.state: state, Application.since: desk.now}).where(
        Application.id == row["id"]
    )
    await _arrived(desk, {**row, "state": state, "since": desk.now}, state, freed=freed)


async def _arrived(desk: Desk, row: Mapping[str, Any], state: str, *, freed: bool = False) -> None:
    """What goes with a new state: the place itself, agreements, and a mail."""
    if state in STANDING:
        await store.agree(
            desk.conference.id, row["person"], json.loads(row["agreed"]), now=desk.now
        )
    if state == CONFIRMED:
        ticket = await store.ticket(desk.conference.id, row["ticket"])
        await attendees.register(
            desk.conference.id,
            row["person"],
            ticket_type=ticket.name if ticket else store.DEFAULT,
            organization_name=row["organization_name"],
            now=desk.now,
        )
    await letters.tell(desk, row, state, freed=freed)


async def _keep_answers(desk: Desk, row: Mapping[str, Any], sent: Sent) -> None:
    await Application.update(
        {
            Application.answers: json.dumps(sent.answers, ensure_ascii=False),
            Application.organization_name: sent.organization,
        }
    ).where(Application.id == row["id"])
    await Registration.update({Registration.organization_name: sent.organization}).where(
        Registration.conference == desk.conference.id, Registration.person == row["person"]
    )
    await store.agree(desk.conference.id, row["person"], list(sent.agreed), now=desk.now)
