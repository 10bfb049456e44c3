"""What a benchmark answers, and how it is shown."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Figure = float | int | str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Figures of one benchmark. `most` and `least` are the targets, keyed by figure; one that
    could not be measured (None) is not met."""

    bench: str
    figures: Mapping[str, Figure]
    most: Mapping[str, float] = field(default_factory=dict)
    least: Mapping[str, float] = field(default_factory=dict)

    @property
    def met(self) -> bool:
        """Whether every target is met."""
        return all(self._holds(key) for key in (*self.most, *self.least))

    def document(self) -> dict[str, Any]:
        """The report as the JSON object that `--json` prints."""
        targets = {key: f"≤ {bound:g}" for key, bound in self.most.items()}
        targets |= {key: f"≥ {bound:g}" for key, bound in self.least.items()}
        return {
            "bench": self.bench,
            "machine": machine(),
            "figures": dict(self.figures),
            "targets": targets,
            "met": self.met,
        }

    def table(self) -> str:
        """The report for people."""
        document = self.document()
        lines = [f"{self.bench}: {'met' if self.met else 'NOT met'}"]
        for key, value in self.figures.items():
            shown = (
                "–" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
            )
            lines.append(f"  {key:<28} {shown:>12}  {document['targets'].get(key, '')}".rstrip())
        return "\n".join(lines)

    def _holds(self, key: str) -> bool:
        value = self.figures.get(key)
        if not isinstance(value, int | float):
            return False
        return value <= self.most.get(key, float("inf")) and value >= self.least.get(
            key, float("-inf")
        )


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // (1 << 20)
    return {
        "cpus": os.cpu_count(),
        "processor": _processor(),
        "memory_mb": memory,
        "kernel": platform.release(),
        "python": platform.python_version(),
    }


def dumps(report: Report) -> str:
    """The report as one line of JSON."""
    return json.dumps(report.document(), ensure_ascii=False)


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        return platform.machine()
    return platform.machine()
