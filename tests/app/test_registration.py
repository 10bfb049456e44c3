"""Registration: kinds of places, capacity and waiting list, links, consents, lists and pretix."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from agenda.formats import xlsx_table
from app import outside
from app.accounts import sessions
from app.accounts.tables import Person, WebSession
from app.attendees import store as attendees
from app.clock import now
from app.conferences.tables import Conference, Membership
from app.jobs.outbox import Delivery
from app.jobs.runner import Task
from app.jobs.tables import Job, Outbox
from app.notices import mail
from app.registration import letters, links, lists, places, pretix, rules, store
from app.registration.places import Desk
from app.registration.rules import Claim, Incomplete, Refused, Sent, Ticket
from app.registration.tables import Agreement, Application
from app.settings import Settings
from tests.app.builders import NOW, make_conference, make_person, member, same_origin, sign_in

HERE = "/c/trial"
HTML = same_origin()


def make_ticket(**overrides: Any) -> Ticket:
    return Ticket(**{"id": uuid4(), "name": "Pass", "kind": "open", **overrides})


@pytest.mark.parametrize(
    ("ticket", "claim", "taken", "state"),
    [
        ({}, Claim(), 5000, "confirmed"),
        ({"capacity": 2}, Claim(), 1, "confirmed"),
        ({"capacity": 2}, Claim(), 2, "waiting"),
        ({"kind": "code", "code": "Spring Tide"}, Claim(code=" springtide "), 0, "confirmed"),
        ({"kind": "approval"}, Claim(), 0, "pending"),
        ({"kind": "approval", "capacity": 1}, Claim(cleared=True), 1, "waiting"),
        ({"kind": "invitation"}, Claim(invited=True), 0, "confirmed"),
        ({"kind": "paid"}, Claim(cleared=True), 0, "confirmed"),
        ({"closes_at": NOW}, Claim(cleared=True), 0, "confirmed"),
    ],
)
def test_where_a_claim_leads(ticket: dict[str, Any], claim: Claim, taken: int, state: str) -> None:
    assert rules.outcome(make_ticket(**ticket), claim, taken=taken, now=NOW) == state


@pytest.mark.parametrize(
    ("ticket", "claim", "taken", "words"),
    [
        ({"kind": "code", "code": "tide"}, Claim(code="tidy"), 0, "code does not fit"),
        ({"kind": "code", "code": ""}, Claim(code=""), 0, "code does not fit"),
        ({"kind": "invitation"}, Claim(), 0, "for invited people"),
        ({"kind": "paid"}, Claim(), 0, "bought in the shop"),
        ({"closes_at": NOW}, Claim(), 0, "is closed"),
        ({"opens_at": NOW + timedelta(days=1)}, Claim(), 0, "not opened yet"),
        ({"capacity": 1, "waiting": False}, Claim(), 1, "taken"),
        ({"retired": True}, Claim(), 0, "no longer offered"),
    ],
)
def test_who_is_told_why_not(ticket: dict[str, Any], claim: Claim, taken: int, words: str) -> None:
    with pytest.raises(Refused, match=words):
        rules.outcome(make_ticket(**ticket), claim, taken=taken, now=NOW)


def test_a_form_says_all_that_is_wrong_at_once() -> None:
    first = rules.Asked(id=uuid4(), label="Diet", kind="choice", options=("all", "none"))
    second = rules.Asked(id=uuid4(), label="Why", required=True)
    text = rules.Wording(id=uuid4(), key="k", version=1, title="Rules", text="Be kind.")
    with pytest.raises(Incomplete) as raised:
        rules.read_form({first.name: "stones"}, [first, second], [text])
    assert set(raised.value.errors) == {first.name, second.name, text.name}
    sent = rules.read_form(
        {first.name: "all", second.name: " why\r\nnot ", text.name: "1", "organization": " A  B "},
        [first, second],
        [text],
    )
    assert sent == Sent(
        organization="A B",
        answers={str(first.id): "all", str(second.id): "why\nnot"},
        agreed=(text.id,),
    )


def test_lists_of_people_are_read_as_spreadsheets_write_them() -> None:
    text = "E-Mail;First name;Last name;Company\nAda@Example.org;Ada;Ng;Port\nnonsense;X;Y;\n;;;\nada@example.org;;;\n"
    listed = lists.guests("people.csv", text.encode("utf-8-sig"))
    assert [(g.email, g.name, g.organization) for g in listed.guests] == [
        ("ada@example.org", "Ada Ng", "Port")
    ]
    assert listed.troubles == ("Line 3: “nonsense” is no mail address.",)
    sheet = xlsx_table.write_rows([["Name", "Email"], ["=HYPERLINK(1)", "b@example.org"]])
    (guest,) = lists.guests("people.xlsx", sheet).guests
    assert (guest.name, guest.email) == ("=HYPERLINK(1)", "b@example.org")
    assert [g.name for g in lists.pasted("Ada Ng <ada@example.org>\nb@x.org;").guests] == [
        "Ada Ng",
        "",
    ]


@pytest.fixture
async def trial(client: httpx.AsyncClient) -> Conference:
    return await make_conference()


@pytest.fixture
def desk(trial: Conference, settings: Settings) -> Desk:
    return Desk(conference=trial, settings=settings, now=now())


async def mails(to: str = "") -> list[dict[str, Any]]:
    rows = (
        await Outbox.select(Outbox.payload).where(Outbox.kind == "mail").order_by(Outbox.created_at)
    )
    found = [json.loads(row["payload"]) for row in rows]
    return [one for one in found if not to or one["to"] == to]


def link_in(text: str) -> str:
    found = re.search(r"/go/[\w-]+", text)
    assert found is not None
    return found.group()


async def state_of(email: str) -> str:
    row = (
        await Application.select(Application.state).where(Application.person.email == email).first()
    )
    return str(row["state"]) if row else ""


async def kind(desk: Desk, **values: Any) -> UUID:
    return await store.save_ticket(desk.conference.id, None, {"name": "Pass", **values})


async def test_a_stranger_is_in_by_two_presses_from_the_mail(
    client: httpx.AsyncClient, desk: Desk
) -> None:
    ticket = await kind(desk, name="Whole conference")
    answer = await client.post(
        f"{HERE}/register",
        data={"ticket": str(ticket), "name": "Ada Ng", "email": "Ada@Example.org"},
        headers=HTML,
    )
    assert answer.status_code == 200
    assert "Look into your mail" in answer.text
    assert await state_of("ada@example.org") == "unproven"
    link = link_in((await mails())[0]["text"])

    # A mail scanner opens the link, and follows it as HEAD and GET: nothing happens.
    for _ in range(3):
        opened = await client.get(link, headers={"accept": "text/html"})
        assert opened.status_code == 200
        assert "Take my place" in opened.text
    assert await state_of("ada@example.org") == "unproven"
    assert not await WebSession.exists()

    pressed = await client.post(link, data={"next": ""}, headers=HTML)
    assert (pressed.status_code, pressed.headers["location"]) == (303, HERE)
    assert await state_of("ada@example.org") == "confirmed"
    mine = await client.get(f"{HERE}/registration", headers=HTML)
    assert "You have a place" in mine.text
    assert link in mine.text

    # On another device the same link works again.
    client.cookies.clear()
    assert (await client.post(link, data={"next": "/c/trial/badge"}, headers=HTML)).headers[
        "location"
    ] == "/c/trial/badge"


async def test_a_strangers_form_cannot_change_who_is_registered(
    client: httpx.AsyncClient, desk: Desk
) -> None:
    ticket = await kind(desk)
    person = await make_person("ada@example.org", "Ada Ng")
    sent = Sent(organization="Port", answers={})
    await places.apply(desk, person, ticket, sent, Claim(), proven=True)
    for _ in range(3):
        await client.post(
            f"{HERE}/register",
            data={
                "ticket": str(ticket),
                "name": "Eve",
                "email": "ada@example.org",
                "organization": "Evil",
            },
            headers=HTML,
        )
    row = await store.application(desk.conference.id, person)
    assert row is not None
    assert (row["state"], row["organization_name"], row["name"]) == ("confirmed", "Port", "Ada Ng")
    assert len(await mails("ada@example.org")) == 1
    assert "registered again" in (await mails("ada@example.org"))[0]["text"]


async def test_a_freed_place_goes_to_whoever_waits_longest(
    client: httpx.AsyncClient, desk: Desk
) -> None:
    ticket = await kind(desk, capacity=2)
    people = [await make_person(f"p{n}@example.org") for n in range(5)]
    states = []
    for number, person in enumerate(people):
        later = replace(desk, now=desk.now + timedelta(seconds=number))
        states.append(
            await places.apply(later, person, ticket, Sent(organization=""), Claim(), proven=True)
        )
    assert states == ["confirmed", "confirmed", "waiting", "waiting", "waiting"]
    row = await store.application(desk.conference.id, people[3])
    assert row is not None
    assert await places.place_in_queue(row) == 2

    await sign_in(client, people[0], now=now())
    left = await client.post(f"{HERE}/registration/leave", headers=HTML)
    assert left.status_code == 303
    assert [await state_of(f"p{n}@example.org") for n in range(5)] == [
        "cancelled",
        "confirmed",
        "confirmed",
        "waiting",
        "waiting",
    ]
    assert await attendees.registration(desk.conference.id, people[0]) is None
    assert not await Membership.exists().where(Membership.person == people[0])
    asked = await Job.select(Job.arguments).where(Job.kind == "welcome")
    freed = [json.loads(job["arguments"])["freed"] for job in asked]
    assert sorted(freed) == [False, False, True]
    # More places: those who wait get them.
    owner = await make_person("owner@trial.example.org")
    await sign_in(client, owner, now=now())
    await client.post(
        f"{HERE}/people/setup/tickets",
        data={"id": str(ticket), "name": "Pass", "kind": "open", "capacity": "10", "waiting": "1"},
        headers=HTML,
    )
    assert await state_of("p4@example.org") == "confirmed"


async def test_the_last_place_is_given_once_however_many_ask_at_once(
    client: httpx.AsyncClient, desk: Desk
) -> None:
    ticket = await kind(desk, capacity=3)
    people = [await make_person(f"p{n}@example.org") for n in range(8)]
    states = await asyncio.gather(
        *(
            places.apply(desk, person, ticket, Sent(organization=""), Claim(), proven=True)
            for person in people
        )
    )
    assert sorted(states) == ["confirmed"] * 3 + ["waiting"] * 5
    assert await attendees.count(desk.conference.id) == 3


async def test_the_simple_join_goes_through_the_default_type(
    client: httpx.AsyncClient, desk: Desk
) -> None:
    person = await make_person("ada@example.org", "Ada")
    await sign_in(client, person, now=now())
    joined = await client.post(f"{HERE}/join", headers=HTML)
    assert joined.headers["location"] == f"{HERE}/agenda"
    place = await attendees.registration(desk.conference.id, person)
    assert place is not None
    assert place["ticket_type"] == "Attendee"
    # Where something must be agreed to, a press is not enough.
    await store.save_consent(
        desk.conference.id, "k", title="Rules", text="Be kind.", required=True, now=NOW
    )
    await sign_in(client, await make_person("bo@example.org"), now=now())
    sent_on = await client.post(f"{HERE}/join", headers=HTML)
    assert sent_on.headers["location"] == f"{HERE}/register"


async def test_which_version_somebody_agreed_to_is_kept(
    client: httpx.AsyncClient, desk: Desk
) -> None:
    ticket = await kind(desk)
    for text in ("Be kind.", "Be kind.", "Be kind, and punctual."):
        await store.save_consent(
            desk.conference.id, "k", title="Rules", text=text, required=True, now=now()
        )
        if text == "Be kind.":
            (first,) = await store.consents(desk.conference.id)
            assert first.version == 1
            person = await make_person("ada@example.org", "Ada")
            await sign_in(client, person, now=now())
            await client.post(
                f"{HERE}/register", data={"ticket": str(ticket), first.name: "1"}, headers=HTML
            )
    (present,) = await store.consents(desk.conference.id)
    assert (present.version, present.text) == (2, "Be kind, and punctual.")
    (given,) = await store.agreements(desk.conference.id, person)
    assert (given["version"], given["words"]) == (1, "Be kind.")
    refused = await client.post(f"{HERE}/register", data={"ticket": str(ticket)}, headers=HTML)
    assert refused.status_code == 422
    assert "Without this there is no place" in refused.text
    assert await Agreement.count() == 1


async def test_a_link_is_renewed_and_revoked(client: httpx.AsyncClient, desk: Desk) -> None:
    person = await member(desk.conference, "attendee")
    first = await links.address(desk.settings, desk.conference.id, person, now=desk.now)
    assert first == await links.address(desk.settings, desk.conference.id, person, now=now())
    await links.renew(desk.conference.id, person, now=desk.now)
    second = await links.address(desk.settings, desk.conference.id, person, now=desk.now)
    assert (await client.get(first, headers=HTML)).status_code == 410
    assert (await client.post(first, data={}, headers=HTML)).status_code == 410
    assert (await client.post(second, data={}, headers=HTML)).status_code == 303
    assert await WebSession.exists()
    by_mail = await sessions.open_session(person, now=now())
    owner = await make_person("owner@trial.example.org")
    await store.adopt(desk.conference.id)
    row = await store.application(desk.conference.id, person)
    assert row is not None
    await sign_in(client, owner, now=now())
    await client.post(f"{HERE}/people/{row['id']}/revoke", headers=HTML)
    assert (await client.post(second, data={}, headers=HTML)).status_code == 410
    # Only what came by this link is signed out: mail, and the links of others, are not this one's.
    assert await WebSession.count().where(WebSession.person == person) == 1
    assert await sessions.person_of(by_mail) is not None
    forged = second[:-3] + ("AAA" if not second.endswith("AAA") else "BBB")
    assert (await client.get(forged, headers=HTML)).status_code == 410


async def test_a_new_link_signs_out_who_came_by_the_old(
    client: httpx.AsyncClient, desk: Desk
) -> None:
    person = await member(desk.conference, "attendee")
    await store.adopt(desk.conference.id)
    link = await links.address(desk.settings, desk.conference.id, person, now=desk.now)
    for _device in range(2):
        client.cookies.clear()
        assert (await client.post(link, data={}, headers=HTML)).status_code == 303
    here = client.cookies[sessions.COOKIE]
    pressed = await client.post(f"{HERE}/registration/link", data={}, headers=HTML)
    assert pressed.status_code == 303
    assert await sessions.person_of(here) is not None
    assert await WebSession.count().where(WebSession.person == person) == 1
    wrong = await client.post(
        f"{HERE}/registration/withdraw", data={"agreement": "x"}, headers=HTML
    )
    assert wrong.status_code == 404


async def test_a_lasting_link_is_too_little_for_those_who_run_things(
    client: httpx.AsyncClient, desk: Desk
) -> None:
    person = await member(desk.conference, "producer")
    link = await links.address(desk.settings, desk.conference.id, person, now=desk.now)
    assert "Sign in by mail" in (await client.get(link, headers=HTML)).text
    pressed = await client.post(link, data={}, headers=HTML)
    assert pressed.headers["location"].startswith("/sign-in")
    assert not await WebSession.exists()


async def test_the_organizer_invites_approves_and_declines(
    client: httpx.AsyncClient, desk: Desk
) -> None:
    await sign_in(client, await make_person("owner@trial.example.org"), now=now())
    ticket = await kind(desk, name="Guest", kind="invitation")
    sheet = xlsx_table.write_rows([["email", "name"], ["g@example.org", "Gus"], ["oops", "No"]])
    answer = await client.post(
        f"{HERE}/people/invite",
        data={"ticket": str(ticket)},
        files={"file": ("guests.xlsx", sheet, "application/octet-stream")},
        headers=HTML,
    )
    assert answer.status_code == 200
    assert "Invited: 1." in answer.text
    assert "Line 3: “oops” is no mail address." in answer.text
    (letter,) = await mails("g@example.org")
    client.cookies.clear()
    pressed = await client.post(link_in(letter["text"]), data={}, headers=HTML)
    assert pressed.headers["location"] == HERE
    assert await state_of("g@example.org") == "confirmed"

    asked = await kind(desk, name="Press", kind="approval")
    people = [await make_person(f"{name}@example.org") for name in ("yes", "no")]
    for person in people:
        await places.apply(desk, person, asked, Sent(organization=""), Claim(), proven=True)
    await sign_in(client, await make_person("owner@trial.example.org"), now=now())
    for person, verb in zip(people, ("approve", "decline"), strict=True):
        row = await store.application(desk.conference.id, person)
        assert row is not None
        await client.post(f"{HERE}/people/{row['id']}/{verb}", headers=HTML)
    assert [await state_of("yes@example.org"), await state_of("no@example.org")] == [
        "confirmed",
        "declined",
    ]
    found = await client.get(f"{HERE}/people?q=gus", headers=HTML)
    assert "g@example.org" in found.text
    assert "yes@example.org" not in found.text


async def test_the_export_holds_answers_and_no_formula(
    client: httpx.AsyncClient, desk: Desk
) -> None:
    await store.save_question(
        desk.conference.id, None, {"label": "Diet", "kind": "text", "options": "[]"}
    )
    (question,) = await store.questions(desk.conference.id)
    person = await make_person("ada@example.org", "=cmd|' /C calc'!A0")
    sent = Sent(organization="@SUM(A1)", answers={str(question.id): "+1"})
    await places.apply(desk, person, await kind(desk), sent, Claim(), proven=True)
    await sign_in(client, await make_person("owner@trial.example.org"), now=now())
    answer = await client.get(f"{HERE}/people.csv", headers=HTML)
    header, line = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert header[:3] == ["Name", "Mail address", "Organization"]
    assert (line[0], line[2], line[8]) == ("'=cmd|' /C calc'!A0", "'@SUM(A1)", "'+1")
    sheet = await client.get(f"{HERE}/people.xlsx", headers=HTML)
    ((_n, titles), (_m, cells)) = xlsx_table.sheets(sheet.content)[0]
    assert (titles[8], cells[0]) == ("Diet", "=cmd|' /C calc'!A0")
    assert b"<f>" not in sheet.content


async def test_the_welcome_brings_badge_and_calendar(desk: Desk, settings: Settings) -> None:
    person = await make_person("ada@example.org", "Ada Ng")
    await places.apply(desk, person, await kind(desk), Sent(organization=""), Claim(), proven=True)
    job = await Job.select().where(Job.kind == "welcome").first()
    assert job is not None
    task = Task(
        job=job["id"],
        attempt=0,
        conference=desk.conference.id,
        asked_by=None,
        arguments=json.loads(job["arguments"]),
        settings=settings,
    )
    await letters.welcome(task)
    await letters.welcome(task)
    (letter,) = await mails("ada@example.org")
    assert "/go/" in letter["text"]
    assert letter["secret"] is True
    message = mail.build(letter, key="k", created_at=now(), settings=settings)
    files = {part.get_filename(): part.get_content() for part in message.iter_attachments()}
    assert set(files) == {"badge.pdf", "conference.ics"}
    assert files["badge.pdf"].startswith(b"%PDF")
    assert "BEGIN:VCALENDAR" in str(files["conference.ics"])


POSITIONS: list[dict[str, Any]] = [
    {
        "positionid": 1,
        "item": 7,
        "attendee_name": "Ada Ng",
        "attendee_email": "ada@example.org",
        "company": "Port",
    },
    {"positionid": 2, "item": 7, "attendee_name": "Bo", "attendee_email": "bo@example.org"},
]
ORDER: dict[str, Any] = {
    "code": "ABC12",
    "status": "p",
    "email": "payer@example.org",
    "positions": POSITIONS,
}


class Shop:
    """A small real HTTP server that answers as pretix's API does."""

    def __init__(self) -> None:
        self.order: dict[str, Any] = ORDER
        self.asked: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.asked.append(head)
        body = json.dumps(self.order).encode()
        good = "authorization: token s3cret" in head.lower()
        status = b"200 OK" if good and "/orders/ABC12/" in head else b"404 Not Found"
        writer.write(
            b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
            % (status, len(body), body)
        )
        await writer.drain()
        writer.close()


