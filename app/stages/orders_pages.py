"""One slot under the producer's hand: every order, its policy, and changes shown before they are done."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get, post
from litestar.enums import RequestEncodingType
from litestar.exceptions import NotFoundException
from litestar.params import Body, FromPath
from litestar.response import Redirect, Response

from agenda import amend as amending
from agenda.amend import NotAmended
from agenda.doors import DoorPolicy, Phase
from agenda.findings import Finding
from agenda.model import RoomId, Schedule, Slot, SlotId
from agenda.schedule import Moved, diff
from app.accounts.viewer import STAFF
from app.clock import now
from app.conferences.tables import Conference
from app.editor import store as editor
from app.errors import refusal
from app.html import gettext as _
from app.html import page
from app.programme import releases
from app.programme.releases import Released
from app.stages import amend, stagehand, store, view

MOST_MINUTES = 240
BEFORE_LIVE = (Phase.UPCOMING, Phase.GREEN_ROOM, Phase.DOORS)
Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """What is asked for, as the page sends it and as it is done. `minutes` are a delay's."""

    what: str
    minutes: int = 0
    room: str = ""

    def make(self, schedule: Schedule, slot: Slot, policy: DoorPolicy) -> Schedule:
        """The schedule with it done. Raises NotAmended."""
        if self.what == "delay":
            by = timedelta(minutes=self.minutes)
            return amending.delay(schedule, slot.id, by, changeover=policy.changeover)
        if self.what == "room":
            return amending.change_room(schedule, slot.id, RoomId(self.room))
        return amending.cancel(schedule, slot.id)

    def title(self, released: Released, slot: Slot) -> str:
        name = released.sessions[slot.session].title
        if self.what == "delay":
            return _("Delay “{title}” by {minutes} minutes").format(
                title=name, minutes=self.minutes
            )
        if self.what == "room":
            room = released.rooms[RoomId(self.room)].name
            return _("Move “{title}” to {room}").format(title=name, room=room)
        return _("Cancel “{title}”").format(title=name)


def _read(data: dict[str, str]) -> Amendment:
    """What a form asks for. Raises NotAmended with a sentence."""
    what = data.get("what", "")
    if what not in ("delay", "room", "cancel"):
        raise NotAmended(_("Choose a delay, a room or a cancellation."))
    given = data.get("minutes", "").strip() or "0"
    if what == "delay" and not (given.isascii() and given.isdigit() and len(given) < 5):
        raise NotAmended(_("A delay is a whole number of minutes."))
    minutes = int(given) if what == "delay" else 0
    if what == "delay" and not 1 <= minutes <= MOST_MINUTES:
        raise NotAmended(_("A delay is between 1 and {most} minutes.").format(most=MOST_MINUTES))
    return Amendment(what=what, minutes=minutes, room=data.get("room", ""))


async def _found(conference: Conference, slot_id: UUID) -> tuple[Released, Slot, Phase]:
    released = await releases.latest(conference.id)
    slot = None if released is None else released.slots.get(SlotId(str(slot_id)))
    if released is None or slot is None:
        raise NotFoundException(_("There is nothing like that to order."))
    phases, _rooms = await store.phases(conference.id)
    return released, slot, phases.get(slot.id, Phase.UPCOMING)


@get("/c/{slug:str}/desk/{slot_id:uuid}", opt={"who": STAFF})
async def orders_page(
    request: Request[Any, Any, Any], slug: FromPath[str], slot_id: FromPath[UUID]
) -> Response[Any]:
    """All that a producer may do with one slot."""
    return await _show(request, slug, slot_id)


async def _show(
    request: Request[Any, Any, Any], slug: str, slot_id: UUID, *, error: str = ""
) -> Response[Any]:
    conference: Conference = request.state.conference
    released, slot, phase = await _found(conference, slot_id)
    orders = await store.orders(conference.id)
    plan = store.plan_of(released, conference.doors, orders)
    policies = store.policies_of({"doors": conference.doors})
    return page(
        request,
        "stages/orders.html",
        block="orders",
        status=422 if error else 200,
        conference=conference,
        at=f"/c/{slug}",
        it=view.slot_view(released, slot, {slot.id: phase}),
        held=slot.id in store.held(orders),
        before_live=phase in BEFORE_LIVE,
        coming=[c for c in plan.changes if c.slot == slot.id and c.due > now()],
        given=[order for order in orders if order.slot == slot.id],
        policy=_minutes(policies.of(slot)),
        own=slot.id in policies.slots,
        rooms=[room for room in released.schedule.rooms if room.id != slot.room and room.name],
        error=error,
        now=now(),
    )


def _minutes(policy: DoorPolicy) -> dict[str, int | bool]:
    values = {field.name: getattr(policy, field.name) for field in fields(policy)}
    return {
        name: int(v.total_seconds()) // 60 if isinstance(v, timedelta) else v
        for name, v in values.items()
    }


@post("/c/{slug:str}/desk/{slot_id:uuid}/preview", opt={"who": STAFF}, status_code=200)
async def preview_amendment(
    request: Request[Any, Any, Any], slug: FromPath[str], slot_id: FromPath[UUID], data: Form
) -> Response[Any]:
    """What a delay, another room or a cancellation would bring about; nothing is done yet."""
    conference: Conference = request.state.conference
    released, slot, phase = await _found(conference, slot_id)
    try:
        asked = _read(data)
        policy = store.policies_of({"doors": conference.doors}).of(slot)
        after = _before_live(asked, phase).make(released.schedule, slot, policy)
    except NotAmended as error:
        return await _show(request, slug, slot_id, error=str(error))
    return page(
        request,
        "stages/amendment.html",
        conference=conference,
        at=f"/c/{slug}",
        slot=slot,
        asked=asked,
        title=asked.title(released, slot),
        moves=_moves(released, after),
        conflicts=await _conflicts(conference.id, released, after, policy),
        release=released.number,
        names={room.id: room.name for room in released.schedule.rooms},
    )


