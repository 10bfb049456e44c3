"""The static files' addresses: one hash of the whole tree, without the web framework that serves them."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent / "static"


def files() -> dict[str, Path]:
    """Every static file by its path below static/, sorted."""
    found = (path for path in ROOT.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {path.relative_to(ROOT).as_posix(): path for path in sorted(found)}


@lru_cache(maxsize=1)
def version() -> str:
    """The hash of all names and contents; it changes when any file does."""
    digest = hashlib.sha256()
    for name, path in files().items():
        digest.update(f"{name}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:10]


def static_url(path: str) -> str:
    """The address of a file below static/. It may be cached for ever."""
    return f"/static/{version()}/{path}"
