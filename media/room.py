"""A room of the node: who sends, who watches, and which group is on air."""

from __future__ import annotations

from media.grant import EVERY
from media.layout import Floor, next_floor
from media.publisher import Publisher
from media.stages import Stage
from media.stream import Stream
from media.subscriber import Choice, Source, Subscriber

RoomKey = tuple[str, str]
"""Conference and room: rooms of the same name in two conferences are two."""


TALKBACK = "talkback:"
"""Begins the name of a group whose publishers speak to people backstage, unheard by the audience:
`talkback:opening` is heard in the group `opening` by those whom the speaker addresses."""


class Room:
    """Publishers and subscribers of one room, and the stage as it is ordered."""

    def __init__(self, id: str, conference: str) -> None:
        self.id = id
        self.conference = conference
        self.stage = Stage()
        self.publishers: dict[str, Publisher] = {}
        self.subscribers: dict[str, Subscriber] = {}
        self.relayed: list[Choice] = []
        self._floors: dict[str, Floor] = {}
        self._served: dict[str | None, list[Choice]] = {}

    @property
    def key(self) -> RoomKey:
        return self.conference, self.id

    @property
    def on_air(self) -> str | None:
        """The group that is on stage, or None."""
        return self.stage.group

    @property
    def empty(self) -> bool:
        return not self.publishers and not self.subscribers

    def on_stage(self, publisher: Publisher) -> bool:
        """Whether the audience may receive this publisher."""
        on_air = self.on_air is not None and publisher.group == self.on_air
        return on_air and publisher.grant.person not in self.stage.held

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
                    self._serve(subscriber, choices[subscriber.group])

    def welcome(self, subscriber: Subscriber, now: float) -> None:
        """Fill the lanes of somebody who just came."""
        self._serve(subscriber, self.choices(subscriber.group, now))

    def _serve(self, subscriber: Subscriber, choices: list[Choice]) -> None:
        """Fill a subscriber's lanes. Nobody gets their own voice back, and behind the stage not their
        own camera either; on the stage it comes after everybody else's."""
        if self.stage.home is not None and subscriber.grant.relays:
            # What another node gives us is never given on: two that take each other for home
            # would send it round and round.
            choices = []
        elif subscriber.group is not None:
            choices = [choice for choice in choices if _hears(subscriber, choice[0])]
        else:
            choices = [choice for choice in choices if not _own_voice(subscriber, choice)]
            choices.sort(key=lambda choice: _is_of(subscriber, choice[0]))
        subscriber.fill(choices)

    def choices(self, group: str | None, now: float) -> list[Choice]:
        """What those who watch this group (None: the stage) may receive, the best first."""
        shown = self.on_air if group is None else group
        if group is None and self.stage.home is not None:
            return list(self.relayed)
        if shown is None:
            return []
        speakers = self._floors.get(shown, Floor()).speakers
        order = {speaker: place for place, speaker in enumerate(speakers)}
        found: list[Choice] = [
            (p, stream)
            for p in self.publishers.values()
            if p.group == shown and p.peer.ready and (group is not None or self.on_stage(p))
            for stream in p.streams
            if not stream.is_low and not _unused(stream, now)
        ]
        found.sort(
            key=lambda choice: (
                choice[1].quiet(now),
                choice[0].grant.person != self.stage.pin,
                choice[1].source not in ("screen", "screen-sound"),
                order.get(choice[0].id, len(order)),
            )
        )
        return found if group is None else [*self._talkback(shown), *found]

    def _talkback(self, group: str) -> list[Choice]:
        """The voices that speak to this group from behind the scenes."""
        return [
            (p, stream)
            for p in self.publishers.values()
            if p.group == TALKBACK + group and p.talks_to is not None and p.peer.ready
            for stream in p.streams
            if stream.kind == "audio"
        ]


def _unused(stream: Stream, now: float) -> bool:
    """Whether a line for a screen is there, and no screen is shared."""
    return stream.source in ("screen", "screen-sound") and stream.quiet(now)


def _own_voice(subscriber: Subscriber, choice: Choice) -> bool:
    """Whether this is what somebody in the audience, a guest on the stage, says themselves."""
    return _is_of(subscriber, choice[0]) and choice[1].kind == "audio"


def _is_of(subscriber: Subscriber, publisher: Source) -> bool:
    """Whether somebody in the audience publishes this themselves."""
    return bool(subscriber.grant.person) and publisher.grant.person == subscriber.grant.person


def _hears(subscriber: Subscriber, publisher: Source) -> bool:
    """Whether somebody backstage gets this publisher: not themselves, and talkback to them only."""
    person = subscriber.grant.person
    if publisher.grant.person == person:
        return False
    if not isinstance(publisher, Publisher) or publisher.talks_to is None:
        return True
    return EVERY in publisher.talks_to or person in publisher.talks_to
