"""What a measured figure hangs on, in a few digits: a file, the code."""

import hashlib
from functools import cache
from pathlib import Path

_DIGITS = 16
_FLOORS = ("chorale", "encoding", "theory", "runtime", "decoding", "evaluation")
"""The floors that measures are made of."""


def of_file(path: Path) -> str:
    """Sixteen hexadecimal digits that change with any byte."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:_DIGITS]


@cache
def of_code() -> str:
    """Sixteen hexadecimal digits that change with the code that measures.

    A version number is easily forgotten, and a figure of yesterday's measure must not stand
    beside one of today's.
    """
    top = Path(__file__).parent.parent
    digest = hashlib.sha256()
    for floor in _FLOORS:
        for path in sorted((top / floor).rglob("*.py")):
            digest.update(path.relative_to(top).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:_DIGITS]
