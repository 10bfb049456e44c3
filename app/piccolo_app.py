"""The suite's tables and migrations, as Piccolo wants them registered."""

from __future__ import annotations

from pathlib import Path

from piccolo.conf.apps import AppConfig, table_finder

TABLES = table_finder(
    [
        "app.accounts.tables",
        "app.conferences.tables",
        "app.programme.tables",
        "app.stages.tables",
        "app.attendees.tables",
        "app.sponsors.tables",
        "app.jobs.tables",
        "app.live_tables",
    ],
    exclude_imported=True,
)

APP_CONFIG = AppConfig(
    app_name="plenary",
    migrations_folder_path=str(Path(__file__).parent / "migrations"),
    table_classes=TABLES,
    migration_dependencies=[],
    commands=[],
)
