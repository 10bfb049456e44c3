"""Every kind of job: which queue carries it, and who does the work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType

FAST = "fast"
HEAVY = "heavy"

PATIENCE = timedelta(seconds=45)
"""For what takes a second on an idle machine. Rows have leases, so that a job whose worker died is
taken up within LEASE, however long this is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """`work` is `module:function`, loaded only where it runs; `limit` is one attempt's time.

    What a `private` one made is for who asked for it, not for the conference's staff.
    """

    work: str
    queue: str
    limit: timedelta
    most_attempts: int = 3
    private: bool = False


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "badge": Kind(work="app.attendees.badges:make_one", queue=FAST, limit=PATIENCE),
        "certificate": Kind(work="app.attendees.certificates:make_one", queue=FAST, limit=PATIENCE),
        "welcome": Kind(work="app.registration.letters:welcome", queue=FAST, limit=PATIENCE),
        "badges": Kind(
            work="app.attendees.badges:make_all", queue=HEAVY, limit=timedelta(minutes=15)
        ),
        "report": Kind(
            work="app.reports.jobs:make_report", queue=HEAVY, limit=timedelta(minutes=5)
        ),
        "leads": Kind(
            work="app.sponsors.jobs:make_report",
            queue=HEAVY,
            limit=timedelta(minutes=5),
            private=True,
        ),
        "solve": Kind(work="app.editor.solver_job:solve", queue=HEAVY, limit=timedelta(minutes=6)),
        "recording": Kind(
            work="app.recordings.jobs:make_one", queue=HEAVY, limit=timedelta(hours=2)
        ),
        "invites": Kind(
            work="app.attendees.invites:make_all", queue=HEAVY, limit=timedelta(minutes=15)
        ),
    }
)


def kind_of(name: str) -> Kind:
    """Raises KeyError with a sentence for a kind that nobody knows."""
    try:
        return KINDS[name]
    except KeyError:
        raise KeyError(f"there is no job of the kind “{name}”") from None
