"""The structure of tagged PDFs, for the tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


def leaves(element: Any) -> Iterator[Any]:
    """Every structure element below one."""
    kids = element.get("/K", [])
    for kid in kids if isinstance(kids, list) else [kids]:
        held = kid.get_object()
        if isinstance(held, dict) and held.get("/Type") == "/StructElem":
            yield held
            yield from leaves(held)
