"""Every conflict and warning of a schedule, as values that a person can act on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agenda.checks import MOST_OVERLAPS, Index, Subject, indexed, look_at
from agenda.finding import Finding, Severity, overlapping, person_key
from agenda.model import Schedule, SessionId, SlotId
from agenda.rules import Rules

__all__ = [
    "MOST_OVERLAPS",
    "Examination",
    "Finding",
    "Rules",
    "Severity",
    "examine",
    "overlapping",
    "person_key",
    "scan",
]

NO_RULES = Rules()


def scan(schedule: Schedule, rules: Rules = NO_RULES) -> tuple[Finding, ...]:
    """Everything that is wrong with a schedule, gravest first."""
    return examine(schedule, rules).findings()


@dataclass(frozen=True, slots=True)
class Examination:
    """The findings of one schedule, kept by what each depends on, so that an edit costs little."""

    index: Index
    held: Mapping[Subject, tuple[Finding, ...]]

    @property
    def rules(self) -> Rules:
        """What was asked of the schedule."""
        return self.index.ground.rules

    def findings(self) -> tuple[Finding, ...]:
        """All of them, gravest first, then by kind."""
        found = [finding for group in self.held.values() for finding in group]
        return tuple(sorted(found, key=_gravity))

    def after(self, schedule: Schedule) -> Examination:
        """The examination of an edited schedule; only what the edit touched is looked at again."""
        before = self.index
        rules = before.ground.rules
        index = indexed(schedule, rules)
        if before.schedule.conference != schedule.conference or before.rooms != index.rooms:
            return examine(schedule, rules)
        held = dict(self.held)
        for subject in _touched(before, index):
            found = look_at(subject, index)
            if found:
                held[subject] = found
            else:
                held.pop(subject, None)
        return Examination(index, held)


def examine(schedule: Schedule, rules: Rules = NO_RULES) -> Examination:
    """The whole examination of a schedule, against these rules."""
    index = indexed(schedule, rules)
    held: dict[Subject, tuple[Finding, ...]] = {}
    for subject in index.by_subject:
        found = look_at(subject, index)
        if found:
            held[subject] = found
    return Examination(index, held)


def _touched(before: Index, after: Index) -> set[Subject]:
    """The subjects whose slots, or whose slots' sessions, are not what they were."""
    changed = {
        key
        for key in before.sessions.keys() | after.sessions.keys()
        if before.sessions.get(key) != after.sessions.get(key)
        or before.people.get(key) != after.people.get(key)
    }
    touched: set[Subject] = {("session", key) for key in changed}
    for subject in before.by_subject.keys() | after.by_subject.keys():
        old, new = before.by_subject.get(subject), after.by_subject.get(subject)
        if old != new or (changed and any(slot.session in changed for slot in new or ())):
            touched.add(subject)
    partners = after.ground.partners
    for kind, key in tuple(touched):
        if kind == "session":
            touched.update(("session", other) for other in partners.get(SessionId(key), ()))
    return touched


def _gravity(finding: Finding) -> tuple[int, str, tuple[SlotId, ...], str]:
    return _ORDER[finding.severity], finding.code, finding.slots, finding.session or ""


_ORDER = {severity: rank for rank, severity in enumerate(Severity)}
