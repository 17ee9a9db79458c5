"""What all routes of the site share: settings, templates, the visitor, and submitted forms."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import Depends, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bachbot.errors import UsageError
from bachbot.listening.site.sessions import SessionSigner, Visitor
from bachbot.listening.site.stimuli import Stimuli
from bachbot.listening.store.answer_store import AnswerStore
from bachbot.listening.store.schema import MAX_PER_PARTICIPANT, MIN_PER_PARTICIPANT, Participant
from bachbot.serving.addresses import TrustedProxies
from bachbot.serving.forms import FOREIGN_FORM, check_origin, parse_form
from bachbot.serving.refusal import RequestRefused

MIN_TOKEN_LENGTH = 16
"""Characters of the admin token."""

_HERE = Path(__file__).parent
_STATIC_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True)
class SiteSettings:
    """Settings of the site.

    Parameters
    ----------
    per_participant : int
        Trials per participant, 5 to 10; fewer if the test has fewer.
    min_heard : float
        Share of both clips that must be played before an answer is accepted, 0.1 to 1.
    public_url : str, optional
        The address that participants open, if the site is behind a proxy. With ``https`` the
        cookies are sent over encrypted connections only.
    admin_token : str, optional
        Password of the page of counts, 16 characters or more. Default: there is no such page.
    contact : str
        Whom participants can ask; on the consent page.
    trusted_proxies : tuple of str
        Addresses or networks of proxies whose header X-Forwarded-For is believed. Default: none.

    Raises
    ------
    UsageError
        If a value is out of range.
    """

    per_participant: int = MAX_PER_PARTICIPANT
    min_heard: float = 0.9
    public_url: str | None = None
    admin_token: str | None = None
    contact: str = ""
    trusted_proxies: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not MIN_PER_PARTICIPANT <= self.per_participant <= MAX_PER_PARTICIPANT:
            raise UsageError(
                f"{self.per_participant} trials per participant: "
                f"give {MIN_PER_PARTICIPANT} to {MAX_PER_PARTICIPANT}"
            )
        if not 0.1 <= self.min_heard <= 1:
            raise UsageError(f"the minimum share heard is {self.min_heard}: give 0.1 to 1")
        if self.admin_token is not None and len(self.admin_token) < MIN_TOKEN_LENGTH:
            raise UsageError(
                f"the admin token has {len(self.admin_token)} characters: "
                f"give {MIN_TOKEN_LENGTH} or more that nobody can guess"
            )
        if self.public_url is not None:
            _check_url(self.public_url)
        _ = self.proxies

    @property
    def proxies(self) -> TrustedProxies:
        """The proxies whose header X-Forwarded-For is believed."""
        return TrustedProxies(self.trusted_proxies)

    @property
    def https(self) -> bool:
        """Whether participants use an encrypted connection."""
        return self.public_url is not None and urlsplit(self.public_url).scheme == "https"

    @property
    def host(self) -> str | None:
        """Host and port of the public URL, if there is one."""
        return urlsplit(self.public_url).netloc if self.public_url else None


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        # The port is parsed only when it is asked for.
        valid = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        valid = False
    if not valid or parts.path not in ("", "/") or parts.query or parts.fragment:
        raise UsageError(f"the public URL is {url!r}: give one such as https://listen.example.org")


class PageRenderer:
    """Renders the templates, and serves the static files that they refer to."""

    def __init__(self) -> None:
        self._files = {p.name: p.read_bytes() for p in sorted((_HERE / "static").iterdir())}
        self._environment = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals["static"] = self._static_url

    def page(self, template: str, status: int = 200, **values: object) -> HTMLResponse:
        """Render a page.

        Parameters
        ----------
        template : str
            Name of the template without ``.html``.
        status : int
            HTTP status.
        **values
            Variables of the template.
        """
        text = self._environment.get_template(f"{template}.html").render(values)
        return HTMLResponse(text, status_code=status)

    def error_page(self, status: int, message: str) -> HTMLResponse:
        """Render the page of an error."""
        title = HTTPStatus(status).phrase
        return self.page("error", status, title=title, code=status, message=message)

    def static_file(self, name: str) -> Response | None:
        """A static file; None if there is no such file."""
        content = self._files.get(name)
        if content is None:
            return None
        # The URL changes with the content, so the file may be cached forever.
        headers = {"Cache-Control": "public, max-age=31536000, immutable"}
        media_type = _STATIC_TYPES[Path(name).suffix]
        return Response(content, media_type=media_type, headers=headers)

    def _static_url(self, name: str) -> str:
        return f"/static/{name}?{hashlib.sha256(self._files[name]).hexdigest()[:12]}"


def utc_now() -> datetime:
    """The current time in UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class SiteContext:
    """What all routes share.

    Parameters
    ----------
    stimuli : Stimuli
        Trials and clips.
    store : AnswerStore
        For participants and answers.
    settings : SiteSettings
        Settings of the site.
    signer : SessionSigner
        For cookies and forms.
    pages : PageRenderer
        For templates and static files.
    clock : callable
        Gives the current time in UTC.
    """

    stimuli: Stimuli
    store: AnswerStore
    settings: SiteSettings
    signer: SessionSigner
    pages: PageRenderer
    clock: Callable[[], datetime] = utc_now


