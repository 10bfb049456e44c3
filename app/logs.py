"""Logs: one line for each sentence, and tracebacks without the values of variables.

structlog's own choice prints every local variable of every frame, secrets and mail bodies too.
"""

from __future__ import annotations

import logging

import structlog


def configure() -> None:
    """Set up the logs of this process; called once at its entry."""
    logging.basicConfig(level=logging.WARNING, format="%(name)s: %(message)s")
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S", utc=True),
            structlog.dev.ConsoleRenderer(
                colors=False, exception_formatter=structlog.dev.plain_traceback
            ),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
    )
