"""What Piccolo's columns can't say of booths: pairs that are unique."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app import db

ID = "2026-11-25T01:00:00:000002"
VERSION = "1.38.0"
DESCRIPTION = "booths: unique together"

INDEXES = (
    "CREATE UNIQUE INDEX sponsor_tier_one ON sponsor_tier (conference, name)",
    "CREATE UNIQUE INDEX sponsor_session_one ON sponsor_session (sponsor, session)",
    "CREATE UNIQUE INDEX lead_card_one ON lead_card (sponsor, person)",
    "CREATE UNIQUE INDEX booth_meeting_one ON booth_meeting (sponsor, start)"
    " WHERE state = 'booked'",
    "CREATE UNIQUE INDEX draw_entry_one ON draw_entry (draw, person)",
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="plenary", description=DESCRIPTION)

    async def run() -> None:
        for statement in INDEXES:
            await db.engine().run_ddl(statement)

    manager.add_raw(run)
    return manager
