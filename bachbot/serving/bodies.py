"""Reading of the bodies of requests, within a size and a time, before a page is reached."""

import asyncio
from dataclasses import dataclass

from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bachbot.serving.guard import Refuse
from bachbot.serving.refusal import end_request, is_at_most


@dataclass(frozen=True)
class BodyLimits:
    """Limits of the body of a request.

    Parameters
    ----------
    max_bytes : int
        Its size.
    seconds : float
        Time in which it has to arrive.
    """

    max_bytes: int = 8 * 1024
    seconds: float = 15.0


class BodyReader:
    """Reads bodies whole, so that pages never wait for a slow client.

    Parameters
    ----------
    app : ASGI application
        The pages.
    refuse : callable
        Makes the page of an error.
    limits : BodyLimits
        Of each body.
    """

    def __init__(self, app: ASGIApp, refuse: Refuse, limits: BodyLimits | None = None) -> None:
        self._app, self._refuse = app, refuse
        self._limits = limits or BodyLimits()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request, or pass it on to the pages with its body."""
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self._limits.seconds):
                body = await self._read(Request(scope, receive))
        except TimeoutError:
            await self._end(408, "The form took too long to arrive.", scope, receive, send)
        except ClientDisconnect:
            # Nobody is left to send a response to.
            return
        else:
            if body is None:
                await self._end(413, "The form was too large.", scope, receive, send)
            else:
                await self._app(scope, _replay(body, receive), send)

    async def _read(self, request: Request) -> bytes | None:
        """The body; None as soon as it is too long."""
        stated = request.headers.get("content-length", "0")
        if not is_at_most(stated, self._limits.max_bytes):
            return None
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > self._limits.max_bytes:
                return None
        return bytes(body)

    async def _end(
        self, status: int, message: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        response = self._refuse(status, f"{message} Nothing was saved.")
        await end_request(response, scope, receive, send)


def _replay(body: bytes, receive: Receive) -> Receive:
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return messages.pop() if messages else await receive()

    return replay
