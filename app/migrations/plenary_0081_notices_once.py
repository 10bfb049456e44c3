"""One invitation for a slot and person, one design, mode and wish of a kind, one draft."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app import db

ID = "2026-11-25T01:20:00:000002"
VERSION = "1.38.0"
DESCRIPTION = "notices once"

INDEXES = (
    "CREATE UNIQUE INDEX invitation_one ON invitation (slot, person)",
    "CREATE UNIQUE INDEX calendar_wish_one ON calendar_wish (conference, person)",
    "CREATE UNIQUE INDEX badge_design_one ON badge_design (conference, ticket_type)",
    "CREATE UNIQUE INDEX mute_one ON mute (conference, person, kind)",
    "CREATE UNIQUE INDEX notice_mode_one ON notice_mode (conference, kind)",
    "CREATE UNIQUE INDEX notice_draft_one ON notice (conference, kind)"
    " WHERE state = 'draft' AND kind <> 'message'",
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="plenary", description=DESCRIPTION)

    async def run() -> None:
        for statement in INDEXES:
            await db.engine().run_ddl(statement)

    manager.add_raw(run)
    return manager
