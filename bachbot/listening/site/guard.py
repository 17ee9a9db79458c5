"""What stands before every page: who asks, how often, how much is sent, and the headers."""

import asyncio

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bachbot.listening.site.security import Buckets, Rate, Visitor, visitor_of
from bachbot.listening.site.site import Site

LARGEST = 8 * 1024
"""Bytes of a form."""

PATIENCE = 15
"""Seconds in which a form has to arrive."""

SESSION_READS = Rate(200, 20)
SESSION_WRITES = Rate(40, 4)
STRANGERS = Rate(600, 20)
"""Requests of an address without a session: a lecture room may come in through one."""
NEWCOMERS = Rate(300, 1)
"""Participants that an address may bring."""
ADMINS = Rate(10, 0.1)
"""Tokens that an address may try."""

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": (
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
        "microphone=(), midi=(), payment=(), usb=()"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""On every response, whatever its status."""

_TOO_OFTEN = "That was too often. Wait a little and go on."
_STRICT_TRANSPORT = "max-age=31536000"


class Guard:
    """Wraps the site.

    Parameters
    ----------
    app : ASGI application
        The pages.
    site : Site
        What they need.
    """

    def __init__(self, app: ASGIApp, site: Site) -> None:
        self._app, self._site = app, site
        self._reads, self._writes = Buckets(SESSION_READS), Buckets(SESSION_WRITES)
        self._strangers, self._newcomers = Buckets(STRANGERS), Buckets(NEWCOMERS)
        self._admins = Buckets(ADMINS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sending = self._with_headers(send)
        request = Request(scope, receive)
        who = visitor_of(request, self._site.seal, self._site.settings.https)
        scope.setdefault("state", {})["visitor"] = who
        refused = self._too_many(request, who)
        if refused is None and request.method == "POST":
            body = await self._body(request)
            if isinstance(body, bytes):
                await self._app(scope, _replayed(body, receive), sending)
                return
            refused = body
        await (refused or self._app)(scope, receive, sending)

    def _with_headers(self, send: Send) -> Send:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                # A clip and a style sheet say how long they may be kept; a page may not be.
                headers.setdefault("Cache-Control", "no-store")
                if self._site.settings.https:
                    headers["Strict-Transport-Security"] = _STRICT_TRANSPORT
            await send(message)

        return sending

    def _too_many(self, request: Request, who: Visitor) -> Response | None:
        address = request.client.host if request.client else ""
        posting = request.method not in ("GET", "HEAD")
        if who.name is None:
            wait = self._strangers.take(address)
        else:
            wait = (self._writes if posting else self._reads).take(who.name)
        if not wait and posting and request.url.path == "/consent":
            wait = self._newcomers.take(address)
        if not wait and posting and request.url.path == "/admin":
            wait = self._admins.take(address)
        return self._refused(429, _TOO_OFTEN, wait) if wait else None

    async def _body(self, request: Request) -> bytes | Response:
        """The whole body, or why it is not taken; so a page never waits for a slow sender."""
        try:
            async with asyncio.timeout(PATIENCE):
                found = await _session_of(request)
        except TimeoutError:
            return self._refused(408, "The form did not arrive in time. Send it again.")
        if found is None:
            return self._refused(413, "That was too much for a form, so it was not taken.")
        return found

    def _refused(self, status: int, message: str, wait: float = 0) -> Response:
        response = self._site.pages.refusal(status, message)
        if wait:
            response.headers["Retry-After"] = str(int(wait) + 1)
        # What was not read of the request must not be taken for the next one.
        response.headers["Connection"] = "close"
        return response


async def _session_of(request: Request) -> bytes | None:
    """None where it is too long, without reading on."""
    said = request.headers.get("content-length", "0")
    if not said.isdecimal() or int(said) > LARGEST:
        return None
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            return None
    return body


def _replayed(body: bytes, receive: Receive) -> Receive:
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def replaying() -> Message:
        return messages.pop() if messages else await receive()

    return replaying
