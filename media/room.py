"""A room of the node: who sends, who watches, and which group is on air."""

from __future__ import annotations

from media.layout import Floor, next_floor
from media.publisher import Publisher
from media.subscriber import Choice, Subscriber

RoomKey = tuple[str, str]
"""Conference and room: rooms of the same name in two conferences are two."""


class Room:
    """Publishers and subscribers of one room; `on_air` is the group that is on stage, or None."""

    def __init__(self, id: str, conference: str) -> None:
        self.id = id
        self.conference = conference
        self.on_air: str | None = None
        self.publishers: dict[str, Publisher] = {}
        self.subscribers: dict[str, Subscriber] = {}
        self._floors: dict[str, Floor] = {}
        self._served: dict[str | None, list[Choice]] = {}

    @property
    def key(self) -> RoomKey:
        return self.conference, self.id

    @property
    def empty(self) -> bool:
        return not self.publishers and not self.subscribers

    def on_stage(self, publisher: Publisher) -> bool:
        """Whether the audience may receive this publisher."""
        return self.on_air is not None and publisher.group == self.on_air

    def measure(self, now: float) -> None:
        """Look at who is loud, and refill lanes where the order of speakers changed."""
        groups: dict[str, dict[str, float]] = {}
        for publisher in self.publishers.values():
            loudness = publisher.measure_loudness()
            if publisher.peer.ready:
                groups.setdefault(publisher.group, {})[publisher.id] = loudness
        self._floors = {
            group: next_floor(self._floors.get(group, Floor()), loudness, now=now)
            for group, loudness in groups.items()
        }
        self.refill(now)

    def refill(self, now: float, *, everybody: bool = False) -> None:
        """Fill the lanes of all whose choice changed since the last time."""
        audiences = {subscriber.group for subscriber in self.subscribers.values()}
        choices = {group: self.choices(group, now) for group in audiences}
        changed = {g for g in audiences if everybody or self._served.get(g) != choices[g]}
        self._served = choices
        if changed:
            for subscriber in self.subscribers.values():
                if subscriber.group in changed:
                    serve(subscriber, choices[subscriber.group])

    def welcome(self, subscriber: Subscriber, now: float) -> None:
        """Fill the lanes of somebody who just came."""
        serve(subscriber, self.choices(subscriber.group, now))

    def choices(self, group: str | None, now: float) -> list[Choice]:
        """What those who watch this group (None: the stage) may receive, the best first."""
        shown = self.on_air if group is None else group
        if shown is None:
            return []
        speakers = self._floors.get(shown, Floor()).speakers
        order = {speaker: place for place, speaker in enumerate(speakers)}
        found = [
            (p, stream)
            for p in self.publishers.values()
            if p.group == shown and p.peer.ready
            for stream in p.streams
        ]
        found.sort(
            key=lambda choice: (
                choice[1].quiet(now),
                choice[1].source != "screen",
                order.get(choice[0].id, len(order)),
            )
        )
        return found


def serve(subscriber: Subscriber, choices: list[Choice]) -> None:
    """Fill a subscriber's lanes; behind the stage nobody gets their own camera and voice back."""
    if subscriber.group is not None:
        own = subscriber.grant.person
        choices = [choice for choice in choices if choice[0].grant.person != own]
    subscriber.fill(choices)
