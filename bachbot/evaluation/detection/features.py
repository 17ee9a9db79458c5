"""The features by which a plain classifier tells two sets of chorales apart.

Each is a share or a mean with a name that says what it is, does not change when a piece is moved
to another key (but for the compass, where `Telling` lets it in), and does not grow with a piece's
length.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import Chorale
from bachbot.evaluation.detection import chords, form, lines, motion, rhythm
from bachbot.evaluation.detection.sight import Features, Sight, share
from bachbot.evaluation.detection.telling import Telling
from bachbot.theory.faults import tally
from bachbot.theory.rules import RULES

_OF_ALL: tuple[Callable[[Sight], Features], ...] = (
    rhythm.note_values, rhythm.off_the_beat, rhythm.together,
    lines.intervals, lines.stillness, lines.compass, lines.spacing,
    motion.motion, motion.all_one_way,
    chords.qualities, chords.roots, chords.changes, chords.chromatic, chords.doublings,
    chords.suspensions, chords.singular,
    form.repetition,
)  # fmt: skip

_OF_SCORES: tuple[Callable[[Sight], Features], ...] = (rhythm.repeated, form.phrases, form.bars)

_AT_PITCH = ("out of compass",)
"""Rules that ask where a piece is sung."""


@dataclass(frozen=True, eq=False)
class Table:
    """The features of a set of pieces.

    Parameters
    ----------
    names : tuple of str
        Of the F features.
    values : ndarray of float64, shape [P, F]
        NaN where a piece gave no chance to tell.
    """

    names: tuple[str, ...]
    values: NDArray[np.float64]


def features_of(chorale: Chorale, telling: Telling) -> Features:
    """Every feature of one piece.

    Parameters
    ----------
    chorale : Chorale
        As `Telling.told` gives it; at least one frame.
    telling : Telling
        What it tells: features of what it does not are left out.
    """
    sight = Sight(chorale)
    found: Features = {}
    for feature in _OF_ALL + (_OF_SCORES if telling is Telling.SCORE else ()):
        found |= feature(sight)
    return found | _faults(chorale, telling)


def table_of(chorales: Sequence[Chorale], telling: Telling) -> Table:
    """Every feature of each of P pieces, one or more."""
    rows = [features_of(chorale, telling) for chorale in chorales]
    names = tuple(rows[0])
    return Table(names, np.array([[row[name] for name in names] for row in rows]))


def _faults(chorale: Chorale, telling: Telling) -> Features:
    """Faults of each part-writing rule for each chance of its unit."""
    left_out = () if telling is Telling.SCORE else _AT_PITCH
    rules = {name: rule for name, rule in RULES.items() if name not in left_out}
    counts = tally(chorale, rules)
    return {f"rule: {name}": share(t.count, t.chances) for name, t in counts.items()}
