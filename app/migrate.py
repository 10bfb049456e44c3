"""Bring the database to the present schema, once, before any process starts."""

from __future__ import annotations

import contextlib
import io
import os

from piccolo.apps.migrations.commands.forwards import ForwardsMigrationManager
from piccolo.apps.migrations.tables import Migration

from app import db


async def forwards() -> None:
    """Run every migration that has not run yet on the bound database.

    Raises RuntimeError with Piccolo's words when one fails.
    """
    os.environ["PICCOLO_CONF"] = "app.piccolo_conf"
    Migration._meta._db = db.engine()
    words = io.StringIO()
    with contextlib.redirect_stdout(words):
        result = await ForwardsMigrationManager(app_name="plenary").run()
    if not result.success:
        raise RuntimeError(result.message or words.getvalue())
