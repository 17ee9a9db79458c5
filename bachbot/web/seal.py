"""What cookies and forms are sealed with, so that nobody makes one up."""

import hashlib
import hmac
import re

from itsdangerous import BadSignature, TimestampSigner

SESSION_DAYS = 90
ADMIN_HOURS = 12

_NAME = re.compile(r"[0-9a-f]{32}", re.ASCII)


class Seal:
    """Makes and checks sealed values.

    Parameters
    ----------
    secret : bytes
        Known to nobody else.
    """

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._session = self._signer("session")

    def session(self, name: str) -> str:
        """A cookie for a participant's name."""
        return self._session.sign(name).decode()

    def name(self, cookie: str) -> str | None:
        """Whose cookie it is; none if it was not made here, or too long ago."""
        found = _opened(self._session, cookie, SESSION_DAYS * 86_400)
        return found if found and _NAME.fullmatch(found) else None

    def form(self, name: str) -> str:
        """What a form of this session carries."""
        return hmac.new(self._secret, f"form {name}".encode(), hashlib.sha256).hexdigest()

    def form_is(self, name: str, token: str) -> bool:
        """Whether a form is of this session."""
        return hmac.compare_digest(self.form(name).encode(), token.encode())

    def admin(self, token: str) -> str:
        """A cookie for whoever gave the token; another token makes it worthless."""
        return self._signer(f"admin {token}").sign("admin").decode()

    def admin_is(self, cookie: str, token: str) -> bool:
        """Whether it is such a cookie."""
        return _opened(self._signer(f"admin {token}"), cookie, ADMIN_HOURS * 3600) == "admin"

    def _signer(self, purpose: str) -> TimestampSigner:
        return TimestampSigner(
            self._secret, salt=purpose, key_derivation="hmac", digest_method=hashlib.sha256
        )


def _opened(signer: TimestampSigner, cookie: str, seconds: int) -> str | None:
    try:
        return signer.unsign(cookie, max_age=seconds).decode()
    except (BadSignature, UnicodeError):
        return None
