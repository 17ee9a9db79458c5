"""Checks of every request before its page is reached, and headers of every response."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bachbot.serving.addresses import TrustedProxies
from bachbot.serving.headers import HEADERS, STRICT_TRANSPORT_SECURITY
from bachbot.serving.refusal import RequestRefused, end_request

METHODS = ("GET", "HEAD", "POST")

MAX_PATH_BYTES, MAX_QUERY_BYTES = 512, 1024
"""Of the path as it was sent, and of what follows the question mark."""

MAX_HEADERS, MAX_HEADER_BYTES = 100, 16 * 1024
"""Of all headers together. The server limits only what it has to keep until it is complete."""

_MAX_RANGE_LENGTH = 64
_ONCE = frozenset(
    b"content-length content-type cookie host origin range sec-fetch-site transfer-encoding".split()
)
"""Headers of which a second one would leave open which of them counts."""

_HOST = re.compile(rb"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?", re.ASCII)
_CONTROL = re.compile("[\x00-\x1f\x7f\ufffd]")
"""Control characters, and what takes the place of bytes that are not UTF-8."""

Refuse = Callable[[int, str], Response]
"""Makes the page of an error from its status and one or two sentences."""


@dataclass(frozen=True)
class GuardSettings:
    """Settings of `RequestGuard`.

    Parameters
    ----------
    https : bool
        Whether clients use encrypted connections.
    proxies : TrustedProxies
        Proxies whose header X-Forwarded-For is believed. Default: none.
    hosts : frozenset of str, optional
        Values of the header Host that are accepted, such as ``"localhost:8000"``; with it another
        site cannot reach this one under its own name. Default: any valid one.
    """

    https: bool = False
    proxies: TrustedProxies = field(default_factory=TrustedProxies)
    hosts: frozenset[str] | None = None


class RequestGuard:
    """Refuses requests that no page of any site expects, and adds security headers to responses.

    The pages find the address of the client in ``scope["client"]``.

    Parameters
    ----------
    app : ASGI application
        The pages.
    refuse : callable
        Makes the page of an error.
    settings : GuardSettings
        Settings of the site.
    """

    def __init__(self, app: ASGIApp, refuse: Refuse, settings: GuardSettings | None = None) -> None:
        self._app, self._refuse = app, refuse
        self._settings = settings or GuardSettings()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request, or pass it on to the pages."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        send_with_headers = self._with_headers(send)
        try:
            self._check(scope)
        except RequestRefused as refused:
            response = self._refuse(refused.status, refused.message)
            if refused.status == 405:
                response.headers["Allow"] = ", ".join(METHODS)
            await end_request(response, scope, receive, send_with_headers)
            return
        await self._app(self._seen_by_pages(scope), receive, send_with_headers)

    def _check(self, scope: Scope) -> None:
        if scope["method"] not in METHODS:
            raise RequestRefused(405, "This cannot be done here.")
        raw_path = scope.get("raw_path") or scope["path"].encode()
        if len(raw_path) > MAX_PATH_BYTES or not scope["path"].startswith("/"):
            raise RequestRefused(404, "There is no page at this address.")
        if _CONTROL.search(scope["path"]):
            raise RequestRefused(404, "There is no page at this address.")
        if len(scope["query_string"]) > MAX_QUERY_BYTES:
            raise RequestRefused(400, "This address is too long.")
        self._check_headers(scope)

    def _check_headers(self, scope: Scope) -> None:
        size = sum(len(name) + len(value) for name, value in scope["headers"])
        if len(scope["headers"]) > MAX_HEADERS or size > MAX_HEADER_BYTES:
            raise RequestRefused(431, "This request has too many headers.")
        counts = Counter(name for name, _ in scope["headers"] if name in _ONCE)
        if any(count > 1 for count in counts.values()):
            raise RequestRefused(400, "This request has a header twice.")
        headers = dict(scope["headers"])
        host = headers.get(b"host")
        hosts = self._settings.hosts
        if host is not None and not _HOST.fullmatch(host):
            raise RequestRefused(400, "This request does not say to which site it was sent.")
        if hosts is not None and (host or b"").decode("ascii").lower() not in hosts:
            raise RequestRefused(400, "This request was sent to another site.")
        length = headers.get(b"content-length", b"0")
        if not length.isdigit():
            raise RequestRefused(400, "This request does not say how long it is.")
        chunked = b"transfer-encoding" in headers
        if chunked and b"content-length" in headers:
            raise RequestRefused(400, "This request says twice how long it is.")
        if scope["method"] != "POST" and (chunked or length.strip(b"0")):
            raise RequestRefused(400, "A request for a page has no content.")
        if len(headers.get(b"range", b"")) > _MAX_RANGE_LENGTH:
            raise RequestRefused(400, "This part of a file cannot be read.")

    def _seen_by_pages(self, scope: Scope) -> Scope:
        """The request with the address of the client, and for one part of a file at most."""
        forwarded = [v.decode("latin-1") for k, v in scope["headers"] if k == b"x-forwarded-for"]
        peer = scope["client"][0] if scope.get("client") else ""
        address = self._settings.proxies.client_address(peer, forwarded)
        headers = [(k, v) for k, v in scope["headers"] if k != b"range" or b"," not in v]
        return {**scope, "client": (address, 0), "headers": headers}

    def _with_headers(self, send: Send) -> Send:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(HEADERS)
                # Files state how long they may be cached; pages must not be.
                headers.setdefault("Cache-Control", "no-store")
                if self._settings.https:
                    headers["Strict-Transport-Security"] = STRICT_TRANSPORT_SECURITY
            await send(message)

        return send_with_headers
