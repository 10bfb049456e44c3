"""What a process must not load: libraries that cost memory and do nothing for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from app.settings import ROOT

_WEB = """
from app.main import create_app
from app.settings import from_environment
create_app(from_environment())
"""
_WORKER = """
import importlib, app.worker
for path in app.worker.BACKGROUND:
    importlib.import_module(path.partition(":")[0])
from app import db
db.bind("sqlite:////dev/null")
"""


@pytest.mark.parametrize(
    ("process", "unwanted"),
    [
        (_WEB, {"pydantic", "black", "weasyprint", "ortools", "av", "aiortc", "PIL"}),
        (
            _WORKER,
            {"pydantic", "black", "weasyprint", "ortools", "av", "aiortc", "PIL"},
        ),
    ],
    ids=["web", "worker"],
)
def test_a_process_loads_only_what_it_uses(process: str, unwanted: set[str]) -> None:
    asked = f"{process}\nimport sys\nprint(sorted({unwanted!r} & set(sys.modules)))"
    answer = subprocess.run(
        [sys.executable, "-c", asked],
        cwd=ROOT,
        env={"PLENARY_VAR": "/nonexistent", "PLENARY_SECRET": "s", "PLENARY_SECRET_MEDIA": "m"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.strip() == "[]"
