"""Bytes to text, and the small texts of schedules (times, durations) to values, within bounds."""

from __future__ import annotations

import codecs
import re
from datetime import date, datetime, timedelta

from agenda.errors import Unreadable
from agenda.formats.imported import Ledger

MAX_BYTES = 96 * 1024 * 1024
MAX_DURATION = timedelta(days=366)
_FIRST_YEAR, _LAST_YEAR = 1950, 2150

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_KNOWN_ENCODING = re.compile(
    r"(us-?ascii|utf-?(8|16|32)([_-]?[lb]e)?|iso-?8859-?\d{1,2}|latin-?1|(windows-|cp)125\d"
    r"|koi8-[ru]|shift[_-]?jis|euc-(jp|kr)|gb(k|2312|18030)|big5|macroman)",
    re.IGNORECASE,
)
_CONTROL_BYTES = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
CONTROL_CHARACTERS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_CHUNK = 1 << 20


def refuse_too_large(content: bytes) -> None:
    """Raise Unreadable where a file is larger than any schedule."""
    if len(content) > MAX_BYTES:
        raise Unreadable(
            f"The file has {len(content) >> 20} MB; the largest that is read is "
            f"{MAX_BYTES >> 20} MB."
        )


def is_utf8(content: bytes) -> bool:
    """Whether all of it is UTF-8; looked at piece by piece, so that no second copy is made."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    view = memoryview(content)
    try:
        for begin in range(0, len(content), _CHUNK):
            decoder.decode(view[begin : begin + _CHUNK])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def as_utf8(content: bytes, declared: str | None, ledger: Ledger) -> bytes:
    """The same text as UTF-8 without byte order mark and control characters.

    Trusts a byte order mark first, then `declared`, then UTF-8; what is none of these is read as
    Windows-1252, and noted. Raises Unreadable for an encoding that is not known.
    """
    refuse_too_large(content)
    for mark, encoding in _BOMS:
        if content.startswith(mark):
            content, declared = content[len(mark) :], encoding
            break
    encoding = (declared or "utf-8").strip()
    if not _KNOWN_ENCODING.fullmatch(encoding):
        raise Unreadable(
            f"The file says that it is encoded as “{encoding[:40]}”, which is unknown."
        )
    if encoding.lower() not in ("utf-8", "utf8", "ascii", "us-ascii") or not is_utf8(content):
        content = _recoded(content, encoding, ledger)
    return _without_controls(content, ledger)


def _recoded(content: bytes, encoding: str, ledger: Ledger) -> bytes:
    try:
        return content.decode(encoding).encode("utf-8", "replace")
    except (UnicodeError, LookupError):
        text = content.decode("cp1252", "replace")
    if "\ufffd" in text and content.count(b"\0") * 10 > len(content):
        raise Unreadable("The file is not text.")
    ledger.note(
        "wrong_encoding",
        "file",
        "The file is not {encoding} as it says or should be; it was read as Windows-1252.",
        encoding=encoding,
    )
    return text.encode("utf-8")


def _without_controls(content: bytes, ledger: Ledger) -> bytes:
    first = _CONTROL_BYTES.search(content)
    if first is None:
        return content
    if content.count(b"\0") * 4 > len(content):
        raise Unreadable("The file is not text.")
    cleaned, count = _CONTROL_BYTES.subn(b"", content)
    line = content.count(b"\n", 0, first.start()) + 1
    ledger.note(
        "control_characters",
        f"line {line}",
        "{count} control characters, the first on this line, were taken out.",
        count=count,
    )
    return cleaned


def looks_like_html(start: str) -> bool:
    """Whether a text that begins like this is a web page."""
    return (
        re.match(r"\s*(<!--.*?-->\s*)*<(!doctype\s+html|html|head|body)\b", start, re.I | re.S)
        is not None
    )


_ISO_DURATION = re.compile(
    r"\s*(-?)P(?:(\d{1,3})D)?(?:T(?:(\d{1,4})H)?(?:(\d{1,6})M)?(?:(\d{1,8})S)?)?\s*"
)


def parse_duration(text: str) -> timedelta | None:
    """“0:45”, “00:45:00”, “1:00:45:00” (days first), “45” (minutes) or “PT45M”; None otherwise."""
    if re.fullmatch(r"\s*-?\d{1,6}\s*", text):
        found: timedelta | None = timedelta(minutes=int(text))
    else:
        found = _clock_duration(text)
        if found is None:
            found = _iso_duration(text)
    return found if found is not None and abs(found) <= MAX_DURATION else None


def _clock_duration(text: str) -> timedelta | None:
    parts = [part.strip() for part in text.strip().removeprefix("-").split(":")]
    if not 2 <= len(parts) <= 4 or not all(re.fullmatch(r"\d{1,5}", part) for part in parts):
        return None
    numbers = [int(part) for part in parts]
    days = numbers.pop(0) if len(numbers) == 4 else 0
    hours, minutes, seconds = (*numbers, 0)[:3]
    found = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    return -found if text.strip().startswith("-") else found


def _iso_duration(text: str) -> timedelta | None:
    match = _ISO_DURATION.fullmatch(text)
    if match is None or not any(match.groups()[1:]):
        return None
    sign, days, hours, minutes, seconds = match.groups()
    found = timedelta(
        days=int(days or 0),
        hours=int(hours or 0),
        minutes=int(minutes or 0),
        seconds=int(seconds or 0),
    )
    return -found if sign else found


def parse_clock(text: str) -> timedelta | None:
    """A time of day as the time since midnight; up to 47:59, as some write the hours of a night."""
    found = _clock_duration(text)
    return found if found is not None and timedelta(0) <= found < timedelta(days=2) else None


def parse_moment(text: str) -> datetime | None:
    """An ISO 8601 date and time, aware if it has an offset, within a sane span of years."""
    text = text.strip()
    if not 10 < len(text) <= 40:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if _FIRST_YEAR <= found.year <= _LAST_YEAR else None


def parse_date(text: str) -> date | None:
    """An ISO 8601 date; of a date and time, its date."""
    text = text.strip()[:10]
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if _FIRST_YEAR <= found.year <= _LAST_YEAR else None
