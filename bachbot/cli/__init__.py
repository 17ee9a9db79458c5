"""The command line: parse, call one function, present."""

import errno
import io
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Sequence

from bachbot.cli.interruption import INTERRUPTED, interruption
from bachbot.cli.paths import BROKEN_PIPE, discard_output
from bachbot.cli.streams import repair_streams
from bachbot.errors import BachbotError, BachbotWarning

_OUTPUT_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EBADF, errno.EFBIG)
"""Errors of a standard output that is full or closed."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments; default: those of the process.

    Returns
    -------
    int
        Exit status: 0 done, 1 failed, 2 wrong arguments, 130 interrupted.
    """
    repair_streams()
    _configure_libraries()
    _escape_unprintable_output()
    # A terminated process ends as cleanly as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    warnings.showwarning = _show_warning
    try:
        status = _run(argv)
        sys.stdout.flush()
        return status
    except BachbotError as error:
        if os.environ.get("BACHBOT_DEBUG"):
            traceback.print_exception(error)
        return _print_error(str(error), error.exit_code)
    except KeyboardInterrupt:
        return _print_error(interruption(), INTERRUPTED)
    except BrokenPipeError:
        # The reader, such as 'head', is gone.
        discard_output()
        return BROKEN_PIPE
    except OSError as error:
        if error.filename is not None or error.errno not in _OUTPUT_ERRORS:
            return _report_fault(error)
        # Files have errors of their own: this is a full or closed standard output.
        discard_output()
        return _print_error(f"standard output could not be written ({error.strerror})", 1)
    except MemoryError:
        return _print_error(
            "out of memory: give a shorter piece, a narrower beam or a smaller number", 1
        )
    except ImportError as error:
        from bachbot.extras import missing_extra

        missing = missing_extra(error)
        return (
            _report_fault(error)
            if missing is None
            else _print_error(str(missing), missing.exit_code)
        )
    except Exception as error:
        return _report_fault(error)


def _run(argv: Sequence[str] | None) -> int:
    import typer

    from bachbot.cli.app import app

    try:
        status = app(args=argv, prog_name="bachbot", standalone_mode=False)
    except SystemExit as error:
        # What Typer makes of a broken pipe: it puts a stream in place that ignores it.
        if type(sys.stdout).__name__ != "PacifyFlushWrapper":
            raise
        raise BrokenPipeError from error
    except typer.Abort:
        raise KeyboardInterrupt from None
    except typer.TyperException as error:
        from bachbot.cli.usage import usage_line

        return _print_error(usage_line(error, argv), error.exit_code)
    if status == INTERRUPTED:
        raise KeyboardInterrupt
    return status if isinstance(status, int) else 0


def _configure_libraries() -> None:
    """Use one thread for small matrices, and show only our own warnings."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    warnings.simplefilter("ignore")
    warnings.simplefilter("always", BachbotWarning)


def _escape_unprintable_output() -> None:
    """Print the code of a character that standard output cannot encode."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _show_warning(
    message: Warning | str, category: type[Warning], *_: object, **__: object
) -> None:
    if issubclass(category, BachbotWarning):
        print(f"bachbot: warning: {message}", file=sys.stderr)  # noqa: T201


def _report_fault(error: Exception) -> int:
    if os.environ.get("BACHBOT_DEBUG"):
        traceback.print_exception(error)
    line = " ".join(f"{type(error).__name__}: {error}".split())
    return _print_error(f"a fault in bachbot ({line}): set BACHBOT_DEBUG=1 to see where", 1)


def _print_error(line: str, status: int) -> int:
    print(f"bachbot: {line}", file=sys.stderr)  # noqa: T201
    return status
