"""Writes what happens to publishers and subscribers into the journal of events."""

from __future__ import annotations

from datetime import UTC, datetime

from media.events import Fact, Journal
from media.grant import Grant
from media.publisher import Publisher
from media.subscriber import Subscriber


class Diary:
    """The journal, in the words of the node. It reads the clock: an event is noted as it happens."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def note(self, kind: str, **facts: Fact) -> None:
        self._journal.write(kind, datetime.now(UTC), **facts)

    def publisher(self, kind: str, publisher: Publisher, **more: Fact) -> None:
        who = _who(publisher.grant, publisher.room, publisher.group)
        self.note(kind, **who, publisher=publisher.id, **more)

    def subscriber(self, kind: str, subscriber: Subscriber, **more: Fact) -> None:
        if subscriber.grant.service:
            return
        who = _who(subscriber.grant, subscriber.room, subscriber.group)
        self.note(kind, **who, subscriber=subscriber.id, **more)


def _who(grant: Grant, room: str, group: str | None) -> dict[str, Fact]:
    return {
        "conference": grant.conference,
        "room": room,
        "group": group,
        "person": grant.person,
        "name": grant.name,
    }
