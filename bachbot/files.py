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
        If the folder does not exist, the path is no plain file, or it cannot be written.
    """
    # Imported here, because `bachbot --help`, which writes no file, imports this module.
    import tempfile

    path = Path(path)
    check_replaceable(path)
    _sweep_once(path.parent)
    temporary = None
    try:
        handle, name = tempfile.mkstemp(
            dir=path.parent, prefix=f"{_PREFIX}{_host()}-{os.getpid()}-", suffix=path.suffix
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


def check_replaceable(path: Path) -> None:
    """Check that a path is a plain file that can be replaced, or that one can be made there.

    Symbolic links are refused, because the file would take the place of the link, and so are
    pipes and devices, because nothing can be moved there.

    Raises
    ------
    OutputError
        If it is not.
    """
    try:
        if not path.parent.is_dir():
            raise OutputError(
                f"the folder {path.parent} does not exist: create it, or write elsewhere"
            )
        if path.is_symlink():
            raise OutputError(
                f"{path} is a symbolic link: remove it, or write to the file it points to"
            )
        if path.is_dir():
            raise OutputError(f"{path} is a folder: give the name of a file")
        if path.exists() and not path.is_file():
            raise OutputError(
                f"{path} is a pipe or a device, not a file: write to a file, or to standard output"
            )
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written ({error.strerror or error}): write elsewhere"
        ) from error
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise OutputError(
            f"you have no permission to write into the folder {path.parent}: write elsewhere"
        )


_PREFIX = ".bachbot-"
"""Begins the name of a temporary file; a host and a process follow."""

_A_DAY = 24 * 3600.0
_swept: set[str] = set()
"""Folders in which this process has looked for temporary files of others."""


def _host() -> str:
    """A few letters of this machine's name, which a folder may share with another machine."""
    import socket

    return "".join(c for c in socket.gethostname() if c.isascii() and c.isalnum())[:16] or "host"


def sweep_temporary_files(folder: Path) -> int:
    """Remove the temporary files that killed processes left in a folder.

    Those of processes that run stay, and those of other machines, and of Windows, where a process
    cannot be asked for without harm, stay for a day.

    Returns
    -------
    int
        Number of files that were removed.
    """
    import re
    import time

    pattern = re.compile(rf"{re.escape(_PREFIX)}([A-Za-z0-9]{{1,16}})-(\d{{1,10}})-\w{{8}}(\..*)?")
    here, now, removed = _host(), time.time(), 0
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            found = pattern.fullmatch(entry.name)
            if found is None:
                continue
            with suppress(OSError):
                if not entry.is_file(follow_symlinks=False):
                    continue
                old = now - entry.stat(follow_symlinks=False).st_mtime > _A_DAY
                if old or (found[1] == here and not _is_running(int(found[2]))):
                    Path(entry.path).unlink()
                    removed += 1
    return removed


def _sweep_once(folder: Path) -> None:
    """Sweep a folder, unless this process has done so before."""
    name = os.path.realpath(folder)
    if name not in _swept:
        _swept.add(name)
        sweep_temporary_files(folder)


def _is_running(process: int) -> bool:
    """Whether there is a process of this number; taken for granted where asking would harm it."""
    if os.name != "posix":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


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


def numbered(path: Path, number: int) -> list[Path]:
    """The path for one file; for several, NAME-1, NAME-2 and so on."""
    if number == 1:
        return [path]
    width = len(str(number))
    return [path.with_stem(f"{path.stem}-{i:0{width}d}") for i in range(1, number + 1)]


def data_folder(kind: str) -> Path:
    """Folder of data files that ship with the package: ``"checkpoints"`` or ``"corpus"``.

    In a wheel it is inside the package, in a checkout at the top level.
    """
    inside = Path(__file__).parent / f"_{kind}"
    return inside if inside.is_dir() else Path(__file__).parent.parent / kind
