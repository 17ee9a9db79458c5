"""Sessions of participants and of the organizer: signed cookies and CSRF tokens."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass

from itsdangerous import BadSignature, TimestampSigner
from starlette.requests import HTTPConnection
from starlette.responses import Response

SESSION_DAYS = 90
ADMIN_HOURS = 12

_PARTICIPANT_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)
_COOKIE, _SECURE_COOKIE = "listener", "__Host-listener"


class SessionSigner:
    """Signs and verifies session cookies, CSRF tokens and the organizer's cookie.

    Parameters
    ----------
    secret : bytes
        The key of all signatures.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._session = self._signer("session")

    def sign_session(self, participant_id: str) -> str:
        """The session cookie of a participant."""
        return self._session.sign(participant_id).decode()

    def verify_session(self, cookie: str) -> str | None:
        """The participant of a session cookie; None if it is forged or expired."""
        found = _unsign(self._session, cookie, SESSION_DAYS * 86_400)
        return found if found and _PARTICIPANT_ID.fullmatch(found) else None

    def csrf_token(self, participant_id: str) -> str:
        """The CSRF token of a participant's forms."""
        return hmac.new(self._secret, f"form {participant_id}".encode(), hashlib.sha256).hexdigest()

    def verify_csrf_token(self, participant_id: str, token: str) -> bool:
        """Whether a CSRF token is the participant's."""
        return hmac.compare_digest(self.csrf_token(participant_id).encode(), token.encode())

    def sign_admin(self, admin_token: str) -> str:
        """The organizer's cookie; it becomes invalid when the admin token changes."""
        return self._signer(f"admin {admin_token}").sign("admin").decode()

    def verify_admin(self, cookie: str, admin_token: str) -> bool:
        """Whether it is the organizer's cookie and has not expired."""
        signer = self._signer(f"admin {admin_token}")
        return _unsign(signer, cookie, ADMIN_HOURS * 3600) == "admin"

    def _signer(self, purpose: str) -> TimestampSigner:
        return TimestampSigner(
            self._secret, salt=purpose, key_derivation="hmac", digest_method=hashlib.sha256
        )


def _unsign(signer: TimestampSigner, cookie: str, max_age: int) -> str | None:
    try:
        return signer.unsign(cookie, max_age=max_age).decode()
    except (BadSignature, UnicodeError):
        return None


@dataclass(frozen=True)
class Visitor:
    """The sender of a request.

    Parameters
    ----------
    participant_id : str, optional
        From a valid session cookie; the participant may not have agreed yet.
    forged : bool
        Whether there was a session cookie that is not valid.
    """

    participant_id: str | None
    forged: bool = False


def identify_visitor(connection: HTTPConnection, signer: SessionSigner, https: bool) -> Visitor:
    """Identify the sender of a request by the session cookie."""
    cookie = connection.cookies.get(session_cookie_name(https))
    if not cookie:
        return Visitor(None)
    participant_id = signer.verify_session(cookie)
    return Visitor(participant_id, forged=participant_id is None)


def new_participant_id() -> str:
    """128 random bits, in hexadecimal."""
    return secrets.token_hex(16)


def set_session_cookie(
    response: Response, participant_id: str, signer: SessionSigner, https: bool
) -> None:
    """Set the session cookie of a participant.

    SameSite is Lax: with Strict, participants who return by a link would start a new session.
    """
    response.set_cookie(
        session_cookie_name(https),
        signer.sign_session(participant_id),
        max_age=SESSION_DAYS * 86_400,
        path="/",
        secure=https,
        httponly=True,
        samesite="lax",
    )


def delete_session_cookie(response: Response, https: bool) -> None:
    """Delete the session cookie."""
    response.delete_cookie(
        session_cookie_name(https), path="/", secure=https, httponly=True, samesite="lax"
    )


def session_cookie_name(https: bool) -> str:
    """Name of the session cookie; its prefix stops other hosts of the domain from setting it."""
    return _SECURE_COOKIE if https else _COOKIE
