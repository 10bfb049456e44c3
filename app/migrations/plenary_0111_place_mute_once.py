"""Nobody is muted twice in one place."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app import db

ID = "2026-11-25T04:40:00:000111"
VERSION = "1.38.0"
DESCRIPTION = "place mutes once"

INDEXES = ("CREATE UNIQUE INDEX place_mute_one ON place_mute (place, person)",)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="plenary", description=DESCRIPTION)

    async def run() -> None:
        for statement in INDEXES:
            await db.engine().run_ddl(statement)

    manager.add_raw(run)
    return manager
