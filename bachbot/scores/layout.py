"""How a score is laid out and played."""

from dataclasses import dataclass
from typing import Literal

from bachbot.errors import UsageError


@dataclass(frozen=True)
class Layout:
    """How a score is laid out and played.

    Parameters
    ----------
    staves : {2, 4}
        Four staves, one a voice, or two with two voices each.
    tempo : float
        Quarter notes a minute, 10 to 400.

    Raises
    ------
    UsageError
        If either is none of these.
    """

    staves: Literal[2, 4] = 4
    tempo: float = 72.0

    def __post_init__(self) -> None:
        faults = []
        if self.staves not in (2, 4):
            faults.append(f"{self.staves} staves: give 2 or 4")
        if not 10 <= self.tempo <= 400:
            faults.append(f"a tempo of {self.tempo:g}: give 10 to 400 quarter notes a minute")
        if faults:
            raise UsageError("; ".join(faults))
