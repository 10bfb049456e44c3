"""Every word that a person reads goes through gettext."""

from __future__ import annotations

import gettext
import json
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest

from app import html

TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
_SPOKEN = {"title", "alt", "placeholder", "aria-label", "aria-description", "summary"}
_TRANSLATED = re.compile(r"{%-?\s*trans.*?endtrans\s*-?%}", re.S)
_JINJA = re.compile(r"{#.*?#}|{%.*?%}|{{.*?}}", re.S)
# Our own name, names of formats and keys, and units are the same in every language.
_NAMES = re.compile(
    r"Plenary|frab XML|iCalendar|CSV|XLSX|JSON|PDF|ZIP|QR|Esc|Atom|RSS|OBS|RTMP|SRT|dB|µs|kB|MB|GB|kbit/s|https://|UTC"
)
_WORD = re.compile(r"[^\W\d_]{2,}")


class _Words(HTMLParser):
    """The words of a template that stand there as they are."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in ("style", "script")
        for name, value in attrs:
            if name in _SPOKEN and value:
                self._look(value)

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in ("style", "script")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._look(data)

    def _look(self, text: str) -> None:
        if _WORD.search(_NAMES.sub("", text)):
            self.found.append(" ".join(text.split()))


class _Loud(gettext.NullTranslations):
    """A language that shouts."""

    def gettext(self, message: str) -> str:
        return message.upper()


def test_scripts_get_their_words_in_the_language_of_the_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = "No camera or microphone was found. Plug one in, then press again."
    assert html.words_of_scripts() == {}
    monkeypatch.setattr(html, "_catalogue", lambda tag: _Loud())
    assert html.words_of_scripts()[said] == said.upper()
    page = html.render(
        "error.html", viewer=None, conference=None, path="/", code=404, title="Gone", words="Gone"
    )
    listed = re.search(r'<meta name="words" content="([^"]+)">', page)
    assert listed is not None
    assert json.loads(unescape(listed[1])) == html.words_of_scripts()


def untranslated(source: str) -> list[str]:
    words = _Words()
    words.feed(_JINJA.sub("", _TRANSLATED.sub("", source)))
    words.close()
    return words.found


def test_it_finds_what_is_not_translated() -> None:
    assert untranslated('<p>{{ _("Fine") }}, wrong</p><img alt="wrong too">{# note #}') == [
        ", wrong",
        "wrong too",
    ]


@pytest.mark.parametrize(
    "name", sorted(p.relative_to(TEMPLATES).as_posix() for p in TEMPLATES.rglob("*.html"))
)
def test_every_string_of_a_template_goes_through_gettext(name: str) -> None:
    assert untranslated((TEMPLATES / name).read_text("utf-8")) == []
