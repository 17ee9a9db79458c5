"""How large a score may be. The readers count while they parse, before anything is built."""

from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from bachbot.errors import ScoreError

MAX_QUARTERS = 4096
"""Longest part, in quarter notes."""

MAX_BARS = 4096
"""Most bars of a part."""

MAX_NOTES = 50_000
"""Most notes, chord notes and rests of a score."""

MAX_DIVISIONS = 20160
"""Most divisions of a quarter note that the note lengths of a score may need."""

MAX_PARTS = 64
"""Most parts, voices or spines of a score."""


@dataclass
class Budget:
    """Counts what a reader has found so far.

    A file of a few bytes can ask for a million bars, or for one note of a thousand years. A reader
    that counts afterwards has by then filled the memory, so each calls these methods as it parses.

    Parameters
    ----------
    parts, notes : int
        Of the whole score so far.
    bars : int
        Of the present part.
    quarters : Fraction
        Length of the present part in quarter notes.
    divisions : int
        Of a quarter note, for all lengths so far.
    most_notes : int
        Most notes of the score, for a format that takes longer to read.

    Examples
    --------
    >>> budget = Budget()
    >>> budget.part()
    >>> budget.bar(1000)
    >>> budget.bar(10**9)
    Traceback (most recent call last):
    ...
    bachbot.errors.ScoreError: it has more than 4096 bars: give a part of it
    """

    parts: int = 0
    bars: int = 0
    notes: int = 0
    quarters: Fraction = Fraction(0)
    divisions: int = 1
    most_notes: int = MAX_NOTES

    def part(self) -> None:
        """Count a part, voice or spine, and begin to count its bars and quarters.

        Raises
        ------
        ScoreError
            If there are more than `MAX_PARTS`.
        """
        self.parts += 1
        self.bars, self.quarters = 0, Fraction(0)
        _check(self.parts, MAX_PARTS, "parts", "a score with fewer")

    def bar(self, number: int = 1) -> None:
        """Count bars of the present part.

        Raises
        ------
        ScoreError
            If there are more than `MAX_BARS`.
        """
        self.bars += number
        _check(self.bars, MAX_BARS, "bars")

    def note(self, length: Fraction | float = 0, number: int = 1) -> None:
        """Count notes or rests of the present part and their length in all, in quarter notes.

        Raises
        ------
        ScoreError
            If there are more than `most_notes`, or they last longer than `MAX_QUARTERS`.
        """
        self.notes += number
        _check(self.notes, self.most_notes, "notes")
        if length:
            self.long(self.quarters + (length if type(length) is Fraction else Fraction(length)))

    def long(self, quarters: Fraction) -> None:
        """Set the length of the present part, in quarter notes.

        Raises
        ------
        ScoreError
            If it is longer than `MAX_QUARTERS`.
        """
        self.quarters = quarters
        _check(quarters, MAX_QUARTERS, "quarter notes")

    def reach(self, end: Fraction | int) -> None:
        """Check where a note ends in a part that is read beside others, and count nothing.

        Parameters
        ----------
        end : Fraction or int
            In quarter notes from the beginning of the part.

        Raises
        ------
        ScoreError
            If it is later than `MAX_QUARTERS`.
        """
        _check(end, MAX_QUARTERS, "quarter notes")

    def divide(self, length: Fraction) -> None:
        """Count the divisions of a quarter note that a note length needs beside all before.

        Raises
        ------
        ScoreError
            If there are more than `MAX_DIVISIONS`.
        """
        self.divisions = lcm(self.divisions, length.denominator)
        if self.divisions > MAX_DIVISIONS:
            raise ScoreError("its note lengths have no common divisor: simplify the tuplets")


def _check(count: Fraction | int, most: int, what: str, instead: str = "a part of it") -> None:
    if count.numerator > most * count.denominator:  # faster than a fraction's own comparison
        raise ScoreError(f"it has more than {most} {what}: give {instead}")
