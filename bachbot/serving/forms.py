"""Parsing of forms, and the check that a form was sent from a page of the same site."""

from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request

from bachbot.serving.refusal import RequestRefused

FORM_MEDIA_TYPE = "application/x-www-form-urlencoded"
MAX_FORM_FIELDS = 16

FOREIGN_FORM = "This form was not sent from this site, so nothing was saved. Please try again."
_UNREADABLE = "This form cannot be read, so nothing was saved."


def parse_form(content_type: str, body: bytes) -> dict[str, str]:
    """The fields of a form by name.

    Parameters
    ----------
    content_type : str
        Value of the header Content-Type.
    body : bytes
        The form.

    Raises
    ------
    RequestRefused
        415 if it is not a form, 400 if it cannot be parsed, has too many fields, a field twice, or
        a character that no database stores (NUL).
    """
    if content_type.split(";")[0].strip().lower() != FORM_MEDIA_TYPE:
        raise RequestRefused(415, "This is not a form, so nothing was saved.")
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body),
            errors="strict",
            max_num_fields=MAX_FORM_FIELDS,
        )
    except ValueError as error:
        raise RequestRefused(400, _UNREADABLE) from error
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise RequestRefused(400, "This form has a field twice, so nothing was saved.")
    if any("\x00" in text for pair in pairs for text in pair):
        raise RequestRefused(400, _UNREADABLE)
    return fields


def parse_count(text: str, digits: int = 6) -> int | None:
    """A whole number of ASCII digits, 0 or more; None if a text is anything else.

    Parameters
    ----------
    text : str
        As a client sent it.
    digits : int
        Largest number of digits.
    """
    valid = text.isascii() and text.isdecimal() and len(text) <= digits
    return int(text) if valid else None


def check_origin(request: Request, public_host: str | None = None) -> None:
    """Compare the origin of a form, as the browser states it, with this site.

    Origin is ``null`` in forms of a site whose pages send no referrer (Fetch Standard, section
    3.2). So it is compared only if Sec-Fetch-Site is missing, and a token in the form decides.

    Parameters
    ----------
    request : Request
        With the form.
    public_host : str, optional
        Host and port under which clients know the site. Default: those of the request.

    Raises
    ------
    RequestRefused
        403 if it is of another site, 400 if it is not an origin.
    """
    fetch_site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    host = None if origin in (None, "null") else _host_of(origin)
    if fetch_site is not None:
        if fetch_site not in ("same-origin", "none"):
            raise RequestRefused(403, FOREIGN_FORM)
    elif host is not None:
        expected = public_host or request.headers.get("host") or ""
        if host != expected.lower():
            raise RequestRefused(403, FOREIGN_FORM)


def _host_of(origin: str) -> str:
    """Host and port of an origin."""
    try:
        parts = urlsplit(origin)
        # The port is parsed only when it is asked for.
        valid = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        valid = False
    if not valid or parts.path or parts.query or parts.fragment or "@" in parts.netloc:
        raise RequestRefused(400, "Your browser sent an address that cannot be read.")
    return parts.netloc.lower()
