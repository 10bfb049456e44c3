"""Who may come in: grants and limits, checked before anything is built for anybody."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from media.errors import Full, NotGranted
from media.grant import Grant
from media.publisher import Publisher
from media.room import Room
from media.settings import Limits
from media.subscriber import Subscriber


def check_publishing(grant: Grant, room: str) -> str:
    """The group in which the grant lets its person publish; raises NotGranted."""
    if grant.publish is None or not grant.covers(room):
        raise NotGranted("This grant does not allow publishing in this room")
    return grant.publish


def check_watching(grant: Grant, room: str, group: str | None) -> None:
    """Raise NotGranted unless the grant shows this group (None: the stage) of the room."""
    if not grant.covers(room):
        raise NotGranted("This grant is for another room")
    if group is None and not grant.subscribe:
        raise NotGranted("This grant does not allow watching the stage")
    if group is not None and not grant.sees(group):
        raise NotGranted("This grant does not allow seeing this group")


def check_seats(grant: Grant, room: Room, group: str) -> None:
    """Raise Full unless the group has a seat for the grant's person, where seats are counted."""
    others = {
        p.grant.person
        for p in room.publishers.values()
        if p.group == group and p.grant.person != grant.person
    }
    if grant.seats is not None and len(others) >= grant.seats:
        raise Full("The table", grant.seats)


def check_publishers(
    limits: Limits, room: Room, everybody: Collection[Publisher], grant: Grant, *, replaced: int
) -> None:
    """Raise Full unless there is place for one more publisher; `replaced` ones are about to go."""
    own = sum(1 for p in everybody if p.grant.person == grant.person)
    if own - replaced >= limits.person_publishers:
        raise Full("This person", limits.person_publishers)
    if len(room.publishers) - replaced >= limits.room_publishers:
        raise Full("The room", limits.room_publishers)
    if len(everybody) - replaced >= limits.publishers:
        raise Full("The node", limits.publishers)


def check_room_for_listener(limits: Limits, room: Room) -> None:
    """Raise Full unless the room has place for one more in its audience."""
    if sum(1 for s in room.subscribers.values() if not s.grant.service) >= limits.room_subscribers:
        raise Full("The room", limits.room_subscribers)


def check_subscribers(
    limits: Limits, room: Room, everybody: Iterable[Subscriber], grant: Grant
) -> None:
    """Raise Full unless room, node and person all have place for one more subscriber."""
    if grant.service:
        return
    check_room_for_listener(limits, room)
    present = list(everybody)
    if len(present) >= limits.subscribers:
        raise Full("The node", limits.subscribers)
    if sum(1 for s in present if s.grant.person == grant.person) >= limits.person_subscribers:
        raise Full("This person", limits.person_subscribers)
