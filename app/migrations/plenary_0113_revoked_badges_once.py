"""A badge is taken back once."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app import db

ID = "2026-11-25T04:40:00:000113"
VERSION = "1.38.0"
DESCRIPTION = "revoked badges once"

INDEXES = ("CREATE UNIQUE INDEX revoked_badge_one ON revoked_badge (badge_code)",)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="plenary", description=DESCRIPTION)

    async def run() -> None:
        for statement in INDEXES:
            await db.engine().run_ddl(statement)

    manager.add_raw(run)
    return manager
