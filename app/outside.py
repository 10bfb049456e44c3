"""Asking another server, without being led to private addresses."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import json
import socket
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from app.html import gettext as _

MOST_BYTES = 2 * 1024 * 1024
_TIMEOUT = httpx.Timeout(8.0)


class Unreachable(Exception):
    """The other server can't be asked, or its answer makes no sense; the text says why."""


async def get_json(url: str, *, headers: Mapping[str, str], trusted: tuple[str, ...]) -> Any:
    """The JSON at an address. Redirects are not followed. Raises Unreachable."""
    async with _asked("GET", url, headers, trusted) as answer:
        return await _read(answer, urlsplit(url).hostname or "")


async def post(
    url: str, body: bytes, *, headers: Mapping[str, str], trusted: tuple[str, ...]
) -> int:
    """Send bytes to an address; returns the status of the answer. Raises Unreachable."""
    async with _asked("POST", url, headers, trusted, body) as answer:
        return answer.status_code


@contextlib.asynccontextmanager
async def _asked(
    method: str,
    url: str,
    headers: Mapping[str, str],
    trusted: tuple[str, ...],
    body: bytes | None = None,
) -> AsyncIterator[httpx.Response]:
    """The name is resolved once, checked, and that very address is connected to, so that a second
    answer of the name server leads nowhere else. Hosts in `trusted` may be private."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Unreachable(_("The address must begin with https://."))
    host = parts.hostname
    peer = await _peer(host, parts.port or (443 if parts.scheme == "https" else 80), trusted)
    bracketed = f"[{peer}]" if ":" in peer else peer
    port = f":{parts.port}" if parts.port else ""
    query = f"?{parts.query}" if parts.query else ""
    direct = f"{parts.scheme}://{bracketed}{port}{parts.path}{query}"
    named = {**headers, "Host": parts.netloc.rpartition("@")[2]}
    try:
        async with (
            httpx.AsyncClient(timeout=_TIMEOUT, follow_redirects=False, trust_env=False) as client,
            client.stream(
                method, direct, headers=named, content=body, extensions={"sni_hostname": host}
            ) as answer,
        ):
            yield answer
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unreachable(
            _("{host} does not answer: {error}").format(host=host, error=type(error).__name__)
        ) from error


async def _read(answer: httpx.Response, host: str) -> Any:
    if answer.status_code != 200:
        raise Unreachable(
            _("{host} answered with {status}.").format(host=host, status=answer.status_code)
        )
    body = bytearray()
    async for chunk in answer.aiter_bytes():
        body += chunk
        if len(body) > MOST_BYTES:
            raise Unreachable(_("{host} sent more than it should.").format(host=host))
    try:
        return json.loads(body)
    except ValueError as error:
        raise Unreachable(_("{host} sent no JSON.").format(host=host)) from error


async def _peer(host: str, port: int, trusted: tuple[str, ...]) -> str:
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise Unreachable(_("There is no server named {host}.").format(host=host)) from error
    addresses = [str(entry[4][0]) for entry in found]
    if host not in trusted and not all(_public(address) for address in addresses):
        raise Unreachable(
            _(
                "{host} is a private address. Its operator may allow it: PLENARY_TRUSTED_HOSTS."
            ).format(host=host)
        )
    return addresses[0]


def _public(text: str) -> bool:
    address = ipaddress.ip_address(text.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_global
