"""A piece as an array of pitches tells it.

Sets in `.npz` files (`bachbot.corpus.jsb`) tell neither a repeated note from a held one nor where
phrases end. Beside them Bach must be read so too: or he would be found to repeat notes, and they
to lack it.
"""

from dataclasses import replace

import numpy as np

from bachbot.chorale import REST, Chorale


def as_pitches_tell(chorale: Chorale) -> Chorale:
    """The same pitches, every repeated note held on, and no fermata."""
    pitch = chorale.pitch
    tied = np.zeros(pitch.shape, dtype=np.bool_)
    tied[1:] = (pitch[1:] == pitch[:-1]) & (pitch[1:] != REST)
    return replace(chorale, tied=tied, fermata=np.zeros(len(pitch), dtype=np.bool_))
