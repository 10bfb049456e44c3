"""Everything that an operator can set, read once at the process entry."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path

from media.turn import Turn, turn_from

ROOT = Path(__file__).resolve().parent.parent


class BadSetting(ValueError):
    """A setting that can't be used; the text says which and what to write instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Smtp:
    """Where mail goes. Without one it goes into a folder."""

    host: str
    port: int
    user: str | None
    password: str | None
    starttls: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveKit:
    """The LiveKit server that carries the rooms instead of our own node, and our key to it."""

    url: str
    api_url: str
    key: str
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dkim:
    """What outgoing mail is signed with: the private key's file, and where its public half stands."""

    key: Path
    selector: str
    domain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class S3:
    """The bucket that holds recordings. Keys come from the AWS_… variables that boto3 reads."""

    bucket: str
    endpoint: str | None
    region: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One deployment's settings. Paths are absolute, ports are numbers, secrets are bytes of text."""

    var: Path
    base_url: str
    http_host: str
    http_port: int
    udp_port: int
    media_addresses: tuple[str, ...]
    media_socket: Path
    hls_socket: Path
    database_url: str
    redis_url: str
    secret: str
    media_secret: str
    turn: Turn
    livekit: LiveKit | None
    mail_from: str
    mail_bounces: str
    mail_inbox: Path | None
    dkim: Dkim | None
    smtp: Smtp | None
    s3: S3 | None
    trusted_proxies: tuple[str, ...]
    trusted_hosts: tuple[str, ...]
    operators: tuple[str, ...]
    certificate: Path | None
    certificate_key: Path | None
    demo: bool

    @property
    def secure(self) -> bool:
        """True where browsers reach us by https."""
        return self.base_url.startswith("https://")

    @property
    def media_origins(self) -> tuple[str, ...]:
        """Where browsers connect to for media besides our own address."""
        if self.livekit is None:
            return ()
        return (self.livekit.url, self.livekit.url.replace("ws", "http", 1))

    @property
    def mail_folder(self) -> Path:
        return self.var / "mail"

    @property
    def files(self) -> Path:
        """Where jobs leave what they made."""
        return self.var / "files"


def _port(env: Mapping[str, str], name: str, default: int) -> int:
    text = env.get(name, "").strip()
    if not text:
        return default
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise BadSetting(f"{name} must be a port between 1 and 65535, not “{text}”")
    return int(text)


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _secret(env: Mapping[str, str], var: Path, name: str, file: str) -> str:
    if env.get(name):
        return env[name]
    path = var / file
    try:
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        raise BadSetting(
            f"no secret: set {name}, or start with ./plenary, which makes {path}"
        ) from None


def _smtp(env: Mapping[str, str]) -> Smtp | None:
    host = env.get("PLENARY_SMTP_HOST")
    if not host:
        return None
    return Smtp(
        host=host,
        port=_port(env, "PLENARY_SMTP_PORT", 587),
        user=env.get("PLENARY_SMTP_USER") or None,
        password=env.get("PLENARY_SMTP_PASSWORD") or None,
        starttls=env.get("PLENARY_SMTP_STARTTLS", "1") != "0",
    )


def _turn(env: Mapping[str, str]) -> Turn:
    try:
        return turn_from(env)
    except ValueError as error:
        raise BadSetting(str(error)) from error


def _livekit(env: Mapping[str, str]) -> LiveKit | None:
    url = env.get("PLENARY_LIVEKIT_URL", "").rstrip("/")
    if not url:
        return None
    if not url.startswith(("ws://", "wss://")):
        raise BadSetting(f"PLENARY_LIVEKIT_URL must begin with ws:// or wss://, not “{url}”")
    key, secret = env.get("PLENARY_LIVEKIT_KEY"), env.get("PLENARY_LIVEKIT_SECRET")
    if not key or not secret:
        raise BadSetting("PLENARY_LIVEKIT_URL needs PLENARY_LIVEKIT_KEY and PLENARY_LIVEKIT_SECRET")
    api_url = env.get("PLENARY_LIVEKIT_API_URL") or url.replace("ws", "http", 1)
    return LiveKit(url=url, api_url=api_url.rstrip("/"), key=key, secret=secret)


