"""Captions of recordings: WebVTT and SubRip read strictly, and written as clean WebVTT."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from babel import Locale, UnknownLocaleError

from app.html import gettext as _

LARGEST = 2_000_000
MOST_CUES = 20_000
OFFERED = (
    *("en", "de", "fr", "es", "pt", "pt-BR", "it", "nl", "pl", "cs", "sv", "da", "fi", "nb"),
    *("uk", "ru", "tr", "el", "ro", "hu", "ar", "he", "fa", "hi", "ja", "ko", "zh-Hans", "zh-Hant"),
)
"""Languages that a form suggests; any other may be typed."""

_CLOCK = r"(?:(\d{1,3}):)?([0-5]?\d):([0-5]\d)[.,](\d{1,3})"
_TIMES = re.compile(rf"\s*{_CLOCK}\s+-->\s+{_CLOCK}(?:\s+(.*))?\s*")
_SETTING = re.compile(r"(?:vertical|line|position|size|align):[\w.,%-]{1,30}")
_TAG = re.compile(r"[a-zA-Z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")


class BadCaptions(ValueError):
    """A file that is no captions, with what to do in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cue:
    """What is shown from `start` to `end`, in seconds of the recording."""

    start: float
    end: float
    text: str
    settings: str = ""


def tag_of(text: str) -> str:
    """A language's tag as it is written everywhere, such as pt-BR. Raises BadCaptions."""
    found = text.strip().replace("_", "-")
    try:
        if not _TAG.fullmatch(found):
            raise ValueError(found)
        known = Locale.parse(found, sep="-")
    except (ValueError, UnknownLocaleError) as error:
        raise BadCaptions(_("Write the language as a tag, such as en, de or pt-BR.")) from error
    parts = [known.language, known.script, known.territory]
    return "-".join(part for part in parts if part)


def read(body: bytes) -> list[Cue]:
    """The cues of a WebVTT or SubRip file, in order. Raises BadCaptions in words."""
    if len(body) > LARGEST:
        raise BadCaptions(_("The file is larger than 2 MB, which captions never are."))
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadCaptions(
            _("The file is not UTF-8. Save it as UTF-8 and send it again.")
        ) from error
    cues = sorted(_cues(text.replace("\r\n", "\n").replace("\r", "\n")), key=lambda c: c.start)
    if not cues:
        raise BadCaptions(
            _("There is no caption in this file. WebVTT (.vtt) and SubRip (.srt) are understood.")
        )
    if len(cues) > MOST_CUES:
        raise BadCaptions(_("These are more than 20,000 captions."))
    return cues


def _cues(text: str) -> Iterator[Cue]:
    lines = text.split("\n")
    place = 0
    while place < len(lines):
        if "-->" not in lines[place]:
            place += 1
            continue
        times = _TIMES.fullmatch(lines[place])
        if times is None:
            raise BadCaptions(
                _("Line %(line)s: “%(text)s” is not a time such as 00:01:02.500 --> 00:01:04.000.")
                % {"line": place + 1, "text": lines[place].strip()[:60]}
            )
        start, end = _seconds(times.groups()[:4]), _seconds(times.groups()[4:8])
        if end <= start:
            raise BadCaptions(
                _("Line %(line)s: this caption ends before it begins.") % {"line": place + 1}
            )
        settings = " ".join(_SETTING.findall(times[9] or ""))
        place += 1
        shown = []
        while place < len(lines) and lines[place].strip() and "-->" not in lines[place]:
            shown.append(lines[place].rstrip())
            place += 1
        if shown:
            yield Cue(start=start, end=end, text="\n".join(shown), settings=settings)


def _seconds(clock: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, rest = clock
    whole = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
    return whole + int((rest or "0").ljust(3, "0")) / 1000


def check(cues: list[Cue], seconds: float) -> None:
    """Raises BadCaptions when none of these would be shown in a recording of this length."""
    if cues[0].start >= seconds:
        raise BadCaptions(
            _(
                "The first caption comes %(at)s s into the recording, which lasts %(lasts)s s: these"
                " captions are another session’s, or count from another moment."
            )
            % {"at": round(cues[0].start), "lasts": round(seconds)}
        )


def written(cues: list[Cue]) -> str:
    """As WebVTT."""
    blocks = [
        f"{_clock(cue.start)} --> {_clock(cue.end)}{' ' + cue.settings if cue.settings else ''}\n"
        f"{cue.text}\n"
        for cue in cues
    ]
    return "\n".join(("WEBVTT\n", *blocks))


def _clock(seconds: float) -> str:
    thousandths = round(seconds * 1000)
    minutes, rest = divmod(thousandths, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}.{rest % 1000:03}"
