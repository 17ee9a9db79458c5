"""Atomic writing of files, and the location of the package's own data files."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from bachbot.errors import OutputError

DEFAULT_CHECKPOINT = "lookahead"
"""Name of the shipped checkpoint that is used unless another is named."""


@contextmanager
def replace_atomically(path: Path, private: bool = False) -> Iterator[Path]:
    """Give a temporary path beside `path` that replaces it when the block succeeds.

    Parameters
    ----------
    path : Path
        File to write. Its folder must exist.
    private : bool
        Whether only its owner may read the file; otherwise its rights follow the umask.

    Yields
    ------
    Path
        Temporary file of the same suffix in the same folder; removed if the block raises.

    Raises
    ------
    OutputError
        If the folder does not exist, or the file cannot be written.
    """
    # Imported here, because `bachbot --help`, which writes no file, imports this module.
    import tempfile

    path = Path(path)
    if not path.parent.is_dir():
        raise OutputError(f"the folder {path.parent} does not exist: create it, or write elsewhere")
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
        # mkstemp creates the file with mode 0600; a plain open() would have followed the umask.
        if not private:
            umask = os.umask(0)
            os.umask(umask)
            temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise OutputError(
            f"{path} could not be written ({error.strerror or error}): "
            f"{'free some space or ' if full else ''}write elsewhere"
        ) from error
    finally:
        if temporary is not None:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


def write_atomically(path: Path, content: bytes, private: bool = False) -> None:
    """Write a file whole or not at all: no part of it is ever visible under its name.

    Parameters
    ----------
    path : Path
        File to write. Its folder must exist.
    content : bytes
        All of it.
    private : bool
        Whether only its owner may read the file.

    Raises
    ------
    OutputError
        If the folder does not exist, or the file cannot be written.
    """
    with replace_atomically(path, private) as temporary:
        temporary.write_bytes(content)


def data_folder(kind: str) -> Path:
    """Folder of data files that ship with the package: ``"checkpoints"`` or ``"corpus"``.

    In a wheel it is inside the package, in a checkout at the top level.
    """
    inside = Path(__file__).parent / f"_{kind}"
    return inside if inside.is_dir() else Path(__file__).parent.parent / kind
