"""What may be said and what was answered: pure functions over texts and answers."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.errors import Refused
from app.html import gettext as _

LONGEST_MESSAGE = 1000
LONGEST_QUESTION = 400
SIGNS = ("👏", "❤️", "😂", "😮", "🎉", "👍")
POLL_KINDS = ("single", "many", "scale", "words", "quiz")
_MOST_OPTIONS = 12
_MOST_WORDS = 3
_LONGEST_WORD = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a room's audience may do. `slow_s` seconds lie between two messages of one person."""

    chat: bool = True
    questions: bool = True
    anonymous: bool = True
    approve_first: bool = False
    slow_s: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPoll:
    """A poll as a moderator wrote it, checked."""

    kind: str
    title: str
    options: tuple[str, ...]
    steps: int
    low: str
    high: str
    right: int | None


def said(text: object, *, longest: int) -> str:
    """A text as it is kept: trimmed, without control characters. Raises Refused."""
    if not isinstance(text, str):
        raise Refused(422, _("Write something first."))
    kept = "".join(
        c for c in text.replace("\r\n", "\n") if c == "\n" or unicodedata.category(c)[:2] != "Cc"
    ).strip()
    if not kept:
        raise Refused(422, _("Write something first."))
    if len(kept) > longest:
        raise Refused(
            422,
            _("That is %(length)s characters long; %(most)s are the most. Make it shorter.")
            % {"length": len(kept), "most": longest},
        )
    return kept


def mentioned(text: str, people: Mapping[UUID, str]) -> list[dict[str, str]]:
    """Who is named by an @ in a text, the longest name first: (person, name) each."""
    found: list[dict[str, str]] = []
    rest = text.casefold()
    for person, name in sorted(people.items(), key=lambda each: -len(each[1])):
        mark = "@" + name.casefold()
        if name and mark in rest:
            found.append({"person": str(person), "name": name})
            rest = rest.replace(mark, "\n")
    return found


def new_poll(asked: Mapping[str, Any]) -> NewPoll:
    """A poll from a form. Raises Refused with what is wrong."""
    kind = asked.get("kind")
    if kind not in POLL_KINDS:
        raise Refused(422, _("Choose a kind of poll."))
    title = said(asked.get("title"), longest=300)
    options: tuple[str, ...] = ()
    right = None
    if kind in ("single", "many", "quiz"):
        texts = [str(o).strip()[:120] for o in asked.get("options") or () if str(o).strip()]
        options = tuple(dict.fromkeys(texts))
        if not 2 <= len(options) <= _MOST_OPTIONS:
            raise Refused(
                422, _("Give between 2 and %(most)s different options.") % {"most": _MOST_OPTIONS}
            )
        if kind == "quiz":
            right = _index(asked.get("right"), len(options))
            if right is None:
                raise Refused(422, _("Say which option is right."))
    steps = asked.get("steps", 5)
    return NewPoll(
        kind=str(kind),
        title=title,
        options=options,
        steps=steps if isinstance(steps, int) and 2 <= steps <= 10 else 5,
        low=str(asked.get("low") or "")[:80],
        high=str(asked.get("high") or "")[:80],
        right=right,
    )


def answer(poll: Mapping[str, Any], options: Sequence[str], asked: object) -> list[Any]:
    """Somebody's answer as it is kept. Raises Refused for one that does not fit the poll."""
    given = asked if isinstance(asked, list) else [asked]
    kind = poll["kind"]
    if kind == "words":
        words = [" ".join(str(w).split())[:_LONGEST_WORD] for w in given if str(w).strip()]
        words = list({fold(word): word for word in words}.values())
        if not 1 <= len(words) <= _MOST_WORDS:
            raise Refused(422, _("Give one to %(most)s words.") % {"most": _MOST_WORDS})
        return words
    top = poll["steps"] + 1 if kind == "scale" else len(options)
    chosen = sorted({i for i in (_index(each, top) for each in given) if i is not None})
    if kind == "scale" and 0 in chosen:
        chosen.remove(0)
    if not chosen or len(chosen) != len(given) or (kind != "many" and len(chosen) > 1):
        raise Refused(422, _("Choose one of the answers."))
    return list(chosen)


def results(
    poll: Mapping[str, Any], options: Sequence[str], answers: Iterable[Sequence[Any]]
) -> dict[str, Any]:
    """What was answered so far: `people`, and `counts` by option or step, or `words` with counts."""
    given = list(answers)
    counts: Counter[Any] = Counter()
    if poll["kind"] == "words":
        spelling: dict[str, str] = {}
        for words in given:
            for word in words:
                counts[spelling.setdefault(fold(word), word)] += 1
        return {"people": len(given), "words": counts.most_common(40)}
    for each in given:
        counts.update(each)
    if poll["kind"] == "scale":
        steps = range(1, poll["steps"] + 1)
        total = sum(step * counts[step] for step in steps)
        return {
            "people": len(given),
            "counts": [counts[step] for step in steps],
            "mean": round(total / len(given), 2) if given else None,
        }
    return {"people": len(given), "counts": [counts[at] for at in range(len(options))]}


def fold(text: str) -> str:
    """Text without case and accents, so that Tide and tide are one word."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in plain if not unicodedata.combining(c))


def _index(value: object, below: int) -> int | None:
    if isinstance(value, str) and value.isdecimal() and len(value) < 4:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < below:
        return value
    return None
