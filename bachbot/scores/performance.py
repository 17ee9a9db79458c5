"""How a score is to be played: tempo, articulation and loudness of its passages."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from bachbot.errors import UsageError

SLOWEST, FASTEST = 10.0, 400.0
"""Quarter notes per minute."""

USUAL_TEMPO = 72.0
"""Quarter notes per minute of a page without tempo marks."""


def tempo_faults(tempo: float | None) -> list[str]:
    """What is wrong with a tempo in quarter notes per minute; nothing if it is None."""
    if tempo is None or SLOWEST <= tempo <= FASTEST:
        return []
    return [f"a tempo of {tempo:g}: give {SLOWEST:g} to {FASTEST:g} quarter notes per minute"]


@dataclass(frozen=True)
class Passage:
    """How the music is played from a time on.

    Parameters
    ----------
    tempo : float
        Quarter notes per minute, 10 to 400.
    start : Fraction
        In quarter notes from the beginning of the piece.
    legato : float
        Share of a note's length that sounds, above 0 to 1.
    loudness : float
        In decibels beside the usual loudness, -40 to 0.

    Raises
    ------
    UsageError
        If a value is none of these.
    """

    tempo: float = USUAL_TEMPO
    start: Fraction = Fraction(0)
    legato: float = 1.0
    loudness: float = 0.0

    def __post_init__(self) -> None:
        faults = tempo_faults(self.tempo)
        if not 0 < self.legato <= 1:
            faults.append(f"a share of {self.legato:g} of each note: give above 0 to 1")
        if not -40 <= self.loudness <= 0:
            faults.append(f"a loudness of {self.loudness:g} decibels: give -40 to 0")
        if faults:
            raise UsageError("; ".join(faults))

    @property
    def gain(self) -> float:
        """Factor of the amplitude."""
        return float(10 ** (self.loudness / 20))


@dataclass(frozen=True)
class Performance:
    """How a whole piece is played.

    Parameters
    ----------
    passages : tuple of Passage
        In order of time, the first from the beginning.

    Raises
    ------
    UsageError
        If there is none, or they are not in order.
    """

    passages: tuple[Passage, ...]

    def __post_init__(self) -> None:
        starts = [passage.start for passage in self.passages]
        if not starts or starts[0] != 0 or any(np.diff([float(s) for s in starts]) <= 0):
            raise UsageError(
                "the passages of a performance begin at "
                f"{', '.join(f'{float(s):g}' for s in starts) or 'no time'}: give the first at 0, "
                "and each after the one before"
            )

    def at(self, quarters: float | Fraction) -> Passage:
        """The passage at a time in quarter notes."""
        index = bisect_right(self.passages, quarters, key=lambda passage: passage.start)
        return self.passages[max(0, index - 1)]

    def level(self, times: Sequence[tuple[float, float]]) -> float:
        """Factor of the amplitude of the whole piece: the mean power of its passages.

        Parameters
        ----------
        times : sequence of tuple of float
            Start and length of each note, in quarter notes.
        """
        lengths = np.array([length for _, length in times])
        gains = np.array([self.at(start).gain for start, _ in times])
        return float(np.sqrt((lengths * gains**2).sum() / lengths.sum()))
