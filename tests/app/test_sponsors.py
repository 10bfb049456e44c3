"""Leads: given knowingly, taken back at any time, seen by their sponsor alone."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from app.clock import now
from app.conferences.tables import Conference
from app.settings import Settings
from app.sponsors import consent, exports, leads, store, view
from app.sponsors.ledger import Lead, Ledger
from app.sponsors.tables import BoothVisit, Consent, Sponsor, SponsorStaff
from tests.app.builders import same_origin, sign_in
from tests.app.making import T0, make_attendee, make_conference, make_person, make_schedule, release

HTML = {"accept": "text/html"}


async def make_sponsor(conference: Conference, name: str = "Saltproof") -> tuple[UUID, UUID]:
    """(sponsor, one of its people)"""
    sponsor = uuid4()
    await Sponsor(
        id=sponsor, conference=conference.id, slug=name.lower(), name=name, tier="Harbour"
    ).save()
    person = await make_attendee(conference, f"{name} Staff", role="sponsor")
    await SponsorStaff(id=uuid4(), sponsor=sponsor, person=person).save()
    return sponsor, person


async def give(sponsor: UUID, person: UUID, **changes: Any) -> None:
    held = {"fields": consent.FIELDS, "wording": "I agree", "source": "booth", "now": T0, **changes}
    await consent.give(sponsor, person, **held)


async def ledger_of(sponsor: UUID, conference: Conference) -> Ledger:
    row = await Sponsor.select().where(Sponsor.id == sponsor).first()
    assert row is not None
    return await leads.gather(row, conference, now=T0 + timedelta(hours=2))


async def test_giving_twice_is_once_and_taking_back_counts_without_a_name(database: str) -> None:
    conference = await make_conference()
    sponsor, _ = await make_sponsor(conference)
    ada = await make_attendee(conference, "Ada", "ada@example.org")
    bo = await make_attendee(conference, "Bo", "bo@example.org")
    for _again in range(2):
        await give(sponsor, ada)
    await give(sponsor, bo, fields=("name", "email"), now=T0 + timedelta(minutes=1))
    held = await ledger_of(sponsor, conference)
    assert [(x.name, x.email, x.organization) for x in held.leads] == [
        ("Bo", "bo@example.org", ""),
        ("Ada", "ada@example.org", "Port"),
    ]
    assert held.revoked == 0
    await consent.take_back(sponsor, bo, now=now())
    held = await ledger_of(sponsor, conference)
    assert ([x.name for x in held.leads], held.revoked) == (["Ada"], 1)
    await give(sponsor, bo)
    held = await ledger_of(sponsor, conference)
    assert (len(held.leads), held.revoked) == (2, 0)
    rows = await Consent.select().where(Consent.person == bo)
    assert len(rows) == 2


async def test_a_visit_is_counted_once_in_half_an_hour_and_shown_from_five_people_on(
    database: str,
) -> None:
    conference = await make_conference()
    sponsor, _ = await make_sponsor(conference)
    for n in range(4):
        person = await make_person(f"P{n}")
        for minutes in (0, 10, 45):
            await store.visit(sponsor, person, now=T0 + timedelta(minutes=minutes))
    assert await BoothVisit.count() == 8
    held = await ledger_of(sponsor, conference)
    assert (held.visits, held.visitors) == (None, None)
    await store.visit(sponsor, await make_person("P5"), now=T0)
    held = await ledger_of(sponsor, conference)
    assert (held.visits, held.visitors) == (9, 5)


def lead(**changes: Any) -> Lead:
    return Lead(
        **{
            "id": UUID(int=1),
            "given_at": T0,
            "source": "booth",
            "name": "Ada",
            "email": "ada@example.org",
            "organization": "Port",
            "fields": ("name", "email"),
            "wording": "I agree",
            **changes,
        }
    )


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "＝"])
def test_no_cell_of_the_export_is_a_formula(start: str) -> None:
    hostile = f'{start}HYPERLINK("http://x","y")'
    text = exports.as_csv([lead(name=hostile, organization=hostile)], "Europe/Lisbon", {})
    assert text.startswith("\ufeff")
    header, row = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""))
    held = dict(zip(header, row, strict=True))
    assert held["Name"] == f"'{hostile}"
    assert held["Company"] == f"'{hostile}"
    assert held["Given at"] == "2027-05-12T10:00:00+01:00"


def test_the_wording_names_what_is_given_and_to_whom() -> None:
    words = view.wording("Saltproof", ("name", "email"))
    assert "my name and my e-mail address with Saltproof" in words
    assert "organization" not in words
    assert "at any time" in words


def test_the_best_hour_is_local_and_the_first_of_equals() -> None:
    leads = [lead(given_at=T0 + timedelta(minutes=m)) for m in (0, 61, 62, 130, 140)]
    best = view.best_hour(leads, "Asia/Kathmandu")
    assert best is not None
    assert f"{best:%H:%M}" == "15:00"


async def test_the_whole_way_of_a_contact(client: httpx.AsyncClient, settings: Settings) -> None:
    conference = await make_conference()
    await release(conference, make_schedule())
    _, staff = await make_sponsor(conference)
    other_sponsor, other_staff = await make_sponsor(conference, "Rival")
    ada = await make_attendee(conference, "Ada Ng", "ada@example.org")
    booth = f"/c/{conference.slug}/sponsors/saltproof"

    anonymous = await client.get(booth, headers=HTML)
    assert "/sign-in?next=" in anonymous.text
    await sign_in(client, ada, now=now())
    page = await client.get(booth, headers=HTML)
    exact = view.wording("Saltproof", consent.FIELDS)
    assert exact in page.text
    answer = await client.post(
        f"{booth}/contact", data={"organization": "1"}, headers=same_origin()
    )
    assert answer.status_code == 303
    (row,) = await Consent.select()
    assert (row["person"], row["wording"], row["fields"]) == (ada, exact, "name,email,organization")
    assert exact in (await client.get(booth, headers=HTML)).text

    assert (await client.get(f"{booth}/leads", headers=HTML)).status_code == 403
    await sign_in(client, other_staff, now=now())
    assert (await client.get(f"{booth}/leads", headers=HTML)).status_code == 403
    assert (await client.get(f"{booth}/leads.csv", headers=HTML)).status_code == 403

    await sign_in(client, staff, now=now())
    leads = await client.get(f"{booth}/leads", headers=HTML)
    assert leads.status_code == 200
    assert "Ada Ng" in leads.text
    found = await client.get(f"{booth}/leads?q=nobody", headers={**HTML, "hx-request": "true"})
    assert "Ada Ng" not in found.text
    assert "<html" not in found.text
    export = await client.get(f"{booth}/leads.csv")
    assert "ada@example.org" in export.text
    assert 'filename="leads-saltproof-1-withdrawn-0.csv"' in export.headers["content-disposition"]

    await sign_in(client, ada, now=now())
    await client.post(f"{booth}/contact/withdraw", headers=same_origin())
    await sign_in(client, staff, now=now())
    for path in ("leads", "leads.csv"):
        assert "Ada Ng" not in (await client.get(f"{booth}/{path}", headers=HTML)).text
    assert await consent.standing(other_sponsor, ada) is None


async def test_lists_and_booths_are_public_and_unknown_ones_are_404(
    client: httpx.AsyncClient, settings: Settings
) -> None:
    conference = await make_conference()
    await make_sponsor(conference)
    page = await client.get(f"/c/{conference.slug}/sponsors", headers=HTML)
    assert "Saltproof" in page.text
    missing = await client.get(f"/c/{conference.slug}/sponsors/nobody", headers=HTML)
    assert missing.status_code == 404
