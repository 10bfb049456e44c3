"""Commands of ./plenary that need the suite: migrate, up, demo, admin."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import dataclasses
import os
import sys
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import httpx

from agenda.errors import AgendaError
from app import db, migrate, supervisor
from app.accounts import links as magic
from app.clock import now
from app.conferences import store
from app.conferences.tables import Conference
from app.demo import seed
from app.demo.links import Links
from app.settings import ROOT, BadSetting, Settings, from_environment


async def _migrate(settings: Settings) -> None:
    async with db.opened(settings.database_url):
        await migrate.forwards()


def _up(settings: Settings) -> None:
    busy = supervisor.busy_port(settings)
    if busy:
        raise BadSetting(busy)
    supervisor.prepare(settings)
    asyncio.run(_migrate(settings))
    sys.stdout.write(f"Plenary on {settings.base_url}\n")
    _warn_http(settings)
    asyncio.run(supervisor.supervise(settings, ROOT / "Procfile"))


def _warn_http(settings: Settings) -> None:
    host = settings.base_url.split("//", 1)[1].split(":")[0].split("/")[0]
    if not settings.secure and host not in ("localhost", "127.0.0.1"):
        sys.stdout.write(
            "Speakers can't use camera and microphone over http: browsers ask for https.\n"
            "Set PLENARY_TLS_CERT and PLENARY_TLS_KEY, or stand behind a proxy (see deploy/).\n"
        )


_WHO = {
    "organizer": "The organizer runs the rooms from the control desk",
    "speaker": "A speaker enters a green room",
    "attendee": "An attendee watches, and switches between the tracks",
    "sponsor": "A sponsor reads a lead report",
}


def _words(links: Iterable[tuple[str, str]], log: Path) -> str:
    lines = "\n".join(f"  {_WHO[role]}\n    {address}\n" for role, address in links)
    return (
        f"\nA conference is happening now. Open one of these, each in a browser of its own:\n\n"
        f"{lines}\nCtrl-C ends it. The log is {log}.\n"
    )


def _demo(settings: Settings, schedule: Path | None, zone: str | None) -> None:
    """Fill the database, start every line, and print the four links when the rooms are live."""
    os.environ["PLENARY_DEMO"] = "1"
    settings = dataclasses.replace(settings, demo=True)
    busy = supervisor.busy_port(settings)
    if busy:
        raise BadSetting(busy)
    supervisor.prepare(settings)

    async def fill() -> Links:
        async with db.opened(settings.database_url):
            await migrate.forwards()
            return await seed.seed(settings, now=now(), import_file=schedule, zone=zone)

    links = asyncio.run(fill())
    log = settings.var / "log" / "plenary.log"

    async def announce() -> None:
        await _until_live(settings)
        print(_words(links, log), flush=True)

    print("plenary: starting the processes and drawing the speakers", file=sys.stderr, flush=True)
    asyncio.run(
        supervisor.supervise(
            settings, ROOT / "Procfile", say=supervisor.to_file(log), meanwhile=announce
        )
    )


async def _until_live(settings: Settings, *, longest_s: float = 90) -> None:
    """Wait until a room is live; a demo without one is announced after `longest_s` all the same."""
    address = f"http{'s' if settings.certificate else ''}://127.0.0.1:{settings.http_port}"
    async with httpx.AsyncClient(base_url=address, verify=False, timeout=2) as client:
        for _ in range(int(longest_s / 0.25)):
            with contextlib.suppress(httpx.HTTPError, ValueError):
                health = (await client.get("/media/health")).json()
                if health.get("rooms_live"):
                    return
            await asyncio.sleep(0.25)


async def _admin(settings: Settings, email: str, title: str, slug: str, zone: str) -> str:
    async with db.opened(settings.database_url):
        await migrate.forwards()
        instant = now()
        person = await magic.find_or_create(email, now=instant)
        conference = await Conference.objects().where(Conference.slug == slug).first()
        if conference is None:
            conference = await store.create(
                organization="default",
                slug=slug,
                title=title,
                time_zone=zone,
                owner=person,
                now=instant,
            )
        await store.grant_role(conference.id, person, "owner")
        token = await magic.issue(person, next_url=f"/c/{slug}/import", now=instant)
    minutes = magic.LIFETIME // timedelta(minutes=1)
    return f"Open within {minutes} minutes: {settings.base_url}/sign-in/{token}"


def _mail(settings: Settings, key: Path | None) -> str:
    # Only this command needs cryptography.
    from app.notices import setup

    return setup.make_dkim_key(key) if key is not None else setup.words(settings)


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise argparse.ArgumentTypeError(
            f"“{name}” is no time zone; write it like Europe/Brussels"
        ) from None
    return name


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./plenary")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("migrate")
    commands.add_parser("up")
    demo = commands.add_parser("demo")
    demo.add_argument("--import", dest="schedule", type=Path, metavar="FILE")
    demo.add_argument("--zone", type=_zone)
    mail = commands.add_parser("mail", help="how mail comes in and is signed")
    mail.add_argument("--dkim-key", type=Path, metavar="FILE", help="make a key for DKIM")
    admin = commands.add_parser("admin", help="make a conference and its organizer")
    admin.add_argument("email")
    admin.add_argument("--title", default="My conference")
    admin.add_argument("--slug", default="conference")
    admin.add_argument("--zone", type=_zone, default="UTC")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    asked = _arguments(sys.argv[1:] if argv is None else argv)
    try:
        settings = from_environment()
        if asked.command == "migrate":
            asyncio.run(_migrate(settings))
        elif asked.command == "up":
            _up(settings)
        elif asked.command == "admin":
            words = asyncio.run(_admin(settings, asked.email, asked.title, asked.slug, asked.zone))
            sys.stdout.write(words + "\n")
        elif asked.command == "mail":
            sys.stdout.write(_mail(settings, asked.dkim_key) + "\n")
        else:
            _demo(settings, asked.schedule, asked.zone)
    except (BadSetting, AgendaError) as error:
        sys.stderr.write(f"plenary: {error}\n")
        sys.exit(1)
    except FileNotFoundError as error:
        sys.stderr.write(f"plenary: there is no file {error.filename}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
