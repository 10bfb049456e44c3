"""What can be wrong with a request to the media node, as exceptions that carry their facts."""

from __future__ import annotations


class MediaError(Exception):
    """A request that the node refuses; `status` is the HTTP status that says so."""

    status = 400
    title = "Bad request"


class BadOffer(MediaError):
    """The session description cannot be read, or asks for something impossible."""

    title = "The offer cannot be read"


class NotAcceptable(MediaError):
    """The offer is well formed, but holds nothing that the node can carry."""

    status = 406
    title = "No common codec"


class NoGrant(MediaError):
    """There is no grant, or it is not valid (any more)."""

    status = 401
    title = "A valid grant is needed"


class NotGranted(MediaError):
    """The grant is valid and does not allow this."""

    status = 403
    title = "The grant does not allow this"


class Missing(MediaError):
    """There is nothing at this address."""

    status = 404
    title = "Not found"


class WrongMethod(MediaError):
    """The address exists and does not know this method."""

    status = 405
    title = "Method not allowed"

    def __init__(self, method: str, allow: str) -> None:
        super().__init__(f"{method} is not known here; {allow} are")
        self.allow = allow


class Stale(MediaError):
    """If-Match names another ICE session than the present one."""

    status = 412
    title = "The ICE session has changed"


class MatchNeeded(MediaError):
    """A PATCH without If-Match."""

    status = 428
    title = "If-Match is needed"


class TooLarge(MediaError):
    """The body is longer than any honest one."""

    status = 413
    title = "The body is too large"


class WrongType(MediaError):
    """The body is of a type that is not read here."""

    status = 415
    title = "Unsupported content type"


class NoRestart(MediaError):
    """An ICE restart by PATCH; RFC 9725 lets a server refuse it with 422."""

    status = 422
    title = "ICE restart is not supported"

    def __init__(self) -> None:
        super().__init__("Send a new POST with the same grant: it takes over this session’s place")


class Full(MediaError):
    """A limit of the node, the room or the grant is reached."""

    status = 503
    title = "No place left"

    def __init__(self, what: str, limit: int, retry_after: int = 10) -> None:
        super().__init__(f"{what} has its {limit} already")
        self.retry_after = retry_after
        self.broadcast: str | None = None


class Draining(MediaError):
    """The node is shutting down and takes nobody new."""

    status = 503
    title = "The node is shutting down"
    retry_after = 5
