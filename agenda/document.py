"""A schedule as one JSON-able document, and back, without loss."""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, NewType, TypeVar, Union, get_args, get_origin, get_type_hints

from agenda.errors import Unreadable
from agenda.model import Json, Schedule

VERSION = 1

T = TypeVar("T")

Codec = tuple[Callable[[Any], Any], Callable[[Any], Any]]

_SCALARS: dict[Any, Codec] = {
    datetime: (datetime.isoformat, datetime.fromisoformat),
    date: (date.isoformat, date.fromisoformat),
    time: (time.isoformat, time.fromisoformat),
    timedelta: (timedelta.total_seconds, lambda seconds: timedelta(seconds=seconds)),
}


def dump(schedule: Schedule) -> dict[str, Json]:
    """The schedule as plain dicts, lists, texts and numbers. Fields at their default are left out.

    Instants are ISO 8601, durations seconds.
    """
    return {"version": VERSION, **_codec(Schedule)[0](schedule)}


def load(document: Mapping[str, Any]) -> Schedule:
    """The schedule that `dump` wrote: `load(dump(s)) == s`. Raises Unreadable for anything else."""
    if document.get("version") != VERSION:
        raise Unreadable("This is not a stored schedule of a version that is known here.")
    try:
        schedule: Schedule = _codec(Schedule)[1](document)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise Unreadable(f"The stored schedule is damaged: {error}.") from error
    return schedule


def dump_value(value: Any) -> Any:
    """Any value of the domain in the same form, such as rules or a frame."""
    return _codec(type(value))[0](value)


def load_value(kind: type[T], document: Any) -> T:
    """The value of that kind which `dump_value` wrote. Raises Unreadable for anything else."""
    try:
        value: T = _codec(kind)[1](document)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise Unreadable(f"This is no {kind.__name__}: {error}.") from error
    return value


_known: dict[Any, Codec] = {}


def _codec(kind: Any) -> Codec:
    if kind not in _known:
        _known[kind] = _make(kind)
    return _known[kind]


def _same(value: Any) -> Any:
    return value


def _make(kind: Any) -> Codec:
    if isinstance(kind, NewType):
        return _codec(kind.__supertype__)
    if kind in _SCALARS:
        return _SCALARS[kind]
    if is_dataclass(kind):
        return _value_codec(kind)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return str, kind
    origin = get_origin(kind)
    if origin is tuple:
        return _tuple_codec(_codec(get_args(kind)[0]))
    if origin in (Union, types.UnionType) and len(get_args(kind)) == 2:
        (inner,) = (part for part in get_args(kind) if part is not types.NoneType)
        return _optional_codec(_codec(inner))
    if origin is frozenset:
        return sorted, frozenset
    if origin is not None and issubclass(origin, Mapping):
        return _mapping_codec(*get_args(kind))
    return _same, _same


def _tuple_codec(item: Codec) -> Codec:
    encode, decode = item
    if encode is _same:
        return list, tuple
    return (lambda values: [encode(v) for v in values]), (
        lambda values: tuple([decode(v) for v in values])
    )


def _mapping_codec(key: Any, item: Any) -> Codec:
    """A mapping by text is a dict; one by pairs of texts is a list of triples."""
    encode, decode = _codec(item)
    if get_origin(key) is tuple:
        return (lambda held: [[*pair, encode(v)] for pair, v in held.items()]), (
            lambda rows: {tuple(row[:-1]): decode(row[-1]) for row in rows}
        )
    if encode is _same:
        return dict, dict
    return (lambda held: {k: encode(v) for k, v in held.items()}), (
        lambda held: {k: decode(v) for k, v in held.items()}
    )


def _optional_codec(item: Codec) -> Codec:
    encode, decode = item
    return (lambda v: None if v is None else encode(v)), (
        lambda v: None if v is None else decode(v)
    )


def _default(spec: Field[Any]) -> Any:
    if spec.default_factory is not MISSING:
        return spec.default_factory()
    return spec.default


def _value_codec(kind: Any) -> Codec:
    hints = get_type_hints(kind)
    parts = [(f.name, _default(f), *_codec(hints[f.name])) for f in fields(kind)]

    def encode(value: Any) -> dict[str, Any]:
        held = ((name, default, enc, getattr(value, name)) for name, default, enc, _ in parts)
        return {name: enc(item) for name, default, enc, item in held if item != default}

    def decode(document: Mapping[str, Any]) -> Any:
        return kind(**{name: dec(document[name]) for name, _, _, dec in parts if name in document})

    return encode, decode
