"""Registration: what may be there once only."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app import db

ID = "2026-11-25T01:10:00:000002"
VERSION = "1.38.0"
DESCRIPTION = "registration, unique together"

INDEXES = (
    "CREATE UNIQUE INDEX application_one ON application (conference, person)",
    "CREATE INDEX application_queue ON application (ticket, state)",
    "CREATE UNIQUE INDEX personal_link_one ON personal_link (conference, person)",
    "CREATE UNIQUE INDEX consent_text_version_one ON consent_text (conference, key, version)",
    "CREATE UNIQUE INDEX agreement_standing_one ON agreement (person, text) WHERE revoked_at IS NULL",
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="plenary", description=DESCRIPTION)

    async def run() -> None:
        for statement in INDEXES:
            await db.engine().run_ddl(statement)

    manager.add_raw(run)
    return manager