@pytest.fixture
async def shop() -> AsyncIterator[tuple[Shop, int]]:
    made = Shop()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    yield made, server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()


async def test_pretix_tells_of_an_order_and_the_order_is_looked_up(
    client: httpx.AsyncClient, desk: Desk, shop: tuple[Shop, int]
) -> None:
    pretended, port = shop
    own = await pretix.shop(desk.conference.id)
    await pretix.connect(
        desk.conference.id,
        {
            "base_url": f"http://127.0.0.1:{port}",
            "organizer": "quay",
            "event": "tide",
            "token": "s3cret",
        },
    )
    settings = replace(desk.settings, trusted_hosts=("127.0.0.1",))
    notice = {
        "notification_id": 1,
        "organizer": "quay",
        "event": "tide",
        "code": "ABC12",
        "action": "pretix.event.order.paid",
    }

    async def tell(number: int) -> None:
        told = await client.post(
            f"{HERE}/pretix/{own['hook']}", json={**notice, "notification_id": number}
        )
        assert told.status_code == 204
        row = (
            await Outbox.select()
            .where(Outbox.kind == "pretix")
            .order_by(Outbox.created_at, ascending=False)
            .first()
        )
        assert row is not None
        await pretix.deliverer(settings)(
            Delivery(
                id=row["id"],
                kind="pretix",
                key=row["key"],
                payload=json.loads(row["payload"]),
                attempt=1,
                created_at=row["created_at"],
            )
        )

    assert (await client.post(f"{HERE}/pretix/wrong", json=notice)).status_code == 404
    await tell(1)
    await tell(2)
    assert [await state_of("ada@example.org"), await state_of("bo@example.org")] == [
        "confirmed"
    ] * 2
    assert await attendees.count(desk.conference.id) == 2
    ada = await Person.select(Person.name).where(Person.email == "ada@example.org").first()
    assert ada == {"name": "Ada Ng"}
    # One ticket is cancelled, then the whole order.
    first, second = POSITIONS
    pretended.order = {**ORDER, "positions": [first, {**second, "canceled": True}]}
    await tell(3)
    assert [await state_of("ada@example.org"), await state_of("bo@example.org")] == [
        "confirmed",
        "cancelled",
    ]
    pretended.order = {**ORDER, "status": "c"}
    await tell(4)
    assert await state_of("ada@example.org") == "cancelled"


