"""A UDP way to a node that loses, swaps and delays packets, the same ones every time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

Address = tuple[Any, ...]
Fate = Callable[[int], float | None]
"""What becomes of the n-th datagram of media: None when it is lost, else seconds of delay."""


def lose(every: int) -> Fate:
    """Lose every n-th, in bursts that drift over the pictures."""
    return lambda n: None if n % every == every // 2 else 0.0


def jitter(n: int) -> float:
    """Up to 30 ms late, so that neighbours overtake each other."""
    return (n * 7919 % 31) / 1000


class Way:
    """Forwards datagrams between clients and one node; media on its way to a client meets `fate`."""

    def __init__(self, node_port: int) -> None:
        self.fate: Fate = lambda _: 0.0
        self.lost = 0
        self.port = 0
        self._node = ("127.0.0.1", node_port)
        self._front: asyncio.DatagramTransport | None = None
        self._backs: dict[Address, asyncio.DatagramTransport] = {}
        self._connecting: set[asyncio.Task[None]] = set()
        self._count = 0

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        self._front, _ = await loop.create_datagram_endpoint(
            lambda: _Ear(self._from_client), local_addr=("127.0.0.1", 0)
        )
        self.port = self._front.get_extra_info("sockname")[1]

    def close(self) -> None:
        for transport in (self._front, *self._backs.values()):
            if transport is not None:
                transport.close()
        self._front = None

    def _from_client(self, datagram: bytes, client: Address) -> None:
        back = self._backs.get(client)
        if back is None:
            task = asyncio.create_task(self._connect(datagram, client))
            self._connecting.add(task)
            task.add_done_callback(self._connecting.discard)
        else:
            back.sendto(datagram)

    async def _connect(self, datagram: bytes, client: Address) -> None:
        back, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Ear(lambda reply, _: self._to_client(reply, client)), remote_addr=self._node
        )
        if client in self._backs or self._front is None:
            # A datagram that came meanwhile opened the way already, or the way was closed.
            back.close()
        else:
            self._backs[client] = back
        if client in self._backs:
            self._backs[client].sendto(datagram)

    def _to_client(self, datagram: bytes, client: Address) -> None:
        if self._front is None:
            return
        media = 127 < datagram[0] < 192 and not 191 < datagram[1] < 224
        delay: float | None = 0.0
        if media:
            self._count += 1
            delay = self.fate(self._count)
        if delay is None:
            self.lost += 1
        elif delay:
            asyncio.get_running_loop().call_later(delay, self._late, datagram, client)
        else:
            self._front.sendto(datagram, client)

    def _late(self, datagram: bytes, client: Address) -> None:
        if self._front is not None:
            self._front.sendto(datagram, client)


class _Ear(asyncio.DatagramProtocol):
    def __init__(self, heard: Callable[[bytes, Address], None]) -> None:
        self._heard = heard

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self._heard(data, addr)

    def error_received(self, exc: Exception) -> None:
        """A client that went away is no matter."""
