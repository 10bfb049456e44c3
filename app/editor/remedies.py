"""The edit that would cure a finding of a draft, for pages without the grid. Pure."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from agenda.cures import cure
from agenda.edits import line
from agenda.finding import Finding
from agenda.model import SlotId
from app.editor import steps
from app.editor.desk import Desk, details
from app.editor.facts import Facts, changed
from app.editor.steps import Step


def remedy(finding: Finding, desk: Desk, *, now: datetime) -> Step | None:
    """What helps, or None where no edit does and a person has to say something."""
    if finding.cure == "confirm" and finding.session is not None:
        present = details(desk, "sessions", finding.session)
        row = changed("sessions", finding.session, present or {}, {"state": None})
        return steps.of(Facts(rows=(row,))) if row is not None else None
    found = cure(
        finding,
        desk.schedule,
        desk.examination.index.ground.rules,
        new_slot=lambda _session: SlotId(str(uuid4())),
        locked=desk.locked,
        line=line(desk.schedule, now=now),
    )
    return steps.of(found.edit) if found is not None and found.edit is not None else None
