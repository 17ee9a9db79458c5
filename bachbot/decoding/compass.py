"""What each voice may sing."""

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import VOICES, Voice
from bachbot.encoding import FIRST_PITCH, REST_TOKEN, Vocabulary
from bachbot.errors import DecodingError


def compass_palette(vocabulary: Vocabulary, transposed_by: int) -> NDArray[np.bool_]:
    """Onsets within each voice's compass.

    Parameters
    ----------
    vocabulary : Vocabulary
        The model's.
    transposed_by : int
        Semitones from the key that will be sung to the one that is decoded in; whole octaves do
        not count.

    Returns
    -------
    ndarray of bool, shape [8, V]
        S, A, T, B without the rest, then S, A, T, B with it.

    Raises
    ------
    DecodingError
        If the vocabulary has no pitch within a compass.
    """
    # A tune that was brought into its compass by an octave does not take the others with it.
    shift = (transposed_by + 5) % 12 - 5
    pitch = vocabulary.pitch_of
    onset = (np.arange(len(vocabulary)) >= FIRST_PITCH) & ~vocabulary.tied_of
    palette = np.zeros((8, len(vocabulary)), dtype=np.bool_)
    for voice in VOICES:
        low, high = (bound + shift for bound in Voice(voice).compass)
        palette[[voice, voice + 4]] = onset & (pitch >= low) & (pitch <= high)
        if not palette[voice].any():
            raise DecodingError(
                f"the model knows no pitch from {low} to {high}, the {voice.label}'s compass: "
                "use another checkpoint"
            )
    palette[4:, REST_TOKEN] = True
    return palette
