"""What a process must not load: libraries that cost memory and do nothing for it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from app.settings import ROOT

_WEB = """
import app.serve
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
        (
            _WEB,
            {"pydantic", "black", "weasyprint", "ortools", "av", "aiortc", "PIL", "rich.console"}
            | {"resvg_py"},
        ),
        (
            _WORKER,
            {"pydantic", "black", "weasyprint", "ortools", "av", "aiortc", "PIL", "litestar"}
            | {"resvg_py", "rich.console", "click.core", "cryptography.exceptions"},
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


_HIDDEN = """
import sys
from app import lean
lean.spare_in_workers()
import jwt
print("cryptography" in sys.modules, jwt.algorithms.has_crypto)
from cryptography.hazmat.primitives.asymmetric import ec
print(ec.generate_private_key(ec.SECP256R1()).key_size)
from media.grant import Grant, sign, verify
from datetime import UTC, datetime
held = Grant(conference="c", rooms=("r",), person="p", expires=datetime(2030, 1, 1, tzinfo=UTC))
print(verify(sign(held, "s" * 32), "s" * 32, now=datetime(2029, 1, 1, tzinfo=UTC)) == held)
"""


def test_what_is_hidden_from_one_library_is_there_for_others() -> None:
    answer = subprocess.run(
        [sys.executable, "-c", _HIDDEN], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert answer.stdout.split() == ["False", "False", "256", "True"]
