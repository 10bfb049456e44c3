"""Journeys over real schedules are collected only where PLENARY_REAL_DATA names their folder."""

from __future__ import annotations

import os

collect_ignore_glob = [] if os.environ.get("PLENARY_REAL_DATA") else ["test_real_*.py"]
