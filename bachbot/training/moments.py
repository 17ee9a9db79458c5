"""Learns the weights of local features by matching their counts in decoded pieces to Bach's.

A search that maximizes a model's log-probability writes some turns more often than Bach and others
less. In each round some training tunes are harmonized with the present weights, the features of
Bach's lower voices and of ours are counted, and the weight of each feature moves by a multiple of
the logarithm of the ratio of its two counts. Where the counts agree, nothing moves. This is the
gradient of the likelihood of a log-linear model with the expectation replaced by the search's best
piece, as in the structured perceptron (Collins, *Discriminative training methods for hidden Markov
models*, EMNLP 2002) and in herding (Welling, *Herding dynamical weights to learn*, ICML 2009), on
the logarithmic scale of iterative scaling (Darroch and Ratcliff, Annals of Mathematical Statistics
43, 1972). Weights shrink a little each round (L2), are bounded, and are averaged over the last
rounds.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import log

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import Chorale, Voice
from bachbot.decoding import DecodingOptions, Penalties, fill_all, fill_request
from bachbot.decoding.penalties import LearnedPenalty
from bachbot.features import FeatureWeights, count_features
from bachbot.features.templates import STEP_FACTORS, template_of
from bachbot.runtime.protocol import Model


@dataclass(frozen=True)
class MomentOptions:
    """How the weights of features are learned.

    Parameters
    ----------
    pieces : int
        Tunes that are harmonized in a round.
    rate : float
        Nats that a weight moves where Bach has e times as many of a feature.
    decay : float
        Factor of the rate from round to round.
    shrinkage : float
        Share of each weight that is lost in a round (L2 regularization).
    memory : float
        Share of the earlier rounds' counts that is kept: steadies the ratios.
    smoothing : float
        Added to both counts.
    fewest : float
        Features with fewer counts, Bach's and ours together, do not move.
    bound : float
        Largest absolute weight in nats.
    seed : int
        Order of the tunes.
    """

    pieces: int = 40
    rate: float = 0.08
    decay: float = 0.97
    shrinkage: float = 0.005
    memory: float = 0.5
    smoothing: float = 4.0
    fewest: float = 12.0
    bound: float = 2.5
    seed: int = 0


@dataclass(eq=False)
class MomentLearner:
    """The state of learning: weights, remembered counts and the number of rounds.

    Parameters
    ----------
    options : MomentOptions
        How weights move.
    weights : dict of int to float
        Weight of each feature in nats.
    counts : dict of int to list of float
        Remembered count of each feature in Bach's pieces and in ours.
    rounds : int
        Rounds done.
    """

    options: MomentOptions = field(default_factory=MomentOptions)
    weights: dict[int, float] = field(default_factory=dict)
    counts: dict[int, list[float]] = field(default_factory=dict)
    rounds: int = 0

    @property
    def features(self) -> FeatureWeights:
        """The present weights."""
        return FeatureWeights.of({key: weight for key, weight in self.weights.items() if weight})

    def batch(self, pieces: Sequence[Chorale]) -> list[Chorale]:
        """The tunes of the next round: all in turn, in a random order of their own each time."""
        size = min(self.options.pieces, len(pieces))
        first = self.rounds * size
        chosen = []
        for number in range(first, first + size):
            turn, at = divmod(number, len(pieces))
            order = np.random.default_rng([self.options.seed, turn]).permutation(len(pieces))
            chosen.append(pieces[order[at]])
        return chosen

    def update(
        self, bach: Sequence[Chorale], ours: Sequence[Chorale], voices: Iterable[Voice]
    ) -> None:
        """Move the weights after a round.

        Parameters
        ----------
        bach, ours : sequence of Chorale
            Bach's settings and the decoded ones of the same tunes.
        voices : iterable of Voice
            Voices that were not given.
        """
        voices, options = tuple(voices), self.options
        for pair in self.counts.values():
            pair[0] *= options.memory
            pair[1] *= options.memory
        for side, pieces in enumerate((bach, ours)):
            keys, counts = count_features(pieces, voices)
            for key, count in zip(keys.tolist(), counts.tolist(), strict=True):
                self.counts.setdefault(key, [0.0, 0.0])[side] += count
        rate = options.rate * options.decay**self.rounds
        for key in self.weights:
            self.weights[key] *= 1 - options.shrinkage
        for key, (theirs, own) in self.counts.items():
            if theirs + own < options.fewest:
                continue
            step = rate * STEP_FACTORS.get(template_of(key), 1.0)
            moved = self.weights.get(key, 0.0) + step * log(
                (theirs + options.smoothing) / (own + options.smoothing)
            )
            self.weights[key] = max(-options.bound, min(options.bound, moved))
        self.rounds += 1


def harmonize_with(
    model: Model,
    pieces: Sequence[Chorale],
    penalties: Penalties,
    features: FeatureWeights,
    *,
    given: Sequence[Voice] = (Voice.SOPRANO,),
) -> list[Chorale]:
    """Harmonize pieces with learned features beside other penalties.

    Parameters
    ----------
    model : Model
        A trained model.
    pieces : sequence of Chorale
        In C major or A minor.
    penalties : Penalties
        Those that are not learned.
    features : FeatureWeights
        The learned ones.
    given : sequence of Voice
        Voices that come back unchanged.
    """
    every = Penalties((*penalties.items, LearnedPenalty(1.0, features)))
    found = fill_all(
        model, [fill_request(c, given) for c in pieces], DecodingOptions(penalties=every)
    )
    return [best.chorale for best, *_ in found]


def averaged(states: Sequence[Mapping[int, float]]) -> dict[int, float]:
    """The mean of weights over several rounds; a feature that a round lacks counts as 0 there."""
    total: dict[int, float] = {}
    for weights in states:
        for key, weight in weights.items():
            total[key] = total.get(key, 0.0) + weight / len(states)
    return total


def count_agreement(learner: MomentLearner) -> NDArray[np.float64]:
    """Root mean square of the log ratios of remembered counts, features seen often enough, [1]."""
    options = learner.options
    ratios = [
        log((b + options.smoothing) / (o + options.smoothing))
        for b, o in learner.counts.values()
        if b + o >= options.fewest
    ]
    return np.sqrt(np.mean(np.square(ratios or [0.0])))
