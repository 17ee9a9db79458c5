"""The secret that seals cookies: made once, kept in a file that its owner alone can read."""

import os
import re
import secrets
from pathlib import Path

from bachbot.errors import OutputError, UsageError

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
