"""The web process: uvicorn with the suite in it."""

from __future__ import annotations

from app import lean

# Before anything else is loaded.
lean.spare_in_web()

import sys

import uvicorn

from app import logs
from app.main import create_app
from app.settings import BadSetting, from_environment


def main() -> None:
    logs.configure()
    try:
        settings = from_environment()
    except BadSetting as error:
        sys.exit(f"plenary: {error}")
    uvicorn.run(
        create_app(settings),
        host=settings.http_host,
        port=settings.http_port,
        loop="uvloop",
        http="httptools",
        ws="none",
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=",".join(settings.trusted_proxies) or None,
        ssl_certfile=settings.certificate,
        ssl_keyfile=settings.certificate_key,
        timeout_graceful_shutdown=3,
        server_header=False,
        access_log=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
