"""A schedule's slots by conference day, as formats that go day by day want them."""

from __future__ import annotations

from agenda.model import Day, Room, Schedule, Session, Slot, make_day


def slots_by_day(schedule: Schedule) -> dict[Day, list[Slot]]:
    """Each declared day with its slots; a slot outside every day goes to the nearest before it.

    Where no day is declared and there are slots, the first slot's day holds them all.
    """
    conference = schedule.conference
    days = list(conference.days)
    if not days and schedule.slots:
        on = conference.date_of(min(slot.start for slot in schedule.slots))
        days = [make_day(on, conference.zone, conference.day_change)]
    held: dict[Day, list[Slot]] = {day: [] for day in days}
    by_date = {day.date: day for day in days}
    for slot in schedule.slots:
        on = conference.date_of(slot.start)
        before = max((d for d in by_date if d <= on), default=min(by_date))
        held[by_date.get(on) or by_date[before]].append(slot)
    return held


def by_room(schedule: Schedule, slots: list[Slot]) -> dict[Room, list[Slot]]:
    """Every room of the schedule, in its order, with those of the slots that are in it."""
    held: dict[str, list[Slot]] = {room.id: [] for room in schedule.rooms}
    for slot in slots:
        held[slot.room].append(slot)
    return {room: held[room.id] for room in schedule.rooms}


def unplaced(schedule: Schedule) -> list[Session]:
    """The sessions that have no slot."""
    placed = {slot.session for slot in schedule.slots}
    return [session for session in schedule.sessions if session.id not in placed]
