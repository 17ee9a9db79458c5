"""The organizer's page of counts, behind a token that is never part of an address."""

import hmac

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from bachbot.listening.site.sessions import (
    ADMIN_HOURS,
    new_participant_id,
    set_session_cookie,
)
from bachbot.listening.site.site_context import (
    CurrentForm,
    CurrentSite,
    SiteContext,
    redirect_to,
    visitor_of,
)
from bachbot.serving.refusal import RequestRefused

router = APIRouter()

_COOKIE = "admin"
_PATH = "/admin"


@router.api_route(_PATH, methods=["GET", "HEAD"])
def show_admin_page(request: Request, site: CurrentSite) -> Response:
    """The counts, or the form to log in."""
    if _logged_in(request, site):
        participant_id = visitor_of(request).participant_id
        csrf = site.signer.csrf_token(participant_id) if participant_id else ""
        return site.pages.page("admin", csrf=csrf, counts=site.store.counts())
    return _login_page(request, site)


@router.post(_PATH)
def log_in(form: CurrentForm, request: Request, site: CurrentSite) -> Response:
    """Check the token."""
    token = _admin_token(site)
    if not hmac.compare_digest(form.get("token").encode(), token.encode()):
        return _login_page(request, site, "This token is not correct.", 403)
    response = redirect_to(_PATH)
    response.set_cookie(
        _COOKIE,
        site.signer.sign_admin(token),
        max_age=ADMIN_HOURS * 3600,
        path=_PATH,
        secure=site.settings.https,
        httponly=True,
        samesite="strict",
    )
    return response


@router.api_route(f"{_PATH}/counts", methods=["GET", "HEAD"])
def send_counts(request: Request, site: CurrentSite) -> Response:
    """The counts as JSON, which the page loads every few seconds."""
    if not _logged_in(request, site):
        raise RequestRefused(403, "Please log in first.")
    return JSONResponse(site.store.counts().to_json())


@router.post(f"{_PATH}/logout")
def log_out(form: CurrentForm, site: CurrentSite) -> Response:
    """Delete the organizer's cookie."""
    _admin_token(site)
    response = redirect_to(_PATH)
    response.delete_cookie(
        _COOKIE, path=_PATH, secure=site.settings.https, httponly=True, samesite="strict"
    )
    return response


def _login_page(
    request: Request, site: SiteContext, problem: str = "", status: int = 200
) -> Response:
    participant_id = visitor_of(request).participant_id or new_participant_id()
    csrf = site.signer.csrf_token(participant_id)
    response = site.pages.page("admin_login", status, csrf=csrf, problem=problem)
    set_session_cookie(response, participant_id, site.signer, site.settings.https)
    return response


def _logged_in(request: Request, site: SiteContext) -> bool:
    return site.signer.verify_admin(request.cookies.get(_COOKIE, ""), _admin_token(site))


def _admin_token(site: SiteContext) -> str:
    if site.settings.admin_token is None:
        raise RequestRefused(404, "There is no page at this address.")
    return site.settings.admin_token
