"""Logs that clients can neither flood nor forge."""

import asyncio
import errno
import logging
import sys
import time
from collections.abc import Callable

_LINES, _SECONDS = 10, 60.0
"""Number of records of one kind within this time."""

_KINDS = 200
"""Number of kinds within this time."""

_OUT_OF_FILES = frozenset((errno.EMFILE, errno.ENFILE))
_CONTROL = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))} | {
    0x2028: "\\u2028",
    0x2029: "\\u2029",
}
_LOG = logging.getLogger(__name__)


class LogLimit(logging.Filter):
    """Drops records of one kind beyond ten a minute, and keeps each message in one line.

    Parameters
    ----------
    lines : int
        Number of records of one kind, by logger and template, that pass within a minute.
    clock : callable
        Monotonic time in seconds.
    """

    def __init__(self, lines: int = _LINES, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._lines, self._clock = lines, clock
        self._start = clock()
        self._counts: dict[tuple[str, str], int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record passes; its message is escaped in place."""
        now = self._clock()
        if now - self._start >= _SECONDS:
            self._start = now
            self._counts.clear()
        kind = record.name, str(record.msg).partition("\n")[0][:100]
        if kind not in self._counts and len(self._counts) >= _KINDS:
            return False
        count = self._counts[kind] = self._counts.get(kind, 0) + 1
        if count > self._lines:
            return False
        # A line break in what a client sent would look like a record of its own.
        record.msg = record.getMessage().strip().translate(_CONTROL)
        record.args = None
        if count == self._lines:
            record.msg += " (no more of these for a minute)"
        return True

    def __len__(self) -> int:
        return len(self._counts)


def configure_logs(level: int = logging.ERROR) -> None:
    """Write the records of this process to standard error, within a limit.

    Parameters
    ----------
    level : int
        Records below it are dropped: what servers warn of are the faults of clients.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(levelname)s: %(name)s: %(message)s"))
    handler.addFilter(LogLimit())
    for name in ("uvicorn", "asyncio", "bachbot"):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
        logger.setLevel(level)


def handle_loop_error(loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
    """Log an error of the event loop: none of connections that broke, else one line or a traceback.

    Without files for new connections the loop reports one error for each of them.
    """
    error = context.get("exception")
    if isinstance(error, OSError) and error.errno in _OUT_OF_FILES:
        _LOG.error("no more files can be opened: raise the limit ('ulimit -n')")
    elif not isinstance(error, ConnectionError | TimeoutError):
        loop.default_exception_handler(context)
