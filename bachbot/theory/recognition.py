"""How well a tune is recognized after it was changed.

Both measures hear steps of the scale, not semitones, so that neither the key nor the mode counts.
`recognizability` compares at the same time; `tune_distance` aligns two tunes of any length.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, REST, Chorale, Voice
from bachbot.theory.moods import notes_of

_STEPS = {
    # A tone between two steps of the scale: where it usually belongs.
    "major": (0, 0, 1, 2, 2, 3, 3, 4, 5, 5, 6, 6),
    "minor": (0, 1, 1, 2, 2, 3, 3, 4, 5, 5, 6, 6),
}
"""Step of the scale, 0 to 6, of each semitone above the tonic."""

_STEP_COST, _MOST_STEPS, _LENGTH_COST = 0.35, 3, 0.15
"""Cost of a step between two aligned notes, up to so many steps, and of an octave of length."""


def recognizability(tune: Chorale, changed: Chorale) -> float:
    """Share of a tune's notes that are still there in a changed tune.

    A note is there if, at some time while it lasted, the changed tune has the same step of the
    scale: mode and key do not count.

    Parameters
    ----------
    tune, changed : Chorale
        Sopranos in their keys, over the same frames.

    Returns
    -------
    float
        0 to 1; 1 for an empty tune.
    """
    before, after = _frame_steps(tune), _frame_steps(changed)
    notes = notes_of(tune)
    found = sum(bool((after[n.start : n.stop] == before[n.start]).any()) for n in notes)
    return found / len(notes) if notes else 1.0


def tune_distance(one: Chorale, other: Chorale) -> float:
    """Distance of two tunes: the cost of editing one into the other, for each note.

    An edit distance over notes, each a step from the tonic with its octave and a length (after
    Mongeau and Sankoff, *Comparison of musical sequences*, Computers and the Humanities 24, 1990).
    A note that is inserted or left out costs 1; one that is put in the place of another up to 1.05
    for its steps and 0.15 for each doubling of its length.

    Parameters
    ----------
    one, other : Chorale
        Sopranos in their keys, of any length.

    Returns
    -------
    float
        0 for tunes that differ in key, mode and octave only; about 1 for unrelated ones.
    """
    first, second = _melody(one), _melody(other)
    if not len(first) or not len(second):
        return float(len(first) != len(second))
    octaves = [_edits(first, second + np.array([7 * octave, 0])) for octave in (-1, 0, 1)]
    return min(octaves) / max(len(first), len(second))


def _edits(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Cost of the cheapest alignment of two melodies."""
    cost = np.minimum(np.abs(first[:, None, 0] - second[None, :, 0]), _MOST_STEPS) * _STEP_COST
    cost = cost + np.abs(first[:, None, 1] - second[None, :, 1]) * _LENGTH_COST
    inserted = np.arange(len(second) + 1, dtype=np.float64)
    row = inserted
    for line in cost:
        best = row + 1
        best[1:] = np.minimum(best[1:], row[:-1] + line)
        # Notes of the second tune are inserted at 1 each.
        row = inserted + np.minimum.accumulate(best - inserted)
    return float(row[-1])


@cache
def _table(mode: str) -> NDArray[np.int64]:
    return np.array(_STEPS[mode])


def _frame_steps(tune: Chorale) -> NDArray[np.int64]:
    """Step of the scale of each frame, 0 to 6, whatever its alteration; -1 for rests."""
    pitch = tune.pitch[:, Voice.SOPRANO].astype(np.int64)
    steps = _table(tune.key.mode)[(pitch - tune.key.pitch_class) % 12]
    return np.where(pitch == REST, -1, steps)


def _melody(tune: Chorale) -> NDArray[np.float64]:
    """Steps above a tonic near the middle, and log2 of the length in quarters, [N, 2]."""
    notes = notes_of(tune)
    if not notes:
        return np.empty((0, 2))
    pitch = np.array([note.pitch for note in notes]) - tune.key.pitch_class
    steps = 7 * (pitch // 12) + _table(tune.key.mode)[pitch % 12]
    steps -= 7 * round(float(np.median(steps)) / 7)
    lengths = np.log2([note.length / FRAMES_PER_QUARTER for note in notes])
    return np.stack([steps.astype(np.float64), lengths], axis=1)
