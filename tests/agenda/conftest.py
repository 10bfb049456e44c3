"""Real schedules for tests: read from the folder that PLENARY_REAL_DATA names, never copied."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
NAMED = os.environ.get("PLENARY_REAL_DATA", "")
FOLDER = (REPOSITORY / NAMED).resolve() if NAMED else None

# Without the folder these tests have nothing to read: they are not collected; tests/conftest.py lists them.
collect_ignore_glob = [] if FOLDER else ["test_real_*.py"]


@pytest.fixture(scope="session")
def real() -> Callable[[str], bytes]:
    """The content of a real file by its name; a missing one fails the test."""

    def content(name: str) -> bytes:
        assert FOLDER is not None
        path = FOLDER / name
        if not path.is_file():
            pytest.fail(f"PLENARY_REAL_DATA names {FOLDER}, which has no {name}")
        return path.read_bytes()

    return content


@pytest.fixture(scope="session")
def ground_truth(real: Callable[[str], bytes]) -> dict[str, dict[str, Any]]:
    """What an independent reader counted in each real file."""
    truth: dict[str, dict[str, Any]] = json.loads(real("ground-truth.json"))
    return truth
