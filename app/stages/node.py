"""What the suite asks of the media nodes: stages as they should be, and how they are."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any

import httpx
import structlog

from app.settings import Settings
from app.stages.floor import Cues
from app.stages.nodes import Nodes, ask_all
from media.grant import Grant, sign
from media.registry import Registration

logger = structlog.get_logger(__name__)

_TERM = timedelta(minutes=5)
_TIMEOUT_S = 2.0
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
    """The media nodes' control interface, as if they were one.

    Every call raises httpx.HTTPError when no node answers.
    """

    def __init__(self, settings: Settings, nodes: Nodes) -> None:
        self._settings = settings
        self._nodes = nodes
        self._known: frozenset[str] = frozenset()
        self._remembered: Mapping[str, str] = {}

    def _headers(self, now: datetime) -> dict[str, str]:
        return {"authorization": f"Bearer {control_grant(self._settings, now=now)}"}

    async def set_stages(
        self,
        on_air: Mapping[str, str | None],
        *,
        cues: Mapping[str, Cues] = NO_CUES,
        now: datetime,
    ) -> None:
        """Say which group is on air in every room, who of it is pinned, who is held off the stage
        (by group), and on which node the room lives."""
        nodes = await self._nodes.living()
        homes = {key.partition("/")[2]: id for key, id in (await self._nodes.places()).items()}

        async def tell(id: str, client: httpx.AsyncClient) -> None:
            stages = {
                room: {**_stage(group, cues), "home": _home(homes.get(room), id, nodes)}
                for room, group in on_air.items()
            }
            await ask_all(
                {id: client},
                "PUT",
                "/media/stages",
                json={"stages": stages},
                headers=self._headers(now),
                timeout=_TIMEOUT_S,
            )

        clients = await self._nodes.all_clients()
        told = await asyncio.gather(
            *(tell(id, client) for id, client in clients.items()), return_exceptions=True
        )
        failures = [failure for failure in told if failure is not None]
        for failure in failures:
            if not isinstance(failure, httpx.HTTPError):
                raise failure
        if len(failures) == len(told):
            assert isinstance(failures[0], httpx.HTTPError)
            raise failures[0]

    async def keep_places(self, *, now: datetime) -> tuple[str, ...]:
        """Place the rooms of dead nodes anew, and those of drained nodes once nobody sends there.

        Returns the nodes that died since the last call.
        """
        living = await self._nodes.living(fresh=True)
        silent = sorted(self._known - living.keys())
        lost = tuple([id for id in silent if await self._nodes.gone(id)])
        living = await self._nodes.living()
        self._known = frozenset(living)
        if not living:
            return lost
        await self._nodes.restore(self._remembered)
        resting = [id for id, node in living.items() if node.draining]
        used = await self._used(resting, now) if resting and len(living) > 1 else frozenset()
        for key, id in list((await self._nodes.places()).items()):
            if (id not in living and await self._nodes.gone(id)) or (
                id in resting and len(living) > 1 and key not in used
            ):
                await self._nodes.move(key, instead_of=id)
        self._remembered = dict(await self._nodes.places())
        for id in lost:
            logger.warning("a media node is gone; its rooms are placed anew", node=id)
        return lost

    async def _used(self, ids: list[str], now: datetime) -> frozenset[str]:
        """The rooms (as places name them) that somebody sends to on these nodes; all when unsure."""
        clients = await self._nodes.all_clients()
        places = await self._nodes.places()
        used: set[str] = set()
        for id in ids:
            try:
                rooms = await self._rooms_of({id: clients[id]}, now)
            except httpx.HTTPError:
                return frozenset(places)
            busy = {name for name, room in rooms["rooms"].items() if room["publishers"]}
            used |= {key for key in places if key.partition("/")[2] in busy}
        return frozenset(used)

    async def rooms(self, *, now: datetime) -> dict[str, Any]:
        """The whole state of all nodes: rooms added up, each node's own figures under `nodes`."""
        return await self._rooms_of(await self._nodes.all_clients(), now)

    async def _rooms_of(
        self, clients: Mapping[str, httpx.AsyncClient], now: datetime
    ) -> dict[str, Any]:
        answers = await ask_all(
            clients, "GET", "/media/rooms", headers=self._headers(now), timeout=_TIMEOUT_S
        )
        found: dict[str, Any] = {"rooms": {}, "subscribers": [], "nodes": {}}
        for id, answer in answers.items():
            state = answer.json()
            found["nodes"][id] = {"boot": state["boot"], **state.get("node", {})}
            found["subscribers"] += state["subscribers"]
            for name, room in state["rooms"].items():
                _add(found["rooms"], name, room)
        return found

    async def drain(self, id: str, draining: bool, *, now: datetime) -> None:
        """Let a node take nobody new, for maintenance, or be as before; KeyError for no such node."""
        client = (await self._nodes.all_clients())[id]
        await ask_all(
            {id: client},
            "PUT",
            "/media/drain",
            json={"draining": draining},
            headers=self._headers(now),
            timeout=_TIMEOUT_S,
        )


def _stage(group: str | None, cues: Mapping[str, Cues]) -> dict[str, Any]:
    cue = cues.get(group or "", Cues())
    return {"on_air": group, "pin": cue.pin, "held": list(cue.held)}


def _home(place: str | None, id: str, nodes: Mapping[str, Registration]) -> str | None:
    """The address of the node where a room lives, for another node; None for itself."""
    if place is None or place == id or place not in nodes:
        return None
    return nodes[place].address


def _add(rooms: dict[str, Any], name: str, room: dict[str, Any]) -> None:
    """Add up what several nodes say of one room; the publishers are at one of them."""
    present = rooms.setdefault(name, room)
    if present is not room:
        present["publishers"] += room["publishers"]
        for figure in ("subscribers", "audience"):
            present[figure] += room[figure]
        for group, publishers in room["groups"].items():
            present["groups"].setdefault(group, []).extend(publishers)
