"""What a whole tune in the soprano asks of the voices under it.

A plain model of what comes next does not see where a tune is going, and the likeliest harmony holds
its chords for longer than Bach does. These are the two places where that is worst, put right by
what Bach himself all but always does; the shares are those of the training part.
"""

from dataclasses import replace

import numpy as np

from bachbot.chorale import FRAMES_PER_QUARTER, REST, Chorale, Given, Voice

_LONG = 2 * FRAMES_PER_QUARTER

_TRIAD = {"major": (0, 4, 7), "minor": (0, 3, 7)}


def under_a_tune(chorale: Chorale, given: Given) -> tuple[Chorale, Given]:
    """Ask for voices that move with the tune, and for an ending.

    - Where the soprano strikes on a quarter the bass strikes too (in Bach, at 97 of 100 such
      places; some lower voice at 99.8). After a half or more all voices strike (alto 97, tenor
      97, bass 98).
    - A tune without any fermata gets one on its last note, for the model's eyes alone: all but
      six chorales end under one. Where its other phrases end is left to the model.
    - A tune that ends on a note of the tonic triad ends over the tonic.

    Parameters
    ----------
    chorale : Chorale
        T frames with the whole soprano given.
    given : Given
        What is given of it.

    Returns
    -------
    chorale : Chorale
        With the fermata on its last note.
    given : Given
        With `strikes`, `close` and `fermatas`.
    """
    onset = chorale.onset[:, Voice.SOPRANO]
    strikes = np.zeros((chorale.frames, 4), dtype=np.bool_)
    on_quarter = np.flatnonzero(onset & (chorale.place % FRAMES_PER_QUARTER == 0))
    strikes[on_quarter, Voice.BASS] = True
    starts = np.flatnonzero(onset)
    after_long = starts[1:][np.diff(starts) >= _LONG]
    strikes[np.intersect1d(on_quarter, after_long)] = True

    soprano = chorale.pitch[:, Voice.SOPRANO]
    last = int(np.flatnonzero(soprano != REST)[-1])
    first = int(np.flatnonzero(onset[: last + 1])[-1])
    on_tonic = (soprano[last] - chorale.key.pitch_class) % 12 in _TRIAD[chorale.key.mode]
    close = range(first, last + 1) if on_tonic else range(0)
    if chorale.fermata.any():
        return chorale, replace(given, strikes=strikes, close=close)
    fermata = np.zeros(chorale.frames, dtype=np.bool_)
    fermata[first : last + 1] = True
    given = replace(given, strikes=strikes, close=close, fermatas=fermata)
    return replace(chorale, fermata=fermata), given
