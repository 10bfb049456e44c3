"""Who gets a place, who waits, who is asked later, and who is told why not. Pure."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from app.html import gettext as _

KINDS = ("open", "code", "approval", "invitation", "paid")
QUESTION_KINDS = ("text", "long", "choice", "several", "tick")
UNPROVEN, INVITED, PENDING, WAITING = "unproven", "invited", "pending", "waiting"
CONFIRMED, DECLINED, CANCELLED = "confirmed", "declined", "cancelled"
STATES = (CONFIRMED, WAITING, PENDING, INVITED, UNPROVEN, DECLINED, CANCELLED)

LONGEST_ANSWER = 4000


class Refused(Exception):
    """No place this way; the text says why and what to do."""


class Incomplete(Exception):
    """Some fields of the form are wrong: name of the field → a sentence."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("; ".join(errors.values()))
        self.errors = dict(errors)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A kind of place as its rules see it. Instants are aware UTC; `capacity` None: no limit."""

    id: UUID
    name: str
    kind: str
    code: str = ""
    capacity: int | None = None
    waiting: bool = True
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    retired: bool = False

    def closed(self, now: datetime) -> str:
        """Why nobody can register with it now, or nothing."""
        if self.retired:
            return _("This kind of place is no longer offered.")
        if self.opens_at is not None and now < self.opens_at:
            return _("Registration has not opened yet.")
        if self.closes_at is not None and now >= self.closes_at:
            return _("Registration is closed.")
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What somebody brings along. `cleared`: an organizer or a paid order stands behind it."""

    code: str = ""
    invited: bool = False
    cleared: bool = False


def outcome(ticket: Ticket, claim: Claim, *, taken: int, now: datetime) -> str:
    """The state that a claim leads to: confirmed, pending or waiting. Raises Refused."""
    if not claim.cleared:
        _admit(ticket, claim, now)
        if ticket.kind == "approval" and not claim.invited:
            return PENDING
    if ticket.capacity is None or taken < ticket.capacity:
        return CONFIRMED
    if not ticket.waiting and not claim.cleared:
        raise Refused(_("All places of this kind are taken."))
    return WAITING


def _admit(ticket: Ticket, claim: Claim, now: datetime) -> None:
    closed = ticket.closed(now)
    if closed:
        raise Refused(closed)
    if claim.invited:
        return
    if ticket.kind == "code" and not same_code(ticket.code, claim.code):
        raise Refused(_("That code does not fit. Look at the mail that it came with."))
    if ticket.kind == "invitation":
        raise Refused(_("This place is for invited people: use the link in your invitation."))
    if ticket.kind == "paid":
        raise Refused(_("This place is bought in the shop; its order brings you here."))


def same_code(wanted: str, given: str) -> bool:
    """Codes are the same whatever their case and the blanks around and in them."""
    left, right = ("".join(text.split()).casefold().encode() for text in (wanted, given))
    return bool(left) and hmac.compare_digest(left, right)


def promoted(ticket: Ticket, queue: Sequence[UUID], *, taken: int) -> Sequence[UUID]:
    """Who of the queue (oldest first) gets a place now."""
    if ticket.capacity is None:
        return queue
    return queue[: max(ticket.capacity - taken, 0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A question as the form asks it."""

    id: UUID
    label: str
    hint: str = ""
    kind: str = "text"
    options: tuple[str, ...] = ()
    required: bool = False

    @property
    def name(self) -> str:
        return f"q-{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """One version of a text to agree to."""

    id: UUID
    key: str
    version: int
    title: str
    text: str
    required: bool = True

    @property
    def name(self) -> str:
        return f"c-{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A form that was filled in rightly."""

    organization: str
    answers: dict[str, Any] = field(default_factory=dict)
    agreed: tuple[UUID, ...] = ()


def read_form(
    form: Mapping[str, str], questions: Sequence[Asked], consents: Sequence[Wording]
) -> Sent:
    """Answers and agreements of a form. Raises Incomplete with a sentence for each wrong field."""
    errors: dict[str, str] = {}
    answers: dict[str, Any] = {}
    for question in questions:
        answer = _answer(form, question)
        if question.required and not answer:
            errors[question.name] = _("Please answer this.")
        elif question.kind == "choice" and answer and answer not in question.options:
            errors[question.name] = _("Choose one of these.")
        elif isinstance(answer, str) and len(answer) > LONGEST_ANSWER:
            errors[question.name] = _("Please keep it under 4,000 characters.")
        elif answer:
            answers[str(question.id)] = answer
    agreed = tuple(text.id for text in consents if form.get(text.name) == "1")
    for text in consents:
        if text.required and text.id not in agreed:
            errors[text.name] = _("Without this there is no place.")
    if errors:
        raise Incomplete(errors)
    return Sent(
        organization=" ".join(form.get("organization", "").split())[:200],
        answers=answers,
        agreed=agreed,
    )


def _answer(form: Mapping[str, str], question: Asked) -> str | bool | list[str]:
    if question.kind == "tick":
        return form.get(question.name) == "1"
    if question.kind == "several":
        return [
            option
            for number, option in enumerate(question.options)
            if form.get(f"{question.name}-{number}") == "1"
        ]
    return form.get(question.name, "").replace("\r\n", "\n").strip()


def in_words(answer: Any) -> str:
    """An answer as one cell of a table."""
    if answer is True:
        return _("yes")
    if isinstance(answer, list):
        return ", ".join(str(part) for part in answer)
    return "" if answer in (None, False) else str(answer)


def state_words() -> dict[str, str]:
    """The states of an application, as a page names them."""
    return {
        CONFIRMED: _("Has a place"),
        WAITING: _("Waiting list"),
        PENDING: _("To be approved"),
        INVITED: _("Invited"),
        UNPROVEN: _("Address not proven"),
        DECLINED: _("Declined"),
        CANCELLED: _("Given back"),
    }
