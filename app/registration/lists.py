"""Tables that come and go: people to invite, orders of a shop, and who is registered."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from agenda.errors import Unreadable
from agenda.formats import csv_table, xlsx_table
from app.html import gettext as _

MOST_ROWS = 10_000
MOST_BYTES = 10 * 1024 * 1024
_ADDRESS = re.compile(r"[^@\s,;<>\"]{1,64}@[^@\s,;<>\"]{1,255}")

_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "email": ("attendee email", "attendee e-mail", "email", "e-mail", "mail", "e-mail address"),
    "fallback": ("order email", "email", "e-mail"),
    "name": ("attendee name", "name", "full name", "attendee"),
    "first": ("given name", "first name", "attendee name: given name"),
    "last": ("family name", "last name", "surname", "attendee name: family name"),
    "organization": ("company", "organization", "organisation", "affiliation", "institution"),
    "order": ("order code", "order"),
    "position": ("position id", "position", "line"),
    "status": ("status", "order status", "payment status"),
    "item": ("product", "item", "ticket", "ticket type"),
}
_MORE_WORDS: Mapping[str, tuple[str, ...]] = {
    "email": ("mail address", "email address", "address"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Guest:
    """One line of a list: an address in lower case, and what stood beside it."""

    line: int
    email: str
    name: str = ""
    organization: str = ""
    order: str = ""
    item: str = ""
    paid: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What a list holds: its good lines, and a sentence for each bad one."""

    guests: tuple[Guest, ...]
    troubles: tuple[str, ...]


def guests(name: str, content: bytes) -> Listed:
    """The people of a CSV or XLSX file. Raises Unreadable with a sentence."""
    rows = _rows(name, content)
    if len(rows) > MOST_ROWS + 1:
        raise Unreadable(_("The list has more than 10,000 lines. Send it in parts."))
    (_number, header), *body = rows
    at = _places(header)
    if "email" not in at and "fallback" not in at:
        if not any(_ADDRESS.fullmatch(cell.strip()) for cell in header):
            raise Unreadable(
                _("The first line must name the columns, and one of them must be “email”.")
            )
        body, at = rows, {"email": next(n for n, c in enumerate(header) if "@" in c)}
    return _read(body, at)


def _rows(name: str, content: bytes) -> list[tuple[int, list[str]]]:
    if xlsx_table.looks_right(content):
        return xlsx_table.sheets(content)[0]
    if name.lower().endswith((".xls", ".ods", ".pdf")):
        raise Unreadable(_("Save the list as CSV or XLSX, then send it again."))
    return csv_table.records(content)


def pasted(text: str) -> Listed:
    """People written into a field: one each line, as an address, or as “Name <address>”."""
    found: list[Guest] = []
    troubles: list[str] = []
    for number, line in enumerate(text.splitlines()[:MOST_ROWS], 1):
        if not line.strip():
            continue
        match = _ADDRESS.search(line)
        if match is None:
            troubles.append(_trouble(number, line.strip()))
            continue
        rest = line.replace(match[0], "")
        name = re.sub(r"[<>\",;]", " ", rest)
        found.append(Guest(line=number, email=match[0].lower(), name=" ".join(name.split())[:200]))
    return Listed(guests=_once(found), troubles=tuple(troubles))


def _places(header: Sequence[str]) -> dict[str, int]:
    """Which column holds what, by its heading."""
    plain = [" ".join(cell.split()).lower().strip(":") for cell in header]
    found: dict[str, int] = {}
    for key, words in _COLUMNS.items():
        for word in (*words, *_MORE_WORDS.get(key, ())):
            if word in plain:
                found[key] = plain.index(word)
                break
    return found


def _read(rows: Sequence[tuple[int, list[str]]], at: Mapping[str, int]) -> Listed:
    found: list[Guest] = []
    troubles: list[str] = []
    for number, cells in rows:

        def cell(key: str, cells: Sequence[str] = cells) -> str:
            place = at.get(key)
            text = cells[place] if place is not None and place < len(cells) else ""
            return " ".join(text.split())

        if not any(text.strip() for text in cells):
            continue
        email = cell("email") or cell("fallback")
        if not _ADDRESS.fullmatch(email):
            troubles.append(_trouble(number, email))
            continue
        found.append(_guest(number, email, cell))
    return Listed(guests=_once(found), troubles=tuple(troubles))


def _guest(number: int, email: str, cell: Callable[[str], str]) -> Guest:
    order = cell("order")
    return Guest(
        line=number,
        email=email.lower(),
        name=(cell("name") or f"{cell('first')} {cell('last')}".strip())[:200],
        organization=cell("organization")[:200],
        order=f"{order}-{cell('position') or 1}" if order else "",
        item=cell("item"),
        paid=cell("status").lower() in ("", "p", "paid", "bezahlt", "payée", "pagado"),
    )


def _trouble(number: int, email: str) -> str:
    if not email:
        return _("Line {number}: there is no mail address.").format(number=number)
    return _("Line {number}: “{text}” is no mail address.").format(number=number, text=email[:80])


def _once(found: Sequence[Guest]) -> tuple[Guest, ...]:
    """The first of each address."""
    return tuple({guest.email: guest for guest in reversed(found)}.values())[::-1]
