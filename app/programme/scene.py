"""One agenda page: which day, whose clock, which tracks, and the sheets that show it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

from markupsafe import Markup

from agenda.model import SessionId, TrackId
from app.html import day_words, environment, language, ngettext, zone_city
from app.html import gettext as _
from app.programme import kept
from app.programme.grid import DayView, Shown, lanes, lay_out, show
from app.programme.overlap import hint
from app.programme.query import Query, parse_day, viewer_zone
from app.programme.releases import Released
from app.programme.view import Card, Programme, Wanted, clashes, of_wanted, state
from app.static import version as static_version
from app.words import local

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

    def show(self, card: Card, row: int = 0) -> Shown:
        """A card as it stands at this instant, on the clock that was chosen."""
        standing = state(card.slot, self.phases.reached, now=self.now)
        return show(card, standing, row, self.zone, self.programme.zone)

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
        found = [self.show(card) for card in of_wanted(hits, self.wanted)]
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
            groups=[(day, [self.show(c) for c in cards if c.day == day]) for day in days],
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
        shown = [self.show(card, row=lane[card.slot.id] + 1) for card in cards]
        return self._render("agenda/_mine.html", shown=shown, clash=clashes(cards))


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
