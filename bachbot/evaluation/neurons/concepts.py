"""What music theory calls each frame of a chorale: the labels that units are held against."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import Chorale
from bachbot.theory.analysis import Harmony, analyse
from bachbot.theory.closes import closes
from bachbot.theory.numerals import DOM7, MAJ, MIN

CONCEPTS = ("tonic", "dominant seventh", "perfect cadence", "fermata")
"""Names of the labels, in the order of `Heard.labels`."""

PERFECT_OF_CLOSES = "perfect, of all closes"
"""Name of the label of `Heard.perfect`."""

_DOMINANT = 7  # semitones above the tonic


@dataclass(frozen=True, eq=False)
class Heard:
    """What a piece is labelled with.

    Parameters
    ----------
    labels : ndarray of bool, shape [T, 4]
        By `CONCEPTS`. *Tonic*: the triad on the first degree of the key that is heard at the time,
        major or minor, in any inversion. *Dominant seventh*: the dominant seventh chord on its
        fifth degree, in any inversion; applied ones are left out. *Perfect cadence*: the last
        chord of a phrase that closes on one, to the phrase's end. *Fermata*: a soprano note under
        one. A chord's passing notes and suspensions belong to it.
    ends : ndarray of int64, shape [K]
        Last frame of each phrase.
    perfect : ndarray of bool, shape [K]
        Whether it closes on a perfect cadence.
    """

    labels: NDArray[np.bool_]
    ends: NDArray[np.int64]
    perfect: NDArray[np.bool_]


def heard(chorale: Chorale) -> Heard:
    """Label a chorale.

    Keys and chords are those of `bachbot.theory.analysis`, closes those of `bachbot.theory.closes`.

    Parameters
    ----------
    chorale : Chorale
        T frames in the key that its ``key`` says.
    """
    harmonies = analyse(chorale)
    labels = np.zeros((chorale.frames, len(CONCEPTS)), dtype=np.bool_)
    for harmony in harmonies:
        labels[harmony.start : harmony.stop, 0] = _is_tonic(harmony)
        labels[harmony.start : harmony.stop, 1] = _is_dominant_seventh(harmony)
    found = closes(chorale, harmonies)
    for close in found:
        labels[close.frame : close.end + 1, 2] = close.kind == "perfect"
    labels[:, 3] = chorale.fermata
    return Heard(
        labels,
        np.array([close.end for close in found], dtype=np.int64),
        np.array([close.kind == "perfect" for close in found], dtype=np.bool_),
    )


def _is_tonic(harmony: Harmony) -> bool:
    numeral = harmony.numeral
    return numeral.semitones == 0 and numeral.shape in (MAJ, MIN) and numeral.of is None


def _is_dominant_seventh(harmony: Harmony) -> bool:
    numeral = harmony.numeral
    return numeral.semitones == _DOMINANT and numeral.shape == DOM7 and numeral.of is None
