"""`python -m bench NAME [ARGUMENTS] [--json] [--install-peers]`: run one benchmark.

A benchmark is a module of this package, its dashes written as underscores, with a function
`run() -> Report`, or `run(arguments) -> Report` where it takes some of its own, and, where it compares with somebody else's program, `install_peers() -> None`.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import inspect
import pkgutil
import sys
from types import ModuleType
from typing import Any

import bench
from bench.report import Report, dumps

NOT_BENCHES = ("problems", "report")
# “import” is a word of the language and “report” what a benchmark answers: their modules have
# other names.
MODULES = {"import": "importing", "report": "attendance"}


def main(arguments: list[str]) -> int:
    """Run what the arguments name; 0 when its targets are met, 1 when not, 2 for bad arguments."""
    names = _names()
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument(
        "name", choices=sorted(names), metavar="NAME", help=", ".join(sorted(names))
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--install-peers", action="store_true", help="install what is compared with"
    )
    chosen, own = parser.parse_known_args(arguments)
    module = _module(chosen.name)
    takes_some = bool(inspect.signature(module.run).parameters)
    if own and not takes_some:
        parser.error(f"{chosen.name} takes no arguments: {' '.join(own)}")
    if chosen.install_peers and hasattr(module, "install_peers"):
        module.install_peers()
    report = module.run(own) if takes_some else module.run()
    print(_json(report) if chosen.json else report.table())
    return 0 if report.met else 1


def _json(report: Any) -> str:
    """A report as JSON; a benchmark whose object has another shape brings its own `dumps`."""
    return dumps(report) if isinstance(report, Report) else str(report.dumps())


def _names() -> list[str]:
    modules = (module.name for module in pkgutil.iter_modules(bench.__path__))
    called = {module: name for name, module in MODULES.items()}
    return [
        called.get(name, name.replace("_", "-"))
        for name in modules
        if not name.startswith("_") and name not in NOT_BENCHES and _is_bench(name)
    ]


def _is_bench(name: str) -> bool:
    spec = importlib.util.find_spec(f"bench.{name}")
    return spec is not None and spec.origin is not None and _has_run(spec.origin)


def _has_run(path: str) -> bool:
    with open(path, encoding="utf-8") as source:
        return any(line.startswith("def run(") for line in source)


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"bench.{MODULES.get(name, name.replace('-', '_'))}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
