"""XML that we have no word for, as JSON-able values, and back without loss."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from xml.etree.ElementTree import Element

from agenda.formats.texts import CONTROL_CHARACTERS
from agenda.model import Extra, Json

CODED = "encoding"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,100}")
_ENTITY = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;"}
_SPECIAL = re.compile('[&<>"\r]')
_IN_ATTRIBUTE = re.compile('[&<>"\r\n\t]')


def escape(text: str) -> str:
    """Text for an element; characters that XML cannot hold are left out."""
    if CONTROL_CHARACTERS.search(text):
        text = CONTROL_CHARACTERS.sub("", text)
    return _SPECIAL.sub(lambda match: _ENTITY[match[0]], text)


def escape_attribute(text: str) -> str:
    """Text for an attribute, line breaks and tabs kept."""
    if CONTROL_CHARACTERS.search(text):
        text = CONTROL_CHARACTERS.sub("", text)
    return _IN_ATTRIBUTE.sub(lambda match: _ENTITY.get(match[0]) or f"&#{ord(match[0])};", text)


def full_text(element: Element) -> str:
    """The element's text as it came; nothing where it is only white space."""
    text = element.text or ""
    return text if text.strip() else ""


def to_json(element: Element) -> Json:
    """An element as its text, or as a dict of “@attribute”, “#text” and children."""
    if element.get(CODED) == "json":
        try:
            decoded: Json = json.loads(element.text or "")
        except (ValueError, RecursionError):
            return element.text or ""
        return decoded
    text = full_text(element)
    if not element.attrib and not len(element):
        return text
    held: dict[str, Json] = {f"@{name}": value for name, value in element.attrib.items()}
    if text:
        held["#text"] = text
    for child in element:
        add(held, child.tag, to_json(child))
    return held


def extra_name(element: Element) -> str:
    """The name of what an element holds: its own, unless it was coded for want of an XML name."""
    if element.tag == "extra" and element.get(CODED) == "json":
        return element.get("name", element.tag)
    return element.tag


def add(held: dict[str, Json], name: str, value: Json) -> None:
    """Put a value beside those of the same name; nothing is kept of an empty element."""
    if value in ("", {}):
        return
    if name not in held:
        held[name] = value
        return
    known = held[name]
    held[name] = [*known, value] if isinstance(known, list) else [known, value]


def other_marks(element: Element, known: Collection[str]) -> dict[str, Json]:
    """The attributes that we have no word for."""
    return {f"@{name}": value for name, value in element.attrib.items() if name not in known}


def attributes(extra: Extra, taken: Collection[str]) -> str:
    """The XML attributes that a thing's “@” entries make, none of them in `taken`."""
    return "".join(
        f' {name[1:]}="{escape_attribute(str(value))}"'
        for name, value in extra.items()
        if _is_attribute(name, value, taken)
    )


def children(extra: Extra, taken: Collection[str]) -> Iterator[str]:
    """The XML of everything else that it holds."""
    for name, value in extra.items():
        if not _is_attribute(name, value, taken):
            yield from from_json(name, value)


def _is_attribute(name: str, value: Json, taken: Collection[str]) -> bool:
    return (
        name.startswith("@")
        and name[1:] not in taken
        and isinstance(value, str)
        and _is_plain_part(name, value)
    )


def from_json(name: str, value: Json) -> Iterator[str]:
    """The XML of a value that `to_json` and `add` made, or, coded, of any other."""
    if isinstance(value, list) and len(value) > 1 and all(_is_plain(item) for item in value):
        for item in value:
            yield from from_json(name, item)
    elif not _NAME.fullmatch(name) or not _is_plain(value):
        yield from _coded(name, value)
    elif isinstance(value, str):
        yield f"<{name}>{escape(value)}</{name}>"
    elif isinstance(value, dict):
        attributes = "".join(
            f' {key[1:]}="{escape_attribute(str(item))}"'
            for key, item in value.items()
            if key.startswith("@")
        )
        yield f"<{name}{attributes}>"
        for key, item in value.items():
            if key == "#text":
                yield escape(str(item))
            elif not key.startswith("@"):
                yield from from_json(key, item)
        yield f"</{name}>"


def _coded(name: str, value: Json) -> Iterator[str]:
    text = escape(json.dumps(value, ensure_ascii=True))
    if _NAME.fullmatch(name):
        yield f'<{name} {CODED}="json">{text}</{name}>'
    else:
        yield f'<extra name="{escape_attribute(name)}" {CODED}="json">{text}</extra>'


def _is_plain(value: Json) -> bool:
    """Whether `to_json` would give this value back from the plain XML for it."""
    if isinstance(value, str):
        return bool(value.strip()) and not CONTROL_CHARACTERS.search(value)
    if not isinstance(value, dict) or not value:
        return False
    if set(value) == {"#text"} or value.get(f"@{CODED}") is not None:
        return False
    order = [0 if key.startswith("@") else 1 if key == "#text" else 2 for key in value]
    return order == sorted(order) and all(_is_plain_part(*part) for part in value.items())


def _is_plain_part(key: str, value: Json) -> bool:
    if key.startswith("@"):
        name_is_plain = _NAME.fullmatch(key[1:]) is not None
        return name_is_plain and isinstance(value, str) and not CONTROL_CHARACTERS.search(value)
    if key == "#text":
        return isinstance(value, str) and _is_plain(value)
    if not _NAME.fullmatch(key) or key == "extra":
        return False
    if isinstance(value, list):
        return len(value) > 1 and all(_is_plain(item) for item in value)
    return _is_plain(value)
