"""Basses given alone: how the upper voices that a decoder writes over Bach's basses are.

The bass is given with its fermatas and its meter, and no figures: an unfigured bass as
`bachbot realize --figures none` reads it.

equal pitch
    Share of the frames of soprano, alto and tenor whose pitch is Bach's.
faults
    Faults of part-writing that `bachbot explain` finds, per piece. Bach has some too, so that ours
    stand beside those of his own pieces over the same basses, with a paired interval of the
    difference.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from bachbot.chorale import Chorale, Voice
from bachbot.evaluation import harmonization
from bachbot.evaluation.bootstrap import Interval, MeanEstimate, RateEstimate, bootstrap_difference
from bachbot.theory.explanation import explain

UPPER = (Voice.SOPRANO, Voice.ALTO, Voice.TENOR)

BASSES = 20
"""Number of basses that are measured unless more are asked for."""


@dataclass(frozen=True, eq=False)
class RealizedBasses:
    """A set of pieces over given basses. The module's docstring defines the figures.

    Parameters
    ----------
    pieces : int
        Number of pieces.
    equal_pitch : mapping of str to RateEstimate
        By voice, and of the three together under ``"all"``.
    faults, bach_faults : MeanEstimate
        Per piece, ours and Bach's.
    """

    pieces: int
    equal_pitch: Mapping[str, RateEstimate]
    faults: MeanEstimate
    bach_faults: MeanEstimate

    @cached_property
    def difference(self) -> Interval:
        """95% paired bootstrap interval of our faults per piece less Bach's."""
        ones = np.ones(self.pieces)
        return bootstrap_difference(
            self.faults.values, ones, self.bach_faults.values, ones, seed=self.faults.seed
        )

    def to_json(self) -> dict[str, object]:
        """Every figure as plain data."""
        return {
            "pieces": self.pieces,
            "equal_pitch": {name: rate.to_json() for name, rate in self.equal_pitch.items()},
            "faults": self.faults.to_json(),
            "bach_faults": self.bach_faults.to_json(),
            "difference": self.difference.to_json(),
        }


def measure(bach: Sequence[Chorale], found: Sequence[Chorale], *, seed: int = 0) -> RealizedBasses:
    """Measure pieces over given basses.

    Parameters
    ----------
    bach, found : sequence of Chorale
        P pieces by Bach, and the same basses with other upper voices, in the same order and key.
    seed : int
        Random seed of the bootstrap intervals.

    Raises
    ------
    UsageError
        If the two sets differ in number or length of pieces.
    """
    groups = {voice.label: (voice,) for voice in UPPER} | {"all": UPPER}
    equal = {
        name: harmonization.measure(bach, found, voices, seed=seed).equal_pitch
        for name, voices in groups.items()
    }
    faults, bach_faults = (
        MeanEstimate(np.array([len(explain(p).faults) for p in pieces], dtype=np.float64), seed)
        for pieces in (found, bach)
    )
    return RealizedBasses(len(found), equal, faults, bach_faults)
