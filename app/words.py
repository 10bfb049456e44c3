"""What a person reads: instants on a clock, lengths of time, names in their script, rich text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo

import nh3
from babel.core import Locale, UnknownLocaleError
from babel.dates import format_date, get_timezone_location
from markupsafe import Markup, escape

_TAGS = frozenset(
    [
        "a",
        "abbr",
        "b",
        "blockquote",
        "br",
        "cite",
        "code",
        "dd",
        "del",
        "dl",
        "dt",
        "em",
        "h3",
        "h4",
        "h5",
        "hr",
        "i",
        "ins",
        "kbd",
        "li",
        "ol",
        "p",
        "pre",
        "q",
        "s",
        "samp",
        "small",
        "strong",
        "sub",
        "sup",
        "table",
        "tbody",
        "td",
        "th",
        "thead",
        "tr",
        "u",
        "ul",
        "var",
    ]
)
_LOOKS_LIKE_HTML = re.compile(r"</?(p|br|ul|ol|li|a|b|i|em|strong|div|h[1-6]|code|pre)\b", re.I)
_ADDRESS = re.compile(r"https?://[^\s<>\"']*[^\s<>\"'.,;:!?)\]]")
_BULLET = re.compile(r"^\s*[-*•]\s+")


class Day(NamedTuple):
    """Instants of one day, named as Jinja's groupby names them."""

    grouper: date
    list: list[datetime]


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """The zone of an IANA name; raises ZoneInfoNotFoundError or ValueError for any other text."""
    return ZoneInfo(name)


def local(instant: datetime, zone_name: str) -> datetime:
    """An aware instant on the clock of a zone."""
    return instant.astimezone(zone(zone_name))


def stamp(instant: datetime) -> str:
    """An aware instant for machines, such as 2027-05-12T13:20:00Z."""
    return instant.astimezone(zone("UTC")).strftime("%Y-%m-%dT%H:%M:%SZ")


def clock(instant: datetime, zone_name: str) -> Markup:
    """HH:MM in a zone, as a <time> that also says the instant."""
    return Markup('<time datetime="{}">{:%H:%M}</time>').format(
        stamp(instant), local(instant, zone_name)
    )


def groupby_day(instants: Iterable[datetime], zone_name: str) -> Iterator[Day]:
    """Instants (in order) by their day on the clock of a zone."""
    for day, held in groupby(instants, key=lambda at: local(at, zone_name).date()):
        yield Day(day, list(held))


def clock_range(start: datetime, end: datetime, zone_name: str) -> Markup:
    """HH:MM–HH:MM in a zone."""
    return Markup("{}–{}").format(clock(start, zone_name), clock(end, zone_name))


def offset(instant: datetime, zone_name: str) -> str:
    """The zone's distance from UTC at an instant, such as UTC+1 or UTC−3:30."""
    delta = local(instant, zone_name).utcoffset() or timedelta(0)
    minutes = int(delta.total_seconds()) // 60
    sign = "−" if minutes < 0 else "+"
    hours, rest = divmod(abs(minutes), 60)
    return "UTC" if not minutes else f"UTC{sign}{hours}" + (f":{rest:02d}" if rest else "")


@lru_cache(maxsize=256)
def zone_city(zone_name: str, language: str = "en") -> str:
    """A place for a zone that people recognise: Lisbon for Europe/Lisbon."""
    if zone_name in ("UTC", "Etc/UTC", "GMT"):
        return "UTC"
    return get_timezone_location(zone(zone_name), locale=language, return_city=True) or zone_name


@lru_cache(maxsize=512)
def day_words(day: date, pattern: str = "EEEE d MMMM", language: str = "en") -> str:
    """A date by a CLDR pattern, such as Wednesday 12 May."""
    return format_date(day, pattern, locale=language)


