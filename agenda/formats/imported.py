"""What reading a file gives: a schedule, and every oddity on the way."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from agenda.model import Schedule

MOST_OF_A_KIND = 200
"""So many oddities of one code are named one by one; the rest are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Oddity:
    """Something in a file that is not as it should be; what it concerns is kept nevertheless.

    `template` is a fixed English sentence whose {names} are the keys of `facts`, so that it can be
    translated; `where` is the place in the file.
    """

    code: str
    where: str
    template: str
    facts: dict[str, str | int] = field(default_factory=dict)

    @property
    def message(self) -> str:
        return self.template.format(**self.facts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """A file as it was understood. `format` names the kind of file."""

    format: str
    schedule: Schedule
    warnings: tuple[Oddity, ...] = ()


class Ledger:
    """Takes down the oddities of one file, in order, and not without end."""

    def __init__(self) -> None:
        self._kept: list[Oddity] = []
        self._count: Counter[str] = Counter()

    def note(self, code: str, where: str, template: str, **facts: Any) -> None:
        self._count[code] += 1
        if self._count[code] <= MOST_OF_A_KIND:
            self._kept.append(Oddity(code=code, where=where, template=template, facts=facts))

    def close(self) -> tuple[Oddity, ...]:
        """All that was noted, with one closing line for each code that had too many."""
        for code, count in self._count.items():
            if count > MOST_OF_A_KIND:
                self._kept.append(
                    Oddity(
                        code=code,
                        where="",
                        template="{more} more of this kind are not listed.",
                        facts={"more": count - MOST_OF_A_KIND},
                    )
                )
        return tuple(self._kept)
