"""How the site is run, and what every page of it needs."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from starlette.responses import RedirectResponse

from bachbot.errors import UsageError
from bachbot.listening.site.material import Material, Pages
from bachbot.listening.site.security import Seal, Visitor
from bachbot.listening.store.schema import FEWEST, MOST, Participant
from bachbot.listening.store.store import Store

SHORTEST_TOKEN = 16
"""Characters of the token that opens the page of counts."""


@dataclass(frozen=True)
class SiteSettings:
    """How the site is run.

    Parameters
    ----------
    each : int
        Trials of a participant, 5 to 10; fewer where the test has no more.
    heard : float
        How much of both clips must be heard before an answer counts, 0.1 to 1.
    public_url : str, optional
        Where participants find the site, if a proxy stands before it. With ``https`` the cookie
        goes over no other connection.
    admin_token : str, optional
        Opens the page of counts, 16 characters or more; there is no such page without one.
    contact : str
        Whom participants can ask; shown with the consent.

    Raises
    ------
    UsageError
        If a value is none of those.
    """

    each: int = MOST
    heard: float = 0.9
    public_url: str | None = None
    admin_token: str | None = None
    contact: str = ""

    def __post_init__(self) -> None:
        if not FEWEST <= self.each <= MOST:
            raise UsageError(f"{self.each} trials each: give {FEWEST} to {MOST}")
        if not 0.1 <= self.heard <= 1:
            raise UsageError(f"the share to be heard is {self.heard}: give 0.1 to 1")
        if self.admin_token is not None and len(self.admin_token) < SHORTEST_TOKEN:
            raise UsageError(
                f"the admin token has {len(self.admin_token)} characters: "
                f"give {SHORTEST_TOKEN} or more that nobody guesses"
            )
        if self.public_url is not None:
            _check_url(self.public_url)

    @property
    def https(self) -> bool:
        """Whether participants come over an encrypted connection."""
        return self.public_url is not None and urlsplit(self.public_url).scheme == "https"

    @property
    def host(self) -> str | None:
        """Host and port under which participants find the site, where that was said."""
        return urlsplit(self.public_url).netloc if self.public_url else None


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    whole = parts.scheme in ("http", "https") and parts.netloc
    if not whole or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise UsageError(f"the public URL is {url!r}: give one such as https://listen.example.org")


def utc_now() -> datetime:
    """The moment it is now."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Site:
    """What every page of the site needs.

    Parameters
    ----------
    material : Material
        Trials and clips.
    store : Store
        Where answers go.
    settings : Settings
        How the site is run.
    seal : Seal
        For cookies and forms.
    pages : Pages
        The templates.
    clock : callable
        This moment, in UTC.
    """

    material: Material
    store: Store
    settings: SiteSettings
    seal: Seal
    pages: Pages
    clock: Callable[[], datetime] = utc_now


async def site_of(request: Request) -> Site:
    """The site that a request is to."""
    site: Site = request.app.state.site
    return site


SiteOf = Annotated[Site, Depends(site_of)]


def visitor(request: Request) -> Visitor:
    """Who asks, as `bachbot.listening.site.guard` found out."""
    found: Visitor = request.scope["state"]["visitor"]
    return found


def where(participant: Participant | None) -> str:
    """The page at which somebody goes on."""
    if participant is None:
        return "/"
    if participant.age is None:
        return "/about"
    return "/thanks" if participant.finished else f"/trial/{participant.position}"


def go_to(path: str) -> RedirectResponse:
    """Send the browser to a page of this site; after a form, it asks for that page by GET."""
    return RedirectResponse(path, status_code=303)