def script(word: str) -> tuple[str, str] | None:
    """(lang, dir) of a word in a script of its own, or None for Latin and its like."""
    kana = hangul = han = False
    for letter in word:
        code = ord(letter)
        if code < 0x370:
            continue
        for first, last, lang in _SCRIPTS:
            if first <= code <= last:
                return (lang, "rtl" if lang in _RTL else "ltr")
        kana = kana or 0x3040 <= code <= 0x30FF
        hangul = hangul or 0xAC00 <= code <= 0xD7AF or 0x1100 <= code <= 0x11FF
        han = han or 0x3400 <= code <= 0x9FFF or 0x20000 <= code <= 0x3FFFF
    if kana or hangul or han:
        return ("ja" if kana else "ko" if hangul else "zh", "ltr")
    return None


_SCRIPTS = (
    (0x0370, 0x03FF, "el"),
    (0x0400, 0x052F, "ru"),
    (0x0530, 0x058F, "hy"),
    (0x0590, 0x05FF, "he"),
    (0x0600, 0x077F, "ar"),
    (0x08A0, 0x08FF, "ar"),
    (0xFB1D, 0xFB4F, "he"),
    (0xFB50, 0xFDFF, "ar"),
    (0x0900, 0x097F, "hi"),
    (0x0980, 0x09FF, "bn"),
    (0x0B80, 0x0BFF, "ta"),
    (0x0E00, 0x0E7F, "th"),
    (0x10A0, 0x10FF, "ka"),
)
_RTL = frozenset({"ar", "he"})


def name(text: str) -> Markup:
    """A person's name, its foreign parts marked with their language and direction."""
    if text.isascii():
        return escape(text)
    return Markup("").join(_marked(text))


def _marked(text: str) -> Iterator[Markup]:
    words = re.split(r"(\s+)", text)
    scripts = [script(word) if word.strip() else None for word in words]
    for at in range(1, len(words) - 1):
        if not words[at].strip() and scripts[at - 1] == scripts[at + 1]:
            scripts[at] = scripts[at - 1]
    for kind, part in groupby(zip(scripts, words, strict=True), key=lambda pair: pair[0]):
        run = "".join(word for _, word in part)
        if kind is None:
            yield escape(run)
        elif kind[1] == "rtl":
            yield Markup('<span lang="{}" dir="rtl">{}</span>').format(kind[0], run)
        else:
            yield Markup('<span lang="{}">{}</span>').format(kind[0], run)


def rich(text: str) -> Markup:
    """A text of a stranger (HTML, Markdown-ish or plain) as harmless HTML."""
    if not text.strip():
        return Markup("")
    source = text if _LOOKS_LIKE_HTML.search(text) else "".join(_paragraphs(text))
    clean = nh3.clean(
        source,
        tags=set(_TAGS),
        attributes={"a": {"href", "title"}, "*": {"lang", "dir"}},
        url_schemes={"http", "https", "mailto"},
        link_rel="noopener nofollow ugc",
    )
    return Markup(clean)


def _paragraphs(text: str) -> Iterator[str]:
    for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n").strip()):
        lines = block.split("\n")
        if all(_BULLET.match(line) for line in lines):
            yield "<ul>" + "".join(f"<li>{_linked(_BULLET.sub('', x))}</li>" for x in lines)
            yield "</ul>"
        else:
            yield "<p>" + "<br>".join(_linked(line) for line in lines) + "</p>"


def _linked(line: str) -> str:
    parts: list[str] = []
    last = 0
    for found in _ADDRESS.finditer(line):
        parts.append(str(escape(line[last : found.start()])))
        address = str(escape(found.group()))
        parts.append(f'<a href="{address}">{address}</a>')
        last = found.end()
    parts.append(str(escape(line[last:])))
    return "".join(parts)


def web(address: str) -> str:
    """An address of a stranger, if it leads to the web; else a harmless one."""
    return address if re.match(r"https?://", address, re.I) else "#"


@lru_cache(maxsize=128)
def tongue(tag: str, language: str = "en") -> str:
    """A language by its name in another, such as English for en; a tag that nobody knows stays as it
    is."""
    try:
        told_in = Locale.parse(language, sep="-")
        return Locale.parse(tag, sep="-").get_display_name(told_in) or tag
    except (UnknownLocaleError, ValueError):
        return tag
