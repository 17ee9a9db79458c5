"""Files that only their owner can read: secrets, answer keys and databases."""

import os
import re
import secrets
import warnings
from collections.abc import Iterable
from pathlib import Path

from bachbot.errors import BachbotWarning, OutputError, UsageError

SECRET_BYTES = 32

_SECRET = re.compile(rf"[0-9a-f]{{{2 * SECRET_BYTES}}}", re.ASCII)
_OTHERS = 0o077
"""Rights of all users but the owner."""


def create_private_file(path: Path) -> bool:
    """Create an empty file that only its owner can read and write, unless there is a file.

    It never has wider rights, not even for a moment, whatever the umask.

    Returns
    -------
    bool
        Whether it was created.

    Raises
    ------
    OSError
        If it cannot be created.
    """
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    os.close(handle)
    return True


def is_shared(path: Path) -> bool:
    """Whether other users have any right to a file; never where rights are not those of POSIX."""
    return os.name == "posix" and path.is_file() and bool(path.stat().st_mode & _OTHERS)


def warn_of_shared_files(what: str, paths: Iterable[Path]) -> None:
    """Say in one line which of some files other users can read, if any.

    Parameters
    ----------
    what : str
        What the files are, such as ``"the answer key"``.
    paths : iterable of Path
        Files, which may be missing.
    """
    shared = " ".join(str(path) for path in paths if is_shared(path))
    if shared:
        message = f"other users can read {what}: run 'chmod 600 {shared}'"
        warnings.warn(message, BachbotWarning, stacklevel=3)


def load_or_create_secret(path: Path) -> bytes:
    """Load the secret from a file, or create the file with a random one.

    Raises
    ------
    UsageError
        If the file is not valid, or other users can read it.
    OutputError
        If it cannot be written.
    """
    path = Path(path)
    try:
        _create_secret(path)
    except FileExistsError:
        return _load_secret(path)
    except OSError as error:
        raise OutputError(
            f"{path} could not be written ({error.strerror}): give --secret another file"
        ) from error
    return _load_secret(path)


def _create_secret(path: Path) -> None:
    """Link the file to its name when it is complete, so that nobody reads half of it."""
    temporary = path.with_name(f".{path.name}-{secrets.token_hex(8)}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(SECRET_BYTES).hex().encode())
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)
    finally:
        temporary.unlink()


def _load_secret(path: Path) -> bytes:
    try:
        shared = is_shared(path)
        with path.open("rb") as file:
            text = file.read(2 * SECRET_BYTES + 1).decode("latin-1")
    except OSError as error:
        raise UsageError(
            f"the secret {path} could not be read ({error.strerror}): give --secret another file"
        ) from error
    if shared:
        raise UsageError(f"other users can read the secret {path}: run 'chmod 600' on it")
    if not _SECRET.fullmatch(text):
        raise UsageError(f"{path} is not a valid secret: delete it, which ends all sessions")
    return bytes.fromhex(text)
