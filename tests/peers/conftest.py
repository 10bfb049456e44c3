"""A real LiveKit server, built once by `./plenary test --peers`; without it nothing here is run."""

from __future__ import annotations

import os

SERVER = os.environ.get("PLENARY_LIVEKIT_SERVER", "")

# Without the server these tests have no peer: they are not collected; tests/conftest.py lists them.
collect_ignore_glob = [] if SERVER else ["test_*.py"]
