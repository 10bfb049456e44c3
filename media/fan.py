"""The fan-out: one encoded packet to many subscribers with as few system calls as can be.

Every packet is copied, its header rewritten and encrypted in a slot of its own; runs of packets to
one subscriber leave as one datagram train (UDP GSO), and trains to many subscribers in one
sendmmsg. All of it in Python: libsrtp by cffi, the system call by ctypes. Where the kernel or the
machine's word size does not allow that, packets leave one by one.
"""

from __future__ import annotations

import ctypes
import errno
import socket
import struct
import sys
from collections.abc import Sequence

from media.engine import Slots, protect_rtp
from media.log import Log
from media.outlet import Outlet, Packet, header

logger = Log(__name__)

SLOTS = 256
MESSAGES = 128
TRAIN = 40
MESSAGE_WORDS = 8
CONTROL_WORDS = 3
SOL_UDP = 17
UDP_SEGMENT = 103
TRAINS_POSSIBLE = (
    sys.platform == "linux" and struct.calcsize("P") == 8 and sys.byteorder == "little"
)

_libc = ctypes.CDLL(None, use_errno=True)


class Fan:
    """Sends packets of sources to outlets through one socket; `flush` ends each burst."""

    def __init__(self, bound: socket.socket) -> None:
        self._socket = bound
        self._fd = bound.fileno()
        self._slots = Slots(SLOTS)
        self._vectors = ctypes.create_string_buffer(SLOTS * 16)
        self._messages = ctypes.create_string_buffer(MESSAGES * MESSAGE_WORDS * 8)
        self._controls = ctypes.create_string_buffer(MESSAGES * CONTROL_WORDS * 8)
        self._vector_words = memoryview(self._vectors).cast("B").cast("Q")
        self._message_words = memoryview(self._messages).cast("B").cast("Q")
        self._control_words = memoryview(self._controls).cast("B").cast("Q")
        self._slot = 0
        self._message = 0
        self.dropped = 0
        self.trains = TRAINS_POSSIBLE and offers_trains(bound)
        self._prepare()

    def forward(self, packets: Sequence[Packet], outlets: Sequence[Outlet]) -> None:
        """Send consecutive packets of one source to every outlet, in order."""
        for start in range(0, len(packets), TRAIN):
            self._forward(packets[start : start + TRAIN], outlets)

    def push(self, packet: bytes, outlet: Outlet) -> None:
        """Send one packet, whose header is written already, to one outlet."""
        if self._slot >= SLOTS or self._message >= MESSAGES:
            self.flush()
        size = len(packet)
        slot = self._slot
        slots = self._slots
        slots.views[slot][:size] = packet
        slots.length[0] = size
        if protect_rtp(outlet.handle, slots.pointers[slot], slots.length):
            return
        self._vector_words[2 * slot + 1] = size + outlet.tag
        self._queue(outlet, slot, 1, 0)
        self._slot = slot + 1
        outlet.record.sent += 1

    def flush(self) -> None:
        """Hand everything that is queued to the kernel; what it has no room for is dropped."""
        count, self._slot, self._message = self._message, 0, 0
        first = 0
        while first < count:
            sent = _libc.sendmmsg(
                self._fd,
                ctypes.c_void_p(self._message_base + first * MESSAGE_WORDS * 8),
                count - first,
                socket.MSG_DONTWAIT,
            )
            if sent > 0:
                first += sent
                continue
            if self._refused(first, ctypes.get_errno()):
                continue
            first += 1

    def _forward(self, packets: Sequence[Packet], outlets: Sequence[Outlet]) -> None:
        runs = _runs(packets) if self.trains else [(i, 1, 0) for i in range(len(packets))]
        width, height = len(packets), len(runs)
        slots = self._slots
        views, pointers, length = slots.views, slots.pointers, slots.length
        vector_words = self._vector_words
        protect, stamp = protect_rtp, header.pack_into
        queue = self._queue
        for outlet in outlets:
            if self._slot + width > SLOTS or self._message + height > MESSAGES:
                self.flush()
            first = slot = self._slot
            handle, tag, ssrc = outlet.handle, outlet.tag, outlet.ssrc
            payload_type = outlet.payload_type
            seq_offset, ts_offset = outlet.seq_offset, outlet.ts_offset
            failed = 0
            for packet, size, marker, seq, timestamp in packets:
                view = views[slot]
                view[:size] = packet
                stamp(
                    view,
                    0,
                    marker | payload_type,
                    (seq + seq_offset) & 0xFFFF,
                    (timestamp + ts_offset) & 0xFFFFFFFF,
                    ssrc,
                )
                length[0] = size
                failed |= protect(handle, pointers[slot], length)
                vector_words[2 * slot + 1] = size + tag
                slot += 1
            if failed:
                self.dropped += width
                continue
            self._slot = slot
            for start, count, size in runs:
                queue(outlet, first + start, count, size + tag)
            outlet.record.sent += width

    def _queue(self, outlet: Outlet, slot: int, count: int, segment: int) -> None:
        message = self._message
        self._message = message + 1
        words = self._message_words
        word = message * MESSAGE_WORDS
        words[word] = outlet.name
        words[word + 1] = outlet.name_size
        words[word + 2] = self._vector_base + slot * 16
        words[word + 3] = count
        if count > 1:
            self._control_words[message * CONTROL_WORDS + 2] = segment
            words[word + 5] = CONTROL_WORDS * 8
        else:
            words[word + 5] = 0

    def _refused(self, message: int, error: int) -> bool:
        """Deal with the message that the kernel refused; whether to try it again."""
        if error == errno.EINTR:
            return True
        word = message * MESSAGE_WORDS
        if self._message_words[word + 5] and error in (errno.EIO, errno.EINVAL, errno.EOPNOTSUPP):
            logger.warning("no datagram trains on this network device", error=error)
            self.trains = False
            self._send_singly(message)
            return False
        self.dropped += self._message_words[word + 3]
        return False

    def _send_singly(self, message: int) -> None:
        """Send the packets of a refused train one by one."""
        word = message * MESSAGE_WORDS
        words = self._message_words
        vector, count = words[word + 2], words[word + 3]
        words[word + 3], words[word + 5] = 1, 0
        for index in range(count):
            words[word + 2] = vector + index * 16
            at = ctypes.c_void_p(self._message_base + word * 8)
            if _libc.sendmmsg(self._fd, at, 1, socket.MSG_DONTWAIT) < 1:
                self.dropped += 1

    def _prepare(self) -> None:
        """Write the parts of the kernel's structures that never change."""
        self._vector_base = ctypes.addressof(self._vectors)
        self._message_base = ctypes.addressof(self._messages)
        control_base = ctypes.addressof(self._controls)
        for slot, address in enumerate(self._slots.addresses):
            self._vector_words[2 * slot] = address
        for message in range(MESSAGES):
            word = message * CONTROL_WORDS
            self._control_words[word] = 18
            self._control_words[word + 1] = SOL_UDP | UDP_SEGMENT << 32
            self._message_words[message * MESSAGE_WORDS + 4] = control_base + word * 8


def _runs(packets: Sequence[Packet]) -> list[tuple[int, int, int]]:
    """Runs (first, count, size) of packets of equal size, of which the last may be shorter."""
    runs: list[tuple[int, int, int]] = []
    first, size = 0, packets[0][1]
    for index in range(1, len(packets) + 1):
        ended = index == len(packets) or packets[index][1] > size or packets[index - 1][1] < size
        if ended:
            runs.append((first, index - first, size))
            if index < len(packets):
                first, size = index, packets[index][1]
    return runs


def offers_trains(bound: socket.socket) -> bool:
    """Whether this kernel sends datagram trains (UDP GSO)."""
    try:
        bound.setsockopt(SOL_UDP, UDP_SEGMENT, 0)
    except OSError:
        return False
    return True
