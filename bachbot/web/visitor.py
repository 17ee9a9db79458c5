"""Who asks: a sealed cookie with a random name, or nobody."""

import secrets
from dataclasses import dataclass

from starlette.requests import HTTPConnection
from starlette.responses import Response

from bachbot.web.seal import SESSION_DAYS, Seal

_PLAIN, _SECURE = "listener", "__Host-listener"


@dataclass(frozen=True)
class Visitor:
    """Who asks.

    Parameters
    ----------
    name : str, optional
        From a cookie that was made here.
    forged : bool
        Whether there was a cookie that was not.
    """

    name: str | None
    forged: bool = False


def visitor_of(connection: HTTPConnection, seal: Seal, https: bool) -> Visitor:
    """Who asks, by the cookie."""
    cookie = connection.cookies.get(cookie_name(https))
    if not cookie:
        return Visitor(None)
    name = seal.name(cookie)
    return Visitor(name, forged=name is None)


def new_name() -> str:
    """A participant's name: 128 random bits."""
    return secrets.token_hex(16)


def remember(response: Response, name: str, seal: Seal, https: bool) -> None:
    """Give a participant's name to the browser.

    SameSite is Lax: with Strict, whoever came back by a link would be taken for somebody new.
    """
    response.set_cookie(
        cookie_name(https),
        seal.session(name),
        max_age=SESSION_DAYS * 86_400,
        path="/",
        secure=https,
        httponly=True,
        samesite="lax",
    )


def forget(response: Response, https: bool) -> None:
    """Take it back."""
    response.delete_cookie(
        cookie_name(https), path="/", secure=https, httponly=True, samesite="lax"
    )


def cookie_name(https: bool) -> str:
    """What the cookie is called; the prefix keeps other hosts of the domain from setting it."""
    return _SECURE if https else _PLAIN
