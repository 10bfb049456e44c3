"""Pairs that are unique in taking part."""

from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from app import db

ID = "2026-11-25T00:50:00:000002"
VERSION = "1.38.0"
DESCRIPTION = "unique together in taking part"

INDEXES = (
    "CREATE UNIQUE INDEX talk_rules_one ON talk_rules (conference, room)",
    "CREATE UNIQUE INDEX stage_question_vote_one ON stage_question_vote (question, person)",
    "CREATE UNIQUE INDEX poll_answer_one ON poll_answer (poll, person)",
    "CREATE UNIQUE INDEX reaction_count_one ON reaction_count (place, sign)",
    "CREATE UNIQUE INDEX restraint_one ON restraint (conference, person, kind)",
    "CREATE INDEX chat_message_recent ON chat_message (room, created_at)",
)


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="plenary", description=DESCRIPTION)

    async def run() -> None:
        for statement in INDEXES:
            await db.engine().run_ddl(statement)

    manager.add_raw(run)
    return manager
