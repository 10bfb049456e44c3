"""What the suite asks of the media node: stages as they should be, and how they are."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

import httpx

from app.settings import Settings
from app.stages.floor import Cues
from media.grant import Grant, sign

_TERM = timedelta(minutes=5)
NO_CUES: Mapping[str, Cues] = MappingProxyType({})


def control_grant(settings: Settings, *, now: datetime) -> str:
    """A grant that may set stages and look at everything."""
    return sign(
        Grant(
            conference="*",
            rooms=("*",),
            person="stagehand",
            name="stagehand",
            control=True,
            expires=now + _TERM,
        ),
        settings.media_secret,
    )


class Node:
    """The media node's control interface over its unix socket.

    Every call raises httpx.HTTPError when the node does not answer or refuses.
    """

    def __init__(self, settings: Settings, client: httpx.AsyncClient) -> None:
        self._settings = settings
        self._client = client

    def _headers(self, now: datetime) -> dict[str, str]:
        return {"authorization": f"Bearer {control_grant(self._settings, now=now)}"}

    async def set_stages(
        self,
        on_air: Mapping[str, str | None],
        *,
        cues: Mapping[str, Cues] = NO_CUES,
        now: datetime,
    ) -> str:
        """Say which group is on air in every room, who of it is pinned and who is held off the
        stage (by group); returns the node's boot id."""
        answer = await self._client.put(
            "/media/stages",
            json={"stages": {room: _stage(group, cues) for room, group in on_air.items()}},
            headers=self._headers(now),
            timeout=2.0,
        )
        answer.raise_for_status()
        return str(answer.json()["boot"])

    async def rooms(self, *, now: datetime) -> dict[str, Any]:
        """The node's whole state."""
        answer = await self._client.get("/media/rooms", headers=self._headers(now), timeout=2.0)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found


def _stage(group: str | None, cues: Mapping[str, Cues]) -> dict[str, Any]:
    cue = cues.get(group or "", Cues())
    return {"on_air": group, "pin": cue.pin, "held": list(cue.held)}
