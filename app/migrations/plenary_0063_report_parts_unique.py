"""What Piccolo's columns can't say of reports: pairs that are unique."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app import db

ID = "2026-11-25T01:00:00:000004"
VERSION = "1.38.0"
DESCRIPTION = "report parts: unique together"

INDEXES = (
    "CREATE UNIQUE INDEX report_part_one ON report_part (conference, key)",
    "CREATE UNIQUE INDEX connection_one ON connection (conference, person, room)",
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="plenary", description=DESCRIPTION)

    async def run() -> None:
        for statement in INDEXES:
            await db.engine().run_ddl(statement)

    manager.add_raw(run)
    return manager
