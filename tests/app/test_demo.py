"""The demo: an invented conference that is always happening now, its people and its speakers."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agenda.doors import Phase, Plan, plan
from agenda.findings import Severity, scan
from agenda.model import Schedule, Session, SessionId, Slot
from app.accounts import sessions
from app.clock import now
from app.demo import cast, history, links, people
from app.demo.conference import (
    LEVELS,
    SHORES,
    booths,
    demo_schedule,
    floor_to_raster,
    shifted,
    written,
)
from app.demo.seed import DOORS, seed
from app.meeting import meetings
from app.meeting import store as meeting
from app.programme import releases
from app.programme.view import level_of
from app.settings import Settings
from app.sponsors.tables import Consent, Sponsor
from app.stages import store
from app.stages.tables import OnStage, PhaseChange, Presence

NOW = datetime(2026, 11, 23, 23, 2, 11, tzinfo=UTC)
POLICY = store.policy_from(DOORS)
OPENINGS = {Phase.GREEN_ROOM, Phase.DOORS, Phase.LIVE}

instants = st.datetimes(
    min_value=datetime(2024, 1, 1),  # noqa: DTZ001 (hypothesis wants naive bounds)
    max_value=datetime(2035, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
zones = st.sampled_from(
    (
        "Europe/Lisbon",
        "America/New_York",
        "Australia/Lord_Howe",
        "America/Santiago",
        "Asia/Kathmandu",
        "Africa/Casablanca",
        "Pacific/Apia",
    )
)
clock_changes = st.sampled_from(
    [
        datetime(2026, 3, 29, 1, tzinfo=UTC),
        datetime(2026, 10, 25, 1, tzinfo=UTC),
        datetime(2026, 3, 8, 7, tzinfo=UTC),
        datetime(2026, 11, 1, 6, tzinfo=UTC),
        datetime(2026, 4, 4, 15, tzinfo=UTC),
        datetime(2026, 9, 6, 4, tzinfo=UTC),
    ]
)
near_clock_changes = st.builds(
    lambda at, minutes: at + timedelta(minutes=minutes),
    clock_changes,
    st.integers(min_value=-3 * 1440, max_value=1440),
)


def _plan(schedule: Schedule) -> Plan:
    return plan(schedule.slots, POLICY)


def _musts(schedule: Schedule) -> list[str]:
    return [f.message for f in scan(schedule) if f.severity is Severity.MUST]


def test_the_conference_has_its_size_and_its_variety() -> None:
    schedule = demo_schedule(NOW)
    days = {schedule.conference.date_of(slot.start) for slot in schedule.slots}
    assert 115 <= len(schedule.sessions) <= 130
    assert (len(days), len(schedule.rooms), len(schedule.tracks)) == (3, 6, 6)
    assert len(schedule.speakers) >= 85
    assert len(booths()) == 4
    assert len({session.id for session in schedule.sessions}) == len(schedule.sessions)
    assert {session.kind for session in schedule.sessions} == {
        "talk",
        "panel",
        "workshop",
        "keynote",
        "break",
        "social",
    }
    assert len({session.language for session in schedule.sessions}) >= 10
    levels = Counter(level_of(session) for session in schedule.sessions)
    assert set(levels) == {"", *LEVELS}
    assert min(levels[level] for level in LEVELS) >= 15


def test_everybody_on_the_list_speaks_and_every_abstract_says_something() -> None:
    schedule = demo_schedule(NOW)
    spoken = {speaker for session in schedule.sessions for speaker in session.speakers}
    assert spoken == {speaker.id for speaker in schedule.speakers}
    assert min(len(session.abstract) for session in schedule.sessions) > 80
    assert all(speaker.biography for speaker in schedule.speakers)


@given(now=instants | near_clock_changes)
def test_now_is_always_in_the_middle_of_day_one(now: datetime) -> None:
    schedule = demo_schedule(now)
    today = [s for s in schedule.slots if schedule.conference.date_of(s.start) == _today(schedule)]
    assert schedule.conference.date_of(now) == _today(schedule)
    assert min(s.start for s in today) < now - timedelta(hours=3)
    assert max(s.end for s in today) > now + timedelta(hours=3)
    assert all(slot.start == floor_to_raster(slot.start) for slot in schedule.slots)
    assert 11 <= now.astimezone(schedule.conference.tz).hour <= 16


def _today(schedule: Schedule) -> date:
    assert schedule.conference.first_date is not None
    return schedule.conference.first_date


@given(now=instants | near_clock_changes)
def test_rooms_are_live_waiting_and_about_to_change(now: datetime) -> None:
    house = _plan(demo_schedule(now))
    phases = Counter(house.phases(now).values())
    assert phases[Phase.LIVE] >= 3
    assert phases[Phase.GREEN_ROOM] >= 1
    assert phases[Phase.DOORS] >= 1
    soon = [c.phase for c in house.changes if now < c.due <= now + timedelta(minutes=5)]
    assert OPENINGS & set(soon)
    assert Phase.ENDED in soon


@given(now=instants | near_clock_changes, zone=st.none() | zones)
def test_nobody_and_no_room_is_booked_twice(now: datetime, zone: str | None) -> None:
    schedule = demo_schedule(now, zone)
    assert _musts(schedule) == []
    days = Counter(schedule.conference.date_of(slot.start) for slot in schedule.slots)
    assert list(days.values()) == [45, 41, 38]
    assert schedule.conference.date_of(now) == _today(schedule)


@given(now=instants)
def test_the_shores_cover_every_hour_and_never_change_their_clocks(now: datetime) -> None:
    offsets = {now.astimezone(ZoneInfo(zone)).utcoffset() for zone in SHORES}
    assert len(offsets) == len(SHORES) == 24


@given(now=instants)
def test_a_real_schedule_is_moved_as_one_piece(now: datetime) -> None:
    real = demo_schedule(NOW, "Europe/Brussels")
    moved = shifted(real, now)
    by = {new.start - old.start for new, old in zip(moved.slots, real.slots, strict=True)}
    assert len(by) == 1
    first = [s for s in moved.slots if moved.conference.date_of(s.start) == _today(moved)]
    middle = (
        min(s.start for s in first) + (max(s.end for s in first) - min(s.start for s in first)) / 2
    )
    assert abs(middle - now) <= timedelta(minutes=10)
    assert moved.conference.date_of(now) == _today(moved)
    assert moved.conference.zone == "Europe/Brussels"
    assert replace(moved, conference=real.conference, slots=real.slots) == real


def test_an_empty_schedule_is_left_alone() -> None:
    empty = replace(demo_schedule(NOW), slots=())
    assert shifted(empty, NOW) == empty


def test_history_keeps_everybody_in_one_room_at_a_time() -> None:
    schedule = demo_schedule(NOW)
    past = history.happened(_plan(schedule), NOW, Random(1))
    over = {appearance.slot for appearance in history.appearances(past)}
    begun = [slot for slot in schedule.slots if slot.start <= NOW]
    walked = history.stays(begun, ["a", "b"], NOW, Random(1))
    assert len(over) >= 15
    assert all(one.at <= NOW for one in past)
    for person in ("a", "b"):
        mine = [stay for stay in walked if stay.person == person]
        assert len(mine) >= 2
        assert all(stay.joined < stay.left <= NOW for stay in mine)
        assert all(one.left <= two.joined for one, two in pairwise(mine))


async def test_the_seed_fills_an_empty_database(database: str, settings: Settings) -> None:
    printed = await seed(settings, NOW)
    assert [role for role, _ in printed] == ["organizer", "speaker", "attendee", "sponsor"]
    conference = await links.demo_conference()
    assert conference is not None
    released = await releases.latest(conference.id)
    assert released is not None
    assert _musts(released.schedule) == []
    assert await Sponsor.count().where(Sponsor.conference == conference.id) == 4
    assert await Consent.count().where(Consent.revoked_at.is_not_null()) == 1
    assert await PhaseChange.count().where(PhaseChange.at > NOW) == 0
    assert await Presence.count().where(Presence.node != history.HISTORY) == 0
    assert await Presence.count() > 200
    assert await OnStage.count().where(OnStage.ended_at.is_null()) == 0


async def test_people_show_themselves_and_ask_the_attendee(
    database: str, settings: Settings
) -> None:
    await seed(settings, NOW)
    conference = await links.demo_conference()
    assert conference is not None
    arrival = await links.arrival(conference, "attendee", now=NOW)
    assert arrival is not None
    seen = await meeting.people(conference.id, arrival.person, "", now=NOW)
    assert len(seen) == 21
    assert seen[0]["here"]
    mine = await meetings.of(conference.id, arrival.person, since=NOW)
    assert sorted((row["state"], row["my_turn"]) for row in mine) == [
        ("accepted", False),
        ("asked", False),
        ("asked", True),
    ]
    assert len({row["start"] for row in mine}) == 3
    assert all(row["start"] > NOW for row in mine)


async def test_the_seed_leaves_the_stagehand_nothing_to_do(
    database: str, settings: Settings
) -> None:
    await seed(settings, NOW)
    conference = await links.demo_conference()
    assert conference is not None
    released = await releases.latest(conference.id)
    assert released is not None
    reached, _ = await store.phases(conference.id)
    assert _plan(released.schedule).outstanding(reached, NOW) == ()


async def test_a_second_start_keeps_the_demo_until_its_day_is_over(
    database: str, settings: Settings
) -> None:
    first = await seed(settings, NOW)
    assert await seed(settings, NOW + timedelta(hours=2)) == first
    fresh = await seed(settings, NOW + timedelta(hours=20))
    assert fresh != first
    conference = await links.demo_conference()
    assert conference is not None
    assert str(links.links(settings, conference.id).speaker) == fresh.speaker


async def test_each_link_leads_where_something_happens(database: str, settings: Settings) -> None:
    await seed(settings, NOW)
    conference = await links.demo_conference()
    assert conference is not None
    paths = {}
    for role in links.ROLES:
        arrival = await links.arrival(conference, role, now=NOW)
        assert arrival is not None
        paths[role] = arrival.path
    assert paths["organizer"] == "/c/tidewater-2027/desk"
    assert paths["attendee"] == "/c/tidewater-2027/rooms/harbour-hall"
    assert paths["sponsor"] == "/c/tidewater-2027/sponsors/saltproof/leads"
    slot = await _slot(conference.id, paths["speaker"].rpartition("/")[2])
    assert timedelta(minutes=1) < slot.start - NOW < timedelta(minutes=20)


async def test_a_listener_is_sent_where_there_is_a_picture(
    database: str, settings: Settings
) -> None:
    await seed(settings, NOW)
    conference = await links.demo_conference()
    assert conference is not None
    released = await releases.latest(conference.id)
    assert released is not None
    reached, _ = await store.phases(conference.id)
    live = [s for s in released.schedule.slots if reached.get(s.id) is Phase.LIVE]
    drawn = min((s for s in live if released.sessions[s.session].speakers), key=lambda s: s.end)
    found = await links.arrival(conference, "attendee", now=NOW, playing=frozenset({str(drawn.id)}))
    assert found is not None
    assert found.path == f"/c/tidewater-2027/rooms/{released.room_slugs[drawn.room]}"
    assert released.room_slugs[drawn.room] != "harbour-hall"


async def _slot(conference: UUID, slot: str) -> Slot:
    released = await releases.latest(conference)
    assert released is not None
    return next(s for s in released.schedule.slots if s.id == slot)


def test_keys_differ_by_role_conference_and_deployment(settings: Settings) -> None:
    one, two = UUID(int=1), UUID(int=2)
    other = replace(settings, secret="another secret that is long enough")
    keys = {
        links.key_of(settings, one, "speaker"),
        links.key_of(settings, one, "attendee"),
        links.key_of(settings, two, "speaker"),
        links.key_of(other, one, "speaker"),
    }
    assert len(keys) == 4


def test_addresses_are_reserved_and_distinct() -> None:
    names = [name for name, _ in written("attendees")["people"]]
    addresses = {people.address(name, "tidewater-2027") for name in names}
    assert len(addresses) == len(names) == 60
    assert all(a.endswith(".example") and not a.startswith("@") for a in addresses)


async def test_synthetic_speakers_are_where_phases_say_and_make_room(
    database: str, settings: Settings
) -> None:
    await seed(settings, NOW)
    conference = await links.demo_conference()
    assert conference is not None
    released = await releases.latest(conference.id)
    assert released is not None
    reached, _ = await store.phases(conference.id)
    wanted = cast.parts(released, reached)
    open_slots = {s for s, phase in reached.items() if phase in OPENINGS}
    assert {part.slot.id for part in wanted} == open_slots
    assert {part.look.seat for part in wanted} == {0, 1}
    assert reached[wanted[0].slot.id] is Phase.LIVE
    here = frozenset({(wanted[0].slot.id, "somebody")})
    rest = cast.without_those_here(wanted, {wanted[0].speaker: "somebody"}, here)
    assert wanted[0] not in rest
    assert len(rest) == len(wanted) - 1


def test_breaks_have_no_synthetic_speakers() -> None:
    lunch = [s for s in demo_schedule(NOW).sessions if s.kind == "break"]
    assert len(lunch) == 3
    assert all(not session.speakers for session in lunch)


def test_the_slug_of_a_session_is_readable() -> None:
    ids = {session.id: session for session in demo_schedule(NOW).sessions}
    flood: Session = ids[SessionId("counting-birds-to-count-water")]
    assert flood.language == "ja"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """This module's application runs in demo mode."""
    return replace(settings, demo=True)


