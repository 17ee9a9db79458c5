"""What is counted in a piece: features, and what they are read from."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import Chorale
from bachbot.scores.spelling import spell
from bachbot.theory.analysis import Harmony, analyse
from bachbot.theory.closes import Close, closes

Label = str | float
"""What is counted: a name where there is no order, else a number."""

Histogram = Mapping[Label, float]
"""How often each label was found."""

Kind = Literal["ranked", "ordered", "category", "faults"]


@dataclass(frozen=True, eq=False)
class Reading:
    """A piece and what features read off it; everything is worked out once.

    Parameters
    ----------
    chorale : Chorale
        In the key that its ``key`` says.
    """

    chorale: Chorale
    _counted: dict[str, Counter[Label]] = field(default_factory=dict, init=False, repr=False)

    def count(self, feature: "Feature") -> Counter[Label]:
        """The histogram of a feature; not to be changed."""
        if feature.name not in self._counted:
            self._counted[feature.name] = feature.read(self)
        return self._counted[feature.name]

    @cached_property
    def names(self) -> NDArray[np.int16]:
        """Place of each note's name on the line of fifths, shape [T, 4]; `scores.spelling`."""
        return spell(self.chorale)

    @cached_property
    def harmonies(self) -> list[Harmony]:
        """The chords, as `bachbot.theory.analysis` hears them."""
        return analyse(self.chorale)

    @cached_property
    def closes(self) -> list[Close]:
        """How the phrases close; none where the piece has no fermata to tell them by."""
        return closes(self.chorale, self.harmonies) if self.chorale.fermata.any() else []


def reading_of(piece: Chorale | Reading) -> Reading:
    """A piece to read features off; one that has been read already as it is."""
    return piece if isinstance(piece, Reading) else Reading(piece)


@dataclass(frozen=True)
class Feature:
    """Something that is counted in a piece.

    Parameters
    ----------
    name : str
        What it is called.
    unit : str
        What its distance is counted in.
    kind : {"ranked", "ordered", "category", "faults"}
        How two distributions of it are told apart (`distances`). Ranked: by earth moved between
        labels in Bach's order of frequency. Ordered: by earth moved between numbers. Category: by
        the share that differs. Faults: as ranked, times how many there are a note beside Bach.
    read : callable
        From a `Reading` to a histogram.
    by_mode : bool
        Whether a major piece is held against Bach's major pieces and a minor one against his
        minor ones.
    bin : float, optional
        Width of the bars that an ordered feature is shown in; unless given, each value is one.
    """

    name: str
    unit: str
    kind: Kind
    read: Callable[[Reading], Counter[Label]]
    by_mode: bool = True
    bin: float | None = None
