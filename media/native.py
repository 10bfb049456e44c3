"""The optional fan-out in C: `python -m media.native` builds it where a compiler is at hand."""

from __future__ import annotations

import ctypes
import os
import shutil
import socket
import struct
import subprocess
import sys
from array import array
from collections.abc import Sequence
from pathlib import Path

from media.engine import MAX_PACKET, protect_address
from media.fan import TRAIN, Fan, offers_trains
from media.log import Log
from media.outlet import FanOut, Outlet, Packet

logger = Log(__name__)

SOURCE = Path(__file__).with_name("_fan.c")
LIBRARY = Path(__file__).with_name("_fan.so")
HEAD = struct.Struct("=IIHH")


class NativeFan:
    """The fan-out of media/_fan.c on one socket."""

    def __init__(self, bound: socket.socket, library: ctypes.CDLL) -> None:
        self._library = library
        self._fan = ctypes.c_void_p(
            library.fan_new(bound.fileno(), protect_address(), int(offers_trains(bound)))
        )
        if not self._fan:
            raise MemoryError

    def __del__(self) -> None:
        self._library.fan_free(self._fan)

    @property
    def dropped(self) -> int:
        dropped: int = self._library.fan_dropped(self._fan)
        return dropped

    @property
    def trains(self) -> bool:
        return bool(self._library.fan_trains(self._fan))

    def forward(self, packets: Sequence[Packet], outlets: Sequence[Outlet]) -> None:
        listeners = array("Q", [outlet.record_address for outlet in outlets])
        for start in range(0, len(packets), TRAIN):
            some = packets[start : start + TRAIN]
            self._library.fan_forward(
                self._fan,
                b"".join([packet[0] for packet in some]),
                b"".join(
                    [HEAD.pack(size, time, marker, seq) for _, size, marker, seq, time in some]
                ),
                len(some),
                ctypes.c_void_p(listeners.buffer_info()[0]),
                len(outlets),
            )

    def push(self, packet: bytes, outlet: Outlet) -> None:
        if len(packet) <= MAX_PACKET:
            at = ctypes.c_void_p(outlet.record_address)
            self._library.fan_push(self._fan, packet, len(packet), at)

    def flush(self) -> None:
        self._library.fan_flush(self._fan)


def make_fan(bound: socket.socket, *, native: bool = True) -> FanOut:
    """The fan-out in C where it was built (and `native` allows it), else the one in Python."""
    library = _library() if native else None
    return NativeFan(bound, library) if library is not None else Fan(bound)


def build() -> bool:
    """Compile the library beside its source; whether that went well."""
    compiler = shutil.which(os.environ.get("CC", "cc"))
    if compiler is None:
        return False
    unfinished = LIBRARY.with_suffix(f".{os.getpid()}.new")
    command = [compiler, "-O2", "-shared", "-fPIC", "-Wall", "-o", str(unfinished), str(SOURCE)]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except subprocess.CalledProcessError as error:
        logger.warning("the fan-out in C was not built", reason=error.stderr[-500:])
        return False
    unfinished.replace(LIBRARY)
    return True


def _library() -> ctypes.CDLL | None:
    if not LIBRARY.exists() or struct.calcsize("P") != 8 or sys.platform != "linux":
        return None
    if LIBRARY.stat().st_mtime < SOURCE.stat().st_mtime:
        logger.warning("the fan-out in C is older than its source: run python -m media.native")
        return None
    try:
        library = ctypes.CDLL(str(LIBRARY))
    except OSError as error:
        logger.warning("the fan-out in C cannot be loaded", reason=str(error))
        return None
    pointer, number = ctypes.c_void_p, ctypes.c_int
    library.fan_new.restype, library.fan_new.argtypes = pointer, (number, pointer, number)
    library.fan_free.restype, library.fan_free.argtypes = None, (pointer,)
    library.fan_dropped.restype, library.fan_dropped.argtypes = ctypes.c_uint64, (pointer,)
    library.fan_trains.argtypes = (pointer,)
    library.fan_flush.restype, library.fan_flush.argtypes = None, (pointer,)
    library.fan_push.restype = None
    library.fan_push.argtypes = (pointer, ctypes.c_char_p, number, pointer)
    library.fan_forward.restype = None
    library.fan_forward.argtypes = (
        pointer,
        ctypes.c_char_p,
        ctypes.c_char_p,
        number,
        pointer,
        number,
    )
    return library


if __name__ == "__main__":
    sys.exit(0 if build() else 1)
