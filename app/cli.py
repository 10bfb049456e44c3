"""Commands of ./plenary that need the suite: migrate, up, demo, admin."""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import os
import sys
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from agenda.errors import AgendaError
from app import db, migrate, supervisor
from app.clock import now
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


def _demo(settings: Settings, schedule: Path | None, zone: str | None) -> None:
    from app.demo import seed

    os.environ["PLENARY_DEMO"] = "1"
    settings = dataclasses.replace(settings, demo=True)
    busy = supervisor.busy_port(settings)
    if busy:
        raise BadSetting(busy)
    supervisor.prepare(settings)

    async def fill() -> seed.Links:
        async with db.opened(settings.database_url):
            await migrate.forwards()
            return await seed.seed(settings, now=now(), import_file=schedule, zone=zone)

    links = asyncio.run(fill())
    asyncio.run(
        supervisor.supervise(
            settings, ROOT / "Procfile", ready=lambda: sys.stdout.write(f"\n{links.text()}\n")
        )
    )


async def _admin(settings: Settings, email: str, title: str, slug: str, zone: str) -> str:
    from app.accounts import links
    from app.conferences import store
    from app.conferences.tables import Conference

    async with db.opened(settings.database_url):
        await migrate.forwards()
        instant = now()
        person = await links.find_or_create(email, now=instant)
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
        token = await links.issue(person, next_url=f"/c/{slug}/import", now=instant)
    minutes = links.LIFETIME // timedelta(minutes=1)
    return f"Open within {minutes} minutes: {settings.base_url}/sign-in/{token}"


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
