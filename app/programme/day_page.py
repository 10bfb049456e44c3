"""What agenda/day.html shows around a scene's sheets: its head, the days, the filter bar, the foot."""

from __future__ import annotations

from typing import Any

from agenda.model import SessionId
from app.html import day_words, ngettext, tongue, zone_city
from app.html import gettext as _
from app.programme import kept
from app.programme.query import Query
from app.programme.scene import Scene
from app.programme.view import Facet, Programme, next_of
from app.words import local, offset


def context(scene: Scene, starred: frozenset[SessionId]) -> dict[str, Any]:
    """Everything that agenda/day.html names."""
    query, programme = scene.query, scene.programme
    mine = [card for card in programme.cards if card.session.id in starred]
    coming = next_of(mine, now=scene.now)
    tracks = _tracks(scene)
    places_version = kept.places(programme)[1]
    return {
        "root": query.root,
        "q": query.words,
        "view": query.view,
        "zone_choice": query.zone,
        "day": scene.day,
        "whole": scene.whole,
        "sub": _sub(scene),
        "tabs": _tabs(scene),
        "coming": scene.show(coming) if coming else None,
        "show": _choices(query, len({card.session.id for card in mine})),
        "forms": _forms(query),
        "zones": _zones(scene),
        "tracks": tracks,
        "picked": scene.picked,
        "picked_words": _picked_words(len(scene.picked), len(tracks)),
        "every": query.href(tracks=(), words=""),
        "facets": _facets(query, programme),
        "rows": query.rows,
        "speaker": programme.speaker(query.speaker) if query.speaker else None,
        "without_speaker": query.href(speaker=""),
        "unfiltered": query.href(tracks=(), kinds=(), languages=(), levels=(), speaker=""),
        "about": programme.schedule.conference,
        "sheet": scene.body(starred),
        "places_url": f"{query.root}/agenda.css?v={places_version}",
        "zone_note": _zone_note(scene),
        "exports": [],
    }


def _sub(scene: Scene) -> str:
    days = list(scene.programme.by_day)
    held = scene.programme.cards if scene.whole else scene.programme.by_day[scene.day]
    rooms = len({card.room.id for card in held})
    made = local(scene.released.release.created_at, scene.zone)
    words = _(
        "Day %(at)s of %(days)s. %(sessions)s in %(rooms)s. Release %(number)s, published %(when)s."
    )
    if scene.whole:
        words = _("%(sessions)s in %(rooms)s. Release %(number)s, published %(when)s.")
    return words % {
        "at": days.index(scene.day) + 1,
        "days": len(days),
        "sessions": ngettext("%(num)s session", "%(num)s sessions", len(held)) % {"num": len(held)},
        "rooms": ngettext("%(num)s room", "%(num)s rooms", rooms) % {"num": rooms},
        "number": scene.released.number,
        "when": f"{made:%H:%M}"
        if made.date() == local(scene.now, scene.zone).date()
        else day_words(made.date(), "d MMMM"),
    }


def _tabs(scene: Scene) -> list[dict[str, Any]]:
    today = scene.programme.today(scene.now)
    tabs = []
    for day, cards in scene.programme.by_day.items():
        words = day_words(day, "EEE")
        if day == today:
            words = _("%(day)s, today") % {"day": words}
        elif max(card.slot.end for card in cards) <= scene.now:
            words = _("%(day)s, over") % {"day": words}
        tabs.append(
            {
                "day": day,
                "words": words,
                "current": day == scene.day
                and not (scene.query.words or scene.query.mine or scene.whole),
                "href": scene.query.href(day=day.isoformat(), words="", mine=False),
            }
        )
    return tabs


def _choices(query: Query, stars: int) -> list[dict[str, Any]]:
    every = not query.mine and not query.words
    return [
        {"text": _("All"), "current": every, "href": query.href(mine=False, words="")},
        {
            "text": _("Mine %(count)s") % {"count": stars} if stars else _("Mine"),
            "icon": "star",
            "current": query.mine,
            "href": query.href(mine=True, words=""),
        },
    ]


def _forms(query: Query) -> list[dict[str, Any]]:
    view, rows, href = query.view, query.rows, query.href
    return [
        {
            "text": _("Rooms"),
            "icon": "grid",
            "current": view == "grid" and rows == "rooms",
            "href": href(view="grid", rows="rooms"),
        },
        {
            "text": _("Tracks"),
            "icon": "sort",
            "current": view == "grid" and rows == "tracks",
            "href": href(view="grid", rows="tracks"),
        },
        {
            "text": _("List"),
            "icon": "list",
            "current": view == "list",
            "href": href(view="list", rows="rooms"),
        },
    ]


def _facets(query: Query, programme: Programme) -> list[dict[str, Any]]:
    """Kinds, languages and levels to choose from, each where there is a choice."""

    def options(name: str, found: list[Facet], words: Any) -> list[dict[str, Any]]:
        return [
            {
                "text": words(each.name),
                "count": each.count,
                "current": each.key in getattr(query, name),
                "href": query.turned(name, each.key),
            }
            for each in found
        ]

    def capital(text: str) -> str:
        return text[:1].upper() + text[1:]

    offered = (
        (_("Kind"), "kinds", programme.kinds, capital),
        (_("Language"), "languages", programme.languages, tongue),
        (_("Level"), "levels", programme.levels, capital),
    )
    return [
        {"name": words, "options": options(name, found, shown)}
        for words, name, found, shown in offered
        if len(found) > 1 or getattr(query, name)
    ]


def _zones(scene: Scene) -> list[dict[str, Any]]:
    if scene.own is None:
        return []
    home = scene.programme.zone
    return [
        {
            "text": zone_city(zone),
            "icon": "" if zone == home else "globe",
            "title": f"{zone}, {offset(scene.now, zone)}",
            "current": zone == scene.zone,
            "href": scene.query.href(zone=name),
        }
        for name, zone in (("conference", home), ("viewer", scene.own))
    ]


def _tracks(scene: Scene) -> list[dict[str, Any]]:
    shown = scene.programme.cards if scene.whole else scene.programme.by_day[scene.day]
    here = {card.session.track for card in shown}
    keys = scene.programme.track_keys
    return [
        {
            "mark": mark,
            "current": track in scene.picked,
            "href": scene.query.toggled(keys[track]),
        }
        for track, mark in scene.programme.marks.items()
        if track in here or track in scene.picked
    ]


def _picked_words(picked: int, offered: int) -> str:
    if picked:
        return ngettext("%(num)s track", "%(num)s tracks", picked) % {"num": picked}
    return _("All tracks, %(count)s") % {"count": offered}


def _zone_note(scene: Scene) -> str:
    base = scene.programme.base(scene.day)
    words = _("Times in %(place)s (%(offset)s).") % {
        "place": zone_city(scene.zone),
        "offset": offset(base, scene.zone),
    }
    if scene.zone != scene.programme.zone:
        words += " " + _("The conference is in %(place)s (%(offset)s).") % {
            "place": zone_city(scene.programme.zone),
            "offset": offset(base, scene.programme.zone),
        }
    return words
