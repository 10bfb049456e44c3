"""Real worker processes for the tests."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

from app.settings import Settings


def environment(settings: Settings) -> dict[str, str]:
    return {
        **os.environ,
        "PLENARY_VAR": str(settings.var),
        "PLENARY_SECRET": settings.secret,
        "PLENARY_SECRET_MEDIA": settings.media_secret,
        "PLENARY_DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
    }


def start_worker(
    name: str, settings: Settings, more: Mapping[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """A real worker process; `more` are further settings."""
    return subprocess.Popen(
        [sys.executable, "-m", "app.worker", name], env={**environment(settings), **(more or {})}
    )
