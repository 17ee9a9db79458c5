"""Options of decoding, and its results."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

from bachbot.chorale import BACH_RANGES, Chorale, VoiceRanges
from bachbot.decoding.difficulty import BACH, Difficulty
from bachbot.decoding.penalties import (
    DEFAULT_PENALTIES,
    GUIDED_PENALTIES,
    SAMPLING_PENALTIES,
    LearnedPenalty,
    Penalties,
    RepeatPenalty,
)
from bachbot.errors import UsageError
from bachbot.features import FeatureWeights

Method = Literal["beam", "greedy", "sample"]
METHODS: tuple[Method, ...] = get_args(Method)

Repeats = Literal["same", "vary"]
REPEATS: tuple[Repeats, ...] = get_args(Repeats)
_REPEAT = 3.0  # nats

Progress = Callable[[int, int], None]
"""Called with how much is done and how much there is in all: frames or pieces."""

DEFAULT_BEAM = 5
"""Width of the beam: that with which the features of the shipped model were learned.

Features make up for what a search of some width writes too much or too little of, so that another
width changes the music's rates.
"""

_MOST = 1000  # beams or candidates; decoding time grows with either


@dataclass(frozen=True)
class DecodingOptions:
    """How tokens are chosen.

    Parameters
    ----------
    method : {"beam", "greedy", "sample"}
        Beam search, greedy search, or sampling by probability.
    beam : int
        Width of the beam, 1 to 1000; only for ``"beam"``.
    temperature : float
        Divides the scores before sampling; above 0 to 10. Below 1 is safer, above 1 more daring.
    top_p : float
        Nucleus sampling: the most likely tokens are kept up to this total probability (Holtzman
        and others, *The curious case of neural text degeneration*, ICLR 2020); above 0 to 1.
    seed : int
        Random seed, 0 or more. The same seed gives the same music.
    number : int
        How many candidates to return, 1 to 1000.
    diversity : float
        Scale in nats of the noise that makes the second and further candidates of a beam search
        differ, 0 to 10: see `bachbot.decoding.strategies.GumbelNoise`. With 0 they are the next
        best of one beam, which differ in a note or two.
    penalties : Penalties, optional
        Penalties and bonuses. Default: see `penalties_with`.
    without : tuple of str
        Names of penalties that are left out.
    repeats : {"same", "vary"}, optional
        Whether the other voices are the same where a given soprano repeats a phrase, or change.
        Default: as the model has it, which is about as often as in Bach.
    ranges : VoiceRanges
        What the singers can sing: no note that is not given is outside. Default: the ranges of
        Bach's chorales.
    difficulty : Difficulty
        How difficult the music may be to sing. Default: as in Bach.

    Raises
    ------
    UsageError
        If a value is out of range; the message names every fault.
    """

    method: Method = "beam"
    beam: int = DEFAULT_BEAM
    temperature: float = 1.0
    top_p: float = 1.0
    seed: int = 0
    number: int = 1
    diversity: float = 0.3
    penalties: Penalties | None = None
    without: tuple[str, ...] = ()
    repeats: Repeats | None = None
    ranges: VoiceRanges = BACH_RANGES
    difficulty: Difficulty = BACH

    def __post_init__(self) -> None:
        faults = []
        if self.method not in METHODS:
            faults.append(f"the method is '{self.method}': give one of {', '.join(METHODS)}")
        for name, value in (("beam", self.beam), ("number", self.number)):
            if not 1 <= value <= _MOST:
                faults.append(f"{name} is {value}: give 1 to {_MOST}")
        if not (math.isfinite(self.temperature) and 0 < self.temperature <= 10):
            faults.append(f"the temperature is {self.temperature}: give more than 0, up to 10")
        if self.repeats not in (None, *REPEATS):
            faults.append(f"repeats are '{self.repeats}': give one of {', '.join(REPEATS)}")
        if not 0 < self.top_p <= 1:
            faults.append(f"top-p is {self.top_p}: give more than 0, up to 1")
        if self.seed < 0:
            faults.append(f"the seed is {self.seed}: give 0 or more")
        if self.method == "greedy" and self.number > 1:
            faults.append(
                f"greedy search has one candidate, not {self.number}: "
                "ask for one, or use beam or sample"
            )
        if not (math.isfinite(self.diversity) and 0 <= self.diversity <= 10):
            faults.append(f"the diversity is {self.diversity}: give 0 to 10")
        if self.method == "beam" and not self.use_groups and self.number > self.beam >= 1:
            faults.append(
                f"a beam of {self.beam} has no {self.number} candidates: "
                "widen the beam or ask for fewer"
            )
        if faults:
            raise UsageError("; ".join(faults))

    @property
    def use_groups(self) -> bool:
        """Whether each candidate has a beam group of its own, made different by noise."""
        return self.method == "beam" and self.number > 1 and self.diversity > 0

    @property
    def is_random(self) -> bool:
        """Whether the music depends on the seed."""
        return self.method == "sample" or self.use_groups

    def may_search_again(self, width: int) -> bool:
        """Whether a piece that goes wrong is searched again with a beam of another width.

        Only a narrower beam with the default penalties is.
        """
        return self.method == "beam" and self.beam < width and self.penalties is None

    def penalties_with(self, features: FeatureWeights | None = None) -> Penalties:
        """`penalties`, or if not given the default list of the method; without `without`.

        Parameters
        ----------
        features : FeatureWeights, optional
            Those of the model that is decoded. Where it has some, they take the place of the
            bonuses, except in sampling.
        """
        if self.penalties is not None:
            found = self.penalties
        elif self.method == "sample":
            found = SAMPLING_PENALTIES
        elif features is None:
            found = DEFAULT_PENALTIES
        else:
            found = Penalties((*GUIDED_PENALTIES.items, LearnedPenalty(1.0, features)))
        if self.repeats is not None:
            found = Penalties((*found.items, RepeatPenalty(_REPEAT, vary=self.repeats == "vary")))
        return self.difficulty.applied_to(found).without(self.without)


@dataclass(frozen=True, eq=False)
class Candidate:
    """A decoded piece.

    Parameters
    ----------
    chorale : Chorale
        The music, in C major or A minor.
    log_probability : float
        Joint log-probability in nats of its tokens after START, given ones too, and of END if the
        model emitted it.
    penalty : float
        Sum of its penalties, in nats; bonuses count as negative penalties.
    method : str
        How its tokens were chosen.
    seed : int
        Random seed.
    ending : str
        A sentence on how it ends.
    model_ended : bool
        Whether the model ended a composition itself.
    """

    chorale: Chorale
    log_probability: float
    penalty: float
    method: str
    seed: int
    ending: str
    model_ended: bool = True

    @property
    def score(self) -> float:
        """What candidates are ranked by: log-probability less penalty."""
        return self.log_probability - self.penalty
