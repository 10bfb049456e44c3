"""Writes what happens to publishers and subscribers into the journal of events."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime

from media import events
from media.events import Fact, Journal
from media.grant import Grant
from media.publisher import Publisher
from media.room import Room
from media.subscriber import Subscriber
from media.voice import spoken


class Diary:
    """The journal, in the words of the node. It reads the clock: an event is noted as it happens.

    `joined` are the ids of the sessions that have joined and have not left.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self.joined: set[str] = set()

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

    def publisher_joined(self, publisher: Publisher, room: Room) -> None:
        """Media can flow from a publisher, who may be on stage at once."""
        self.joined.add(publisher.id)
        self.publisher(events.PUBLISHER_JOINED, publisher)
        if room.on_stage(publisher):
            self.publisher(events.PUBLISHER_ON_STAGE, publisher)

    def publisher_left(self, publisher: Publisher, room: Room, reason: str) -> None:
        """A publisher is gone: first from their speech and the stage. Who never joined, never left."""
        if publisher.id not in self.joined:
            return
        self.joined.discard(publisher.id)
        seconds = spoken(publisher.voice)
        if seconds is not None:
            self.spoke(publisher, room, seconds)
        if room.on_stage(publisher):
            self.publisher(events.PUBLISHER_OFF_STAGE, publisher)
        self.publisher(events.PUBLISHER_LEFT, publisher, reason=reason)

    def subscriber_joined(self, subscriber: Subscriber) -> None:
        """Media can flow to a subscriber."""
        self.joined.add(subscriber.id)
        self.subscriber(events.SUBSCRIBER_JOINED, subscriber)

    def subscriber_left(self, subscriber: Subscriber, reason: str) -> None:
        """A subscriber is gone. Who never joined, never left."""
        if subscriber.id in self.joined:
            self.joined.discard(subscriber.id)
            self.subscriber(events.SUBSCRIBER_LEFT, subscriber, reason=reason)

    def spoke(self, publisher: Publisher, room: Room, seconds: float) -> None:
        """A publisher's speech of so many seconds has ended."""
        on_stage = room.on_stage(publisher)
        self.publisher(events.PUBLISHER_SPOKE, publisher, seconds=seconds, on_stage=on_stage)

    @contextlib.contextmanager
    def telling_of_stage(self, room: Room) -> Iterator[None]:
        """Note who goes on and off stage by what is done meanwhile."""
        before = [p for p in room.publishers.values() if room.on_stage(p)]
        groups = {p.id: p.group for p in before}
        yield
        for publisher in before:
            if not room.on_stage(publisher) or publisher.group != groups[publisher.id]:
                self.publisher(events.PUBLISHER_OFF_STAGE, publisher)
        for publisher in room.publishers.values():
            ready = room.on_stage(publisher) and publisher.id in self.joined
            if ready and groups.get(publisher.id) != publisher.group:
                self.publisher(events.PUBLISHER_ON_STAGE, publisher)


def _who(grant: Grant, room: str, group: str | None) -> dict[str, Fact]:
    return {
        "conference": grant.conference,
        "room": room,
        "group": group,
        "person": grant.person,
        "name": grant.name,
    }
