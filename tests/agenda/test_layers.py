"""The one dependency rule: app → agenda, app → media's grants, events, TURN, registry; never back or sideways."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
OURS = {"agenda", "app", "media"}
MAY_IMPORT = {
    "agenda": {"agenda"},
    "media": {"media"},
    "app": {
        "app",
        "agenda",
        "media.access",
        "media.grant",
        "media.events",
        "media.turn",
        "media.registry",
        "media.errors",
    },
}
CLOCK_CALLS = {"now", "utcnow", "today", "time", "time_ns", "monotonic", "perf_counter"}
AGENDA_MAY_USE = {"agenda", "defusedxml", "icalendar", *sys.stdlib_module_names}
SOLVER_MAY_USE = AGENDA_MAY_USE | {"numpy", "ortools"}


def _sources(package: str) -> list[Path]:
    return sorted((REPOSITORY / package).rglob("*.py"))


def _imports(path: Path) -> Iterator[str]:
    """The modules that a file imports, with the names taken from them."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            module = node.module or ""
            yield from (f"{module}.{alias.name}" for alias in node.names)


def _is_allowed(module: str, allowed: set[str]) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in allowed)


@pytest.mark.parametrize("package", sorted(MAY_IMPORT))
def test_a_package_imports_only_what_it_may(package: str) -> None:
    wrong = [
        f"{path.relative_to(REPOSITORY)} imports {module}"
        for path in _sources(package)
        for module in _imports(path)
        if module.split(".")[0] in OURS and not _is_allowed(module, MAY_IMPORT[package])
    ]
    assert wrong == []


def test_the_agenda_uses_little_but_the_standard_library() -> None:
    wrong = [
        f"{path.relative_to(REPOSITORY)} imports {module}"
        for path in _sources("agenda")
        for module in _imports(path)
        if module.split(".")[0]
        not in (SOLVER_MAY_USE if "solver" in path.parts else AGENDA_MAY_USE)
    ]
    assert wrong == []


def test_the_agenda_reads_no_clock() -> None:
    wrong = [
        f"{path.relative_to(REPOSITORY)}:{node.lineno} calls {node.func.attr}"
        for path in _sources("agenda")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id in {"datetime", "date", "time"}
        and node.func.attr in CLOCK_CALLS
    ]
    assert wrong == []


def test_the_agenda_runs_without_web_database_and_media() -> None:
    program = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"litestar", "piccolo", "aiortc", "av", "redis", "app", "media"}:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
import importlib, pkgutil
import agenda
for module in pkgutil.walk_packages(agenda.__path__, "agenda."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
from agenda.formats import read
print(len(read("empty.xml", b"<schedule/>").schedule.slots))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, timeout=60
    )
    assert (done.stdout, done.stderr) == ("0\n", "")
