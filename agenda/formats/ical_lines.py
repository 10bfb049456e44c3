"""iCalendar text as properties in components, whatever state it is in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from agenda.formats.imported import Ledger

MAX_DEPTH = 20
_HEAD = re.compile(r"([A-Za-z0-9-]{1,80})((?:;(?:[^\":;]|\"[^\"]*\")*)*):", re.DOTALL)
_PARAMETER = re.compile(r";([A-Za-z0-9-]+)=((?:[^\";]|\"[^\"]*\")*)")
_ESCAPE = re.compile(r"\\([nN,;\\])")
_CARET = re.compile(r"\^([n^'])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """One content line: its name in capitals, its parameters, its value as it stands."""

    name: str
    parameters: Mapping[str, str]
    value: str
    line: int

    def text(self) -> str:
        """The value as text, its escapes undone."""
        return _ESCAPE.sub(lambda m: "\n" if m[1] in "nN" else m[1], self.value)

    def texts(self) -> list[str]:
        """The values of a list, parted at commas that are not escaped."""
        parts = re.split(r"(?<!\\),", self.value)
        return [_ESCAPE.sub(lambda m: "\n" if m[1] in "nN" else m[1], part) for part in parts]


@dataclass(slots=True, kw_only=True)
class Component:
    """One BEGIN … END, with its properties and the components in it."""

    name: str
    line: int
    properties: list[Property] = field(default_factory=list)
    parts: list[Component] = field(default_factory=list)

    def first(self, name: str) -> Property | None:
        """The first property of that name."""
        return next((p for p in self.properties if p.name == name), None)

    def text(self, name: str) -> str:
        """The first property of that name as text, or nothing."""
        found = self.first(name)
        return "" if found is None else found.text()

    def source(self) -> str:
        """The component as iCalendar text again."""
        return "\r\n".join([*self._lines(), ""])

    def _lines(self) -> Iterator[str]:
        yield f"BEGIN:{self.name}"
        for held in self.properties:
            parameters = "".join(f';{k}="{v}"' for k, v in held.parameters.items())
            yield f"{held.name}{parameters}:{held.value}"
        for part in self.parts:
            yield from part._lines()
        yield f"END:{self.name}"


def components(text: str, ledger: Ledger) -> list[Component]:
    """The outermost components of a text. Lines that are no property are passed over, and noted;
    a component that is not closed is closed at the end of the one around it."""
    top: list[Component] = []
    open_ones: list[Component] = []
    for number, line in _unfolded(text):
        found = _property(line, number)
        if found is None:
            ledger.note(
                "bad_line", f"line {number}", "The line “{text}” is no property.", text=line[:60]
            )
        elif found.name == "BEGIN":
            made = Component(name=found.value.strip().upper()[:80], line=number)
            (open_ones[-1].parts if open_ones else top).append(made)
            if len(open_ones) < MAX_DEPTH:
                open_ones.append(made)
        elif found.name == "END":
            _close(found.value.strip().upper(), open_ones)
        elif open_ones:
            open_ones[-1].properties.append(found)
    if open_ones:
        ledger.note(
            "not_closed",
            f"line {open_ones[-1].line}",
            "The {name} that begins here has no end.",
            name=open_ones[-1].name,
        )
    return top


def _close(name: str, open_ones: list[Component]) -> None:
    if any(component.name == name for component in open_ones):
        while open_ones.pop().name != name:
            pass


def _unfolded(text: str) -> Iterator[tuple[int, str]]:
    """Whole lines with the number on which each begins; empty lines are passed over."""
    begun, parts = 0, [""]
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text), 1):
        if line.startswith((" ", "\t")) and begun:
            parts.append(line[1:])
        elif line.strip():
            if begun:
                yield begun, "".join(parts)
            begun, parts = number, [line]
    if begun:
        yield begun, "".join(parts)


def _property(line: str, number: int) -> Property | None:
    head = _HEAD.match(line)
    if head is None:
        return None
    parameters = {
        name.upper(): _CARET.sub(_uncaret, value.replace('"', "").strip())
        for name, value in _PARAMETER.findall(head[2])
    }
    return Property(
        name=head[1].upper(), parameters=parameters, value=line[head.end() :], line=number
    )


def _uncaret(match: re.Match[str]) -> str:
    return {"n": "\n", "^": "^", "'": '"'}[match[1]]
