"""Leads as files: CSV as we say it, as HubSpot and Salesforce import it, and XLSX."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any
from uuid import UUID

from app.html import gettext as _
from app.reports.cells import cell
from app.reports.sheets import Sheet, workbook
from app.sponsors import view
from app.sponsors.ledger import Lead, Ledger
from app.sponsors.names import parted
from app.words import local

Owners = Mapping[UUID, str]


def _plain(lead: Lead, zone: str, owners: Owners) -> dict[str, str]:
    return {
        "Name": lead.name,
        "Email": lead.email,
        "Phone": lead.phone,
        "Company": lead.organization,
        "Source": lead.source,
        "Given at": local(lead.given_at, zone).isoformat(timespec="seconds"),
        "Shared": "+".join(lead.fields),
        "Asked for a call": "yes" if lead.wants_call else "no",
        "Answered": "yes" if lead.answered else "no",
        "Message": lead.message,
        "Score": str(lead.score),
        "Score explained": view.explained(lead),
        "Rating": str(lead.rating or ""),
        "Tags": "; ".join(lead.tags),
        "Owner": owners.get(lead.owner, "") if lead.owner else "",
        "Notes": _notes(lead),
        "Wording": lead.wording,
    }


def _hubspot(lead: Lead, zone: str, owners: Owners) -> dict[str, str]:
    """HubSpot, Import contacts: each heading is the label of a default contact property."""
    first, last = parted(lead.name)
    return {
        "First Name": first,
        "Last Name": last,
        "Email": lead.email,
        "Phone Number": lead.phone,
        "Company Name": lead.organization,
        "Lifecycle Stage": "lead",
        "Lead Status": "OPEN" if lead.answered else "NEW",
        "Message": _description(lead),
    }


def _salesforce(lead: Lead, zone: str, owners: Owners) -> dict[str, str]:
    """Salesforce, Data Import Wizard for leads: each heading is a field's label. Last Name and
    Company can't be empty there."""
    first, last = parted(lead.name)
    return {
        "First Name": first,
        "Last Name": last or "[not provided]",
        "Company": lead.organization or "[not provided]",
        "Email": lead.email,
        "Phone": lead.phone,
        "Lead Source": "Trade Show",
        "Lead Status": "Working - Contacted" if lead.answered else "Open - Not Contacted",
        "Rating": "Hot" if lead.score >= 60 else "Warm" if lead.score >= 25 else "Cold",
        "Description": _description(lead),
    }


COLUMNS: Mapping[str, Callable[[Lead, str, Owners], dict[str, str]]] = MappingProxyType(
    {"plain": _plain, "hubspot": _hubspot, "salesforce": _salesforce}
)


def _notes(lead: Lead) -> str:
    return " | ".join(f"{note.text} ({note.by})" if note.by else note.text for note in lead.notes)


def _description(lead: Lead) -> str:
    held = [lead.message, _notes(lead), "; ".join(lead.tags)]
    return " | ".join(part for part in held if part)


def as_csv(leads: Sequence[Lead], zone: str, owners: Owners, shape: str = "plain") -> str:
    """The leads that stand, as CSV with a byte-order mark, so that spreadsheets see UTF-8."""
    row_of = COLUMNS[shape]
    held = io.StringIO()
    writer = csv.writer(held)
    writer.writerow(row_of(_NOBODY, zone, owners))
    for lead in leads:
        writer.writerow(map(cell, row_of(lead, zone, owners).values()))
    return "\ufeff" + held.getvalue()


def as_xlsx(ledger: Ledger, zone: str, owners: Owners, title: str) -> bytes:
    """Leads, booth and sessions as a workbook; its first sheet says how many took it back."""
    rows = [_plain(lead, zone, owners) for lead in ledger.leads]
    heads = list(_plain(_NOBODY, zone, owners))
    return workbook(
        [
            Sheet(name=_("Summary"), rows=summary(ledger, title), wide=44),
            Sheet(
                name=_("Leads"),
                head=heads,
                rows=[
                    [int(value) if key == "Score" else value for key, value in row.items()]
                    for row in rows
                ],
            ),
            Sheet(
                name=_("Sponsored sessions"),
                head=[_("Session"), _("Room"), _("Start"), _("People"), _("Stayed, minutes")],
                rows=[
                    [
                        one.title,
                        one.room,
                        local(one.start, zone).isoformat(timespec="minutes"),
                        view.count_or_few(one.unique) if one.live else "",
                        one.minutes if one.minutes is not None else "",
                    ]
                    for one in ledger.audiences
                ],
            ),
            Sheet(
                name=_("Downloads"),
                head=[_("File"), _("Times"), _("People")],
                rows=[
                    [one.name, view.count_or_few(one.times), view.count_or_few(one.people)]
                    for one in ledger.taken
                ],
            ),
        ]
    )


def summary(ledger: Ledger, title: str) -> list[list[Any]]:
    """What stands on the first sheet."""
    rows: list[list[Any]] = [
        [title, ""],
        [_("People who may be contacted"), len(ledger.leads)],
        [_("Took their contact back; they are not in this file"), ledger.revoked],
        [_("Visits to the booth"), view.count_or_few(ledger.visits)],
        [_("Different visitors"), view.count_or_few(ledger.visitors)],
    ]
    if ledger.typical is not None:
        rows.append([view.typical_words(ledger.typical), ledger.typical.leads])
    return rows


_NOBODY = view.nobody()
