"""Notes outside the ranges of their voices, which a model reads in another octave.

Shapes: T frames.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import REST, VOICES, Chorale
from bachbot.scores.pitch import fold


def fold_chorale(chorale: Chorale) -> Chorale:
    """Put every note of a chorale into the range of its voice, by octaves.

    Parameters
    ----------
    chorale : Chorale
        T frames.

    Returns
    -------
    Chorale
        The same if all notes are within the ranges.
    """
    pitch = chorale.pitch.copy()
    for voice in VOICES:
        table = np.array([fold(midi, voice) for midi in range(128)], dtype=np.int16)
        sounding = pitch[:, voice] != REST
        pitch[sounding, voice] = table[pitch[sounding, voice]]
    return replace(chorale, pitch=pitch) if (pitch != chorale.pitch).any() else chorale


def unfold(found: Chorale, source: Chorale, cells: NDArray[np.bool_]) -> Chorale:
    """Put the given notes of a result back into the octaves that they came from.

    Parameters
    ----------
    found : Chorale
        T frames, in the key of `source`, whose given cells are those of `fold_chorale`.
    source : Chorale
        What was given.
    cells : ndarray of bool, shape [T, 4]
        Where it was given. A note that begins or ends in a cell that was not given moves with
        the given part of it.

    Returns
    -------
    Chorale
        The same if no given note is outside the ranges.
    """
    away = np.where(cells, source.pitch - found.pitch, 0)
    if not away.any():
        return found
    pitch = found.pitch.copy()
    for voice in VOICES:
        # Every frame of a note has the same number.
        notes = np.cumsum(~found.tied[:, voice]) - 1
        octaves = np.zeros(notes[-1] + 1, dtype=np.int16)
        moved = away[:, voice] != 0
        octaves[notes[moved]] = away[moved, voice]
        pitch[:, voice] += octaves[notes]
    return replace(found, pitch=pitch)
