"""Everything that can be set about the broadcast process, in one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the broadcast runs; built once, in `media.broadcast.__main__`.

    `node` is http://host:port or unix:/path of the media node. Exactly one of `socket` and `http`
    says where playlists are given out. Segments lie in `folder` for `keep_s` seconds, or longer
    where a wish says so.
    """

    secret: str = field(repr=False)
    node: str
    folder: Path
    socket: str | None = None
    http: tuple[str, int] | None = None
    keep_s: float = 3 * 3600.0
    voices: int = 6


def settings_from(environment: Mapping[str, str]) -> Settings:
    """The settings that these variables describe; raises ValueError in words."""
    secret = environment.get("PLENARY_SECRET_MEDIA", "")
    if len(secret) < 16:
        raise ValueError("PLENARY_SECRET_MEDIA must be set, to at least 16 characters")
    var = environment.get("PLENARY_VAR", "")
    folder = environment.get("PLENARY_HLS_FOLDER") or (f"{var}/hls" if var else "")
    if not folder:
        raise ValueError("Set PLENARY_HLS_FOLDER (where segments are kept)")
    http = environment.get("PLENARY_HLS_HTTP", "")
    socket = environment.get("PLENARY_HLS_SOCKET") or (f"{var}/run/hls.sock" if var else "")
    if not socket and not http:
        raise ValueError("Set PLENARY_HLS_SOCKET (a path) or PLENARY_HLS_HTTP (host:port)")
    host, _, port = http.rpartition(":")
    if http and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise ValueError(f"PLENARY_HLS_HTTP holds no port: {port!r}")
    return Settings(
        secret=secret,
        node=_node(environment),
        folder=Path(folder),
        socket=None if http else socket,
        http=(host, int(port)) if http else None,
        keep_s=3600.0 * float(environment.get("PLENARY_HLS_KEEP_HOURS", "") or 3),
    )


def _node(environment: Mapping[str, str]) -> str:
    socket, http = environment.get("PLENARY_MEDIA_SOCKET"), environment.get("PLENARY_MEDIA_HTTP")
    if socket:
        return f"unix:{socket}"
    if http:
        return http if "://" in http else f"http://{http}"
    raise ValueError("Set PLENARY_MEDIA_SOCKET or PLENARY_MEDIA_HTTP: where the media node is")
