"""Who sent a request, and how many requests they may send."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from bachbot.listening.site.sessions import Visitor, identify_visitor
from bachbot.listening.site.site_context import SiteContext
from bachbot.serving.addresses import client_group
from bachbot.serving.rates import RateLimit, TokenBuckets
from bachbot.serving.refusal import end_request

_TOO_MANY_REQUESTS = "You sent too many requests. Please wait a moment and try again."

SESSION_READS = RateLimit(200, 20)
SESSION_WRITES = RateLimit(40, 4)
ADDRESS_REQUESTS = RateLimit(6000, 600)
"""All requests from an address: anybody can have a new session, and with it its limits."""
ADDRESS_READS = RateLimit(600, 20)
"""Requests from an address without a session; a whole lecture room may share one address."""
ADDRESS_CONSENTS = RateLimit(300, 1)
"""New participants from an address."""
ADDRESS_LOGINS = RateLimit(10, 0.1)
"""Attempts from an address to log in as the organizer."""


class VisitorLimits:
    """Identifies visitors, and refuses those who send too many requests.

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
        self._address_requests = TokenBuckets(ADDRESS_REQUESTS)
        self._address_reads = TokenBuckets(ADDRESS_READS)
        self._address_consents = TokenBuckets(ADDRESS_CONSENTS)
        self._address_logins = TokenBuckets(ADDRESS_LOGINS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request, or pass it on to the pages."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        visitor = identify_visitor(Request(scope), self._site.signer, self._site.settings.https)
        scope.setdefault("state", {})["visitor"] = visitor
        wait = self._seconds_to_wait(scope, visitor)
        if wait:
            await end_request(self._refusal(wait), scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _seconds_to_wait(self, scope: Scope, visitor: Visitor) -> float:
        address = client_group(scope["client"][0] if scope.get("client") else "")
        writing = scope["method"] not in ("GET", "HEAD")
        wait = self._address_requests.take(address)
        if not wait and visitor.participant_id is None:
            wait = self._address_reads.take(address)
        elif not wait and visitor.participant_id is not None:
            buckets = self._session_writes if writing else self._session_reads
            wait = buckets.take(visitor.participant_id)
        # The path of the scope is the one that is routed; that of a URL depends on other headers.
        if not wait and writing and scope["path"] == "/consent":
            wait = self._address_consents.take(address)
        if not wait and writing and scope["path"] == "/admin":
            wait = self._address_logins.take(address)
        return wait

    def _refusal(self, wait: float) -> Response:
        response = self._site.pages.error_page(429, _TOO_MANY_REQUESTS)
        response.headers["Retry-After"] = str(int(wait) + 1)
        return response
