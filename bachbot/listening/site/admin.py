"""The page of counts, for whoever has the token. It never goes into an address."""

import hmac

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from bachbot.listening.site.forms import PostedForm
from bachbot.listening.site.security import ADMIN_HOURS, RequestRefused, new_name, remember
from bachbot.listening.site.site import Site, SiteOf, go_to, visitor

router = APIRouter()

_COOKIE = "admin"
_PATH = "/admin"


@router.api_route(_PATH, methods=["GET", "HEAD"])
def admin(request: Request, site: SiteOf) -> Response:
    """Counts, or a field for the token."""
    if _knows(request, site):
        name = visitor(request).name
        csrf = site.seal.form(name) if name else ""
        return site.pages.page("counts", csrf=csrf, counts=site.store.counts())
    return _door(request, site)


@router.post(_PATH)
def enter(form: PostedForm, request: Request, site: SiteOf) -> Response:
    """Take the token."""
    token = _token(site)
    if not hmac.compare_digest(form.get("token").encode(), token.encode()):
        return _door(request, site, "That is not the token.", 403)
    response = go_to(_PATH)
    response.set_cookie(
        _COOKIE,
        site.seal.admin(token),
        max_age=ADMIN_HOURS * 3600,
        path=_PATH,
        secure=site.settings.https,
        httponly=True,
        samesite="strict",
    )
    return response


@router.api_route(f"{_PATH}/counts", methods=["GET", "HEAD"])
def counts(request: Request, site: SiteOf) -> Response:
    """The same counts as data, which the page asks for again and again."""
    if not _knows(request, site):
        raise RequestRefused(403, "Give the token first.")
    return JSONResponse(site.store.counts().to_json())


@router.post(f"{_PATH}/leave")
def leave(form: PostedForm, site: SiteOf) -> Response:
    """Forget that the token was given."""
    _token(site)
    response = go_to(_PATH)
    response.delete_cookie(
        _COOKIE, path=_PATH, secure=site.settings.https, httponly=True, samesite="strict"
    )
    return response


def _door(request: Request, site: Site, trouble: str = "", status: int = 200) -> Response:
    name = visitor(request).name or new_name()
    response = site.pages.page("door", status, csrf=site.seal.form(name), trouble=trouble)
    remember(response, name, site.seal, site.settings.https)
    return response


def _knows(request: Request, site: Site) -> bool:
    return site.seal.admin_is(request.cookies.get(_COOKIE, ""), _token(site))


def _token(site: Site) -> str:
    if site.settings.admin_token is None:
        raise RequestRefused(404, "There is nothing here.")
    return site.settings.admin_token
