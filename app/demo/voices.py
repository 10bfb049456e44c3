"""What the demo's audience says: questions, chat and polls in the rooms that are live, the lobby."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID, uuid4

from piccolo.table import Table

from agenda.model import Slot
from app.lobby.tables import Announcement, Guest
from app.talk.tables import ChatMessage, Poll, PollAnswer, StageQuestion, StageQuestionVote

_WRITTEN = Path(__file__).with_name("voices.toml")
_CHUNK = 200
_MINUTE = timedelta(minutes=1)
_SOON = timedelta(minutes=45)


def talked_about(slots: Sequence[Slot], now: datetime) -> list[Slot]:
    """What each room's audience talks about: what is live, or begins soon; what is live first."""
    near = [slot for slot in slots if slot.start <= now + _SOON and now < slot.end]
    near.sort(key=lambda slot: (slot.start > now, slot.start))
    first = {slot.room: slot for slot in reversed(near)}
    return [slot for slot in near if first[slot.room] is slot]


async def speak_up(
    conference: UUID,
    near: Sequence[Slot],
    audience: Sequence[UUID],
    *,
    by: UUID,
    now: datetime,
) -> None:
    """Give each of these rooms its questions, chat and polls, and the lobby its announcements."""
    written = tomllib.loads(_WRITTEN.read_text("utf-8"))
    chance = Random(1421)
    rows: dict[type[Table], list[Any]] = {}

    def keep(row: Table) -> None:
        rows.setdefault(type(row), []).append(row)

    for nth, slot in enumerate(near):
        room = {"conference": conference, "room": UUID(slot.room)}
        place = {**room, "slot": UUID(slot.id)}
        some = written["question"] if nth == 0 else chance.sample(written["question"], 3)
        for asked in some:
            _ask(keep, asked, place, audience, chance, now, whole=nth == 0)
        _chat(keep, written["said"], room, audience, chance, now)
        for poll in written["poll"] if nth == 0 else written["poll"][:1]:
            _poll(keep, poll, place, audience, chance, now)
    for number, told in enumerate(written["announcement"]):
        keep(
            Announcement(
                id=uuid4(),
                conference=conference,
                text=told["text"],
                created_by=by,
                created_at=now - (12 + 50 * number) * _MINUTE,
            )
        )
    for person in audience[:18]:
        keep(
            Guest(
                id=uuid4(),
                conference=conference,
                person=person,
                shown=True,
                seen_at=now + timedelta(minutes=chance.uniform(-2, 90)),
            )
        )
    for table, made in rows.items():
        for begin in range(0, len(made), _CHUNK):
            await table.insert(*made[begin : begin + _CHUNK])


def _ask(
    keep: Any,
    asked: dict[str, Any],
    place: dict[str, Any],
    audience: Sequence[UUID],
    chance: Random,
    now: datetime,
    *,
    whole: bool,
) -> None:
    votes = min(asked["votes"], len(audience) - 1)
    votes = votes if whole else max(votes // 3, 1)
    question = StageQuestion(
        id=uuid4(),
        **place,
        person=chance.choice(audience),
        anonymous=asked.get("anonymous", False),
        text=asked["text"],
        state=asked.get("state", "open") if whole else "open",
        votes=votes,
        created_at=now - chance.uniform(2, 20) * _MINUTE,
    )
    keep(question)
    for person in chance.sample(list(audience), votes):
        keep(StageQuestionVote(id=uuid4(), question=question.id, person=person))


def _chat(
    keep: Any,
    said: list[dict[str, Any]],
    room: dict[str, Any],
    audience: Sequence[UUID],
    chance: Random,
    now: datetime,
) -> None:
    last = None
    for number, line in enumerate(said):
        message = ChatMessage(
            id=uuid4(),
            **room,
            person=chance.choice(audience),
            reply_to=last if line.get("reply") else None,
            text=line["text"],
            pinned=line.get("pinned", False),
            created_at=now - (len(said) - number) * 1.7 * _MINUTE,
        )
        keep(message)
        if not line.get("reply"):
            last = message.id


def _poll(
    keep: Any,
    written: dict[str, Any],
    place: dict[str, Any],
    audience: Sequence[UUID],
    chance: Random,
    now: datetime,
) -> None:
    closed = written.get("state") == "closed"
    poll = Poll(
        id=uuid4(),
        **place,
        kind=written["kind"],
        title=written["title"],
        options=json.dumps(written.get("options", []), ensure_ascii=False),
        low=written.get("low", ""),
        high=written.get("high", ""),
        state=written.get("state", "open"),
        created_at=now - (20 if closed else 5) * _MINUTE,
        closed_at=now - 12 * _MINUTE if closed else None,
    )
    keep(poll)
    if "words" in written:
        answers: list[list[Any]] = [[word] for word in written["words"]]
    else:
        first = 1 if written["kind"] == "scale" else 0
        counted = range(first, first + len(written["shares"]))
        people = len(audience) * 2 // 3
        answers = [[at] for at in chance.choices(counted, written["shares"], k=people)]
    for person, answer in zip(chance.sample(list(audience), len(answers)), answers, strict=True):
        keep(
            PollAnswer(
                id=uuid4(),
                poll=poll.id,
                person=person,
                answer=json.dumps(answer, ensure_ascii=False),
                created_at=now - 3 * _MINUTE,
            )
        )
