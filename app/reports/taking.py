"""How people took part in sessions: chat, questions, polls, reactions, ratings; only counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.afterwards.tables import Rating
from app.reports.figures import K, Live
from app.talk.tables import ChatMessage, Poll, PollAnswer, ReactionCount, StageQuestion


@dataclass(frozen=True, slots=True, kw_only=True)
class Taking:
    """What one session's audience did. `rating` is the mean of 1 to 5, None below five ratings.

    Messages are those of the room while the session was live, without hidden ones.
    """

    messages: int = 0
    writers: int = 0
    questions: int = 0
    answered: int = 0
    votes: int = 0
    polls: int = 0
    poll_answers: int = 0
    reactions: int = 0
    ratings: int = 0
    rating: float | None = None

    @property
    def anything(self) -> bool:
        return bool(self.messages or self.questions or self.polls or self.reactions or self.ratings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The rows of a conference, as `of` counts them."""

    messages: Sequence[Mapping[str, Any]]
    questions: Sequence[Mapping[str, Any]]
    polls: Sequence[Mapping[str, Any]]
    answers: Mapping[UUID, int]
    reactions: Sequence[Mapping[str, Any]]
    ratings: Sequence[Mapping[str, Any]]


async def read(conference: UUID) -> Told:
    polls = await Poll.select(Poll.id, Poll.slot, Poll.state).where(
        Poll.conference == conference, Poll.state != "draft"
    )
    counted = await PollAnswer.raw(
        "SELECT a.poll AS poll, count(*) AS answers FROM poll_answer AS a"
        " JOIN poll AS p ON p.id = a.poll WHERE p.conference = {} GROUP BY a.poll",
        conference,
    )
    return Told(
        messages=await ChatMessage.select(
            ChatMessage.room, ChatMessage.person, ChatMessage.created_at
        ).where(ChatMessage.conference == conference, ChatMessage.state == "shown"),
        questions=await StageQuestion.select(
            StageQuestion.slot, StageQuestion.state, StageQuestion.votes
        ).where(StageQuestion.conference == conference, StageQuestion.state != "hidden"),
        polls=polls,
        answers={UUID(str(row["poll"])): int(row["answers"]) for row in counted},
        reactions=await ReactionCount.select(ReactionCount.place, ReactionCount.times).where(
            ReactionCount.conference == conference
        ),
        ratings=await Rating.select(Rating.session, Rating.score).where(
            Rating.conference == conference
        ),
    )


def of(told: Told, lives: Sequence[Live], session_of: Mapping[str, str]) -> dict[str, Taking]:
    """What was done in each session that was live, by its slot."""
    messages = _messages(told.messages, lives)
    questions = _by(told.questions, "slot")
    polls = _by(told.polls, "slot")
    reactions = _by(told.reactions, "place")
    ratings = _by(told.ratings, "session")
    found = {}
    for live in lives:
        said, asked = messages[live.slot], questions[live.slot]
        scores = [row["score"] for row in ratings[session_of[live.slot]]]
        found[live.slot] = Taking(
            messages=len(said),
            writers=len(set(said)),
            questions=len(asked),
            answered=sum(row["state"] == "answered" for row in asked),
            votes=sum(row["votes"] for row in asked),
            polls=len(polls[live.slot]),
            poll_answers=sum(told.answers.get(row["id"], 0) for row in polls[live.slot]),
            reactions=sum(row["times"] for row in reactions[live.slot]),
            ratings=len(scores),
            rating=sum(scores) / len(scores) if len(scores) >= K else None,
        )
    return found


def _by(rows: Sequence[Mapping[str, Any]], column: str) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        if row[column] is not None:
            found[str(row[column])].append(row)
    return found


def _messages(rows: Sequence[Mapping[str, Any]], lives: Sequence[Live]) -> dict[str, list[UUID]]:
    """Who wrote while each session was live, in its room."""
    rooms: dict[str, list[tuple[datetime, UUID]]] = defaultdict(list)
    for row in rows:
        rooms[str(row["room"])].append((row["created_at"], row["person"]))
    return {
        live.slot: [who for at, who in rooms[live.room] if live.start <= at < live.end]
        for live in lives
    }
