"""`python -m media.broadcast`: broadcast rooms, set by the environment."""

from __future__ import annotations

import os
import sys

import uvicorn

from media.broadcast.origin import OriginApp
from media.broadcast.settings import settings_from
from media.log import write_to_stdout


def main() -> int:
    """Serve until a signal ends it; the exit status."""
    try:
        settings = settings_from(os.environ)
    except ValueError as error:
        print(f"broadcast: {error}", file=sys.stderr)
        return 2
    write_to_stdout()
    host, port = settings.http or ("127.0.0.1", 0)
    config = uvicorn.Config(
        OriginApp(settings),
        uds=settings.socket,
        host=host,
        port=port,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        log_level="warning",
        log_config=None,
        timeout_graceful_shutdown=1,
        timeout_keep_alive=75,
        server_header=False,
        backlog=2048,
    )
    server = uvicorn.Server(config)
    server.run()
    return 0 if server.started else 1


if __name__ == "__main__":
    sys.exit(main())
