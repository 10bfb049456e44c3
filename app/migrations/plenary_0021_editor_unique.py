"""Numbers of a draft's edits are unique in their conference."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app import db

ID = "2026-11-25T00:20:00:000002"
VERSION = "1.38.0"
DESCRIPTION = "edits are numbered"


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="plenary", description=DESCRIPTION)

    async def run() -> None:
        await db.engine().run_ddl(
            "CREATE UNIQUE INDEX draft_edit_number_one ON draft_edit (conference, number)"
        )

    manager.add_raw(run)
    return manager
