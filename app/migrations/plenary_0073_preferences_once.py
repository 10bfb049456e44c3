"""Preferences: one choice for each person, kind and way."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app import db

ID = "2026-11-25T01:10:00:000004"
VERSION = "1.38.0"
DESCRIPTION = "preferences, unique together"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="plenary", description=DESCRIPTION)

    async def run() -> None:
        await db.engine().run_ddl(
            "CREATE UNIQUE INDEX notice_wish_one ON notice_wish (person, kind, way)"
        )

    manager.add_raw(run)
    return manager
