"""The pages of every role, and the stage on which they are looked at: the demo's conference."""

from __future__ import annotations

from email.message import EmailMessage
from typing import Any
from uuid import UUID, uuid4

import httpx
from playwright.async_api import Browser, BrowserContext

from app.accounts import links as accounts
from app.accounts import sessions
from app.attendees import certificates, codes
from app.attendees.tables import Registration
from app.clock import now
from app.conferences.store import people_with
from app.conferences.tables import Conference
from app.demo import seed
from app.jobs.tables import Job
from app.meeting import store as meeting
from app.meeting.tables import Meeting
from app.notices import mailings, unsubscribe
from app.programme.tables import Session
from app.registration import links
from app.registration.tables import Application
from app.sponsors.tables import Consent
from tests.e2e.browser import signed_in, visitor
from tests.e2e.web_alone import Web

# Role → addresses below the conference (or from the root, with a leading slash).
PAGES: dict[str, tuple[str, ...]] = {
    "nobody": (
        "/sign-in",
        "/offline",
        "{go}",
        "/sign-in/{sign_in}",
        "/unsubscribe/{unsubscribe}",
        "/mail",
        "/mail/{mail}",
        "register",
        "agenda?view=list",
        "agenda",
        "changes",
        "export",
        "speakers",
        "sponsors",
        "sponsors/saltproof",
        "sessions/{session}",
        "lobby",
        "certificates/none",
        "certificates/{certificate}",
        "nothing-here",
    ),
    "attendee": (
        "agenda?mine=1",
        "badge",
        "calendar",
        "lobby",
        "notes",
        "meeting",
        "meeting/people/{person}",
        "meeting/{meeting}/room",
        "meeting/roulette",
        "preferences",
        "registration",
        "register",
        "rooms/{room}",
        "sponsors/saltproof",
        "sessions/{session}",
    ),
    "speaker": ("green-room/{slot}", "reports/mine"),
    "sponsor": (
        "sponsors/saltproof/leads",
        "sponsors/saltproof/leads/{lead}",
        "sponsors/saltproof/setup",
        "sponsors/saltproof/team",
        "sponsors/saltproof/scan",
        "sponsors/saltproof/meetings",
        "sponsors/saltproof/room",
    ),
    "organizer": (
        "badges",
        "badges/design",
        "badges/check",
        "desk",
        "desk/policies",
        "desk/{slot}",
        "/jobs/{job}",
        "media",
        "editor",
        "settings",
        "look",
        "tables/sessions",
        "tables/speakers",
        "tables/blocked",
        "import",
        "invites",
        "meeting/reports",
        "notices",
        "notices/{mailing}",
        "people",
        "people/{application}",
        "people/setup",
        "recordings",
        "releases",
        "releases/compare",
        "releases/preview/agenda",
        "releases/preview/sessions/{session}",
        "reports",
        "reports/compare",
        "sponsors/manage",
    ),
}


# What answers with no page of its own: files, data, fragments, ways on.
NONE = frozenset(
    {
        "/demo/{role:str}",
        "/mail/{mail:str}/attachments/{number:int}",
        "/c/{slug:str}/editor/solver",
        "/c/{slug:str}/editor/weights",
        "/c/{slug:str}/hands",
        "/",
        "/health",
        "/ready",
        "/static/{tree:str}/{path:path}",
        "/calendar/{name:str}",
        "/c/{slug:str}",
        "/c/{slug:str}/agenda.css",
        "/c/{slug:str}/brand.css",
        "/c/{slug:str}/logo.png",
        "/c/{slug:str}/grants/watch",
        "/c/{slug:str}/broadcast/{room_id:uuid}",
        "/recordings/{token:str}/{recording:uuid}/{name:str}",
        "/c/{slug:str}/green-room/{slot_id:uuid}/state",
        "/c/{slug:str}/green-room/{slot_id:uuid}/grant",
        "/c/{slug:str}/rooms/{room:str}/floor",
        "/c/{slug:str}/rooms/{room:str}/floor/grant",
        "/c/{slug:str}/green-room/{slot_id:uuid}/talkback",
        "/c/{slug:str}/editor/state",
        "/c/{slug:str}/editor/why/{slot:uuid}",
        "/c/{slug:str}/editor/score",
        "/c/{slug:str}/releases/preview/agenda.css",
        "/c/{slug:str}/changes.atom",
        "/c/{slug:str}/schedule.xml",
        "/c/{slug:str}/export/file",
        "/c/{slug:str}/editor/file",
        "/c/{slug:str}/agenda/slots/{slot_id:uuid}",
        "/c/{slug:str}/sessions/{session_id:uuid}/invite.ics",
        "/c/{slug:str}/meeting/{meeting:uuid}/grant",
        "/c/{slug:str}/meeting/roulette/grant",
        "/c/{slug:str}/manifest.webmanifest",
        "/c/{slug:str}/icons/{name:str}",
        "/sw.js",
        "/c/{slug:str}/conference.ics",
        "/c/{slug:str}/people.csv",
        "/c/{slug:str}/people.xlsx",
        "/c/{slug:str}/sponsors/{sponsor_slug:str}/leads.csv",
        "/c/{slug:str}/sponsors/{sponsor_slug:str}/files/{file_id:uuid}",
        "/c/{slug:str}/sponsors/{sponsor_slug:str}/room/grant",
        "/c/{slug:str}/sponsors/{sponsor_slug:str}/leads.xlsx",
        "/c/{slug:str}/reports.csv",
        "/c/{slug:str}/reports.json",
        "/c/{slug:str}/reports.xlsx",
        "/c/{slug:str}/sessions/{session_id:uuid}/preview.png",
        "/c/{slug:str}/soon",
        "/c/{slug:str}/rooms/{room:str}/talk",
        "/c/{slug:str}/sponsors/{sponsor_slug:str}/talk",
        "/c/{slug:str}/sponsors/{sponsor_slug:str}/talk/messages",
        "/c/{slug:str}/sponsors/{sponsor_slug:str}/talk/export.csv",
        "/c/{slug:str}/rooms/{room:str}/talk/messages",
        "/c/{slug:str}/rooms/{room:str}/talk/export.csv",
        "/jobs/{job:uuid}/result",
    }
)


