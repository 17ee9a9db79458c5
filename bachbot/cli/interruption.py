"""What the command line says after Ctrl-C: one line, with how to go on."""

INTERRUPTED = 130
"""Exit status after Ctrl-C, as a shell gives it: 128 + SIGINT."""

_USUAL = "give the same command again"
_way: list[str] = []


def go_on_by(way: str) -> None:
    """Set what the user has to do to go on after Ctrl-C, such as ``"give --resume"``.

    An exception cannot carry it: Typer makes an exit status of `KeyboardInterrupt`.
    """
    _way[:] = [way]


def interruption() -> str:
    """The line that is printed after Ctrl-C, once."""
    way = _way.pop() if _way else _USUAL
    return f"interrupted: what is finished is kept, and no file is half-written; to go on, {way}"
