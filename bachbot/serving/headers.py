"""Security headers of all responses, and responses that are sent before any page is reached."""

from collections.abc import Mapping
from http import HTTPStatus

_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": _CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": (
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), "
        "microphone=(), midi=(), payment=(), usb=()"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Headers of all responses, whatever their status."""

STRICT_TRANSPORT_SECURITY = "max-age=31536000"
"""Value of the header that tells browsers to use encrypted connections only."""

_RETRY_SECONDS = 5


def bare_response(status: int) -> bytes:
    """The bytes of a short response in plain text, after which the connection is closed.

    Parameters
    ----------
    status : int
        HTTP status, 400 to 599.
    """
    phrase = HTTPStatus(status).phrase
    headers = {
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": str(len(phrase) + 1),
        "Cache-Control": "no-store",
        "Connection": "close",
        **HEADERS,
    }
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(_RETRY_SECONDS)
    lines = [
        f"HTTP/1.1 {status} {phrase}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return ("\r\n".join(lines) + f"\r\n\r\n{phrase}\n").encode("ascii")
