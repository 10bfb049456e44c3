"""Keeps out of a process what would load only because it is installed: megabytes that nobody uses."""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Iterator


def spare(*names: str) -> None:
    """Tell every library that asks for one of these, in case it is there, that it is not.

    For the whole life of the process; one that is loaded already stays.
    """
    for name in names:
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]


@contextlib.contextmanager
def hidden(name: str) -> Iterator[None]:
    """The same only inside of the block: what is loaded there does without, others may not."""
    if name in sys.modules:
        yield
        return
    spare(name)
    try:
        yield
    finally:
        del sys.modules[name]


def spare_in_web() -> None:
    """structlog would draw tracebacks with rich; redis and our grants sign tokens by PyJWT, which
    needs cryptography for other keys than ours."""
    spare("rich")
    with hidden("cryptography"):
        importlib.import_module("jwt")


def spare_in_workers() -> None:
    """The same, and httpx has a command line made with click, which only uvicorn needs."""
    spare("click")
    spare_in_web()
