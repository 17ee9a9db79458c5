"""The application of the site, and the server that runs it."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from http import HTTPStatus
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response
from starlette.types import ASGIApp

from bachbot.errors import OutputError
from bachbot.listening.site import admin, participation, trial
from bachbot.listening.site.middleware import VisitorLimits
from bachbot.listening.site.sessions import SessionSigner
from bachbot.listening.site.site_context import (
    CurrentSite,
    PageRenderer,
    SiteContext,
    SiteSettings,
    utc_now,
    visitor_of,
)
from bachbot.listening.site.stimuli import Stimuli, load_stimuli
from bachbot.listening.store.answer_store import AnswerStore
from bachbot.serving.bodies import BodyReader
from bachbot.serving.guard import GuardSettings, RequestGuard
from bachbot.serving.private_files import load_or_create_secret
from bachbot.serving.refusal import RequestRefused
from bachbot.serving.server import listen, run_server, url_of

_LOG = logging.getLogger("bachbot.listening.site")

_NOT_FOUND = "There is no page at this address."
_MESSAGES = {404: _NOT_FOUND, 405: "This cannot be done here."}
_NOT_SAVED = "Your answer could not be saved just now. Please wait a moment and send it again."
_FAULT = "Something went wrong on our side. Your earlier answers are saved. Please try again later."

# The same for all clips: the time at which a clip was written could tell how it was made.
_LAST_MODIFIED = format_datetime(datetime(2000, 1, 1, tzinfo=UTC), usegmt=True)

_files = APIRouter()


class _ClipResponse(FileResponse):
    """Read in one or two chunks, because clips are small and each chunk waits for a thread."""

    chunk_size = 256 * 1024


@_files.api_route("/clips/{name:path}", methods=["GET", "HEAD"])
async def serve_clip(name: str, request: Request, site: CurrentSite) -> Response:
    """A clip or a range of it (RFC 9110, section 14).

    Names are looked up in a table; no path is made from them.
    """
    if visitor_of(request).participant_id is None:
        raise RequestRefused(403, "Clips are for participants. Please start at the first page.")
    found = site.stimuli.clips.get(name)
    if found is None:
        raise RequestRefused(404, _NOT_FOUND)
    headers = {
        "ETag": f'"{name}"',
        "Last-Modified": _LAST_MODIFIED,
        "Cache-Control": "private, max-age=86400",
    }
    return _ClipResponse(found.path, headers=headers, media_type=found.media_type)


@_files.api_route("/static/{name:path}", methods=["GET", "HEAD"])
async def serve_static_file(name: str, site: CurrentSite) -> Response:
    """A style sheet, a script or the icon."""
    found = site.pages.static_file(name)
    if found is None:
        raise RequestRefused(404, _NOT_FOUND)
    return found


def create_app(
    stimuli: Stimuli,
    store: AnswerStore,
    secret: bytes,
    settings: SiteSettings | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> ASGIApp:
    """The site as an ASGI application.

    Parameters
    ----------
    stimuli : Stimuli
        Trials, clips and key.
    store : AnswerStore
        For participants and answers; the caller closes it.
    secret : bytes
        Signs cookies; with the same secret, sessions survive a restart.
    settings : SiteSettings, optional
        Default: the default settings.
    clock : callable, optional
        Gives the current time in UTC.

    Raises
    ------
    UsageError
        If the store has answers to other trials.
    """
    settings = settings or SiteSettings()
    store.bind(stimuli.sha256)
    site = SiteContext(stimuli, store, settings, SessionSigner(secret), PageRenderer(), clock)
    # None of the framework's documentation pages, which load scripts from other sites.
    app = FastAPI(
        title=stimuli.title,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.site = site
    for router in (participation.router, trial.router, admin.router, _files):
        app.include_router(router)
    _add_error_handlers(app, site)
    refuse = site.pages.error_page
    pages = VisitorLimits(BodyReader(app, refuse), site)
    return RequestGuard(pages, refuse, GuardSettings(settings.https, settings.proxies))


def _add_error_handlers(app: FastAPI, site: SiteContext) -> None:
    @app.exception_handler(RequestRefused)
    async def _(_request: Request, refused: RequestRefused) -> Response:
        return site.pages.error_page(refused.status, refused.message)

    @app.exception_handler(OutputError)
    async def _(_request: Request, error: OutputError) -> Response:
        _LOG.error("%s", error)
        response = site.pages.error_page(503, _NOT_SAVED)
        response.headers["Retry-After"] = "5"
        return response

    @app.exception_handler(HTTPException)
    async def _(_request: Request, error: HTTPException) -> Response:
        message = _MESSAGES.get(error.status_code, HTTPStatus(error.status_code).phrase)
        response = site.pages.error_page(error.status_code, message)
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(RequestValidationError)
    async def _(_request: Request, _error: RequestValidationError) -> Response:
        return site.pages.error_page(422, "This request cannot be read, so nothing was saved.")

    @app.exception_handler(Exception)
    async def _(_request: Request, _error: Exception) -> Response:
        return site.pages.error_page(500, _FAULT)


@dataclass(frozen=True)
class ServerFiles:
    """Files and database of a server.

    Parameters
    ----------
    folder, key : Path
        What ``bachbot listen export`` wrote.
    database : str
        URL of the database.
    secret : Path
        File of the secret; created if it is missing.
    """

    folder: Path
    key: Path
    database: str
    secret: Path


def serve(
    files: ServerFiles,
    settings: SiteSettings,
    host: str = "127.0.0.1",
    port: int = 8000,
    on_start: Callable[[str], None] = lambda _: None,
) -> None:
    """Serve the site until SIGINT or SIGTERM, then finish the requests in progress.

    Parameters
    ----------
    files : ServerFiles
        Files and database.
    settings : SiteSettings
        Settings of the site.
    host, port : str, int
        Address to listen on; port 0 is any free one.
    on_start : callable, optional
        Called with the URL when the site can be reached.

    Raises
    ------
    UsageError
        If trials, key, secret or database cannot be used, or the port is taken.
    """
    stimuli = load_stimuli(files.folder, files.key)
    secret = load_or_create_secret(files.secret)
    store = AnswerStore.open(files.database)
    try:
        app = create_app(stimuli, store, secret, settings)
        with listen(host, port) as listener:
            url = settings.public_url or url_of(host, listener)
            run_server(app, listener, proxies=settings.proxies, on_start=lambda: on_start(url))
    finally:
        store.close()
