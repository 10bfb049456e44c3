"""What the editor says: findings by name, refusals as sentences."""

from __future__ import annotations

from agenda.edit_document import MalformedEdit
from agenda.edits import EditRefused, NoLength, SlotBegun, SlotLocked, UnknownPlace
from agenda.finding import Finding
from app.editor.facts import FactsChanged, FactsRefused
from app.html import gettext as _


def finding_title(code: str) -> str:
    """A finding's name, two or three words."""
    return _titles().get(code, _("Look at this"))


def finding_words(finding: Finding) -> str:
    """The sentence of a finding, in the reader's language."""
    return _(finding.template).format(**finding.facts)


def _titles() -> dict[str, str]:
    return {
        "room_overlap": _("Room taken twice."),
        "more_room_overlap": _("Many overlaps."),
        "no_room": _("No room."),
        "speaker_clash": _("Speaker in two places."),
        "more_speaker_clash": _("Many overlaps."),
        "negative_length": _("Ends before it starts."),
        "zero_length": _("No length."),
        "outside_days": _("Outside the hours."),
        "clock_change": _("Clocks change."),
        "unplaced": _("Unplaced."),
        "no_speaker": _("No speaker."),
        "no_title": _("No title."),
        "unconfirmed": _("Unconfirmed."),
        "clock_twice": _("That hour comes twice."),
        "in_break": _("In a break."),
        "night_at_home": _("Night at home."),
        "room_closed": _("Room closed."),
        "short_pause": _("Short pause."),
        "short_changeover": _("Short changeover."),
        "speaker_absent": _("Speaker away."),
        "room_too_small": _("Room too small."),
        "wrong_order": _("Wrong order."),
        "audience_clash": _("Same audience."),
    }


def refusal(error: EditRefused | FactsRefused | MalformedEdit) -> tuple[str, str]:
    """A code for the page, and what to say to a person."""
    if isinstance(error, SlotLocked):
        return "locked", _("It is locked where it is. Unlock it first (L).")
    if isinstance(error, SlotBegun):
        return "history", _("What lies left of the now line is history, and stays.")
    if isinstance(error, UnknownPlace):
        return "unknown", _("That room or session is not there any more.")
    if isinstance(error, NoLength):
        return "length", _("A session lasts at least a minute.")
    if isinstance(error, FactsChanged):
        return "conflict", _(
            "Somebody else changed the same field meanwhile. Yours was not stored."
        )
    if isinstance(error, FactsRefused):
        return "refused", str(error)
    if isinstance(error, MalformedEdit):
        return "malformed", _("The page sent something that can't be read. Load it again.")
    return "conflict", _("Somebody else changed it meanwhile.")
