"""The agenda's command line: `python -m agenda inspect FILE... [options]`."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agenda.errors import Unreadable
from agenda.formats import read_all
from agenda.inspect import summary

EXIT_UNREADABLE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0, or 2 with one sentence on standard error."""
    options = _parser().parse_args(arguments)
    try:
        found = _figures(options)
    except Unreadable as error:
        print(error.sentence, file=sys.stderr)
        return EXIT_UNREADABLE
    _print(found, as_json=options.json)
    return 0


def _figures(options: argparse.Namespace) -> dict[str, Any]:
    columns = dict(_mapping(pair) for pair in options.map)
    files = [(path.name, _content(path)) for path in options.files]
    try:
        return summary(read_all(files, zone=options.zone, columns=columns))
    except Unreadable as error:
        if len(files) > 1:
            raise
        raise Unreadable(f"{files[0][0]}: {error.sentence}") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="agenda", description="Read conference schedules.")
    commands = parser.add_subparsers(required=True)
    inspect = commands.add_parser(
        "inspect", help="show what an import would read; several files are one export"
    )
    inspect.add_argument("files", nargs="+", type=Path, metavar="FILE")
    inspect.add_argument("--zone", help="the conference's time zone, such as Europe/Brussels")
    inspect.add_argument(
        "--map",
        action="append",
        default=[],
        metavar="FIELD=COLUMN",
        help="which column of a table holds a field, such as room=Location; may be repeated",
    )
    inspect.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def _mapping(pair: str) -> tuple[str, str]:
    field, equals, column = pair.partition("=")
    if not (field and equals and column):
        raise Unreadable(f"--map takes FIELD=COLUMN, not “{pair}”.")
    return field.strip(), column


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        reason = (error.strerror or "it cannot be opened").lower()
        raise Unreadable(f"{path} cannot be read: {reason}.") from error


def _print(figures: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(figures, ensure_ascii=False, indent=2))
        return
    warnings = figures.pop("warnings")
    width = max(len(name) for name in figures)
    for name, value in figures.items():
        print(f"{name.replace('_', ' '):{width}}  {'–' if value is None else value}")
    for code, count in Counter(warning["code"] for warning in warnings).most_common():
        first = next(warning for warning in warnings if warning["code"] == code)
        print(f"{count} × {code}, first: {first['where']}: {first['message']}")


if __name__ == "__main__":
    sys.exit(main())
