"""Cadences: how a phrase closes, read off the grid.

The terms are those of the textbooks (Aldwell, Schachter and Cadwallader, *Harmony and Voice
Leading*, 4th edition, chapters 7 and 11): authentic (perfect or imperfect), plagal and half.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from bachbot.chorale import REST, Chorale, Key, Voice

CadenceKind = Literal["perfect", "imperfect", "plagal", "half", "none"]

_DESCRIBED: dict[CadenceKind, str] = {
    "perfect": "a perfect cadence",
    "imperfect": "an imperfect cadence",
    "plagal": "a plagal cadence",
    "half": "a half cadence",
    "none": "no cadence",
}

# Semitones above the tonic.
_TONIC, _SECOND, _FOURTH, _FIFTH, _LEADING = 0, 2, 5, 7, 11
_THIRDS = {3, 4}
_TONIC_TRIAD = {0, 3, 4, 7}
_DOMINANT_TRIAD = {7, 11, 2}
_SUBDOMINANTS = {5, 8, 9, 0, 2}  # IV or iv, with an added sixth


@dataclass(frozen=True)
class Cadence:
    """How a phrase closes.

    Parameters
    ----------
    kind : {"perfect", "imperfect", "plagal", "half", "none"}
        Perfect: dominant to tonic, both in root position, the tonic in the soprano. Imperfect:
        dominant to tonic otherwise. Plagal: subdominant to tonic. Half: on the dominant.
    """

    kind: CadenceKind

    @property
    def described(self) -> str:
        """In words, with an article: ``"a perfect cadence"``."""
        return _DESCRIBED[self.kind]


def final_cadence(chorale: Chorale) -> Cadence:
    """The cadence that a piece ends on.

    Parameters
    ----------
    chorale : Chorale
        In the key that its ``key`` says. A major third closes a minor piece as well.
    """
    return cadence_at(chorale, chorale.frames - 1, chorale.key)


def cadence_at(chorale: Chorale, frame: int, key: Key) -> Cadence:
    """The cadence whose last chord sounds in a frame.

    The last chord is what sounds in that frame; the chord before it is what sounded over the
    bass's note before.

    Parameters
    ----------
    chorale : Chorale
        At any pitch.
    frame : int
        A frame of the last chord, after its suspensions: the last under a fermata, or of all.
    key : Key
        The key it may close in.
    """
    if frame < 0:
        return Cadence("none")
    above = (chorale.pitch[: frame + 1] - key.pitch_class) % 12  # [frame + 1, 4]
    bass = np.where(chorale.pitch[: frame + 1, Voice.BASS] == REST, REST, above[:, Voice.BASS])
    last = _sounding(chorale, above, frame)
    elsewhere = np.flatnonzero(bass != bass[frame])
    if bass[frame] == _FIFTH and _LEADING in last and last <= _DOMINANT_TRIAD:
        return Cadence("half" if elsewhere.size else "none")
    closes = bass[frame] == _TONIC and last <= _TONIC_TRIAD and len(last & _THIRDS) <= 1
    if not (closes and elsewhere.size):
        return Cadence("none")
    before = int(elsewhere[-1])
    others = np.flatnonzero(bass[:before] != bass[before])
    begins = int(others[-1]) + 1 if others.size else 0
    # The leading note may have moved on, to the seventh below or to the tonic before its time.
    led = any(_LEADING in _sounding(chorale, above, f) for f in range(begins, before + 1))
    if led and bass[before] in (_FIFTH, _LEADING, _SECOND, _FOURTH):
        roots = bass[before] == _FIFTH and above[frame, Voice.SOPRANO] == _TONIC
        return Cadence("perfect" if roots else "imperfect")
    if bass[before] == _FOURTH and _sounding(chorale, above, before) <= _SUBDOMINANTS:
        return Cadence("plagal")
    return Cadence("none")


def _sounding(chorale: Chorale, above: np.ndarray, frame: int) -> set[int]:
    """Semitones above the tonic of what sounds in a frame."""
    return {int(a) for a in above[frame][chorale.pitch[frame] != REST]}
