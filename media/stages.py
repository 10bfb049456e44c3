"""The book of wanted stages: what every room should be, as the desks have last said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from media.errors import NotGranted
from media.grant import EVERY, EVERYTHING, Grant


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What a room should be: the group on air, the person whom the producer pins, and those of the
    group who are held off the stage for now. `home` is the address of the node where the room
    lives, or None when that is this one."""

    group: str | None = None
    pin: str | None = None
    held: frozenset[str] = frozenset()
    home: str | None = None


class Stages:
    """What is wanted in the rooms of each conference, and in those of every one."""

    def __init__(self) -> None:
        self._wanted: dict[str, dict[str, Stage]] = {}

    def order(self, grant: Grant, stages: Mapping[str, Stage]) -> Mapping[str, Stage]:
        """Want these stages in the rooms of the grant, and off air what is not named; those of them
        that the grant covers. Raises NotGranted."""
        if not grant.control:
            raise NotGranted("This grant does not allow controlling stages")
        wanted = {room: stage for room, stage in stages.items() if grant.covers(room)}
        if grant.rooms == EVERYTHING:
            self._wanted[grant.conference] = wanted
        else:
            present = self._wanted.setdefault(grant.conference, {})
            for room in grant.rooms:
                present.pop(room, None)
            present.update(wanted)
        return wanted

    def wanted(self, conference: str, room: str) -> Stage:
        """What this room should be: as its own conference says, or else who speaks for every one."""
        stages = (self._wanted.get(key, {}) for key in (conference, EVERY))
        return next((wanted[room] for wanted in stages if room in wanted), Stage())
