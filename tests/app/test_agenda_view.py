"""The agenda as its pages show it: pure values first, then the pages over a real database."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import httpx
import icalendar
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from agenda.doors import Change, Phase
from agenda.formats import frab
from agenda.model import Schedule, Slot, SlotId, Track, TrackId
from app.clock import now as present
from app.conferences.tables import Conference
from app.programme import draft, releases
from app.programme import stars as star_store
from app.programme.grid import lanes, lay_out, stylesheet
from app.programme.marks import marks
from app.programme.overlap import hint
from app.programme.query import Query, viewer_zone
from app.programme.view import Programme, Wanted, clashes, fold, next_of, of_wanted, state
from app.stages import store as stages
from app.words import name, rich, zone_city
from tests.app.builders import NOW, make_conference, make_schedule, member, same_origin, sign_in


def programme(schedule: Schedule) -> Programme:
    slugs = {room.id: room.name.lower().replace(" ", "-") for room in schedule.rooms}
    return Programme(schedule, slugs, marks(schedule.tracks))


def test_times_stand_on_the_axis_of_their_day() -> None:
    found = programme(make_schedule(("Hall", "One", 0, 45)))
    card = found.cards[0]
    assert (card.day, card.start_min, card.length_min) == (date(2027, 5, 12), 14 * 60 + 20, 45)
    view = lay_out(found, card.day, found.cards, phases={}, zone="America/Sao_Paulo", now=NOW)
    hour = next(hour for hour in view.hours if hour.shown)
    shown = hour.shown[0]
    assert (hour.label, hour.beside) == ("10:00", "14:00")
    assert (shown.begins, shown.ends, shown.beside) == ("10:20", "11:05", "14:20")
    assert (view.from_min, view.to_min) == (14 * 60, 15 * 60 + 30)


def test_what_starts_past_midnight_belongs_to_the_day_before() -> None:
    found = programme(
        make_schedule(("Hall", "Evening", 6 * 60, 30), ("Hall", "Night", 11 * 60, 30))
    )
    assert {card.day for card in found.cards} == {date(2027, 5, 12)}
    night = found.cards[1]
    assert night.start_min == 24 * 60 + 80
    view = lay_out(found, night.day, found.cards, phases={}, zone="Europe/Lisbon", now=NOW)
    assert [hour.label for hour in view.hours if hour.shown] == ["20:00", "01:00 +1"]


def test_an_hour_says_when_its_date_elsewhere_is_not_the_pages() -> None:
    found = programme(make_schedule(("Hall", "Morning", -300, 30), ("Hall", "Evening", 300, 30)))
    day = found.cards[0].day

    def hours(zone: str) -> list[str]:
        view = lay_out(found, day, found.cards, phases={}, zone=zone, now=NOW)
        return [hour.label for hour in view.hours if hour.shown]

    assert hours("Europe/Lisbon") == ["09:00", "19:00"]
    assert hours("Pacific/Honolulu") == ["22:00 −1", "08:00"]
    assert hours("Pacific/Auckland") == ["20:00", "06:00 +1"]


def test_minutes_pass_evenly_on_the_day_on_which_clocks_go_forward() -> None:
    schedule = make_schedule(("Hall", "Before", 0, 30), ("Hall", "After", 0, 30))
    early, late = datetime(2027, 3, 28, 0, 30, tzinfo=UTC), datetime(2027, 3, 28, 9, tzinfo=UTC)
    before, after = schedule.slots
    moved = (
        Slot(
            id=before.id,
            session=before.session,
            room=before.room,
            start=early,
            duration=before.duration,
        ),
        Slot(
            id=after.id, session=after.session, room=after.room, start=late, duration=after.duration
        ),
    )
    found = programme(
        Schedule(
            conference=schedule.conference,
            tracks=schedule.tracks,
            rooms=schedule.rooms,
            speakers=schedule.speakers,
            sessions=schedule.sessions,
            slots=moved,
        )
    )
    last = found.cards[-1]
    assert last.start_min == 9 * 60
    view = lay_out(found, last.day, [last], phases={}, zone="Europe/Lisbon", now=NOW)
    assert [hour.label for hour in view.hours if hour.shown] == ["10:00"]


def test_overlapping_slots_of_one_room_stand_in_lanes() -> None:
    found = programme(
        make_schedule(
            ("Hall", "Long", 0, 60),
            ("Hall", "Beside", 30, 60),
            ("Hall", "After", 60, 30),
            ("Annex", "Elsewhere", 0, 30),
        )
    )
    view = lay_out(found, date(2027, 5, 12), found.cards, phases={}, zone="UTC", now=NOW)
    rows = {each.card.title: each.row for hour in view.hours for each in hour.shown}
    assert rows == {"Long": 2, "Beside": 3, "After": 2, "Elsewhere": 4}
    assert [(room.name, room.row, room.lanes) for room in view.rooms] == [
        ("Hall", 2, 2),
        ("Annex", 4, 1),
    ]


@given(
    st.lists(
        st.tuples(st.integers(0, 600), st.integers(0, 120)).map(
            lambda pair: ("Hall", f"T{pair}", *pair)
        ),
        min_size=1,
        max_size=40,
    )
)
def test_no_two_cards_of_a_lane_overlap(slots: list[tuple[str, str, int, int]]) -> None:
    cards = programme(make_schedule(*slots)).cards
    placed = lanes(cards)
    for one in cards:
        for other in cards:
            if one is not other and placed[one.slot.id] == placed[other.slot.id]:
                assert (
                    one.start_min + one.length_min <= other.start_min
                    or other.start_min + other.length_min <= one.start_min
                )


def test_the_style_sheet_places_all_that_a_grid_names() -> None:
    found = programme(
        make_schedule(("Hall", "A", 0, 45), ("Hall", "B", 20, 25), ("Annex", "C", 7, 13))
    )
    style = stylesheet(found)
    view = lay_out(found, date(2027, 5, 12), found.cards, phases={}, zone="UTC", now=NOW)
    for hour in view.hours:
        for each in hour.shown:
            for word in each.classes.split():
                if re.fullmatch(r"[slr]\d+", word):
                    assert f".{word}{{" in style
    assert ".h2{" in style
    assert ".d20270512{" in style


def test_a_recorded_phase_says_how_a_slot_stands() -> None:
    slot = make_schedule(("Hall", "A", 0, 30)).slots[0]
    later = NOW + timedelta(hours=1)
    said = {
        phase: state(slot, {slot.id: phase}, now=later)
        for phase in (Phase.GREEN_ROOM, Phase.DOORS, Phase.LIVE, Phase.ENDED, Phase.CANCELLED)
    }
    assert said == {
        Phase.GREEN_ROOM: "coming",
        Phase.DOORS: "doors",
        Phase.LIVE: "live",
        Phase.ENDED: "past",
        Phase.CANCELLED: "cancelled",
    }
    assert state(slot, {}, now=NOW) == "coming"
    assert state(slot, {}, now=later) == "past"


def test_clashes_and_what_comes_next() -> None:
    found = programme(
        make_schedule(("Hall", "A", 0, 30), ("Annex", "B", 15, 30), ("Hall", "C", 45, 30))
    )
    by_title = {card.title: card for card in found.cards}
    assert clashes(found.cards) == {by_title["A"].slot.id, by_title["B"].slot.id}
    assert next_of(found.cards, now=NOW + timedelta(minutes=31)) == by_title["B"]
    assert next_of(found.cards, now=NOW + timedelta(hours=3)) is None
    assert [card.title for card in found.beside(by_title["A"])] == ["B"]


def test_search_folds_accents_and_puts_titles_first() -> None:
    found = programme(
        make_schedule(("Hall", "Sørvær and the sea", 0, 30), ("Hall", "Élan vital", 60, 30))
    )
    assert [each.card.title for each in found.search("elan")] == ["Élan vital"]
    assert [each.card.title for each in found.search("SEA")] == ["Sørvær and the sea"]
    ranked = found.search("speaker")
    assert [each.rank for each in ranked] == [2, 2]
    assert found.search("elan nowhere") == []
    assert found.search("   ") == []
    assert fold("Ångström ÉLAN") == "angstrom elan"


def test_track_words_in_addresses_are_unique() -> None:
    schedule = make_schedule(("Hall", "A", 0, 30))
    twins = tuple(Track(id=TrackId(str(n)), name="Law & money") for n in range(3))
    held = Schedule(conference=schedule.conference, tracks=twins)
    assert list(programme(held).track_keys.values()) == [
        "law-money",
        "law-money-2",
        "law-money-3",
    ]


def test_an_address_asks_for_what_it_names() -> None:
    query = Query(root="/c/x", view="list", tracks=("data",), words="sea")
    assert query.href() == "/c/x/agenda?view=list&track=data&q=sea"
    assert query.toggled("data") == "/c/x/agenda?view=list"
    assert query.toggled("law") == "/c/x/agenda?view=list&track=data&track=law"


def test_the_readers_zone_counts_only_where_its_clock_differs() -> None:
    home = "Europe/Brussels"
    assert viewer_zone({"zone": "America%2FSao_Paulo"}, home, NOW) == "America/Sao_Paulo"
    assert viewer_zone({"zone": "Europe/Paris"}, home, NOW) is None
    assert viewer_zone({"zone": "../../etc/passwd"}, home, NOW) is None
    assert viewer_zone({"zone": "Nowhere/None"}, home, NOW) is None
    assert viewer_zone({}, home, NOW) is None


def test_foreign_names_are_marked() -> None:
    assert name("林美玲 Lin Mei-ling") == '<span lang="zh">林美玲</span> Lin Mei-ling'
    assert name("ليلى الحداد") == '<span lang="ar" dir="rtl">ليلى الحداد</span>'
    assert name("佐伯 結衣 Saeki Yui").startswith('<span lang="zh">佐伯 結衣</span>')
    assert name("さくら") == '<span lang="ja">さくら</span>'
    assert name("Tomás <Iriarte>") == "Tomás &lt;Iriarte&gt;"


def test_texts_of_strangers_are_harmless() -> None:
    hostile = '<p onclick="x()">Hi<script>alert(1)</script> <a href="javascript:x">y</a></p>'
    assert rich(hostile) == '<p>Hi <a rel="noopener nofollow ugc">y</a></p>'
    assert rich("a < b\n\n- one\n- two") == "<p>a &lt; b</p><ul><li>one</li><li>two</li></ul>"
    assert 'href="https://example.org/a"' in rich("see https://example.org/a.")
    assert rich("  ") == ""


def test_zones_have_places() -> None:
    assert zone_city("Europe/Lisbon") == "Lisbon"
    assert zone_city("UTC") == "UTC"


async def released() -> tuple[Conference, Schedule]:
    """A conference whose first release has one room live now, and one session tomorrow."""
    shift = round((present() - NOW).total_seconds() / 60)
    schedule = make_schedule(
        ("Hall", "Under the line", shift - 10, 30),
        ("Annex", "Beside the line", shift - 5, 30),
        ("Hall", "Next day", shift + 24 * 60, 30),
    )
    # The conference day changes half a day away, at whatever hour the tests run.
    away = timedelta(hours=(schedule.conference.local(present()).hour + 12) % 24)
    schedule = replace(schedule, conference=replace(schedule.conference, day_change=away))
    conference = await make_conference()
    await draft.write(conference.id, schedule, expected=conference.draft_version)
    await releases.publish(conference.id, by=None, now=present())
    return conference, schedule


async def test_the_agenda_is_made_once_and_known_by_its_tag(client: httpx.AsyncClient) -> None:
    conference, _schedule = await released()
    address = f"/c/{conference.slug}/agenda"
    before = await client.get(address)
    again = await client.get(address, headers={"if-none-match": before.headers["etag"]})
    assert before.status_code == 200
    assert "Under the line" in before.text
    assert "Next day" not in before.text
    assert again.status_code == 304
    assert again.content == b""
    style = re.search(r'href="(/c/[^"]+/agenda\.css\?v=\w+)"', before.text)
    assert style is not None
    sheet = await client.get(style.group(1))
    assert sheet.headers["cache-control"] == "public, max-age=31536000, immutable"


async def test_all_days_stand_on_one_page(client: httpx.AsyncClient) -> None:
    conference, _schedule = await released()
    page = await client.get(f"/c/{conference.slug}/agenda?day=all&view=list")
    assert page.text.count('class="sheet view-list') == 2
    assert "Next day" in page.text


async def test_search_answers_with_the_block_alone(client: httpx.AsyncClient) -> None:
    conference, _schedule = await released()
    address = f"/c/{conference.slug}/agenda?q=beside"
    part = await client.get(address, headers={"hx-request": "true"})
    whole = await client.get(address)
    assert part.text.startswith('<div id="sheet"')
    assert "1 session found" in part.text
    assert "<html" in whole.text
    assert "HX-Request" in whole.headers["vary"]


async def test_the_page_is_right_after_a_phase_change(client: httpx.AsyncClient) -> None:
    conference, schedule = await released()
    slot = schedule.slots[0]
    address = f"/c/{conference.slug}/agenda"
    before = await client.get(address)
    change = Change(slot=slot.id, room=slot.room, phase=Phase.LIVE, due=present())
    await stages.record(conference.id, [change], since=present(), now=present())
    after = await client.get(address)
    assert before.headers["etag"] != after.headers["etag"]
    assert before.text.count("On air") + 2 == after.text.count("On air")
    place = await client.get(f"/c/{conference.slug}/agenda/slots/{slot.id}")
    assert "Enter, it is on air" in place.text


async def test_a_star_needs_a_name_and_works_without_script(client: httpx.AsyncClient) -> None:
    conference, schedule = await released()
    session = schedule.sessions[0].id
    address = f"/c/{conference.slug}/sessions/{session}/star"
    nobody = await client.post(address, headers=same_origin())
    assert nobody.status_code == 303
    assert nobody.headers["location"].startswith("/sign-in?next=/c/")
    person = await member(conference, "attendee")
    await sign_in(client, person, now=present())
    plain = await client.post(address, headers=same_origin())
    assert plain.status_code == 303
    assert await star_store.of(conference.id, person) == {session}
    agenda = await client.get(f"/c/{conference.slug}/agenda")
    assert f'sessions/{session}/star" aria-pressed="true"' in agenda.text
    assert "My agenda" in agenda.text
    mine = await client.get(f"/c/{conference.slug}/agenda?mine=1")
    assert "Under the line" in mine.text
    assert "Beside the line" not in mine.text
    by_script = await client.post(address, headers={**same_origin(), "hx-request": "true"})
    assert 'aria-pressed="false"' in by_script.text
    assert await star_store.of(conference.id, person) == frozenset()


async def test_a_session_stands_in_both_zones(client: httpx.AsyncClient) -> None:
    conference, schedule = await released()
    client.cookies.set("zone", "Asia%2FKathmandu")
    page = await client.get(f"/c/{conference.slug}/sessions/{schedule.sessions[0].id}")
    assert page.status_code == 200
    assert "Kathmandu" in page.text
    assert "In Lisbon it is" in page.text
    assert "About Under the line." in page.text
    assert "Beside the line" in page.text


async def test_unknown_things_are_not_found(client: httpx.AsyncClient) -> None:
    conference, _schedule = await released()
    unknown = UUID(int=1)
    for path in (f"sessions/{unknown}", f"agenda/slots/{unknown}", "sessions/nonsense"):
        answer = await client.get(f"/c/{conference.slug}/{path}", headers={"accept": "text/html"})
        assert answer.status_code == 404
        assert "Nothing here" in answer.text


async def test_before_the_first_release_the_agenda_says_so(client: httpx.AsyncClient) -> None:
    conference = await make_conference()
    page = await client.get(f"/c/{conference.slug}/agenda")
    assert page.status_code == 200
    assert "not out yet" in page.text


async def test_speakers_and_the_export_name_everybody(client: httpx.AsyncClient) -> None:
    conference, schedule = await released()
    people = await client.get(f"/c/{conference.slug}/speakers")
    xml = await client.get(f"/c/{conference.slug}/schedule.xml")
    for speaker in schedule.speakers:
        assert speaker.name in people.text
        assert speaker.name in xml.text


def filtered(*extras: dict[str, str]) -> Programme:
    """Sessions of 30 minutes, one after the other, with kinds, languages and levels as given."""
    schedule = make_schedule(*(("Hall", f"Talk {n}", 40 * n, 30) for n in range(len(extras))))
    sessions = tuple(
        replace(
            session,
            kind=extra.get("kind", ""),
            language=extra.get("language", ""),
            extra={"level": extra["level"]} if "level" in extra else {},
        )
        for session, extra in zip(schedule.sessions, extras, strict=True)
    )
    return programme(replace(schedule, sessions=sessions))


def test_what_sessions_have_in_common_can_be_chosen() -> None:
    found = filtered(
        {"kind": "Talk", "language": "en", "level": "Beginner"},
        {"kind": "talk", "language": "pt"},
        {"kind": "Workshop", "language": "en", "level": "Für alle"},
        {},
    )
    assert [(f.key, f.name, f.count) for f in found.kinds] == [
        ("talk", "Talk", 2),
        ("workshop", "Workshop", 1),
    ]
    assert [f.key for f in found.levels] == ["beginner", "fur-alle"]

    def titles(**wanted: frozenset[str]) -> list[str]:
        return [c.title for c in of_wanted(found.cards, Wanted(**wanted))]  # type: ignore[arg-type]

    assert titles() == ["Talk 0", "Talk 1", "Talk 2", "Talk 3"]
    assert titles(kinds=frozenset({"talk"})) == ["Talk 0", "Talk 1"]
    assert titles(kinds=frozenset({"talk"}), languages=frozenset({"pt"})) == ["Talk 1"]
    assert titles(levels=frozenset({"beginner", "fur-alle"})) == ["Talk 0", "Talk 2"]
    assert titles(kinds=frozenset({"dance"})) == []


def test_a_mistyped_word_finds_what_it_looks_like() -> None:
    found = programme(
        make_schedule(("Hall", "Estuaries and oysters", 0, 30), ("Hall", "Seawalls", 40, 30))
    )
    assert found.search("estuarys") == []
    for typed in ("estuarys", "Esturaies", "oisters", "estuaries oyster"):
        assert [f.card.title for f in found.near(typed)] == ["Estuaries and oysters"], typed
    assert [f.card.title for f in found.near("seewalls")] == ["Seawalls"]
    assert found.near("bicycle") == []
    assert found.near("sea xyz") == []


def test_rows_by_track_hold_every_card_once_and_in_lanes() -> None:
    schedule = make_schedule(
        ("Hall", "One", 0, 30), ("Lock", "Two", 10, 30), ("Hall", "Three", 60, 30)
    )
    other = Track(id=TrackId("t2"), name="Homes")
    sessions = (*schedule.sessions[:2], replace(schedule.sessions[2], track=other.id))
    found = programme(replace(schedule, tracks=(*schedule.tracks, other), sessions=sessions))
    view = lay_out(
        found,
        found.cards[0].day,
        found.cards,
        phases={},
        zone="Europe/Lisbon",
        now=NOW,
        by="tracks",
    )
    assert [(row.name, row.row, row.lanes) for row in view.rooms] == [
        ("Works", 2, 2),
        ("Homes", 4, 1),
    ]
    rows = {each.card.title: each.row for hour in view.hours for each in hour.shown}
    assert rows == {"One": 2, "Two": 3, "Three": 4}
    css = stylesheet(found)
    assert ".r4{" in css
    assert ".h2{" in css


def test_an_overlap_names_the_other_and_the_next_chance() -> None:
    schedule = make_schedule(
        ("Hall", "Gates", 0, 30), ("Lock", "Oysters", 10, 30), ("Lock", "Songs", 200, 30)
    )
    gates, oysters, songs = schedule.sessions
    again = replace(
        schedule.slots[2],
        id=SlotId("again"),
        session=oysters.id,
        start=NOW + timedelta(minutes=300),
    )
    starred = {gates.id, oysters.id}
    alone = programme(schedule)
    words = hint(alone, alone.cards[0], starred, zone="Europe/Lisbon", now=NOW)
    assert words.startswith("Runs at the same time as “Oysters”.")
    assert "afterwards" in words
    assert hint(alone, alone.cards_of[songs.id][0], starred, zone="UTC", now=NOW) == ""
    repeated = programme(replace(schedule, slots=(*schedule.slots, again)))
    words = hint(repeated, repeated.cards[0], starred, zone="Europe/Lisbon", now=NOW)
    assert "“Oysters” is repeated: Wed 12 May, 19:20, Lock." in words
    shy = replace(schedule, sessions=(replace(gates, opt_out_recording=True), oysters, songs))
    words = hint(programme(shy), programme(shy).cards[0], starred, zone="UTC", now=NOW)
    assert "“Gates” is not recorded" in words


async def test_filters_rows_and_typos_on_the_page(client: httpx.AsyncClient) -> None:
    conference = await make_conference()
    schedule = make_schedule(("Hall", "Estuaries", 0, 30), ("Lock", "Oysters", 10, 30))
    one, two = schedule.sessions
    schedule = replace(
        schedule, sessions=(replace(one, kind="talk"), replace(two, kind="workshop"))
    )
    await draft.write(conference.id, schedule, expected=0)
    await releases.publish(conference.id, by=None, now=NOW)

    async def titles(query: str) -> list[str]:
        text = (await client.get(f"/c/trial/agenda?{query}")).text
        return re.findall(r"<h4><a [^>]*>([^<]+)</a>", text)

    assert await titles("kind=talk") == ["Estuaries"]
    assert await titles("kind=talk&kind=workshop") == ["Estuaries", "Oysters"]
    assert await titles("rows=tracks") == ["Estuaries", "Oysters"]
    assert await titles(f"speaker={two.speakers[0]}") == ["Oysters"]
    assert await titles("q=oisters") == ["Oysters"]
    nothing = (await client.get("/c/trial/agenda?kind=dance")).text
    assert "Nothing of that on this day" in nothing
    typo = (await client.get("/c/trial/agenda?q=oisters")).text
    assert "this comes close" in typo


async def test_a_star_that_overlaps_says_so_and_a_shared_session_has_a_picture(
    client: httpx.AsyncClient,
) -> None:
    conference = await make_conference()
    schedule = make_schedule(("Hall", "Gates", 0, 30), ("Lock", "水门关闭时", 10, 30))
    await draft.write(conference.id, schedule, expected=0)
    await releases.publish(conference.id, by=None, now=NOW)
    await sign_in(client, await member(conference, "attendee"), now=present())
    told = []
    for session in schedule.sessions:
        answer = await client.post(
            f"/c/trial/sessions/{session.id}/star?want=1",
            headers={**same_origin(), "hx-request": "true"},
        )
        told.append(json.loads(answer.headers["hx-trigger"])["plenary-starred"]["words"])
    assert told[0] == ""
    assert told[1].startswith("Runs at the same time as “Gates”.")
    for session in schedule.sessions:
        page = (await client.get(f"/c/trial/sessions/{session.id}")).text
        found = re.search(r'og:image" content="http://testserver.local([^"]+)"', page)
        assert found is not None
        picture = await client.get(found.group(1))
        assert picture.headers["content-type"] == "image/png"
        assert Image.open(io.BytesIO(picture.content)).size == (1200, 630)
        assert len(picture.content) < 120_000


async def test_the_agenda_is_taken_along_whole_or_in_part(client: httpx.AsyncClient) -> None:
    conference, schedule = await released()
    root = f"/c/{conference.slug}"
    form = await client.get(f"{root}/export")
    assert '<option value="Annex">' in form.text
    assert "The draft" not in form.text

    async def part(**wanted: str) -> httpx.Response:
        return await client.get(f"{root}/export/file", params=wanted)

    def titles(answer: httpx.Response) -> list[str]:
        shown = icalendar.Calendar.from_ical(answer.content).walk("VEVENT")
        return sorted(str(event["SUMMARY"]) for event in shown)

    assert titles(await part()) == ["Beside the line", "Next day", "Under the line"]
    assert titles(await part(kind="ics", room="Annex")) == ["Beside the line"]
    assert titles(await part(kind="ics", track="Works", person="Speaker of Next day")) == [
        "Next day"
    ]
    assert titles(await part(kind="ics", room="Annex", person="Speaker of Next day")) == []
    frab_answer = await part(kind="frab", room="Hall")
    assert 'filename="trial.xml"' in frab_answer.headers["content-disposition"]
    kept = frab.read(frab_answer.content).schedule
    assert {session.title for session in kept.sessions} == {"Under the line", "Next day"}
    for kind in ("json", "csv", "xlsx"):
        assert (await part(kind=kind)).status_code == 200
    assert (await part(kind="doc")).status_code == 404
    missing = await part(room="Cellar")
    assert missing.status_code == 404
    assert "There is no room “Cellar”" in missing.text

    assert (await client.get(f"{root}/editor/file")).status_code == 401
    await sign_in(client, await member(conference, "owner"), now=present())
    assert "The draft" in (await client.get(f"{root}/export")).text
    of_draft = await client.get(f"{root}/editor/file", params={"kind": "frab"})
    assert len(frab.read(of_draft.content).schedule.slots) == len(schedule.slots)
