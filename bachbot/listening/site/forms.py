"""Posted forms, read strictly."""

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import parse_qsl, urlsplit

from fastapi import Depends, Request

from bachbot.listening.site.security import RequestRefused
from bachbot.listening.site.site import Site, SiteOf, visitor

MOST_FIELDS = 16
TYPE = "application/x-www-form-urlencoded"

_FOREIGN = "This form was not sent from this site, so it was not taken. Go back and try again."


@dataclass(frozen=True)
class Posted:
    """A form that came from a page of this session.

    Parameters
    ----------
    name : str
        The session's participant, who may not have agreed yet.
    fields : dict of str to str
        What was filled in.
    """

    name: str
    fields: dict[str, str]

    def get(self, field: str) -> str:
        """A field, or an empty text."""
        return self.fields.get(field, "")


async def posted(request: Request, site: SiteOf) -> Posted:
    """Read a form.

    Raises
    ------
    Refused
        403 if it is not of a session here or comes from elsewhere, 415 if it is no form, 400 if it
        cannot be read.
    """
    _check_origin(request, site)
    name = visitor(request).name
    if name is None:
        raise RequestRefused(403, "This session is not known here. Begin at the first page.")
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != TYPE:
        raise RequestRefused(415, "This was no form, so it was not taken.")
    fields = _fields(await request.body())
    if not site.seal.form_is(name, fields.get("csrf", "")):
        raise RequestRefused(403, _FOREIGN)
    return Posted(name, fields)


PostedForm = Annotated[Posted, Depends(posted)]


def _check_origin(request: Request, site: Site) -> None:
    """Hold what the browser says of the form's origin against this site.

    Origin is ``null`` in forms of this site's own, as its pages send no referrer (Fetch Standard,
    section 3.2), so it is asked only where Sec-Fetch-Site is missing, and the seal decides.
    """
    from_where = request.headers.get("sec-fetch-site")
    if from_where is not None and from_where not in ("same-origin", "none"):
        raise RequestRefused(403, _FOREIGN)
    origin = request.headers.get("origin")
    if from_where is None and origin not in (None, "null"):
        host = site.settings.host or request.headers.get("host")
        if urlsplit(origin).netloc != host:
            raise RequestRefused(403, _FOREIGN)


def _fields(body: bytes) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError as error:
        raise RequestRefused(400, "This form could not be read, so it was not taken.") from error
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise RequestRefused(400, "This form has a field twice, so it was not taken.")
    return fields
