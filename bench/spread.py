"""Open files for thousands of connections."""

from __future__ import annotations

import resource


def more_files() -> None:
    """Let this process and what it starts have as many open files as the machine allows."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))
