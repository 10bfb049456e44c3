"""One agenda page: which day, whose clock, which tracks, and what the template needs to show it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from markupsafe import Markup

from agenda.model import SessionId, TrackId
from app.html import day_words, environment, language, ngettext, tongue, zone_city
from app.html import gettext as _
from app.programme import kept
from app.programme.grid import DayView, Shown, lanes, lay_out, show
from app.programme.overlap import hint
from app.programme.query import Query, parse_day, viewer_zone
from app.programme.releases import Released
from app.programme.view import Card, Facet, Programme, Wanted, clashes, next_of, of_wanted, state
from app.static import version as static_version
from app.words import local, offset

ALL_DAYS = "all"

_bodies: kept.Shelf[str] = kept.Shelf(24)


@dataclass(frozen=True)
class Scene:
    """An agenda page of a release at an instant. `own` is the reader's zone, where it differs."""

    released: Released
    programme: Programme
    query: Query
    phases: kept.Phases
    day: date
    own: str | None
    zone: str
    now: datetime

    @classmethod
    def of(
        cls,
        released: Released,
        programme: Programme,
        query: Query,
        phases: kept.Phases,
        cookies: Mapping[str, str],
        *,
        now: datetime,
    ) -> Scene:
        """The page that a query asks for: a day that exists, a zone that is known."""
        days = list(programme.by_day)
        wanted = parse_day(query.day)
        day = wanted if wanted in days else programme.today(now) or _nearest(days, now)
        home = programme.zone
        own = viewer_zone(cookies, home, programme.base(day))
        choice = query.zone or cookies.get("clock", "viewer")
        zone = own if own and choice != "conference" else home
        return cls(released, programme, query, phases, day, own, zone, now)

    @cached_property
    def picked(self) -> frozenset[TrackId]:
        keys = set(self.query.tracks)
        return frozenset(i for i, key in self.programme.track_keys.items() if key in keys)

    @cached_property
    def wanted(self) -> Wanted:
        """What the address asks for, of what the release has."""
        query = self.query
        speaker = self.programme.speaker(query.speaker)
        return Wanted(
            tracks=self.picked,
            kinds=frozenset(query.kinds),
            languages=frozenset(query.languages),
            levels=frozenset(query.levels),
            speaker=speaker.id if speaker else None,
        )

    @cached_property
    def _key(self) -> tuple[Any, ...]:
        """All that the body of the page depends on."""
        first, last = self.programme.bounds
        running = first <= self.now < last + timedelta(hours=1)
        return (
            self.released.id,
            self.whole or self.day,
            self.query.view,
            self.query.rows,
            self.wanted,
            self.zone,
            self.phases.version,
            int(self.now.timestamp()) // 60 if running else self.now >= last,
            language.get(),
        )

    def tag(self, *, block: bool, look: str) -> str:
        """The ETag of the page for a reader without a name, in the conference's look."""
        today = local(self.now, self.zone).date()
        asked = self.query.href()
        parts = (*self._key, self.own, today, asked, block, look, static_version())
        return '"' + hashlib.sha256(repr(parts).encode()).hexdigest()[:20] + '"'

    @property
    def whole(self) -> bool:
        """True where every day is asked for at once."""
        return self.query.day == ALL_DAYS

    def _cards(self, day: date) -> list[Card]:
        return of_wanted(self.programme.by_day[day], self.wanted)

    def body(self, starred: frozenset[SessionId]) -> Markup:
        """The grid or list, or what was searched for, with the reader's stars in it."""
        if self.query.words:
            return self._put_stars(self._found(), starred)
        if self.query.mine:
            return self._put_stars(self._mine(starred), starred)
        text = _bodies.get(self._key, self._sheets)
        return self._put_stars(text, starred)

    def _sheets(self) -> str:
        if not self.whole:
            return self._sheet(self.day)
        return "".join(
            Markup('<h2 class="day-name">{}</h2>').format(day_words(day)) + self._sheet(day)
            for day in self.programme.by_day
        )

    def _sheet(self, day: date) -> Markup:
        view = lay_out(
            self.programme,
            day,
            self._cards(day),
            phases=self.phases.reached,
            zone=self.zone,
            now=self.now,
            by=self.query.rows if self.query.view == "grid" else "rooms",
        )
        over = [each for hour in view.hours for each in hour.shown if each.state == "past"]
        return self._render(
            "agenda/_sheet.html",
            day=view,
            view=self.query.view,
            by_tracks=self.query.rows == "tracks" and self.query.view == "grid",
            nothing=not view.sessions and self.query.filtered,
            every=self.query.href(
                tracks=(), kinds=(), languages=(), levels=(), speaker="", words=""
            ),
            running=0 < len(over) < view.sessions
            and self.programme.today(self.now) == day
            and not self.whole,
            over=len(over),
            over_hours=[
                h for h in view.hours if h.shown and all(s.state == "past" for s in h.shown)
            ],
            ruler=_ruler(view, self.zone),
            zone=self.zone,
            left=_("%s min left"),
            place=zone_city(self.zone),
            beside_place=zone_city(self.programme.zone) if self.zone != self.programme.zone else "",
        )

    def _found(self) -> str:
        words = self.query.words
        exact = self.programme.search(words)
        hits = [each.card for each in exact or self.programme.near(words)]
        found = [self._show(card) for card in of_wanted(hits, self.wanted)]
        return self._render(
            "agenda/_results.html",
            near=bool(found) and not exact,
            hints={},
            title=ngettext("%(num)s session found", "%(num)s sessions found", len(found))
            % {"num": len(found)},
            groups=[(None, found)] if found else [],
            words=words,
            mine=False,
            clash=set(),
        )

    def _mine(self, starred: frozenset[SessionId]) -> str:
        chosen = [card for card in self.programme.cards if card.session.id in starred]
        cards = of_wanted(chosen, self.wanted)
        days = dict.fromkeys(card.day for card in cards)
        clash = clashes(chosen)
        return self._render(
            "agenda/_results.html",
            near=False,
            hints={
                card.slot.id: hint(self.programme, card, starred, zone=self.zone, now=self.now)
                for card in cards
                if card.slot.id in clash
            },
            title=_("My agenda"),
            groups=[(day, [self._show(c) for c in cards if c.day == day]) for day in days],
            words="",
            mine=True,
            clash=clash,
        )

    def _render(self, template: str, **context: Any) -> Markup:
        return Markup(
            environment()
            .get_template(template)
            .render(
                root=self.query.root,
                star=_("Star: "),
                day_words=day_words,
                state_markup=_state_markup(),
                **context,
            )
        )

    def _show(self, card: Card, row: int = 0) -> Shown:
        standing = state(card.slot, self.phases.reached, now=self.now)
        return show(card, standing, row, self.zone, self.programme.zone)

    def _put_stars(self, made: str, starred: frozenset[SessionId]) -> Markup:
        text = str(made)  # a Markup would escape what is put in
        for session in starred:
            off = f'sessions/{session}/star" aria-pressed="false"'
            text = text.replace(off, f'sessions/{session}/star" aria-pressed="true"')
        if starred and not self.whole and "<!--mine-->" in text:
            text = text.replace("<!--mine-->", self._row(starred), 1)
        return Markup(text)

    def _row(self, starred: frozenset[SessionId]) -> str:
        cards = [card for card in self._cards(self.day) if card.session.id in starred]
        if not cards:
            return ""
        lane = lanes(cards)
        shown = [self._show(card, row=lane[card.slot.id] + 1) for card in cards]
        return self._render("agenda/_mine.html", shown=shown, clash=clashes(cards))

    def context(self, starred: frozenset[SessionId]) -> dict[str, Any]:
        """Everything that agenda/day.html names."""
        query, programme = self.query, self.programme
        mine = [card for card in programme.cards if card.session.id in starred]
        coming = next_of(mine, now=self.now)
        places_version = kept.places(programme)[1]
        return {
            "root": query.root,
            "q": query.words,
            "view": query.view,
            "zone_choice": query.zone,
            "day": self.day,
            "whole": self.whole,
            "sub": self._sub(),
            "tabs": self._tabs(),
            "coming": self._show(coming) if coming else None,
            "show": self._choices(len({card.session.id for card in mine})),
            "forms": self._forms(),
            "zones": self._zones(),
            "tracks": self._tracks(),
            "picked": self.picked,
            "picked_words": self._picked_words(),
            "every": query.href(tracks=(), words=""),
            "facets": self._facets(),
            "rows": query.rows,
            "speaker": programme.speaker(query.speaker) if query.speaker else None,
            "without_speaker": query.href(speaker=""),
            "unfiltered": query.href(tracks=(), kinds=(), languages=(), levels=(), speaker=""),
            "about": programme.schedule.conference,
            "sheet": self.body(starred),
            "places_url": f"{query.root}/agenda.css?v={places_version}",
            "zone_note": self._zone_note(),
            "exports": [],
        }

    def _sub(self) -> str:
        days = list(self.programme.by_day)
        held = self.programme.cards if self.whole else self.programme.by_day[self.day]
        rooms = len({card.room.id for card in held})
        made = local(self.released.release.created_at, self.zone)
        words = _(
            "Day %(at)s of %(days)s. %(sessions)s in %(rooms)s. Release %(number)s, published %(when)s."
        )
        if self.whole:
            words = _("%(sessions)s in %(rooms)s. Release %(number)s, published %(when)s.")
        return words % {
            "at": days.index(self.day) + 1,
            "days": len(days),
            "sessions": ngettext("%(num)s session", "%(num)s sessions", len(held))
            % {"num": len(held)},
            "rooms": ngettext("%(num)s room", "%(num)s rooms", rooms) % {"num": rooms},
            "number": self.released.number,
            "when": f"{made:%H:%M}"
            if made.date() == local(self.now, self.zone).date()
            else day_words(made.date(), "d MMMM"),
        }

    def _tabs(self) -> list[dict[str, Any]]:
        today = self.programme.today(self.now)
        tabs = []
        for day, cards in self.programme.by_day.items():
            words = day_words(day, "EEE")
            if day == today:
                words = _("%(day)s, today") % {"day": words}
            elif max(card.slot.end for card in cards) <= self.now:
                words = _("%(day)s, over") % {"day": words}
            tabs.append(
                {
                    "day": day,
                    "words": words,
                    "current": day == self.day
                    and not (self.query.words or self.query.mine or self.whole),
                    "href": self.query.href(day=day.isoformat(), words="", mine=False),
                }
            )
        return tabs

    def _choices(self, stars: int) -> list[dict[str, Any]]:
        query = self.query
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

    def _forms(self) -> list[dict[str, Any]]:
        view, rows, href = self.query.view, self.query.rows, self.query.href
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

    def _facets(self) -> list[dict[str, Any]]:
        """Kinds, languages and levels to choose from, each where there is a choice."""
        query, programme = self.query, self.programme

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

    def _zones(self) -> list[dict[str, Any]]:
        if self.own is None:
            return []
        home = self.programme.zone
        return [
            {
                "text": zone_city(zone),
                "icon": "" if zone == home else "globe",
                "title": f"{zone}, {offset(self.now, zone)}",
                "current": zone == self.zone,
                "href": self.query.href(zone=name),
            }
            for name, zone in (("conference", home), ("viewer", self.own))
        ]

    def _tracks(self) -> list[dict[str, Any]]:
        shown = self.programme.cards if self.whole else self.programme.by_day[self.day]
        here = {card.session.track for card in shown}
        keys = self.programme.track_keys
        return [
            {
                "mark": mark,
                "current": track in self.picked,
                "href": self.query.toggled(keys[track]),
            }
            for track, mark in self.programme.marks.items()
            if track in here or track in self.picked
        ]

    def _picked_words(self) -> str:
        if self.picked:
            return ngettext("%(num)s track", "%(num)s tracks", len(self.picked)) % {
                "num": len(self.picked)
            }
        return _("All tracks, %(count)s") % {"count": len(self._tracks())}

    def _zone_note(self) -> str:
        base = self.programme.base(self.day)
        words = _("Times in %(place)s (%(offset)s).") % {
            "place": zone_city(self.zone),
            "offset": offset(base, self.zone),
        }
        if self.zone != self.programme.zone:
            words += " " + _("The conference is in %(place)s (%(offset)s).") % {
                "place": zone_city(self.programme.zone),
                "offset": offset(base, self.programme.zone),
            }
        return words


def _nearest(days: list[date], now: datetime) -> date:
    """The first day that has not begun, else the last."""
    return next((day for day in days if day >= now.date()), days[-1])


def _ruler(view: DayView, zone: str) -> list[str]:
    step = view.span / 4
    clocks = [
        local(view.base + timedelta(minutes=view.from_min + round(step * part)), zone)
        for part in range(5)
    ]
    middle = [f"{(clock + timedelta(minutes=30)).hour}" for clock in clocks[1:4]]
    return [f"{clocks[0]:%H:%M}", *middle, f"{clocks[4]:%H:%M}"]


def _state_markup() -> dict[str, Markup]:
    ui: Any = environment().globals["ui"]
    frame = Markup(
        '<div class="state">{}<span class="span"></span><span class="fig left"></span></div>'
    )
    return {
        "live": frame.format(ui.tally()),
        "doors": Markup('<div class="state">{}</div>').format(ui.phase("doors")),
    }
