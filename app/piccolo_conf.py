"""What Piccolo's migration commands look for; the engine is the one that the process bound."""

from __future__ import annotations

from typing import Any

from piccolo.conf.apps import AppRegistry

from app import db

APP_REGISTRY = AppRegistry(apps=["app.piccolo_app"])


def __getattr__(name: str) -> Any:
    if name == "DB":
        return db.engine()
    raise AttributeError(name)
