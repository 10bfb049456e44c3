"""A recording has captions once in each language."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app import db

ID = "2026-11-25T08:30:00:000126"
VERSION = "1.38.0"
DESCRIPTION = "captions once"

INDEXES = (
    "CREATE UNIQUE INDEX recording_captions_one ON recording_captions (conference, slot, language)",
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="plenary", description=DESCRIPTION)

    async def run() -> None:
        for statement in INDEXES:
            await db.engine().run_ddl(statement)

    manager.add_raw(run)
    return manager