async def test_a_shop_at_a_private_address_is_not_asked(shop: tuple[Shop, int]) -> None:
    pretended, port = shop
    for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "169.254.169.254"):
        with pytest.raises(outside.Unreachable, match="private address"):
            await outside.get_json(f"http://{host}:{port}/x", headers={}, trusted=())
    assert pretended.asked == []


async def test_paid_orders_come_from_a_list_too(client: httpx.AsyncClient, desk: Desk) -> None:
    await sign_in(client, await make_person("owner@trial.example.org"), now=now())
    text = (
        "Order code,Position ID,Status,E-mail,Attendee name,Attendee email,Product\n"
        "ABC12,1,paid,payer@example.org,Ada Ng,ada@example.org,Whole\n"
        "ABC13,1,pending,late@example.org,Late,,Whole\n"
        "ABC14,1,paid,only@example.org,Only,,Whole\n"
    )
    for _ in range(2):
        answer = await client.post(
            f"{HERE}/people/orders",
            files={"file": ("o.csv", text.encode(), "text/csv")},
            headers=HTML,
        )
        assert answer.status_code == 200
    assert "Not paid, so no place: 1." in answer.text
    assert await attendees.count(desk.conference.id) == 2
    assert await state_of("only@example.org") == "confirmed"
    assert await state_of("late@example.org") == ""


