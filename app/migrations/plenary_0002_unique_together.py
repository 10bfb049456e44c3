"""What Piccolo's columns can't say: pairs that are unique, and partial indexes."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app import db

ID = "2026-11-23T23:59:00:000002"
VERSION = "1.38.0"
DESCRIPTION = "unique together"

INDEXES = (
    "CREATE UNIQUE INDEX membership_one ON membership (conference, person, role)",
    "CREATE UNIQUE INDEX room_slug_one ON room (conference, slug)",
    "CREATE UNIQUE INDEX release_number_one ON release (conference, number)",
    "CREATE UNIQUE INDEX star_one ON star (person, session)",
    "CREATE UNIQUE INDEX phase_change_one ON phase_change (slot, phase)",
    "CREATE UNIQUE INDEX registration_one ON registration (conference, person)",
    "CREATE UNIQUE INDEX sponsor_slug_one ON sponsor (conference, slug)",
    "CREATE UNIQUE INDEX sponsor_staff_one ON sponsor_staff (sponsor, person)",
    "CREATE UNIQUE INDEX consent_standing_one ON consent (sponsor, person) WHERE revoked_at IS NULL",
    "CREATE UNIQUE INDEX job_key_open_one ON job (key) WHERE state IN ('queued', 'running')",
    "CREATE INDEX presence_open ON presence (conference, room) WHERE left_at IS NULL",
    "CREATE INDEX outbox_waiting ON outbox (due_at) WHERE delivered_at IS NULL",
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="plenary", description=DESCRIPTION)

    async def run() -> None:
        for statement in INDEXES:
            await db.engine().run_ddl(statement)

    manager.add_raw(run)
    return manager
