"""A camera before which somebody holds a badge."""

from __future__ import annotations

import io
from pathlib import Path

import segno
from PIL import Image


def badge_clip(path: Path, code: str) -> Path:
    """A camera that is held before a badge: ten frames of its code on white, as YUV4MPEG2."""
    drawn = io.BytesIO()
    segno.make(code, error="m", micro=False).save(drawn, kind="png", scale=8, border=6)
    with Image.open(drawn) as held:
        frame = Image.new("L", (640, 480), 235)
        grey = held.convert("L")
        frame.paste(grey, ((640 - grey.width) // 2, (480 - grey.height) // 2))
    luma = frame.tobytes()
    chroma = bytes([128]) * (320 * 240 * 2)
    header = b"YUV4MPEG2 W640 H480 F10:1 Ip A1:1 C420jpeg\n"
    path.write_bytes(header + (b"FRAME\n" + luma + chroma) * 10)
    return path
