"""Standard streams that are closed, full or broken."""

import io
import os
import sys
from contextlib import suppress


def repair_streams() -> None:
    """Open the standard streams that the process was started without, and let errors pass.

    Python sets a closed stream to None, prints errors to standard output instead, and gives its
    number to the next file that is opened, which anything printed would then damage. A closed
    standard output fails here when it is written to; closed standard errors are discarded, and
    so is what they cannot hold.
    """
    for number, mode in ((0, os.O_RDONLY), (1, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, mode)  # the lowest number that is free
    if sys.stdout is None:
        sys.stdout = _open(1)
    if sys.stderr is None:
        sys.stderr = _open(2)
    if type(sys.stderr) is io.TextIOWrapper and not isinstance(
        getattr(sys.stderr.buffer, "raw", None), _Lossy
    ):
        with suppress(OSError, ValueError):
            number, encoding = sys.stderr.fileno(), sys.stderr.encoding
            sys.stderr = io.TextIOWrapper(
                io.BufferedWriter(_Lossy(number, "w", closefd=False)),
                encoding=encoding,
                errors="backslashreplace",
                line_buffering=True,
            )


def _open(number: int) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BufferedWriter(io.FileIO(number, "w", closefd=False)), "utf-8")


class _Lossy(io.FileIO):
    """A file that loses what cannot be written."""

    def write(self, content: object) -> int:
        try:
            return super().write(content) or 0  # type: ignore[arg-type]
        except OSError:
            return memoryview(content).nbytes  # type: ignore[arg-type]
