"""What a whole tune in the soprano asks of the voices under it."""

from dataclasses import replace

import numpy as np

from bachbot.chorale import REST, Chorale, Given, Voice

_TRIAD = {"major": (0, 4, 7), "minor": (0, 3, 7)}


def under_a_tune(chorale: Chorale, given: Given) -> tuple[Chorale, Given]:
    """Ask for an ending.

    - A tune without any fermata gets one on its last note, for the model's eyes alone: all but
      six chorales end under one. Where its other phrases end is left to the model.
    - A tune that ends on a note of the tonic triad is expected to end over the tonic, as nine in
      ten of Bach's do.

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
        With `close` and `fermatas`.
    """
    onset = chorale.onset[:, Voice.SOPRANO]
    soprano = chorale.pitch[:, Voice.SOPRANO]
    last = int(np.flatnonzero(soprano != REST)[-1])
    first = int(np.flatnonzero(onset[: last + 1])[-1])
    on_tonic = (soprano[last] - chorale.key.pitch_class) % 12 in _TRIAD[chorale.key.mode]
    given = replace(given, close=range(first, last + 1) if on_tonic else range(0))
    if chorale.fermata.any():
        return chorale, given
    fermata = np.zeros(chorale.frames, dtype=np.bool_)
    fermata[first : last + 1] = True
    return replace(chorale, fermata=fermata), replace(given, fermatas=fermata)
