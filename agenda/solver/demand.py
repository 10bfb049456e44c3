"""A demand upon a schedule, as a sentence."""

from __future__ import annotations

from dataclasses import dataclass

from agenda.solver.problem import TalkCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """Something that a schedule has to respect. `template` with its `facts` is a sentence."""

    template: str
    facts: tuple[tuple[str, str], ...]
    talks: tuple[TalkCode, ...] = ()

    @property
    def sentence(self) -> str:
        return self.template.format(**dict(self.facts))


def demand(template: str, *talks: TalkCode, **facts: str) -> Demand:
    return Demand(template=template, facts=tuple(sorted(facts.items())), talks=talks)
