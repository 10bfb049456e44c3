"""What the demo's people show of themselves, and the meetings of the one whose link is printed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from uuid import UUID, uuid4

from app.conferences.tables import Conference
from app.demo.conference import written
from app.meeting import meetings
from app.meeting.tables import Meeting, Profile


async def introduce(conference: Conference, audience: Sequence[UUID], *, now: datetime) -> None:
    """Profiles for some of the audience, and meetings in times that are free for both."""
    chance = Random(62)
    await Profile.insert(
        *(
            Profile(
                id=uuid4(),
                conference=conference.id,
                person=audience[each["place"]],
                shown=True,
                does=each["does"],
                seeks=each["seeks"],
                links=each.get("links", ""),
                seen_at=now + timedelta(minutes=chance.uniform(-40, 60)),
            )
            for each in written("meet")["profile"]
        )
    )
    first = audience[0]
    for nth, each in enumerate(written("meet")["meeting"]):
        other = audience[each["place"]]
        times = await meetings.free(conference, first, other, each["minutes"], now=now)
        if not times:
            continue
        asker, asked = (other, first) if each["asks"] else (first, other)
        at = now - timedelta(minutes=35 + 20 * nth)
        await Meeting(
            id=uuid4(),
            conference=conference.id,
            asker=asker,
            asked=asked,
            waits_for=asked,
            state=each["state"],
            start=times[min(2 * nth, len(times) - 1)],
            minutes=each["minutes"],
            note=each["note"],
            sequence=1 if each["state"] == "accepted" else 0,
            created_at=at,
            changed_at=at,
        ).save()
