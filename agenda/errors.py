"""What can go wrong in the agenda, each error with its facts."""

from __future__ import annotations


class AgendaError(Exception):
    """Base of every error that this package raises on purpose."""


class Unreadable(AgendaError):
    """An input that cannot be read; `sentence` says why in words that a person understands."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class UnknownZone(Unreadable):
    """A time zone that is missing or unknown, where local times need one."""
