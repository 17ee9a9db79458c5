"""Part-writing that is asked for whatever the model thinks of it: no parallel fifths or octaves.

The likeliest harmony has many times as many as Bach has. That is put right openly, by a rule that
can be switched off, and not by touching what the model says.
"""

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import REST

_FIFTH = 7  # semitones


def forbid_parallels(
    legal: NDArray[np.bool_],
    before: NDArray[np.int16],
    now: NDArray[np.int16],
    voice: int,
    pitch_of: NDArray[np.int16],
) -> NDArray[np.bool_]:
    """What is legal without the tokens that would make parallel fifths, octaves or unisons.

    Parameters
    ----------
    legal : ndarray of bool, shape [B, V]
        What may stand in the cell.
    before : ndarray of int16, shape [B, 4]
        Pitches of the frame before.
    now : ndarray of int16, shape [B, 4]
        Pitches of this frame as far as they are known; a rest where not.
    voice : int
        Voice of the cell.
    pitch_of : ndarray of int16, shape [V]
        Pitch of each token.

    Returns
    -------
    ndarray of bool, shape [B, V]
        `legal` itself where it is left with nothing.
    """
    here = before[:, [voice]]
    sounding = (before != REST) & (now != REST) & (here != REST)  # [B, 4]
    moves = np.where(sounding, now - before, 0)
    apart = np.abs(before - here) % 12
    perfect = (moves != 0) & ((apart == 0) | (apart == _FIFTH))
    perfect[:, voice] = False
    if not perfect.any():
        return legal
    left = legal.copy()
    for row, other in np.argwhere(perfect):
        # To where this voice would have to go: as far, or by octaves further or nearer.
        moved, move = pitch_of - here[row], moves[row, other]
        along = moved > 0 if move > 0 else moved < 0
        left[row, along & ((moved - move) % 12 == 0) & (pitch_of != REST)] = False
    return np.where(left.any(axis=1, keepdims=True), left, legal)