def _dkim(env: Mapping[str, str], mail_from: str) -> Dkim | None:
    key = env.get("PLENARY_DKIM_KEY")
    if not key:
        return None
    if not Path(key).is_file():
        raise BadSetting(
            f"PLENARY_DKIM_KEY: there is no file {key}; make it with ./plenary mail --dkim-key"
        )
    domain = env.get("PLENARY_DKIM_DOMAIN") or parseaddr(mail_from)[1].rpartition("@")[2]
    selector = env.get("PLENARY_DKIM_SELECTOR") or "plenary"
    return Dkim(key=Path(key), selector=selector, domain=domain)


def _s3(env: Mapping[str, str]) -> S3 | None:
    bucket = env.get("PLENARY_S3_BUCKET")
    if not bucket:
        return None
    return S3(
        bucket=bucket,
        endpoint=env.get("PLENARY_S3_ENDPOINT") or None,
        region=env.get("PLENARY_S3_REGION") or None,
    )


def _certificate(env: Mapping[str, str]) -> tuple[Path | None, Path | None]:
    cert, key = env.get("PLENARY_TLS_CERT"), env.get("PLENARY_TLS_KEY")
    if bool(cert) != bool(key):
        raise BadSetting("PLENARY_TLS_CERT and PLENARY_TLS_KEY belong together: set both or none")
    for path in (cert, key):
        if path and not Path(path).is_file():
            raise BadSetting(f"the TLS file {path} does not exist")
    return (Path(cert), Path(key)) if cert and key else (None, None)


def from_environment(env: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings of this process.

    Raises BadSetting with a sentence that names the variable.
    """
    var = Path(env.get("PLENARY_VAR") or ROOT / "var").resolve()
    http_port = _port(env, "PLENARY_HTTP_PORT", 8080)
    certificate, certificate_key = _certificate(env)
    scheme = "https" if certificate else "http"
    base_url = (env.get("PLENARY_BASE_URL") or f"{scheme}://localhost:{http_port}").rstrip("/")
    if not base_url.startswith(("http://", "https://")):
        raise BadSetting(f"PLENARY_BASE_URL must begin with http:// or https://, not “{base_url}”")
    mail_from = env.get("PLENARY_MAIL_FROM") or "plenary@localhost"
    inbox = env.get("PLENARY_MAIL_INBOX")
    return Settings(
        var=var,
        base_url=base_url,
        http_host=env.get("PLENARY_HTTP_HOST") or "0.0.0.0",
        http_port=http_port,
        udp_port=_port(env, "PLENARY_UDP_PORT", 7900),
        media_addresses=_names(env.get("PLENARY_MEDIA_ADDRESSES", "")),
        media_socket=Path(env.get("PLENARY_MEDIA_SOCKET") or var / "run" / "media.sock"),
        hls_socket=Path(env.get("PLENARY_HLS_SOCKET") or var / "run" / "hls.sock"),
        database_url=env.get("PLENARY_DATABASE_URL") or f"sqlite:///{var / 'plenary.sqlite'}",
        redis_url=env.get("REDIS_URL") or f"unix://{var / 'run' / 'redis.sock'}",
        secret=_secret(env, var, "PLENARY_SECRET", "secret"),
        media_secret=_secret(env, var, "PLENARY_SECRET_MEDIA", "secret-media"),
        turn=_turn(env),
        livekit=_livekit(env),
        mail_from=mail_from,
        mail_bounces=env.get("PLENARY_MAIL_BOUNCES") or parseaddr(mail_from)[1] or mail_from,
        mail_inbox=Path(inbox).resolve() if inbox else None,
        dkim=_dkim(env, mail_from),
        smtp=_smtp(env),
        s3=_s3(env),
        trusted_proxies=_names(env.get("PLENARY_TRUSTED_PROXIES", "")),
        trusted_hosts=_names(env.get("PLENARY_TRUSTED_HOSTS", "")),
        operators=_names(env.get("PLENARY_OPERATORS", "").lower()),
        certificate=certificate,
        certificate_key=certificate_key,
        demo=env.get("PLENARY_DEMO") == "1",
    )
