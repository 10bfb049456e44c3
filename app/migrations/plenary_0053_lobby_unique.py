"""Pairs that are unique in the lobby and afterwards."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app import db

ID = "2026-11-25T00:50:00:000004"
VERSION = "1.38.0"
DESCRIPTION = "unique together in the lobby and afterwards"

INDEXES = (
    "CREATE UNIQUE INDEX rating_one ON rating (session, person)",
    "CREATE UNIQUE INDEX lobby_guest_one ON lobby_guest (conference, person)",
    "CREATE INDEX note_mine ON note (conference, person, session)",
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="plenary", description=DESCRIPTION)

    async def run() -> None:
        for statement in INDEXES:
            await db.engine().run_ddl(statement)

    manager.add_raw(run)
    return manager
