"""The agenda's command line: `python -m agenda inspect FILE...`, `convert FILE... --to FORMAT`."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agenda.errors import AgendaError, Unreadable
from agenda.formats import Imported, export, read_all
from agenda.inspect import summary

EXIT_UNREADABLE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0, or 2 with one sentence on standard error."""
    options = _parser().parse_args(arguments)
    try:
        imported = _read(options)
        if options.command == "convert":
            sys.stdout.buffer.write(_converted(imported, options))
        else:
            _print(summary(imported), as_json=options.json)
    except AgendaError as error:
        print(error, file=sys.stderr)
        return EXIT_UNREADABLE
    return 0


def _converted(imported: Imported, options: argparse.Namespace) -> bytes:
    """The schedule, or the chosen part of it, in another format."""
    schedule = imported.schedule
    if options.track or options.room or options.person:
        chosen = export.slots_of(
            schedule, track=options.track, room=options.room, person=options.person
        )
        schedule = export.part_of(schedule, chosen)
    newest = max((path.stat().st_mtime for path in options.files), default=0.0)
    return export.write(schedule, options.to, revised=datetime.fromtimestamp(newest, UTC))


def _read(options: argparse.Namespace) -> Imported:
    columns = dict(_mapping(pair) for pair in options.map)
    files = [(path.name, _content(path)) for path in options.files]
    try:
        return read_all(files, zone=options.zone, columns=columns)
    except Unreadable as error:
        if len(files) > 1:
            raise
        raise Unreadable(f"{files[0][0]}: {error.sentence}") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="agenda", description="Read conference schedules.")
    commands = parser.add_subparsers(required=True, dest="command")
    inspect = commands.add_parser(
        "inspect", help="show what an import would read; several files are one export"
    )
    inspect.add_argument("--json", action="store_true", help="print one JSON object")
    convert = commands.add_parser("convert", help="write the schedule in another format")
    convert.add_argument("--to", required=True, choices=export.FORMATS)
    for part in ("track", "room", "person"):
        convert.add_argument(f"--{part}", default="", help=f"only this {part}'s, by name")
    for command in (inspect, convert):
        command.add_argument("files", nargs="+", type=Path, metavar="FILE")
        command.add_argument("--zone", help="the conference's time zone, such as Europe/Brussels")
        command.add_argument(
            "--map",
            action="append",
            default=[],
            metavar="FIELD=COLUMN",
            help="which column of a table holds a field, such as room=Location; may be repeated",
        )
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
