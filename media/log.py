"""Logs as sentences with facts, on the standard library alone: the node's memory is counted."""

from __future__ import annotations

import logging
import sys


class Log:
    """Writes a sentence and its facts to the standard logger of a module."""

    def __init__(self, name: str) -> None:
        self._logger = logging.getLogger(name)

    def debug(self, sentence: str, **facts: object) -> None:
        self._write(logging.DEBUG, sentence, facts)

    def info(self, sentence: str, **facts: object) -> None:
        self._write(logging.INFO, sentence, facts)

    def warning(self, sentence: str, **facts: object) -> None:
        self._write(logging.WARNING, sentence, facts)

    def exception(self, sentence: str, **facts: object) -> None:
        """An error, with the traceback of the exception that is being handled."""
        self._write(logging.ERROR, sentence, facts, trace=True)

    def _write(
        self, level: int, sentence: str, facts: dict[str, object], *, trace: bool = False
    ) -> None:
        if self._logger.isEnabledFor(level):
            words = [sentence, *(f"{name}={value}" for name, value in facts.items())]
            self._logger.log(level, "%s", " ".join(words), exc_info=trace)


def write_to_stdout() -> None:
    """Set up logging for a process of its own."""
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s [%(levelname)s] %(message)s",
        datefmt="%Y-%m-%d %H:%M:%S",
        stream=sys.stdout,
    )
    for noisy in ("httpx", "httpcore", "aioice", "aiortc"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
