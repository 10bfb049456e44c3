"""Everything that can be set about a media node, in one frozen value."""

from __future__ import annotations

from dataclasses import dataclass, field

from media.turn import Turn

BROADCAST = "/media/hls/{token}/{conference}/{room}/index.m3u8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many of each the node takes before it answers 503, and how much it lets each send."""

    publishers: int = 400
    subscribers: int = 4000
    room_publishers: int = 50
    room_subscribers: int = 2000
    person_subscribers: int = 12
    lanes: int = 24
    person_publishers: int = 6
    video_kbps: int = 1800
    handshakes: int = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How one media node runs; built once, in `media.__main__`.

    Exactly one of `socket` (path of a unix socket) and `http` (host, port) says where it listens.
    `address` is how others reach it where that is neither.
    `id` names the node among others: sessions' ids begin with it, and it registers by it in Redis.
    `native` allows the fan-out in C where it was built. `addresses` are offered to clients as ICE
    candidates; empty means every address of the machine and 127.0.0.1. `broadcast` is where a
    room's broadcast is offered to whom there is no place for, with {conference}, {room} and a
    {token} that is signed for them.
    """

    secret: str = field(repr=False)
    id: str = ""
    socket: str | None = None
    address: str = ""
    http: tuple[str, int] | None = None
    udp_port: int = 7900
    addresses: tuple[str, ...] = ()
    native: bool = True
    redis_url: str | None = field(default=None, repr=False)
    limits: Limits = field(default_factory=Limits)
    turn: Turn = field(default_factory=Turn)
    broadcast: str = BROADCAST
