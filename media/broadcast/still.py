"""A still of a live room: one keyframe decoded, made small, coded as JPEG."""

from __future__ import annotations

import io
from typing import Any

import av

from media.broadcast.boxes import Parameters
from media.broadcast.h264 import annex_b

WIDTH, HEIGHT = 480, 270
QUALITY = 78


def make(parameters: Parameters, keyframe: bytes) -> bytes | None:
    """The picture as JPEG, at most WIDTH by HEIGHT; None where it cannot be decoded."""
    decoder: Any = av.CodecContext.create("h264", "r")
    decoder.thread_count = 1
    try:
        frames = decoder.decode(av.Packet(annex_b(parameters, keyframe)))
        frames += decoder.decode(None)
    except av.error.FFmpegError:
        return None
    if not frames:
        return None
    frame = frames[0]
    scale = min(WIDTH / frame.width, HEIGHT / frame.height, 1.0)
    size = (max(2, round(frame.width * scale)), max(2, round(frame.height * scale)))
    small = frame.reformat(*size, format="rgb24", interpolation="AREA")
    out = io.BytesIO()
    small.to_image().save(out, "JPEG", quality=QUALITY, optimize=True)
    return out.getvalue()
