"""JSON from strangers: parsed within bounds, its texts cleaned, its places named by path."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from agenda.errors import Unreadable
from agenda.formats.imported import Ledger
from agenda.formats.texts import CONTROL_CHARACTERS, as_utf8
from agenda.model import Json, Link

_URL = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]{1,20}:\S+$")
_LONGEST_ID = 200


def parse(content: bytes, ledger: Ledger) -> Any:
    """The JSON value of a file. Raises Unreadable with one sentence that names the place."""
    try:
        return json.loads(as_utf8(content, None, ledger), parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        if error.pos >= len(error.doc.rstrip()) or error.msg.startswith("Unterminated"):
            raise Unreadable(
                f"The JSON breaks off at line {error.lineno}: the file is not complete."
            ) from error
        raise Unreadable(
            f"The JSON is damaged at line {error.lineno}, column {error.colno}: "
            f"{error.msg[:1].lower()}{error.msg[1:].rstrip('.')}."
        ) from error
    except RecursionError as error:
        raise Unreadable("The JSON is nested too deeply to be a schedule.") from error
    except ValueError as error:
        raise Unreadable("The JSON holds a number that is too large.") from error


def _no_constant(name: str) -> None:
    return None


def text(value: object) -> str:
    """A scalar as text, without control characters; nothing for null, lists and objects."""
    if isinstance(value, str):
        found = value
    elif isinstance(value, bool) or value is None or isinstance(value, dict | list):
        return ""
    else:
        found = str(value)
    return CONTROL_CHARACTERS.sub("", found) if CONTROL_CHARACTERS.search(found) else found


def word(value: object) -> str:
    """The same without white space around it."""
    return text(value).strip()


def long_text(value: object) -> str:
    """The same as it came; nothing where it is only white space."""
    found = text(value)
    return found if found.strip() else ""


def identity(value: object) -> str | None:
    """An id as text, or None where there is none."""
    return word(value)[:_LONGEST_ID] or None


def objects(value: object) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The objects of a list with their index; anything else in it is passed over."""
    if isinstance(value, list):
        yield from ((i, item) for i, item in enumerate(value) if isinstance(item, dict))


def mapping(value: object) -> Mapping[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def truth(value: object) -> bool | None:
    """True or false, or None where neither is said."""
    return value if isinstance(value, bool) else None


def count(value: object) -> int | None:
    """A whole number that is no nonsense, or None."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value < 10**9 else None


def cleaned(value: Any) -> Json:
    """Any JSON value with its texts cleaned."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, list):
        return [cleaned(item) for item in value]
    if isinstance(value, dict):
        return {text(key): cleaned(item) for key, item in value.items()}
    kept: Json = value
    return kept


def leftovers(held: Mapping[str, Any], known: Collection[str]) -> dict[str, Json]:
    """What an object holds under names that we have no word for; empty values are left out.

    An object under “extra” is what `with_extra` put there, and comes back whole.
    """
    found = {
        text(key): cleaned(value)
        for key, value in held.items()
        if key not in known and key != "extra" and value not in (None, "", [], {})
    }
    extra = held.get("extra")
    if isinstance(extra, dict):
        found.update((text(key), cleaned(value)) for key, value in extra.items())
    elif extra not in (None, "", []):
        found["extra"] = cleaned(extra)
    return found


def with_extra(
    held: dict[str, Json], extra: Mapping[str, Json], known: Collection[str]
) -> dict[str, Json]:
    """An object with its leftovers again beside what we have words for."""
    inside: dict[str, Json] = {}
    for name, value in extra.items():
        if name in known or name in ("extra", *held) or value in (None, "", [], {}):
            inside[name] = value
        else:
            held[name] = value
    if inside:
        held["extra"] = inside
    return held


def link(value: object) -> Link | None:
    """A link as an object or as a bare text, which is the address if it looks like one."""
    if isinstance(value, dict):
        url = word(value.get("url") or value.get("href"))
        title = word(value.get("title") or value.get("name"))
        return Link(url=url, title=title, kind=word(value.get("type")))
    bare = word(value)
    if not bare:
        return None
    return Link(url=bare) if _URL.match(bare) else Link(url="", title=bare)
