"""Which column of a table holds which field: guessed from the names, corrected by the organizer."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from agenda.errors import Unreadable
from agenda.formats.imported import Ledger

FIELDS: Mapping[str, tuple[str, ...]] = {
    "id": (
        "id",
        "sessionid",
        "submissionid",
        "proposalid",
        "talkid",
        "code",
        "key",
        "nr",
        "number",
    ),
    "guid": ("guid", "uuid", "uid"),
    "title": ("title", "sessiontitle", "talktitle", "name", "summary", "titel", "subject"),
    "subtitle": ("subtitle", "untertitel"),
    "abstract": ("abstract", "shortdescription", "shortabstract"),
    "description": ("description", "longabstract", "longdescription", "details", "beschreibung"),
    "kind": ("type", "kind", "format", "talkformat", "sessiontype", "sessionformat", "typ"),
    "language": ("language", "lang", "locale", "sprache"),
    "track": ("track", "theme", "topic", "strand", "category"),
    "room": ("room", "location", "venue", "hall", "stage", "place", "raum", "roomname"),
    "speakers": (
        "speakers",
        "speaker",
        "speakernames",
        "speakername",
        "fullname",
        "presenter",
        "presenters",
        "authors",
        "author",
        "persons",
        "person",
        "referent",
    ),
    "speaker_ids": ("speakerids", "personids"),
    "date": ("date", "startdate", "datum"),
    "start": (
        "start",
        "starttime",
        "starts",
        "startsat",
        "begin",
        "from",
        "dtstart",
        "time",
        "zeit",
    ),
    "end": ("end", "endtime", "ends", "endsat", "finish", "until", "to", "dtend", "ende"),
    "duration": ("duration", "length", "minutes", "durationminutes", "dauer"),
    "state": ("state", "status"),
    "url": ("url", "link", "website", "sessionurl"),
    "slug": ("slug",),
    "logo": ("logo", "image"),
    "licence": ("licence", "license"),
    "opt_out_recording": ("donotrecord", "recordingoptout", "optout"),
    "links": ("links",),
    "attachments": ("attachments", "files"),
}


def guess(header: Sequence[str]) -> dict[str, int]:
    """The column of each field, by the name that fits best; the first where two fit alike."""
    names = [_plain(name) for name in header]
    found: dict[str, int] = {}
    for field, words in FIELDS.items():
        for name in words:
            if name in names and names.index(name) not in found.values():
                found[field] = names.index(name)
                break
    return found


def choose(
    header: Sequence[str], wanted: Mapping[str, str] | None, ledger: Ledger
) -> dict[str, int]:
    """The guess, with what the organizer said instead. A field whose column is not there stays
    empty, and is noted. Raises Unreadable for a field that does not exist."""
    said: dict[str, int] = {}
    missing: set[str] = set()
    by_name = {name.strip().lower(): index for index, name in reversed(list(enumerate(header)))}
    for field, column in (wanted or {}).items():
        if field not in FIELDS:
            raise Unreadable(
                f"There is no field “{field[:40]}” to map; the fields are {', '.join(FIELDS)}."
            )
        index = by_name.get(column.strip().lower())
        if index is None:
            missing.add(field)
            ledger.note(
                "no_column",
                "header",
                "There is no column “{column}” for the field {field}; the field stays empty.",
                column=column[:60],
                field=field,
            )
        else:
            said[field] = index
    guessed = {
        field: index
        for field, index in guess(header).items()
        if field not in said and field not in missing and index not in said.values()
    }
    return guessed | said


def _plain(name: str) -> str:
    return re.sub(r"[^a-z]", "", name.lower())