async def _site_of(request: Request) -> SiteContext:
    site: SiteContext = request.app.state.site
    return site


CurrentSite = Annotated[SiteContext, Depends(_site_of)]


def visitor_of(request: Request) -> Visitor:
    """The visitor, whom `bachbot.listening.site.middleware` has identified."""
    visitor: Visitor = request.scope["state"]["visitor"]
    return visitor


def participant_of(request: Request, site: SiteContext) -> Participant | None:
    """The participant who sent a request; None if they have not agreed."""
    participant_id = visitor_of(request).participant_id
    return site.store.participant(participant_id) if participant_id else None


def next_page(participant: Participant | None) -> str:
    """The page at which a participant continues."""
    if participant is None:
        return "/"
    if participant.age is None:
        return "/about"
    return "/thanks" if participant.finished else f"/trial/{participant.position}"


def redirect_to(path: str) -> RedirectResponse:
    """Redirect to a page of this site; after a form, the browser requests it with GET."""
    return RedirectResponse(path, status_code=303)


@dataclass(frozen=True)
class SubmittedForm:
    """A form that was submitted from a page of the visitor's session.

    Parameters
    ----------
    participant_id : str
        Of the session; the participant may not have agreed yet.
    fields : dict of str to str
        Values by name.
    """

    participant_id: str
    fields: dict[str, str]

    def get(self, field: str) -> str:
        """The value of a field; empty if it is missing."""
        return self.fields.get(field, "")


async def _read_form(request: Request, site: CurrentSite) -> SubmittedForm:
    """Read and check a form.

    Raises
    ------
    RequestRefused
        403 if there is no session or the form is of another site; see also `parse_form` and
        `check_origin`.
    """
    check_origin(request, site.settings.host)
    participant_id = visitor_of(request).participant_id
    if participant_id is None:
        raise RequestRefused(403, "Your session is not valid. Please start at the first page.")
    fields = parse_form(request.headers.get("content-type", ""), await request.body())
    if not site.signer.verify_csrf_token(participant_id, fields.get("csrf", "")):
        raise RequestRefused(403, FOREIGN_FORM)
    return SubmittedForm(participant_id, fields)


CurrentForm = Annotated[SubmittedForm, Depends(_read_form)]


def participant_of_form(site: SiteContext, form: SubmittedForm) -> Participant:
    """The participant who submitted a form.

    Raises
    ------
    RequestRefused
        409 if they have not agreed.
    """
    participant = site.store.participant(form.participant_id)
    if participant is None:
        raise RequestRefused(409, "Please start at the first page.")
    return participant
