"""Checks before every page: session, rate limits and size of the request; and security headers."""

import asyncio
import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bachbot.listening.site.sessions import Visitor, identify_visitor
from bachbot.listening.site.site_context import SiteContext

MAX_FORM_BYTES = 8 * 1024

FORM_TIMEOUT = 15
"""Seconds in which a form has to arrive."""

_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": _CONTENT_SECURITY_POLICY,
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
"""Headers of all responses, whatever their status."""

_STRICT_TRANSPORT_SECURITY = "max-age=31536000"
_TOO_MANY_REQUESTS = "You sent too many requests. Please wait a moment and try again."


@dataclass(frozen=True)
class RateLimit:
    """A rate limit by token bucket.

    Parameters
    ----------
    burst : float
        Requests at once: the capacity of the bucket.
    per_second : float
        Requests per second in the long run.
    """

    burst: float
    per_second: float


SESSION_READS = RateLimit(200, 20)
SESSION_WRITES = RateLimit(40, 4)
ADDRESS_READS = RateLimit(600, 20)
"""Requests from an address without a session; a whole lecture room may share one address."""
ADDRESS_CONSENTS = RateLimit(300, 1)
"""New participants from an address."""
ADDRESS_LOGINS = RateLimit(10, 0.1)
"""Attempts from an address to log in as the organizer."""


class TokenBuckets:
    """One token bucket for each client, in memory.

    Clients are stored only as hashes, with a salt that is lost when the process ends.

    Parameters
    ----------
    limit : RateLimit
        Of each bucket.
    max_buckets : int
        Largest number of buckets; the least recently used one is dropped first.
    clock : callable
        Monotonic time in seconds.
    """

    def __init__(
        self,
        limit: RateLimit,
        max_buckets: int = 50_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._limit, self._max_buckets, self._clock = limit, max_buckets, clock
        self._salt = secrets.token_bytes(16)
        self._buckets: OrderedDict[bytes, tuple[float, float]] = OrderedDict()

    def take(self, client: str) -> float:
        """Take a token.

        Returns
        -------
        float
            0 if there was one, else the number of seconds until there is one.
        """
        key = hashlib.blake2b(client.encode(), digest_size=16, key=self._salt).digest()
        now = self._clock()
        tokens, since = self._buckets.pop(key, (self._limit.burst, now))
        tokens = min(self._limit.burst, tokens + (now - since) * self._limit.per_second)
        wait = 0.0 if tokens >= 1 else (1 - tokens) / self._limit.per_second
        self._buckets[key] = (tokens if wait else tokens - 1, now)
        if len(self._buckets) > self._max_buckets:
            self._buckets.popitem(last=False)
        return wait

    def __len__(self) -> int:
        return len(self._buckets)


class SecurityMiddleware:
    """Wraps the application.

    Parameters
    ----------
    app : ASGI application
        The pages.
    site : SiteContext
        What they share.
    """

    def __init__(self, app: ASGIApp, site: SiteContext) -> None:
        self._app, self._site = app, site
        self._session_reads = TokenBuckets(SESSION_READS)
        self._session_writes = TokenBuckets(SESSION_WRITES)
        self._address_reads = TokenBuckets(ADDRESS_READS)
        self._address_consents = TokenBuckets(ADDRESS_CONSENTS)
        self._address_logins = TokenBuckets(ADDRESS_LOGINS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond to a request, or pass it on to the application."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        send_with_headers = self._with_headers(send)
        request = Request(scope, receive)
        visitor = identify_visitor(request, self._site.signer, self._site.settings.https)
        scope.setdefault("state", {})["visitor"] = visitor
        refusal = self._check_rate(request, visitor)
        if refusal is None and request.method == "POST":
            body = await self._read_form(request)
            if isinstance(body, bytes):
                await self._app(scope, _replay(body, receive), send_with_headers)
                return
            refusal = body
        await (refusal or self._app)(scope, receive, send_with_headers)

    def _with_headers(self, send: Send) -> Send:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                # Clips and static files state how long they may be cached; pages must not be.
                headers.setdefault("Cache-Control", "no-store")
                if self._site.settings.https:
                    headers["Strict-Transport-Security"] = _STRICT_TRANSPORT_SECURITY
            await send(message)

        return send_with_headers

    def _check_rate(self, request: Request, visitor: Visitor) -> Response | None:
        address = request.client.host if request.client else ""
        writing = request.method not in ("GET", "HEAD")
        if visitor.participant_id is None:
            wait = self._address_reads.take(address)
        else:
            buckets = self._session_writes if writing else self._session_reads
            wait = buckets.take(visitor.participant_id)
        if not wait and writing and request.url.path == "/consent":
            wait = self._address_consents.take(address)
        if not wait and writing and request.url.path == "/admin":
            wait = self._address_logins.take(address)
        return self._refuse(429, _TOO_MANY_REQUESTS, wait) if wait else None

    async def _read_form(self, request: Request) -> bytes | Response:
        """The whole body or a refusal; so pages never wait for a slow client."""
        try:
            async with asyncio.timeout(FORM_TIMEOUT):
                body = await _read_body(request)
        except TimeoutError:
            return self._refuse(408, "The form took too long to arrive. Please send it again.")
        if body is None:
            return self._refuse(413, "The form was too large and was not saved.")
        return body

    def _refuse(self, status: int, message: str, wait: float = 0) -> Response:
        response = self._site.pages.error_page(status, message)
        if wait:
            response.headers["Retry-After"] = str(int(wait) + 1)
        # Otherwise the unread rest of the request would be taken for the next request.
        response.headers["Connection"] = "close"
        return response


async def _read_body(request: Request) -> bytes | None:
    """The body; None as soon as it is too long."""
    stated = request.headers.get("content-length", "0")
    if not stated.isdecimal() or int(stated) > MAX_FORM_BYTES:
        return None
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            return None
    return body


def _replay(body: bytes, receive: Receive) -> Receive:
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return messages.pop() if messages else await receive()

    return replay
