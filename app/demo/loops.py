"""The synthetic speakers' loops: drawn here, encoded by the media package, kept as files."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

from app.demo import stage, tones
from app.demo.looks import Look
from app.settings import ROOT

_DRAWING = 2
"""Counts up when the pictures or tones change, so that old files are not taken for new ones."""
_KBPS = 380


class NotMade(Exception):
    """A loop that could not be encoded; the text is what the encoder said."""


def path_of(look: Look, folder: Path) -> Path:
    """Where the loop of this look is, or will be."""
    facts = f"{_DRAWING}:{look.room}:{look.number}:{look.seat}"
    return folder / f"{hashlib.sha256(facts.encode()).hexdigest()[:20]}.loop"


def make(look: Look, folder: Path) -> Path:
    """Draw and encode a loop unless it is there already; returns its file, written atomically.

    Takes about a second of CPU. Raises NotMade.
    """
    path = path_of(look, folder)
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    encoder = subprocess.Popen(
        [sys.executable, "-m", "media.encode", str(path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert encoder.stdin is not None
    try:
        _feed(look, encoder)
    except BrokenPipeError:
        encoder.stdin = None
    _, words = encoder.communicate()
    if encoder.returncode:
        raise NotMade(words.decode(errors="replace")[-400:])
    return path


def _feed(look: Look, encoder: subprocess.Popen[bytes]) -> None:
    assert encoder.stdin is not None
    head = {
        "width": stage.WIDTH,
        "height": stage.HEIGHT,
        "fps": stage.FRAMES_PER_SECOND,
        "frames": stage.FRAMES,
        "kbps": _KBPS,
    }
    encoder.stdin.write(json.dumps(head).encode() + b"\n")
    for picture in stage.frames(look, tones.openings(look, stage.FRAMES)):
        encoder.stdin.write(picture.tobytes())
    encoder.stdin.write(tones.sound(look).tobytes())
