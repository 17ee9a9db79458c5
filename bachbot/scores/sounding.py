"""What sounds: the notes of a score as MIDI and audio want them."""

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Sounding:
    """One sounding note: tied notes are one, struck notes are two.

    Parameters
    ----------
    voice : int
        0 to 3 for S, A, T, B.
    pitch : int
        MIDI pitch.
    start, length : Fraction
        In quarter notes from the beginning of the piece.
    fermata : bool
        Whether the note is under a fermata.
    """

    voice: int
    pitch: int
    start: Fraction
    length: Fraction
    fermata: bool = False
