"""Fills a pretalx with a schedule and asks for its agenda; run by pretalx's own Python, not by ours.

`python pretalx_page.py SCHEDULE.json` prints one JSON object: CPU ms of a request, the page's bytes,
how many of the sessions are on it, pretalx's version.
"""

import gc
import json
import sys
import time
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import django  # type: ignore[import-not-found]

_RUNS = 3


def main(held: dict[str, Any]) -> dict[str, Any]:
    django.setup()
    from django.conf import settings  # type: ignore[import-not-found]
    from django.core.management import call_command  # type: ignore[import-not-found]
    from django.test import Client  # type: ignore[import-not-found]
    from django_scopes import scopes_disabled  # type: ignore[import-not-found]

    settings.ALLOWED_HOSTS = ["*"]
    # Its own storage wants all static files collected first; the page only names them.
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
    call_command("migrate", verbosity=0)
    with scopes_disabled():
        fill(held)
    client = Client(HTTP_ACCEPT="text/html", HTTP_HOST="localhost")
    spent = []
    for _ in range(_RUNS + 1):
        gc.collect()
        began = time.process_time()
        answer = client.get("/bench/schedule/nojs")
        page = answer.content
        spent.append((time.process_time() - began) * 1000)
        if answer.status_code != 200:
            raise SystemExit(f"pretalx answered {answer.status_code}: {page[:300]!r}")
    text = page.decode()
    # The first request loads what every later one has.
    return {
        "cpu_ms": min(spent[1:]),
        "bytes": len(page),
        "shown": sum(f"/talk/{code}/" in text for code in codes()),
        "version": version("pretalx"),
    }


def codes() -> list[str]:
    from django_scopes import scopes_disabled
    from pretalx.submission.models import Submission  # type: ignore[import-not-found]

    with scopes_disabled():
        return list(Submission.objects.values_list("code", flat=True))


def fill(held: dict[str, Any]) -> None:
    """An event with these rooms, tracks, people and sessions, released."""
    from pretalx.event.models import Event, Organiser  # type: ignore[import-not-found]
    from pretalx.person.models import SpeakerProfile, User  # type: ignore[import-not-found]
    from pretalx.schedule.models import Room, TalkSlot  # type: ignore[import-not-found]
    from pretalx.submission.models import (
        Submission,
        SubmissionStates,
        Track,
    )

    starts = sorted(datetime.fromisoformat(each["start"]) for each in held["slots"])
    event = Event.objects.create(
        organiser=Organiser.objects.create(name="Bench", slug="bench"),
        name="Bench",
        slug="bench",
        email="bench@example.org",
        timezone=held["zone"],
        date_from=starts[0].date(),
        date_to=starts[-1].date(),
        is_public=True,
    )
    rooms = {
        each["id"]: Room.objects.create(event=event, name=each["name"], position=n)
        for n, each in enumerate(held["rooms"])
    }
    tracks = {
        each["id"]: Track.objects.create(
            event=event, name=each["name"], color="#225588", position=n
        )
        for n, each in enumerate(held["tracks"])
    }
    people = {}
    for n, each in enumerate(held["speakers"]):
        user = User.objects.create(name=each["name"], email=f"s{n}@example.org", code=f"P{n:05}")
        SpeakerProfile.objects.create(user=user, event=event, biography="")
        people[each["id"]] = user
    kind = event.cfp.default_type
    draft = event.wip_schedule
    for each in held["slots"]:
        session = Submission.objects.create(
            event=event,
            title=each["title"],
            abstract=each["abstract"],
            submission_type=kind,
            track=tracks.get(each["track"]),
            state=SubmissionStates.CONFIRMED,
        )
        session.speakers.add(*(people[key] for key in each["speakers"] if key in people))
        TalkSlot.objects.create(
            submission=session,
            schedule=draft,
            room=rooms[each["room"]],
            start=datetime.fromisoformat(each["start"]),
            end=datetime.fromisoformat(each["end"]),
            is_visible=True,
        )
    draft.freeze(name="1", notify_speakers=False)


if __name__ == "__main__":
    print(json.dumps(main(json.loads(Path(sys.argv[1]).read_text("utf-8")))))