async def test_the_setup_page_says_what_is_wrong(
    client: httpx.AsyncClient, trial: Conference
) -> None:
    await sign_in(client, await make_person("owner@trial.example.org"), now=now())
    for what, data, words in (
        ("tickets", {"name": ""}, "Give the ticket type a name"),
        ("tickets", {"name": "A", "kind": "code", "code": "x"}, "four characters"),
        ("tickets", {"name": "A", "capacity": "many"}, "as a number"),
        (
            "tickets",
            {"name": "A", "opens_at": "2027-05-02T10:00", "closes_at": "2027-05-01T10:00"},
            "before it opens",
        ),
        ("questions", {"label": "Diet", "kind": "choice", "options": "one"}, "two answers or more"),
        ("consents", {"title": "Rules"}, "needs a title and the words"),
        ("shop", {"base_url": "javascript:x"}, "https://pretix.eu"),
    ):
        answer = await client.post(f"{HERE}/people/setup/{what}", data=data, headers=HTML)
        assert answer.status_code == 422, what
        assert words in answer.text
    good = await client.post(
        f"{HERE}/people/setup/questions",
        data={"label": "Diet", "kind": "several", "options": "all\nnone", "required": "1"},
        headers=HTML,
    )
    assert good.status_code == 303
    page = await client.get(f"{HERE}/register", headers=HTML)
    assert "Diet" in page.text