async def test_a_link_signs_its_person_in_and_nobody_else(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    printed = await seed(settings, now())
    names = {}
    for role, address in printed:
        client.cookies.clear()
        answer = await client.get(address)
        assert (answer.status_code, answer.headers["cache-control"]) == (303, "no-store")
        person = await sessions.person_of(client.cookies[sessions.COOKIE])
        assert person is not None
        names[role] = person["name"]
        landed = await client.get(answer.headers["location"])
        assert landed.status_code == 200
    assert names["organizer"] == "Beatriz Falcão"
    assert names["speaker"] in {speaker.name for speaker in demo_schedule(NOW).speakers}
    assert names["attendee"] == "Iris Halloran"
    assert names["sponsor"] == "Gwendolyn Aziz-Petersen"


@pytest.mark.parametrize("path", ["/demo/speaker", "/demo/speaker?key=0", "/demo/owner?key=0"])
async def test_a_link_without_its_key_opens_nothing(
    client: httpx.AsyncClient, settings: Settings, path: str
) -> None:
    await seed(settings, now())
    answer = await client.get(path)
    assert answer.status_code == 404
    assert "set-cookie" not in answer.headers


async def test_a_key_opens_only_its_own_role(client: httpx.AsyncClient, settings: Settings) -> None:
    printed = await seed(settings, now())
    answer = await client.get(printed.attendee.replace("/demo/attendee", "/demo/organizer"))
    assert answer.status_code == 404
