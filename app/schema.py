"""Every table of the suite, found in the modules that hold them."""

from __future__ import annotations

from importlib import import_module

from piccolo.table import Table

MODULES = (
    "app.accounts.tables",
    "app.conferences.tables",
    "app.programme.tables",
    "app.editor.tables",
    "app.stages.tables",
    "app.attendees.tables",
    "app.registration.tables",
    "app.notices.preference_tables",
    "app.meeting.tables",
    "app.reports.tables",
    "app.sponsors.tables",
    "app.jobs.tables",
    "app.recordings.tables",
    "app.notices.tables",
    "app.live_tables",
    "app.talk.tables",
    "app.afterwards.tables",
    "app.lobby.tables",
)


def tables() -> list[type[Table]]:
    """The tables that these modules define, in order. Piccolo's own finder would load a formatter."""
    return [
        found
        for module in MODULES
        for found in vars(import_module(module)).values()
        if isinstance(found, type) and issubclass(found, Table) and found.__module__ == module
    ]
