"""A real LiveKit server, built once by `./plenary test --peers`; without it nothing here is run."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
SERVER = os.environ.get("PLENARY_LIVEKIT_SERVER", "")

# Without the server these tests have no peer: they are not collected, and listed below.
collect_ignore_glob = [] if SERVER else ["test_*.py"]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if SERVER:
        return
    terminalreporter.section("not run: no LiveKit server; ./plenary test --peers builds it with Go")
    for path in sorted(HERE.glob("test_*.py")):
        terminalreporter.write_line(f"tests/peers/{path.name}")
