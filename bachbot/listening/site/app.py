"""The site of the listening test, put together."""

import logging
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp

from bachbot.errors import OutputError
from bachbot.listening.site import admin, clips, entry, trial
from bachbot.listening.site.guard import Guard
from bachbot.listening.site.material import Material, Pages
from bachbot.listening.site.security import RequestRefused, Seal
from bachbot.listening.site.site import Site, SiteSettings, utc_now
from bachbot.listening.store.store import Store

_LOG = logging.getLogger("bachbot.listening.site")

_SAID = {
    404: "There is nothing here.",
    405: "That cannot be done here.",
}
_NOT_KEPT = "That could not be kept just now, so nothing was. Wait a little and send it again."
_FAULT = "Something is wrong with this site. What you answered before is kept. Try again later."


def create_app(
    material: Material,
    store: Store,
    secret: bytes,
    settings: SiteSettings | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> ASGIApp:
    """The site as an ASGI application.

    Parameters
    ----------
    material : Material
        Trials, clips and key.
    store : Store
        Where answers go; to be closed by whoever opened it.
    secret : bytes
        Seals cookies; the same one keeps sessions alive when the site is started anew.
    settings : Settings, optional
        The usual ones unless given.
    clock : callable, optional
        This moment, in UTC.

    Raises
    ------
    UsageError
        If the store holds answers to other trials.
    """
    settings = settings or SiteSettings()
    store.bind(material.sha256)
    site = Site(material, store, settings, Seal(secret), Pages(), clock)
    # No page of the framework's own: its documentation would be fetched from elsewhere.
    app = FastAPI(
        title=material.title,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.site = site
    for part in (entry, trial, clips, admin):
        app.include_router(part.router)
    _answer_errors(app, site)
    return Guard(app, site)


def _answer_errors(app: FastAPI, site: Site) -> None:
    @app.exception_handler(RequestRefused)
    async def _(_request: Request, refused: RequestRefused) -> Response:
        return site.pages.refusal(refused.status, refused.message)

    @app.exception_handler(OutputError)
    async def _(_request: Request, error: OutputError) -> Response:
        _LOG.error("%s", error)
        response = site.pages.refusal(503, _NOT_KEPT)
        response.headers["Retry-After"] = "5"
        return response

    @app.exception_handler(HTTPException)
    async def _(_request: Request, error: HTTPException) -> Response:
        message = _SAID.get(error.status_code, HTTPStatus(error.status_code).phrase)
        response = site.pages.refusal(error.status_code, message)
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(RequestValidationError)
    async def _(_request: Request, _error: RequestValidationError) -> Response:
        return site.pages.refusal(422, "That could not be read, so nothing was done.")

    @app.exception_handler(Exception)
    async def _(_request: Request, _error: Exception) -> Response:
        return site.pages.refusal(500, _FAULT)
