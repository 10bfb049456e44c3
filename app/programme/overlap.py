"""Two starred sessions at one time: which, and whether there is another chance to see them."""

from __future__ import annotations

from collections.abc import Set
from datetime import datetime

from agenda.model import SessionId
from app.html import day_words
from app.html import gettext as _
from app.programme.view import Card, Programme
from app.words import local


def overlapping(programme: Programme, card: Card, starred: Set[SessionId]) -> list[Card]:
    """The cards of other starred sessions that run while this one does, the longest overlap first."""
    same_room = [
        other
        for other in programme.by_day.get(card.day, [])
        if other.room.id == card.room.id
        and other.slot.id != card.slot.id
        and other.slot.start < card.slot.end
        and card.slot.start < other.slot.end
    ]
    return [
        other
        for other in (*programme.beside(card), *same_room)
        if other.session.id in starred and other.session.id != card.session.id
    ]


def hint(
    programme: Programme,
    card: Card,
    starred: Set[SessionId],
    *,
    zone: str,
    now: datetime,
) -> str:
    """A sentence for somebody who starred both, with repeats and recordings; empty without overlap."""
    others = overlapping(programme, card, starred)
    if not others:
        return ""
    other = others[0]
    said = [_("Runs at the same time as “%(title)s”.") % {"title": other.title}]
    for one in (card, other):
        again = _another_chance(programme, one, starred, now)
        if again is not None:
            clock = local(again.slot.start, zone)
            said.append(
                _("“%(title)s” is repeated: %(day)s, %(time)s, %(room)s.")
                % {
                    "title": one.title,
                    "day": day_words(clock.date(), "EEE d MMM"),
                    "time": f"{clock:%H:%M}",
                    "room": again.room.name,
                }
            )
            return " ".join(said)
    kept = [one for one in (other, card) if not one.session.opt_out_recording]
    if len(kept) == 2:
        said.append(_("Unless they are not recorded, you can watch the other one afterwards."))
    elif kept:
        (lost,) = (one for one in (other, card) if one not in kept)
        said.append(
            _("“%(title)s” is not recorded, at the speaker's wish.") % {"title": lost.title}
        )
    return " ".join(said)


def _another_chance(
    programme: Programme, card: Card, starred: Set[SessionId], now: datetime
) -> Card | None:
    """A later slot of the same session, or of one of the same name, that clashes with nothing."""
    same = [
        other
        for other in programme.cards
        if other.slot.id != card.slot.id
        and (other.session.id == card.session.id or other.title == card.title)
        and other.slot.start > now
    ]
    return next((c for c in same if not overlapping(programme, c, starred)), None)
