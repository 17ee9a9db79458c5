"""Places in a piece, written as bar.beat.

``12.3`` is beat 3 of bar 12, and ``12.3.5`` half a beat later. Bars have their printed numbers, and
a pickup is bar 0. Beats count from 1. A beat is the note of the time signature's lower figure, and
in 6/8, 9/8 and 12/8 three of them: 6/8 has two beats, its second eighth is ``1.33``, its third
``1.67``.
"""

from fractions import Fraction

PLACE = r"(?P<bar>\d{1,5})(?:\.(?P<beat>\d{1,2}(?:\.\d{1,4})?))?"
"""Regular expression of a place; the beat may be left out."""

_EXACT = 10_000  # four decimals: a sixteenth of a whole note is 0.0625


def beat_text(beat: Fraction) -> str:
    """Format a beat: ``3``, ``2.5``, ``1.33`` for one and a third.

    Examples
    --------
    >>> beat_text(Fraction(5, 2)), beat_text(Fraction(4, 3)), beat_text(Fraction(9, 8))
    ('2.5', '1.33', '1.125')
    """
    digits = 4 if _EXACT % beat.denominator == 0 else 2
    return f"{float(beat):.{digits}f}".rstrip("0").rstrip(".")


def place_text(bar: int, beat: Fraction) -> str:
    """Format a place.

    Examples
    --------
    >>> place_text(12, Fraction(1)), place_text(12, Fraction(7, 2))
    ('12.1', '12.3.5')
    """
    return f"{bar}.{beat_text(beat)}"


def frames_to_beat(beat: str, beat_frames: int) -> int | None:
    """Frames from the beginning of a bar to a beat that is written as `beat_text` formats it.

    Parameters
    ----------
    beat : str
        Such as ``"3"``, ``"2.5"``, ``"1.33"`` or ``"1.3"``: as many digits as one likes.
    beat_frames : int
        Frames of a beat.

    Returns
    -------
    int or None
        None if there is no sixteenth there.

    Examples
    --------
    >>> frames_to_beat("1.33", 6), frames_to_beat("2.5", 4), frames_to_beat("1.4", 4)
    (2, 6, None)
    """
    _, point, digits = beat.partition(".")
    frames = (Fraction(beat) - 1) * beat_frames
    found = round(frames)
    half = Fraction(1, 2 * 10 ** len(digits)) if point else Fraction(0)
    return found if abs(frames - found) <= half * beat_frames else None
