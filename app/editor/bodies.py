"""What the editor's pages send."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar import Request
from litestar.exceptions import ClientException, SerializationException


async def json_body(request: Request[Any, Any, Any]) -> Mapping[str, Any]:
    """The object in a request's body. Raises ClientException for anything else."""
    try:
        held = await request.json()
    except (SerializationException, ValueError) as error:
        raise ClientException("this is no JSON") from error
    if not isinstance(held, dict):
        raise ClientException("an object is wanted")
    return held
