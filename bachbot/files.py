"""Files written whole or not at all, and where the package's own files lie."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bachbot.errors import OutputError

DEFAULT_CHECKPOINT = "lookahead"
"""Name of the shipped checkpoint that is used unless another is named."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place when the block ends well.

    Parameters
    ----------
    path : Path
        File to be written. Its folder must exist.

    Yields
    ------
    Path
        Temporary file of the same suffix in the same folder; removed if the block raises.

    Raises
    ------
    OutputError
        If the folder is not there, or the file system refuses.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise OutputError(f"the folder {path.parent} is not there: make it, or write elsewhere")
    if path.is_dir():
        raise OutputError(f"{path} is a folder: give the name of a file")
    temporary = None
    try:
        handle, name = tempfile.mkstemp(
            dir=path.parent, prefix=f".{path.stem[:80]}-", suffix=path.suffix
        )
        temporary = Path(name)
        os.close(handle)
        yield temporary
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        # mkstemp gives 0600; a file written by name would have followed the umask.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise OutputError(
            f"{path} could not be written ({error.strerror or error}): "
            f"{'free some room or ' if full else ''}write elsewhere"
        ) from error
    finally:
        if temporary is not None:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that no half of it is ever seen under its name.

    Raises
    ------
    OutputError
        If the folder is not there, or the file system refuses.
    """
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def shipped(kind: str) -> Path:
    """Folder of files that travel with the package: ``"checkpoints"`` or ``"corpus"``.

    In a wheel they lie inside the package; in a checkout at its top.
    """
    inside = Path(__file__).parent / f"_{kind}"
    return inside if inside.is_dir() else Path(__file__).parent.parent / kind
