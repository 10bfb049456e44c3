"""One cue of a kind for a slot and person, one pin for a slot, one hand that is up."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app import db

ID = "2026-11-25T00:30:00:000002"
VERSION = "1.38.0"
DESCRIPTION = "stage cues once"

INDEXES = (
    "CREATE UNIQUE INDEX stage_cue_one ON stage_cue (slot, kind, person)",
    "CREATE UNIQUE INDEX stage_cue_pin_one ON stage_cue (slot) WHERE kind = 'pin'",
    "CREATE UNIQUE INDEX hand_up_one ON hand (slot, person) WHERE state <> 'lowered'",
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="plenary", description=DESCRIPTION)

    async def run() -> None:
        for statement in INDEXES:
            await db.engine().run_ddl(statement)

    manager.add_raw(run)
    return manager
