"""The media node: takes sessions in, moves groups on and off stage, lets sessions go."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterable, Mapping

from aiortc import RTCCertificate

from media import events, registry, sdp
from media.admission import (
    check_publishers,
    check_publishing,
    check_room_for_listener,
    check_seats,
    check_subscribers,
    check_watching,
)
from media.answer import Transport
from media.diary import Diary
from media.engine import certificate_fingerprint
from media.errors import Draining, Full, Missing, NotGranted
from media.events import Journal
from media.forwarder import Forwarder
from media.grant import Grant
from media.layout import Wish
from media.load import Load
from media.log import Log
from media.mux import IceSession, Mux
from media.pacer import Pacer
from media.publisher import Publisher
from media.relays import Relays
from media.room import TALKBACK, Room, RoomKey
from media.rounds import Rounds
from media.settings import Settings
from media.stages import Stage, Stages
from media.subscriber import Subscriber

logger = Log(__name__)

QUALITY_S = 10.0


class Node:
    """All rooms of one process behind one UDP port."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.boot = f"{settings.id}~{secrets.token_hex(8)}" if settings.id else secrets.token_hex(8)
        self.rooms: dict[RoomKey, Room] = {}
        self.publishers: dict[str, Publisher] = {}
        self.subscribers: dict[str, Subscriber] = {}
        self.journal = Journal(self.boot)
        self.diary = Diary(self.journal)
        self.applied = 0
        self.draining = False
        self._certificate = RTCCertificate.generateCertificate()
        self._loop = asyncio.get_running_loop()
        self._forwarder = Forwarder()
        self._relays = Relays(
            self.rooms,
            secret=settings.secret,
            name=settings.id or self.boot,
            forwarder=self._forwarder,
        )
        self.resting = False
        self.load = Load()
        self._prefix = f"{settings.id}~" if settings.id else ""
        self.mux = Mux(now=self._loop.time, drained=self._forwarder.drained, native=settings.native)
        self._forwarder.mux = self.mux
        self._stages = Stages()
        self._pacer = Pacer(self._forwarder.flush)
        self._gone_in = 0
        self._gone_out = 0
        self._gone_resent = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._closing: set[asyncio.Task[None]] = set()
        self.rounds = Rounds(
            rooms=self.rooms,
            publishers=self.publishers,
            subscribers=self.subscribers,
            relays=self._relays,
            forwarder=self._forwarder,
            diary=self.diary,
            load=self.load,
            packets_out=lambda: self.packets_out,
            drop=self.drop,
        )

    async def start(self) -> None:
        """Bind the UDP port and begin to keep time; raises OSError when the port is taken."""
        self.mux.open(self.settings.addresses, self.settings.udp_port)
        self._tasks.append(asyncio.create_task(self.rounds.keep_time()))
        if self.settings.redis_url:
            self._tasks.append(asyncio.create_task(self.journal.deliver(self.settings.redis_url)))
            if self.settings.id:
                beat = registry.keep_registered(
                    self.settings.redis_url, self.settings.id, self._registration
                )
                self._tasks.append(asyncio.create_task(beat))
        else:
            logger.info("no REDIS_URL: events stay in a bounded journal")
        self.diary.note(events.NODE_STARTED, boot=self.boot, node=self.settings.id)
        logger.info("media node started", udp_port=self.settings.udp_port, boot=self.boot)

    async def close(self) -> None:
        """Hang up on everybody and stop."""
        self.draining = True
        await self._relays.close()
        for publisher in list(self.publishers.values()):
            self._drop_publisher(publisher, "node stopped")
        for subscriber in list(self.subscribers.values()):
            self._drop_subscriber(subscriber, "node stopped")
        if self._closing:
            await asyncio.wait(self._closing, timeout=1.0)
        if self.settings.redis_url and self.journal.waiting:
            await asyncio.sleep(0.1)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.mux.close()

    def publish(self, room_id: str, grant: Grant, offer_text: str) -> tuple[Publisher, str]:
        """Begin a WHIP session; its answer. The same person's earlier one in the group ends."""
        group = check_publishing(grant, room_id)
        offer = sdp.parse_offer(offer_text)
        room = self._room_for(room_id, grant)
        earlier = [
            p
            for p in room.publishers.values()
            if p.group == group and p.grant.person == grant.person
        ]
        self._check_open(resting=self.resting and not room.publishers)
        check_publishers(
            self.settings.limits, room, self.publishers.values(), grant, replaced=len(earlier)
        )
        check_seats(grant, room, group)
        publisher = Publisher(
            offer=offer,
            grant=grant,
            room=room_id,
            group=group,
            mux=self.mux,
            certificate=self._certificate,
            ceiling_kbps=self.settings.limits.video_kbps,
            prefix=self._prefix,
            arrived=self._forwarder.arrived,
            ready=self._publisher_ready,
            gone=self._drop_publisher,
        )
        for other in earlier:
            self._drop_publisher(other, "replaced")
        self.rooms.setdefault(room.key, room)
        room.publishers[publisher.id] = publisher
        self.publishers[publisher.id] = publisher
        return publisher, publisher.answer(self._transport(publisher.peer.ice))

    def subscribe(
        self,
        room_id: str,
        group: str | None,
        grant: Grant,
        offer_text: str,
        wish: Wish | None = None,
    ) -> tuple[Subscriber, str]:
        """Begin a WHEP session; its answer."""
        check_watching(grant, room_id, group)
        offer = sdp.parse_offer(offer_text)
        room = self._room_for(room_id, grant)
        self._check_open(resting=self.resting and not grant.service)
        check_subscribers(self.settings.limits, room, self.subscribers.values(), grant)
        subscriber = Subscriber(
            offer=offer,
            grant=grant,
            room=room_id,
            group=group,
            mux=self.mux,
            certificate=self._certificate,
            most_lanes=self.settings.limits.lanes,
            prefix=self._prefix,
            wish=wish or Wish(),
            catch_up=self._pacer.catch_up,
            ready=self._subscriber_ready,
            gone=self._drop_subscriber,
        )
        self.rooms.setdefault(room.key, room)
        room.subscribers[subscriber.id] = subscriber
        self.subscribers[subscriber.id] = subscriber
        room.welcome(subscriber, self._loop.time())
        self._relays.keep(self._loop.time())
        return subscriber, subscriber.answer(self._transport(subscriber.peer.ice))

    def move(self, subscriber: Subscriber, grant: Grant, room_id: str, group: str | None) -> None:
        """Let a subscriber watch another room or group on the same connection."""
        check_watching(grant, room_id, group)
        if (room_id, group) == (subscriber.room, subscriber.group):
            return
        room = self._room_for(room_id, grant)
        check_room_for_listener(self.settings.limits, room)
        self._leave_room(subscriber)
        subscriber.room, subscriber.group, subscriber.grant = room_id, group, grant
        self.rooms.setdefault(room.key, room)
        room.subscribers[subscriber.id] = subscriber
        room.welcome(subscriber, self._loop.time())
        self._relays.keep(self._loop.time())
        self._forwarder.flush()
        subscriber.report()
        if subscriber.id in self.diary.joined:
            self.diary.subscriber(events.SUBSCRIBER_MOVED, subscriber)

    def regroup(self, publisher: Publisher, grant: Grant) -> None:
        """Move a publisher, on its connection, into the group of a new grant of the same person."""
        group = check_publishing(grant, publisher.room)
        room = self.room_of(publisher)
        check_seats(grant, room, group)
        with self.diary.telling_of_stage(room):
            publisher.group, publisher.grant = group, grant
        room.refill(self._loop.time(), everybody=True)
        self._forwarder.flush()
        self.diary.publisher(events.PUBLISHER_MOVED, publisher)

    def talk(self, publisher: Publisher, to: Iterable[str] | None) -> None:
        """Let somebody in a talkback group be heard by these people (“*”: all), or by nobody."""
        if not publisher.group.startswith(TALKBACK):
            raise NotGranted(
                "Only who publishes into a talkback group can talk to people backstage"
            )
        publisher.talks_to = None if to is None else frozenset(to)
        self.room_of(publisher).refill(self._loop.time(), everybody=True)
        self._forwarder.flush()

    def ask(self, subscriber: Subscriber, wish: Wish) -> None:
        """Fill a subscriber's lanes as it wishes from now on."""
        subscriber.ask(wish)
        self._forwarder.flush()

    def note_quality(
        self, subscriber: Subscriber, freezes: int, freeze_ms: int, rtt_ms: int
    ) -> None:
        """Note what a subscriber says of itself beside what we see; seldom, whatever it sends."""
        now = self._loop.time()
        if now - subscriber.noted_at >= QUALITY_S:
            subscriber.noted_at = now
            self.diary.subscriber(
                events.SUBSCRIBER_QUALITY,
                subscriber,
                freezes=freezes,
                freeze_ms=freeze_ms,
                rtt_ms=rtt_ms,
                loss=round(subscriber.loss, 3),
                kbps=subscriber.kbps,
            )

    def set_stages(self, grant: Grant, stages: Mapping[str, Stage]) -> int:
        """Make these the stages in the rooms of the grant; what is not named is off air."""
        wanted = self._stages.order(grant, stages)
        if any(stage.home for stage in wanted.values()):
            self._relays.prepare()
        self._apply_stages()
        self.applied += 1
        return self.applied

    def drop(self, session: Publisher | Subscriber, reason: str) -> None:
        """End a session."""
        if isinstance(session, Publisher):
            self._drop_publisher(session, reason)
        else:
            self._drop_subscriber(session, reason)

    def session(self, kind: str, id: str) -> Publisher | Subscriber:
        """The session with this id; raises Missing."""
        sessions: Mapping[str, Publisher | Subscriber] = (
            self.publishers if kind == "publishers" else self.subscribers
        )
        found = sessions.get(id)
        if found is None:
            raise Missing("This session has ended, or never was")
        return found

    def room_of(self, session: Publisher | Subscriber) -> Room:
        """The room that a session is in."""
        return self.rooms[session.grant.conference, session.room]

    @property
    def relays(self) -> int:
        """How many rooms of other nodes are watched from here."""
        return len(self._relays)

    @property
    def packets_in(self) -> int:
        return self._gone_in + sum(p.packets_in for p in self.publishers.values())

    @property
    def packets_out(self) -> int:
        return self._gone_out + sum(s.packets_out for s in self.subscribers.values())

    @property
    def packets_resent(self) -> int:
        return self._gone_resent + sum(s.resent for s in self.subscribers.values())

    def _registration(self) -> registry.Registration:
        """What the application gets to know of this node, twice a second."""
        socket, http = self.settings.socket, self.settings.http
        address = f"unix:{socket}" if socket else "http://{}:{}".format(*http or ("", 0))
        return registry.Registration(
            id=self.settings.id,
            boot=self.boot,
            address=self.settings.address or address,
            draining=self.draining or self.resting,
            publishers=len(self.publishers),
            subscribers=len(self.subscribers),
            most_subscribers=self.settings.limits.subscribers,
            packets_out=self.packets_out,
            busy=round(self.load.busy, 3),
        )

    def _room_for(self, id: str, grant: Grant) -> Room:
        """The room, or a new one that is not kept yet."""
        room = self.rooms.get((grant.conference, id))
        if room is None:
            room = Room(id, grant.conference)
            room.stage = self._stages.wanted(room.conference, room.id)
        return room

    def _transport(self, ice: IceSession) -> Transport:
        return Transport(
            ufrag=ice.ufrag,
            password=ice.password,
            fingerprint=certificate_fingerprint(self._certificate),
            candidates=self.mux.candidates,
        )

    def _check_open(self, *, resting: bool) -> None:
        if self.draining or resting:
            raise Draining("Try again in a moment")
        unfinished = sum(not publisher.peer.ready for publisher in self.publishers.values())
        unfinished += sum(not subscriber.peer.ready for subscriber in self.subscribers.values())
        if unfinished >= self.settings.limits.handshakes:
            raise Full("The queue of connections", self.settings.limits.handshakes, retry_after=2)

    def _apply_stages(self) -> None:
        for room in list(self.rooms.values()):
            wanted = self._stages.wanted(room.conference, room.id)
            if wanted != room.stage:
                with self.diary.telling_of_stage(room):
                    room.stage = wanted
                room.refill(self._loop.time(), everybody=True)
                logger.info("stage changed", room=room.id, on_air=wanted.group)
            if wanted.home is not None:
                # The room lives elsewhere now; whoever sends here connects anew, to there.
                for publisher in list(room.publishers.values()):
                    self._drop_publisher(publisher, "room moved")
        self._relays.keep(self._loop.time())
        self._forwarder.flush()

    def _publisher_ready(self, publisher: Publisher) -> None:
        room = self.room_of(publisher)
        self.diary.publisher_joined(publisher, room)
        room.refill(self._loop.time())

    def _subscriber_ready(self, subscriber: Subscriber) -> None:
        self.diary.subscriber_joined(subscriber)
        self._forwarder.flush()
        subscriber.report()

    def _drop_publisher(self, publisher: Publisher, reason: str) -> None:
        if self.publishers.pop(publisher.id, None) is None:
            return
        self._gone_in += publisher.packets_in
        room = self.room_of(publisher)
        del room.publishers[publisher.id]
        room.refill(self._loop.time())
        for stream in publisher.streams:
            self._forwarder.forget(stream)
            stream.end()
        self.diary.publisher_left(publisher, room, reason)
        self._forget_if_empty(room)
        self._hang_up(publisher)

    def _drop_subscriber(self, subscriber: Subscriber, reason: str) -> None:
        if self.subscribers.pop(subscriber.id, None) is None:
            return
        self._gone_out += subscriber.packets_out
        self._gone_resent += subscriber.resent
        subscriber.fill([])
        self.diary.subscriber_left(subscriber, reason)
        self._leave_room(subscriber)
        self._hang_up(subscriber)

    def _leave_room(self, subscriber: Subscriber) -> None:
        room = self.room_of(subscriber)
        room.subscribers.pop(subscriber.id, None)
        self._forget_if_empty(room)

    def _forget_if_empty(self, room: Room) -> None:
        if room.empty:
            self.rooms.pop(room.key, None)

    def _hang_up(self, session: Publisher | Subscriber) -> None:
        self._forwarder.flush()
        task = asyncio.create_task(session.peer.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
