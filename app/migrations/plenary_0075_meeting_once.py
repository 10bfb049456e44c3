"""Meeting people: what may be there once only."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app import db

ID = "2026-11-25T01:10:00:000006"
VERSION = "1.38.0"
DESCRIPTION = "meeting, unique together"

INDEXES = (
    "CREATE UNIQUE INDEX meet_profile_one ON meet_profile (conference, person)",
    "CREATE UNIQUE INDEX meet_block_one ON meet_block (person, other)",
    "CREATE UNIQUE INDEX roulette_waiter_one ON roulette_waiter (conference, person)",
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="plenary", description=DESCRIPTION)

    async def run() -> None:
        for statement in INDEXES:
            await db.engine().run_ddl(statement)

    manager.add_raw(run)
    return manager
