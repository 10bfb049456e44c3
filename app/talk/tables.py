"""Taking part in a room: chat, questions, polls, reactions, and who may not."""

from __future__ import annotations

from piccolo.columns import (
    JSON,
    UUID,
    Boolean,
    ForeignKey,
    Integer,
    OnDelete,
    Text,
    Timestamptz,
    Varchar,
)
from piccolo.table import Table

from app.accounts.tables import Person
from app.conferences.tables import Conference


class TalkRules(Table, tablename="talk_rules"):
    """What a room's audience may do; (conference, room) is unique, no row means the defaults."""

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade)
    room = UUID()
    chat = Boolean(default=True)
    questions = Boolean(default=True)
    anonymous = Boolean(default=True)
    approve_first = Boolean(default=False)
    slow_s = Integer(default=0)


class ChatMessage(Table, tablename="chat_message"):
    """One message in a room. `state` is shown, waiting (to be approved) or hidden."""

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade)
    room = UUID(index=True)
    person = ForeignKey(Person, null=False, on_delete=OnDelete.cascade)
    reply_to = UUID(null=True, default=None)
    text = Text()
    mentions = JSON(default="[]")
    state = Varchar(length=12, default="shown")
    pinned = Boolean(default=False)
    created_at = Timestamptz()
    edited_at = Timestamptz(null=True, default=None)


class StageQuestion(Table, tablename="stage_question"):
    """A question to those on stage. `state`: waiting, open, answering, answered or hidden.

    `slot` is what the room was about when it was asked. `votes` counts stage_question_vote.
    """

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade)
    room = UUID(index=True)
    slot = UUID(null=True, default=None, index=True)
    person = ForeignKey(Person, null=False, on_delete=OnDelete.cascade)
    anonymous = Boolean(default=False)
    text = Text()
    state = Varchar(length=12, default="open")
    votes = Integer(default=0)
    created_at = Timestamptz()
    answered_at = Timestamptz(null=True, default=None)


class StageQuestionVote(Table, tablename="stage_question_vote"):
    """(question, person) is unique."""

    id = UUID(primary_key=True)
    question = ForeignKey(StageQuestion, null=False, on_delete=OnDelete.cascade)
    person = ForeignKey(Person, null=False, on_delete=OnDelete.cascade)


class Poll(Table, tablename="poll"):
    """`kind`: single, many, scale, words or quiz; `state`: draft, open or closed.

    `options` is a JSON list of texts. A scale runs from 1 to `steps`, named `low` and `high`;
    `right` is the index of a quiz's right option.
    """

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade)
    room = UUID(index=True)
    slot = UUID(null=True, default=None, index=True)
    kind = Varchar(length=12)
    title = Text()
    options = JSON(default="[]")
    steps = Integer(default=5)
    low = Varchar(length=80, default="")
    high = Varchar(length=80, default="")
    right = Integer(null=True, default=None)
    state = Varchar(length=12, default="draft")
    created_at = Timestamptz()
    closed_at = Timestamptz(null=True, default=None)


class PollAnswer(Table, tablename="poll_answer"):
    """(poll, person) is unique. `answer` is a JSON list of option indexes, steps, or words."""

    id = UUID(primary_key=True)
    poll = ForeignKey(Poll, null=False, on_delete=OnDelete.cascade)
    person = ForeignKey(Person, null=False, on_delete=OnDelete.cascade)
    answer = JSON(default="[]")
    created_at = Timestamptz()


class ReactionCount(Table, tablename="reaction_count"):
    """How often a sign was sent; (place, sign) is unique, `place` the slot, or the room between."""

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade)
    place = UUID()
    sign = Varchar(length=16)
    times = Integer(default=0)


class Restraint(Table, tablename="restraint"):
    """Somebody may not write (`mute`) or come in (`ban`); (conference, person, kind) is unique."""

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade)
    person = ForeignKey(Person, null=False, on_delete=OnDelete.cascade)
    kind = Varchar(length=8)
    until = Timestamptz(null=True, default=None)
    set_by = ForeignKey(Person, null=True, default=None, on_delete=OnDelete.set_null)
    created_at = Timestamptz()


class PlaceMute(Table, tablename="place_mute"):
    """Somebody may not write in one place, such as a booth; (place, person) is unique."""

    id = UUID(primary_key=True)
    conference = ForeignKey(Conference, null=False, on_delete=OnDelete.cascade)
    place = UUID()
    person = ForeignKey(Person, null=False, on_delete=OnDelete.cascade)
    set_by = ForeignKey(Person, null=True, default=None, on_delete=OnDelete.set_null)
    created_at = Timestamptz()
