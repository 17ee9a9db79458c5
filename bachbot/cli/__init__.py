"""The command line: parse, call one function, present."""

import io
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Sequence

from bachbot.errors import BachbotError, BachbotWarning

_INTERRUPTED = 130
"""Typer's exit status after Ctrl-C."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments; default: those of the process.

    Returns
    -------
    int
        Exit status: 0 done, 1 failed, 2 wrong arguments.
    """
    _configure_libraries()
    _escape_unprintable_output()
    # A terminated process ends as cleanly as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    warnings.showwarning = _show_warning
    try:
        return _run(argv)
    except BachbotError as error:
        return _print_error(str(error), error.exit_code)
    except KeyboardInterrupt:
        return _print_error(
            "interrupted: no file is left half-written; run the command again to continue", 1
        )
    except BrokenPipeError:
        # The reader, such as 'head', is gone; the interpreter must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
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
    except typer.Abort:
        raise KeyboardInterrupt from None
    except typer.TyperException as error:
        return _print_error(f"{error.format_message()} (see --help)", error.exit_code)
    if status == _INTERRUPTED:
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
