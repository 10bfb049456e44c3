"""One policy for a conference, one refusal of a person, one recording of a slot."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app import db

ID = "2026-11-25T00:40:00:000002"
VERSION = "1.38.0"
DESCRIPTION = "recordings once"

INDEXES = (
    "CREATE UNIQUE INDEX recording_policy_one ON recording_policy (conference)",
    "CREATE UNIQUE INDEX recording_refusal_one ON recording_refusal (conference, person)",
    "CREATE UNIQUE INDEX recording_one ON recording (conference, slot)",
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="plenary", description=DESCRIPTION)

    async def run() -> None:
        for statement in INDEXES:
            await db.engine().run_ddl(statement)

    manager.add_raw(run)
    return manager
