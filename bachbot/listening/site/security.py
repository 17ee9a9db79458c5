"""Who asks and how much: sealed cookies, the secret behind them, and token buckets."""

import hashlib
import hmac
import os
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from itsdangerous import BadSignature, TimestampSigner
from starlette.requests import HTTPConnection
from starlette.responses import Response

from bachbot.errors import OutputError, UsageError


class RequestRefused(Exception):  # noqa: N818 - nothing went wrong on this side
    """What the page says instead.

    Parameters
    ----------
    status : int
        Of HTTP.
    message : str
        One or two sentences to whoever asked.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


@dataclass(frozen=True)
class Rate:
    """How much is let through.

    Parameters
    ----------
    burst : float
        At once.
    each_second : float
        In the long run.
    """

    burst: float
    each_second: float


class Buckets:
    """One bucket for everybody who comes by, in memory alone.

    Who somebody is is kept only as a hash with a salt that dies with the process.

    Parameters
    ----------
    rate : Rate
        What each bucket lets through.
    most : int
        Buckets that are kept; the one unused for longest goes first.
    clock : callable
        Seconds that only go forward.
    """

    def __init__(
        self, rate: Rate, most: int = 50_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate, self._most, self._clock = rate, most, clock
        self._salt = secrets.token_bytes(16)
        self._left: OrderedDict[bytes, tuple[float, float]] = OrderedDict()

    def take(self, who: str) -> float:
        """Take one.

        Returns
        -------
        float
            0 where there was one, else seconds until there is.
        """
        key = hashlib.blake2b(who.encode(), digest_size=16, key=self._salt).digest()
        now = self._clock()
        left, since = self._left.pop(key, (self._rate.burst, now))
        left = min(self._rate.burst, left + (now - since) * self._rate.each_second)
        wait = 0.0 if left >= 1 else (1 - left) / self._rate.each_second
        self._left[key] = (left if wait else left - 1, now)
        if len(self._left) > self._most:
            self._left.popitem(last=False)
        return wait

    def __len__(self) -> int:
        return len(self._left)


LENGTH = 32
"""Bytes."""

_SPELLED = re.compile(rf"[0-9a-f]{{{2 * LENGTH}}}", re.ASCII)


def read_or_make(path: Path) -> bytes:
    """The secret in a file, made at random where there is no file yet.

    Raises
    ------
    UsageError
        If the file is none that this made, or others can read it.
    OutputError
        If it cannot be written.
    """
    path = Path(path)
    try:
        _make(path)
    except FileExistsError:
        return _read(path)
    except OSError as error:
        raise OutputError(
            f"{path} could not be written ({error.strerror}): give --secret another file"
        ) from error
    return _read(path)


def _make(path: Path) -> None:
    """Under its name only when it is whole: who comes second finds all of it or nothing."""
    temporary = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(LENGTH).hex().encode())
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)
    finally:
        temporary.unlink()


def _read(path: Path) -> bytes:
    try:
        shared = os.name == "posix" and path.stat().st_mode & 0o077
        text = path.read_text("latin-1")
    except OSError as error:
        raise UsageError(
            f"the secret {path} could not be read ({error.strerror}): give --secret another file"
        ) from error
    if shared:
        raise UsageError(f"others can read the secret {path}: chmod 600 it")
    if not _SPELLED.fullmatch(text):
        raise UsageError(f"{path} holds no secret: delete it, and all sessions with it")
    return bytes.fromhex(text)


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


_PLAIN, _SECURE = "listener", "__Host-listener"


@dataclass(frozen=True)
class Visitor:
    """Who asks.

    Parameters
    ----------
    name : str, optional
        From a cookie that was made here.
    forged : bool
        Whether there was a cookie that was not.
    """

    name: str | None
    forged: bool = False


def visitor_of(connection: HTTPConnection, seal: Seal, https: bool) -> Visitor:
    """Who asks, by the cookie."""
    cookie = connection.cookies.get(cookie_name(https))
    if not cookie:
        return Visitor(None)
    name = seal.name(cookie)
    return Visitor(name, forged=name is None)


def new_name() -> str:
    """A participant's name: 128 random bits."""
    return secrets.token_hex(16)


def remember(response: Response, name: str, seal: Seal, https: bool) -> None:
    """Give a participant's name to the browser.

    SameSite is Lax: with Strict, whoever came back by a link would be taken for somebody new.
    """
    response.set_cookie(
        cookie_name(https),
        seal.session(name),
        max_age=SESSION_DAYS * 86_400,
        path="/",
        secure=https,
        httponly=True,
        samesite="lax",
    )


def forget(response: Response, https: bool) -> None:
    """Take it back."""
    response.delete_cookie(
        cookie_name(https), path="/", secure=https, httponly=True, samesite="lax"
    )


def cookie_name(https: bool) -> str:
    """What the cookie is called; the prefix keeps other hosts of the domain from setting it."""
    return _SECURE if https else _PLAIN
