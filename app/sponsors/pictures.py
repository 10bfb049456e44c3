"""Logos drawn anew: runs in a press, so that a hostile picture costs a child at most."""

from __future__ import annotations

from pathlib import Path

from PIL import Image, ImageOps

Image.MAX_IMAGE_PIXELS = 40_000_000
_LARGEST = (1200, 600)


def draw(*, path: str) -> int:
    """Replace the picture by a PNG of at most 1200 × 600; returns its size in bytes."""
    file = Path(path)
    with Image.open(file, formats=("PNG", "JPEG", "WEBP", "GIF")) as held:
        drawn = ImageOps.exif_transpose(held).convert("RGBA")
    drawn.thumbnail(_LARGEST)
    drawn.save(file, format="PNG", optimize=True)
    return file.stat().st_size
