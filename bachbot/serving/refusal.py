"""How a request ends that gets the page of an error."""

import asyncio
from contextlib import suppress

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

_READING_SECONDS, _READING_BYTES = 2.0, 64 * 1024
"""Of a body that nobody wants."""


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

    A little of the request's body is read first: of a connection that is closed while bytes are
    on their way, the client sees an error and not the response (RFC 9112, section 9.6).

    Parameters
    ----------
    response : Response
        The page that says why nothing else comes.
    scope, receive, send
        As for any ASGI application.
    """
    # Otherwise the unread rest of the request would be taken for the next request.
    response.headers["Connection"] = "close"
    if not any(name == b"expect" for name, _ in scope["headers"]):
        with suppress(TimeoutError):
            async with asyncio.timeout(_READING_SECONDS):
                await _discard(receive)
    await response(scope, receive, send)


async def _discard(receive: Receive) -> None:
    size, more = 0, True
    while more and size < _READING_BYTES:
        message = await receive()
        size += len(message.get("body", b""))
        more = bool(message.get("more_body", False))