class Stage:
    """The demo's conference, its people's sessions, and what stands for each {name} of an address."""

    def __init__(
        self, web: Web, conference: Conference, cookies: dict[str, str], facts: dict[str, Any]
    ) -> None:
        self.web = web
        self.conference = conference
        self.cookies = cookies
        self.facts = facts

    def address(self, path: str) -> str:
        filled = path.format(**self.facts)
        if filled.startswith("http"):
            return filled
        return self.web.url + (
            filled if filled.startswith("/") else f"/c/{self.conference.slug}/{filled}"
        )

    async def context(self, browser: Browser, role: str, **options: Any) -> BrowserContext:
        if role == "nobody":
            return await visitor(browser, **options)
        return await signed_in(browser, self.web.url, self.cookies[role], **options)


async def set_stage(web: Web) -> Stage:
    """Seed the demo, and sign its four people in by their links, which also say where things are on."""
    cookies: dict[str, str] = {}
    leads: dict[str, str] = {}
    async with httpx.AsyncClient() as client:
        for role, address in await seed.seed(web.settings, now=now()):
            client.cookies.clear()
            answer = await client.get(address)
            cookies[role] = answer.cookies[sessions.COOKIE]
            leads[role] = answer.headers["location"].rpartition("/")[2]
    conference = await Conference.objects().first()
    ada = await sessions.person_of(cookies["attendee"])
    assert conference is not None
    assert ada is not None
    listeners = await people_with(conference.id, "attendee")
    other = next(person for person in listeners if person != ada["id"])
    for person in (ada["id"], other):
        values = {
            "does": "Reads tide tables",
            "seeks": "Harbour pilots",
            "links": "https://x.example",
        }
        await meeting.write(conference.id, person, values, shown=True, now=now())
    facts = await facts_of(web, conference, ada["id"])
    instant, agreed = now(), uuid4()
    await Meeting(
        id=agreed,
        conference=conference.id,
        asker=other,
        asked=ada["id"],
        waits_for=ada["id"],
        state="accepted",
        start=instant,
        created_at=instant,
        changed_at=instant,
    ).save()
    facts |= {
        "meeting": agreed,
        "room": leads["attendee"],
        "slot": leads["speaker"],
        "person": other,
    }
    return Stage(web, conference, cookies, facts)


async def facts_of(web: Web, conference: Conference, ada: UUID) -> dict[str, Any]:
    session = await Session.select(Session.id).where(Session.conference == conference.id).first()
    waits = await Application.select(Application.id).where(Application.state == "waiting").first()
    lead = await (
        Consent.select(Consent.id)
        .where(Consent.sponsor.slug == "saltproof", Consent.revoked_at.is_null())
        .first()
    )
    assert session is not None
    assert waits is not None
    assert lead is not None
    wish = unsubscribe.Wish(conference=conference.id, person=ada, kind="changes")
    message = {"subject": "Tomorrow", "text": "We begin at **nine**.", "audience": "attendees"}
    return {
        "go": await links.address(web.settings, conference.id, ada, now=now()),
        "sign_in": await accounts.issue(ada, next_url="/", now=now()),
        "session": session["id"],
        "application": waits["id"],
        "lead": lead["id"],
        "unsubscribe": unsubscribe.token(wish, web.settings),
        "mailing": await mailings.stand(conference.id, "message", message, now=now()),
        "certificate": await certificate(web, conference, ada),
        "job": await some_job(conference),
        "mail": some_mail(web),
    }


async def certificate(web: Web, conference: Conference, person: UUID) -> str:
    """The code of what somebody earned until now."""
    key = codes.key_of(conference.id, web.settings.secret)
    earned = certificates.Earned(attended=95, spoken=0)
    place = await Registration.select().where(Registration.person == person).first()
    assert place is not None
    return certificates.sign(place["badge_code"], earned, key)


def some_mail(web: Web) -> str:
    """One mail in the demo's mailbox; its name there."""
    mail = EmailMessage()
    mail["From"], mail["To"] = "show@example.org", "Ada <ada@example.org>"
    mail["Subject"], mail["Date"] = "Tomorrow", "Wed, 12 May 2027 09:00:00 +0000"
    mail.set_content("We begin at nine.")
    web.settings.mail_folder.mkdir(parents=True, exist_ok=True)
    (web.settings.mail_folder / "0123456789ab.eml").write_bytes(mail.as_bytes())
    return "0123456789ab"


async def some_job(conference: Conference) -> UUID:
    """A job that failed, which is the page with most on it."""
    job = uuid4()
    await Job(
        id=job,
        conference=conference.id,
        kind="badges",
        key="badges:x",
        state="failed",
        error="The printer has no paper.",
        created_at=now(),
    ).save()
    return job
