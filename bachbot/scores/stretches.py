"""Which stretches of which voices are kept: the cells that text such as ``alto:5-6`` names.

Shapes: T frames.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import Voice, parse_voices
from bachbot.errors import UsageError
from bachbot.scores.bars import bars_of
from bachbot.scores.score import Score


@dataclass(frozen=True)
class Stretch:
    """A voice, or some bars of it.

    Parameters
    ----------
    voice : Voice
        The voice.
    bars : str
        Printed numbers of bars, such as ``"5-6"``; empty for the whole voice.
    """

    voice: Voice
    bars: str = ""


def parse_stretches(texts: str | Iterable[str]) -> tuple[Stretch, ...]:
    """Read what is kept, such as ``"soprano,alto:5-6"`` or ``["soprano", "bass:1-8"]``.

    Parameters
    ----------
    texts : str or iterable of str
        Voices with or without bars; each text may hold several, separated by commas.

    Returns
    -------
    tuple of Stretch
        As they come.

    Raises
    ------
    UsageError
        If one is no voice, or its bars are missing.
    """
    found = []
    for text in [texts] if isinstance(texts, str) else texts:
        for word in text.split(","):
            name, colon, bars = word.partition(":")
            [voice] = parse_voices(name)
            if colon and not bars.strip():
                raise UsageError(f"'{word[:40]}' names no bars: give a voice, or alto:5-6")
            found.append(Stretch(voice, bars.strip()))
    return tuple(found)


Kept = str | Sequence[Voice] | Sequence[str] | NDArray[np.bool_]
"""What comes back unchanged: voices, text as `parse_stretches` reads it, or cells [T, 4]."""


def kept(score: Score, given: Kept) -> tuple[tuple[Voice, ...], NDArray[np.bool_] | None]:
    """What of a score comes back unchanged.

    Parameters
    ----------
    score : Score
        Of T frames.
    given : sequence of Voice, str, sequence of str, or ndarray of bool, shape [T, 4]
        Whole voices, stretches, or any cells.

    Returns
    -------
    voices : tuple of Voice
        The voices that are kept from beginning to end.
    cells : ndarray of bool, shape [T, 4], or None
        All that is kept, if it is more than those.

    Raises
    ------
    UsageError
        If text cannot be read or names bars that the score lacks, or the shape is wrong.
    """
    if isinstance(given, np.ndarray):
        if given.shape != (score.chorale.frames, 4) or given.dtype != np.bool_:
            raise UsageError(
                f"given cells are {given.dtype} of shape {given.shape}: wanted bool of shape "
                f"({score.chorale.frames}, 4)"
            )
        cells = given
    elif isinstance(given, str) or any(isinstance(one, str) for one in given):
        stretches = parse_stretches(given)  # type: ignore[arg-type]
        if not any(stretch.bars for stretch in stretches):
            return voices_of(stretches), None
        cells = cells_of(score, stretches)
    else:
        return voices_to_load(given), None
    whole = tuple(voice for voice in Voice if cells[:, voice].all())
    return whole, cells


def voices_to_load(given: Kept) -> tuple[Voice, ...]:
    """The voices that a file has to have for what is kept of it, in score order.

    Parameters
    ----------
    given : sequence of Voice, str, sequence of str, or ndarray of bool, shape [T, 4]
        As `kept` takes it.

    Raises
    ------
    UsageError
        If text cannot be read, or cells are not of four voices.
    """
    if isinstance(given, np.ndarray):
        if given.ndim != 2 or given.shape[1] != len(Voice):
            raise UsageError(f"given cells are of shape {given.shape}: wanted (frames, 4)")
        return tuple(voice for voice in Voice if given[:, voice].any())
    if isinstance(given, str) or any(isinstance(one, str) for one in given):
        return voices_of(parse_stretches(given))  # type: ignore[arg-type]
    return tuple(sorted({Voice(one) for one in given}))  # type: ignore[arg-type]


def voices_of(stretches: Iterable[Stretch]) -> tuple[Voice, ...]:
    """The voices of some stretches, in score order."""
    return tuple(sorted({stretch.voice for stretch in stretches}))


def cells_of(score: Score, stretches: Sequence[Stretch]) -> NDArray[np.bool_]:
    """The cells of a score that some stretches cover.

    Parameters
    ----------
    score : Score
        Of T frames.
    stretches : sequence of Stretch
        From `parse_stretches`.

    Returns
    -------
    ndarray of bool, shape [T, 4]
        True in the frames of each stretch, in its voice.

    Raises
    ------
    UsageError
        If the score has no such bars.
    """
    cells = np.zeros((score.chorale.frames, 4), dtype=np.bool_)
    for stretch in stretches:
        frames = slice(None)
        if stretch.bars:
            span = bars_of(score, stretch.bars).frames
            frames = slice(span.start, span.stop)
        cells[frames, stretch.voice] = True
    return cells
