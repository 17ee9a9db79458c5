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
from bachbot.listening.store import Store
from bachbot.web import admin, clips, entry, trial
from bachbot.web.guard import Guard
from bachbot.web.material import Material
from bachbot.web.pages import Pages
from bachbot.web.refused import Refused
from bachbot.web.seal import Seal
from bachbot.web.settings import Settings
from bachbot.web.site import Site, utc_now

_LOG = logging.getLogger("bachbot.web")

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
    settings: Settings | None = None,
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
    settings = settings or Settings()
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
    @app.exception_handler(Refused)
    async def _(_request: Request, refused: Refused) -> Response:
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
