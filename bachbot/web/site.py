"""What every page of the site needs."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import RedirectResponse

from bachbot.listening.participant import Participant
from bachbot.listening.store import Store
from bachbot.web.material import Material
from bachbot.web.pages import Pages
from bachbot.web.seal import Seal
from bachbot.web.settings import Settings
from bachbot.web.visitor import Visitor


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
    settings: Settings
    seal: Seal
    pages: Pages
    clock: Callable[[], datetime] = utc_now


async def site_of(request: Request) -> Site:
    """The site that a request is to."""
    site: Site = request.app.state.site
    return site


SiteOf = Annotated[Site, Depends(site_of)]


def visitor(request: Request) -> Visitor:
    """Who asks, as `bachbot.web.guard` found out."""
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
