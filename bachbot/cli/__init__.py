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
"""What typer makes of Ctrl-C, without a word."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments; those of the process unless given.

    Returns
    -------
    int
        Exit status: 0 done, 1 it could not be done, 2 it was asked for wrongly.
    """
    _calm_the_libraries()
    _print_any_letter()
    # A job that is told to end gets the same clean end as Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    warnings.showwarning = _show_warning
    try:
        return _run(argv)
    except BachbotError as error:
        return _say(str(error), error.exit_code)
    except KeyboardInterrupt:
        return _say("interrupted: nothing is left half-written; run the command again to go on", 1)
    except BrokenPipeError:
        # The reader has gone (such as 'head'); the interpreter must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except MemoryError:
        return _say("out of memory: give a shorter piece, a narrower beam or a smaller number", 1)
    except ImportError as error:
        from bachbot.extras import missing_extra

        missing = missing_extra(error)
        return _say_fault(error) if missing is None else _say(str(missing), missing.exit_code)
    except Exception as error:
        return _say_fault(error)


def _run(argv: Sequence[str] | None) -> int:
    import typer

    from bachbot.cli.app import app

    try:
        status = app(args=argv, prog_name="bachbot", standalone_mode=False)
    except typer.Abort:
        raise KeyboardInterrupt from None
    except typer.TyperException as error:
        return _say(f"{error.format_message()} (see --help)", error.exit_code)
    if status == _INTERRUPTED:
        raise KeyboardInterrupt
    return status if isinstance(status, int) else 0


def _calm_the_libraries() -> None:
    """Keep one thread for small matrices, and other libraries' warnings to themselves."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    warnings.simplefilter("ignore")
    warnings.simplefilter("always", BachbotWarning)


def _print_any_letter() -> None:
    """Where standard output has no such letter, print its code instead of failing."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def _show_warning(
    message: Warning | str, category: type[Warning], *_: object, **__: object
) -> None:
    if issubclass(category, BachbotWarning):
        print(f"bachbot: warning: {message}", file=sys.stderr)  # noqa: T201


def _say_fault(error: Exception) -> int:
    if os.environ.get("BACHBOT_DEBUG"):
        traceback.print_exception(error)
    line = " ".join(f"{type(error).__name__}: {error}".split())
    return _say(f"a fault in bachbot ({line}): set BACHBOT_DEBUG=1 to see where", 1)


def _say(line: str, status: int) -> int:
    print(f"bachbot: {line}", file=sys.stderr)  # noqa: T201
    return status
