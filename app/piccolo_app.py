"""The suite's tables and migrations, as Piccolo's commands want them registered."""

from __future__ import annotations

from pathlib import Path

from piccolo.conf.apps import AppConfig

from app.schema import tables

APP_CONFIG = AppConfig(
    app_name="plenary",
    migrations_folder_path=str(Path(__file__).parent / "migrations"),
    table_classes=tables(),
    migration_dependencies=[],
    commands=[],
)
