"""The node's state as the documents that its HTTP side gives out."""

from __future__ import annotations

from typing import Any

from media.grant import Grant
from media.node import Node
from media.publisher import Publisher
from media.room import Room
from media.subscriber import Subscriber


def health(node: Node) -> dict[str, Any]:
    """What the health address answers; a room is live while a group of it is on air."""
    live = sum(
        1 for room in node.rooms.values() if any(map(room.on_stage, room.publishers.values()))
    )
    return {
        "status": "draining" if node.draining or node.resting else "ok",
        "rooms_live": live,
        "publishers": len(node.publishers),
        "subscribers": len(node.subscribers),
        "packets_in": node.packets_in,
        "packets_out": node.packets_out,
    }


def subscriber(session: Subscriber, node: Node) -> dict[str, Any]:
    """What a subscriber gets to know of its own lanes."""
    room = node.room_of(session)
    return {
        "id": session.id,
        "room": session.room,
        "group": session.group,
        "on_air": any(map(room.on_stage, room.publishers.values())),
        "layout": session.wish.layout,
        "layer": session.wish.layer,
        "lanes": [_lane(session, lane.mid, lane.kind) for lane in session.main_lanes],
    }


def rooms(node: Node, grant: Grant) -> dict[str, Any]:
    """Every room that the grant covers, for the control desk."""
    shown = [room for room in node.rooms.values() if grant.governs(room.conference, room.id)]
    return {
        "boot": node.boot,
        "node": {
            "publishers": len(node.publishers),
            "subscribers": sum(not s.grant.service for s in node.subscribers.values()),
            "relays": node.relays,
            "draining": node.draining or node.resting,
            "busy": round(node.load.busy, 3),
            "us_per_packet": round(node.load.us_per_packet, 2),
            "packets_per_s": round(node.load.packets_per_s),
            "events_waiting": len(node.journal.waiting),
            "events_lost": node.journal.lost,
        },
        "rooms": _by_name(shown, node),
        "subscribers": [
            {
                "id": s.id,
                "person": s.grant.person,
                "room": s.room,
                "group": s.group,
                "packets_out": s.packets_out,
                "loss": round(s.loss, 4),
                "kbps": s.kbps,
                "low": s.link.low,
            }
            for room in shown
            for s in room.subscribers.values()
        ],
    }


def services(node: Node, grant: Grant) -> dict[str, Any]:
    """What is on the lanes of the deployment's own processes, such as the broadcast."""
    return {
        "boot": node.boot,
        "services": [
            {
                "id": s.id,
                "room": s.room,
                "lanes": [_lane(s, lane.mid, lane.kind) for lane in s.main_lanes],
            }
            for s in node.subscribers.values()
            if s.grant.service and grant.governs(s.grant.conference, s.room)
        ],
    }


def metrics(node: Node) -> str:
    """The node's figures in the text format of Prometheus."""
    figures: list[tuple[str, str, float]] = [
        ("publishers", "gauge", len(node.publishers)),
        ("relays", "gauge", node.relays),
        ("cpu_busy_ratio", "gauge", round(node.load.busy, 4)),
        ("cpu_us_per_packet", "gauge", round(node.load.us_per_packet, 3)),
        ("low_layer_subscribers", "gauge", sum(s.link.low for s in node.subscribers.values())),
        (
            "publisher_loss_ratio",
            "gauge",
            max((p.loss for p in node.publishers.values()), default=0),
        ),
        ("publisher_kbps", "gauge", sum(p.kbps for p in node.publishers.values())),
        ("subscribers", "gauge", len(node.subscribers)),
        ("rooms", "gauge", len(node.rooms)),
        ("packets_in_total", "counter", node.packets_in),
        ("packets_out_total", "counter", node.packets_out),
        ("packets_dropped_total", "counter", sum(p.fan.dropped for p in node.mux.ports)),
        ("packets_resent_total", "counter", node.packets_resent),
        ("events_waiting", "gauge", len(node.journal.waiting)),
        ("events_lost_total", "counter", node.journal.lost),
    ]
    label = f'{{node="{node.settings.id}"}}' if node.settings.id else ""
    lines = []
    for name, kind, value in figures:
        lines += [f"# TYPE plenary_media_{name} {kind}", f"plenary_media_{name}{label} {value}"]
    return "\n".join(lines) + "\n"


def _by_name(shown: list[Room], node: Node) -> dict[str, Any]:
    """Rooms by name; those of one name in several conferences are added up."""
    found: dict[str, Any] = {}
    for room in shown:
        entry = _room(room, node)
        other = found.setdefault(room.id, entry)
        if other is not entry:
            other["publishers"] += entry["publishers"]
            other["subscribers"] += entry["subscribers"]
            other["audience"] += entry["audience"]
            for group, publishers in entry["groups"].items():
                other["groups"].setdefault(group, []).extend(publishers)
    return found


def _room(room: Room, node: Node) -> dict[str, Any]:
    groups: dict[str, list[str]] = {}
    for publisher in room.publishers.values():
        groups.setdefault(publisher.group, []).append(publisher.id)
    return {
        "on_air": room.on_air,
        "groups": groups,
        "publishers": [one_publisher(room, p, node) for p in room.publishers.values()],
        "subscribers": sum(1 for s in room.subscribers.values() if not s.grant.service),
        "audience": sum(
            1 for s in room.subscribers.values() if s.group is None and not s.grant.service
        ),
    }


def one_publisher(room: Room, publisher: Publisher, node: Node) -> dict[str, Any]:
    """One publisher, as the control desk and its own client see it."""
    now = node.mux.now()
    flowing = {s.kind for s in publisher.streams if not s.quiet(now)}
    return {
        "id": publisher.id,
        "person": publisher.grant.person,
        "name": publisher.grant.name,
        "group": publisher.group,
        "on_stage": room.on_stage(publisher),
        "connected": publisher.peer.ready,
        "video": "video" in flowing,
        "audio": "audio" in flowing,
        "screen": any(s.source == "screen" and not s.quiet(now) for s in publisher.streams),
        "kbps": publisher.kbps,
        "loss": round(publisher.loss, 4),
        "loudness": round(publisher.loudness),
    }


def _lane(session: Subscriber, mid: str, kind: str) -> dict[str, Any]:
    publisher = session.publishers.get(mid)
    stream = session.source(mid)
    return {
        "mid": mid,
        "kind": kind,
        "publisher": publisher.id if publisher else None,
        "person": publisher.grant.person if publisher else None,
        "name": publisher.grant.name if publisher else None,
        "source": stream.source if stream else None,
        "layer": session.layer(mid),
        "place": session.place(mid),
    }