def _before_live(asked: Amendment, phase: Phase) -> Amendment:
    if phase not in BEFORE_LIVE:
        raise NotAmended(
            _("It is on air or over. Extend or end it; what follows in its room can be delayed.")
        )
    return asked


def _moves(released: Released, after: Schedule) -> list[tuple[str, Moved]]:
    moved = diff(released.schedule, after).moved
    return [(released.sessions[one.session].title, one) for one in moved]


async def _conflicts(
    conference: UUID, released: Released, after: Schedule, policy: DoorPolicy
) -> tuple[Finding, ...]:
    """What the change would make wrong, by the editor's rules and this slot's changeover."""
    rules = (await editor.present(conference)).examination.rules
    longest = max(rules.changeover, policy.changeover)
    return amending.new_findings(released.schedule, after, replace(rules, changeover=longest))


@post("/c/{slug:str}/desk/{slot_id:uuid}/amend", opt={"who": STAFF})
async def make_amendment(
    request: Request[Any, Any, Any], slug: FromPath[str], slot_id: FromPath[UUID], data: Form
) -> Response[Any]:
    """Release the change that was shown; doors, pages, calendars and notices follow the release."""
    conference: Conference = request.state.conference
    released, slot, phase = await _found(conference, slot_id)
    policy = store.policies_of({"doors": conference.doors}).of(slot)
    try:
        asked = _before_live(_read(data), phase)
        await amend.amend(
            conference.id,
            lambda schedule: asked.make(schedule, slot, policy),
            expected=int(data.get("release", "0")),
            by=request.state.viewer.person,
            name=asked.title(released, slot)[:200],
            now=now(),
        )
    except NotAmended as error:
        return await _show(request, slug, slot_id, error=str(error))
    except amend.ReleaseMoved:
        words = _("Something else was released meanwhile. Look again at what it would change.")
        return refusal(request, 409, words)
    await stagehand.wake(request.app.state.redis)
    return Redirect(f"/c/{slug}/desk", status_code=303)


@post("/c/{slug:str}/desk/{slot_id:uuid}/policy", opt={"who": STAFF})
async def set_slot_policy(
    request: Request[Any, Any, Any], slug: FromPath[str], slot_id: FromPath[UUID], data: Form
) -> Response[Any]:
    """The slot's own policy, or, with `reset`, none."""
    conference: Conference = request.state.conference
    await _found(conference, slot_id)
    error = await _keep_policy(conference, ("slots", str(slot_id)), data)
    if error:
        return await _show(request, slug, slot_id, error=error)
    await stagehand.wake(request.app.state.redis)
    return Redirect(f"/c/{slug}/desk/{slot_id}", status_code=303)


async def _keep_policy(conference: Conference, scope: tuple[str, ...], data: dict[str, str]) -> str:
    """Keep what a form says; returns a sentence where it makes no sense."""
    values: dict[str, int | bool | None] = {}
    for name in store.LENGTHS:
        given = data.get(name, "").strip()
        if data.get("reset") or not given:
            values[name] = None
        elif given.isascii() and given.isdigit() and int(given) <= 7 * 24 * 60:
            values[name] = int(given)
        else:
            return _("Lengths are whole numbers of minutes, a week at most.")
    auto = data.get("auto_live", "")
    values["auto_live"] = None if data.get("reset") or not auto else auto == "yes"
    try:
        await store.set_policy(conference.id, scope, values)
    except ValueError:
        return _(
            "The green room opens before the doors, both before the start; archiving takes a minute"
            " at least."
        )
    return ""


@get("/c/{slug:str}/desk/policies", opt={"who": STAFF})
async def policies_page(request: Request[Any, Any, Any], slug: FromPath[str]) -> Response[Any]:
    """The door policy of the conference, and of each room."""
    return await _show_policies(request, slug)


async def _show_policies(
    request: Request[Any, Any, Any], slug: str, *, error: str = ""
) -> Response[Any]:
    conference: Conference = request.state.conference
    policies = store.policies_of({"doors": conference.doors})
    released = await releases.latest(conference.id)
    rooms = released.schedule.rooms if released else ()
    return page(
        request,
        "stages/policies.html",
        status=422 if error else 200,
        conference=conference,
        at=f"/c/{slug}",
        policy=_minutes(policies.conference),
        rooms=[
            (
                room,
                _minutes(policies.rooms.get(room.id, policies.conference)),
                room.id in policies.rooms,
            )
            for room in rooms
            if room.name
        ],
        error=error,
    )


@post("/c/{slug:str}/desk/policies", opt={"who": STAFF})
async def set_policies(
    request: Request[Any, Any, Any], slug: FromPath[str], data: Form
) -> Response[Any]:
    """Change the conference's policy, or a room's, named in `room`."""
    conference: Conference = request.state.conference
    room = data.get("room", "")
    released = await releases.latest(conference.id)
    if room and (released is None or RoomId(room) not in released.rooms):
        raise NotFoundException(_("There is no such room."))
    error = await _keep_policy(conference, ("rooms", room) if room else (), data)
    if error:
        return await _show_policies(request, slug, error=error)
    await stagehand.wake(request.app.state.redis)
    return Redirect(f"/c/{slug}/desk/policies", status_code=303)


handlers: list[Any] = [
    orders_page,
    preview_amendment,
    make_amendment,
    set_slot_policy,
    policies_page,
    set_policies,
]
