"""How a request ends that gets the page of an error."""

import asyncio
from contextlib import suppress

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

_READING_SECONDS, _MAX_READ = 2.0, 64 * 1024
"""Time for, and bytes of, a body that nobody wants."""


class RequestRefused(Exception):  # noqa: N818 - the request is at fault, not the site
    """Ends a request with a page that says why.

    Parameters
    ----------
    status : int
        HTTP status.
    message : str
        One or two sentences for the page.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


async def end_request(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Send the last response of a connection.

    A short body is read first: of a connection that is closed while bytes are on their way, the
    client sees an error and not the response (RFC 9112, section 9.6). A body that is long, or that
    does not say how long it is, is not waited for.

    Parameters
    ----------
    response : Response
        The page that says why nothing else comes.
    scope, receive, send
        As for any ASGI application.
    """
    # Otherwise the unread rest of the request would be taken for the next request.
    response.headers["Connection"] = "close"
    if _has_short_body(scope):
        with suppress(TimeoutError):
            async with asyncio.timeout(_READING_SECONDS):
                await _discard(receive)
    await response(scope, receive, send)


def is_at_most(number: str, limit: int) -> bool:
    """Whether a text is a whole number in ASCII digits, and no larger than a limit."""
    digits = number.lstrip("0") or "0"
    return digits.isascii() and digits.isdigit() and len(digits) <= 18 and int(digits) <= limit


def _has_short_body(scope: Scope) -> bool:
    names = {name for name, _ in scope["headers"]}
    lengths = [value for name, value in scope["headers"] if name == b"content-length"]
    if len(lengths) != 1 or names & {b"transfer-encoding", b"expect"}:
        return False
    return is_at_most(lengths[0].decode("latin-1"), _MAX_READ)


async def _discard(receive: Receive) -> None:
    more = True
    while more:
        more = bool((await receive()).get("more_body", False))
