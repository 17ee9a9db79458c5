"""Made pieces for the detector: chords drawn at random, and faults to plant in them."""

from contextlib import contextmanager
from dataclasses import replace
from itertools import combinations, permutations

import numpy as np
import pytest

from bachbot.chorale import Chorale, Meter, Voice
from bachbot.evaluation.detection import classifiers

_SCALE = np.array([0, 2, 4, 5, 7, 9, 11])
_CENTERS = (72, 65, 58, 48)
_DEGREES = 6  # on the seventh there is no perfect fifth
_ORDERS = np.array(list(permutations(range(3))))


def block(*chords, frames=4, meter=None, fermatas=()):
    """Chords of so many frames each, every note struck and held."""
    pitch = np.repeat(np.array(chords, dtype=np.int16).reshape(-1, 4), frames, axis=0)
    held = np.arange(len(pitch)) % frames > 0
    fermata = np.repeat(np.isin(np.arange(len(chords)), fermatas), frames)
    return Chorale(pitch, held[:, None] & (pitch >= 0), fermata, meter=meter or Meter())


def made(rng, beats=32):
    """A piece of triads in root position, without parallel fifths wherever that can be."""
    chords = [_voiced(rng.integers(_DEGREES), rng.permutation(_ORDERS)[0])]
    while len(chords) < beats:
        degree = rng.integers(_DEGREES)
        tried = [_voiced(degree, order) for order in rng.permutation(_ORDERS)]
        chords.append(min(tried, key=lambda chord: _parallels(chords[-1], chord)))
    return block(*chords, fermatas=np.arange(7, beats, 8))


def _voiced(degree, order):
    """A triad, each voice near where it always is, the upper three with a tone each."""
    tones = _SCALE[(degree + np.array([0, 2, 4])) % 7]
    classes = [*tones[order], tones[0]]
    return [c + (k - c + 6) // 12 * 12 for c, k in zip(classes, _CENTERS, strict=True)]


def _parallels(before, now):
    fifths = 0
    for upper, lower in combinations(range(4), 2):
        moves = before[upper] - now[upper], before[lower] - now[lower]
        apart = (before[upper] - before[lower]) % 12, (now[upper] - now[lower]) % 12
        fifths += apart == (7, 7) and moves[0] * moves[1] > 0
    return fifths


def some(seed, number=24, beats=32):
    """So many made pieces."""
    rng = np.random.default_rng(seed)
    return [made(rng, beats) for _ in range(number)]


def with_fifths(chorale):
    """The same with the tenor a fifth above the bass in the first two of every eight beats.

    Who had the fifth has what the tenor had: the chords stay.
    """
    pitch = chorale.pitch.copy()
    for start in range(0, chorale.frames - 8, 32):
        for beat in (start, start + 4):
            frames = slice(beat, beat + 4)
            soprano, alto, tenor, bass = pitch[beat]
            for voice, height in ((Voice.SOPRANO, soprano), (Voice.ALTO, alto)):
                if (height - bass) % 12 == 7:
                    pitch[frames, voice] = height + (tenor - height + 6) % 12 - 6
            pitch[frames, Voice.TENOR] = bass + 7
    return replace(chorale, pitch=pitch)


def struck_again(chorale):
    """The same with every note of the alto struck in eighths."""
    tied = chorale.tied.copy()
    tied[2::4, Voice.ALTO] = False
    return replace(chorale, tied=tied)


@contextmanager
def small_forest():
    """A forest of 12 trees, which see what is planted as 60 do, in a fifth of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classifiers, "_TREES", 12)
        yield
