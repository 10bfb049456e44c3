"""Makes a loop file from raw pictures and sound: `python -m media.encode FILE < stream`.

The stream is a line of JSON (`width`, `height`, `fps`, `frames`, and `kbps`, 400 if absent), then
so many RGB pictures of three bytes a pixel, then 16-bit mono samples at 48 kHz in native order.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import av

from media.loops import SAMPLES, encode_loop, write_loop

_POLITE = 10


def encode_stream(stream: IO[bytes], path: Path) -> None:
    """Read one stream and write its loop, whole or not at all; raises ValueError if it ends early."""
    head = json.loads(stream.readline())
    loop = encode_loop(
        _pictures(stream, head), _pieces(stream), fps=head["fps"], kbps=head.get("kbps", 400)
    )
    write_loop(loop, path)


def _pictures(stream: IO[bytes], head: dict[str, int]) -> Iterator[Any]:
    width, height = head["width"], head["height"]
    size = width * height * 3
    for _ in range(head["frames"]):
        picture = stream.read(size)
        if len(picture) < size:
            raise ValueError("the stream ends in a picture")
        yield _frame(picture, width, height)


def _frame(picture: bytes, width: int, height: int) -> Any:
    frame = av.VideoFrame(width, height, "rgb24")
    plane = frame.planes[0]
    row = width * 3
    if plane.line_size != row:
        rows = (picture[y * row : (y + 1) * row] for y in range(height))
        picture = b"".join(line.ljust(plane.line_size, b"\0") for line in rows)
    plane.update(picture)
    return frame


def _pieces(stream: IO[bytes]) -> Iterator[Any]:
    while piece := stream.read(SAMPLES * 2):
        yield piece.ljust(SAMPLES * 2, b"\0")


if __name__ == "__main__":
    os.nice(_POLITE)
    encode_stream(sys.stdin.buffer, Path(sys.argv[1]))
