"""Chorales from text: one line a voice, each note as ``G4`` or, with its quarters, ``G4:2``."""

import numpy as np

from bachbot.chorale import Chorale, Key, Meter

C, A = Key("C", "major"), Key("A", "minor")
_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


def pitch_of(name):
    return 12 * (int(name[-1]) + 1) + _STEPS[name[0]] + name.count("#") - name[1:].count("b")


def piece(*voices, key=C, meter=Meter(4, 4), fermatas=()):
    """A chorale of four lines of text; fermatas are pairs of frames."""
    columns = [[], [], [], []]
    ties = [[], [], [], []]
    for column, tie, line in zip(columns, ties, voices, strict=True):
        for word in line.split():
            name, _, length = word.partition(":")
            frames = int(4 * float(length or 1))
            column += [pitch_of(name)] * frames
            tie += [False] + [True] * (frames - 1)
    fermata = np.zeros(len(columns[0]), dtype=bool)
    for start, stop in fermatas:
        fermata[start:stop] = True
    return Chorale(np.array(columns).T, np.array(ties).T, fermata, meter=meter, key=key)
