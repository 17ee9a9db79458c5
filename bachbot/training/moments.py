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

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from math import log, prod, sqrt
from pathlib import Path

import numpy as np

from bachbot.chorale import Chorale, Voice
from bachbot.decoding import DecodingOptions, Penalties, fill_request
from bachbot.decoding.options import DEFAULT_BEAM
from bachbot.decoding.penalties import GUIDED_PENALTIES, LearnedPenalty
from bachbot.errors import TrainingError, UsageError
from bachbot.evaluation.generated import harmonize_pieces
from bachbot.features import FeatureWeights, count_features
from bachbot.features.templates import STEP_FACTORS, TEMPLATES, template_of
from bachbot.runtime import Checkpoint, Model, build_decoding_model, save_checkpoint
from bachbot.runtime.checkpoint import EXPERT
from bachbot.training.card import write_model_card

SMALLEST = 0.005
"""Nats below which a mean weight is left out: it changes no choice."""


STATE = "moments.safetensors"
"""File of a run from which learning can be continued."""


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
    largest : int
        Templates with more possible features than this do not move: a small one for a few rounds
        on held-out pieces, which the model knows less well than those it was trained on.
    unaveraged : int
        First rounds, while weights still travel, that do not count in the mean.
    beam : int
        Width of the beam that decodes: the width for which the weights are right.
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
    largest: int = 2**62
    unaveraged: int = 7
    beam: int = DEFAULT_BEAM
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
    totals : dict of int to float
        Sum of each weight over the rounds that are averaged.
    rounds, averaged : int
        Rounds done, and how many of them are in `totals`.
    """

    options: MomentOptions = field(default_factory=MomentOptions)
    weights: dict[int, float] = field(default_factory=dict)
    counts: dict[int, list[float]] = field(default_factory=dict)
    totals: dict[int, float] = field(default_factory=dict)
    rounds: int = 0
    averaged: int = 0

    @property
    def features(self) -> FeatureWeights:
        """The present weights."""
        return FeatureWeights.of({key: weight for key, weight in self.weights.items() if weight})

    @property
    def mean_features(self) -> FeatureWeights:
        """The mean weights of the averaged rounds, without those below `SMALLEST`."""
        number = max(self.averaged, 1)
        means = {key: total / number for key, total in self.totals.items()}
        return FeatureWeights.of({k: mean for k, mean in means.items() if abs(mean) >= SMALLEST})

    @property
    def disagreement(self) -> float:
        """Root mean square of the logarithms of the ratios of counts, of features that move."""
        logs = [log(self._ratio(pair)) for pair in self.counts.values() if self._moves(pair)]
        return sqrt(sum(x * x for x in logs) / max(len(logs), 1))

    def _ratio(self, pair: Sequence[float]) -> float:
        return (pair[0] + self.options.smoothing) / (pair[1] + self.options.smoothing)

    def _moves(self, pair: Sequence[float]) -> bool:
        return sum(pair) >= self.options.fewest

    def to_bytes(self) -> bytes:
        """The state as a safetensors file, from which learning goes on as if uninterrupted."""
        from safetensors.numpy import save

        counts = np.array(list(self.counts.values()), dtype=np.float64).reshape(-1, 2)
        arrays = {
            "rounds": np.array([self.rounds, self.averaged], dtype=np.int64),
            "counted": np.array(list(self.counts), dtype=np.int64),
            "counts": counts,
            "weighted": np.array(list(self.weights), dtype=np.int64),
            "weights": np.array(list(self.weights.values()), dtype=np.float64),
            "summed": np.array(list(self.totals), dtype=np.int64),
            "totals": np.array(list(self.totals.values()), dtype=np.float64),
        }
        return save(arrays)

    @classmethod
    def from_bytes(cls, content: bytes, options: MomentOptions) -> "MomentLearner":
        """The state from what `to_bytes` made.

        Raises
        ------
        TrainingError
            If it is damaged.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load

        try:
            arrays = load(content)
            rounds, averaged = arrays["rounds"].tolist()
            tables = [
                dict(zip(arrays[keys].tolist(), arrays[values].tolist(), strict=True))
                for keys, values in (
                    ("weighted", "weights"), ("counted", "counts"), ("summed", "totals"),
                )
            ]  # fmt: skip
        except (SafetensorError, KeyError, ValueError, TypeError) as error:
            raise TrainingError(
                "the state of learned features is damaged: start without --resume"
            ) from error
        weights, counts, totals = tables
        return cls(options, weights, counts, totals, rounds, averaged)

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
        for key, pair in self.counts.items():
            template = template_of(key)
            if self._moves(pair) and prod(TEMPLATES[template]) <= options.largest:
                step = rate * STEP_FACTORS.get(template, 1.0)
                moved = self.weights.get(key, 0.0) + step * log(self._ratio(pair))
                self.weights[key] = max(-options.bound, min(options.bound, moved))
        self.rounds += 1
        if self.rounds > options.unaveraged:
            self.averaged += 1
            for key, weight in self.weights.items():
                self.totals[key] = self.totals.get(key, 0.0) + weight


def harmonize_with(
    model: Model,
    pieces: Sequence[Chorale],
    penalties: Penalties,
    features: FeatureWeights,
    *,
    beam: int = DEFAULT_BEAM,
) -> list[Chorale]:
    """Harmonize pieces' sopranos with learned features beside other penalties.

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
    beam : int
        Width of the beam.
    """
    every = Penalties((*penalties.items, LearnedPenalty(1.0, features)))
    requests = [fill_request(c, (Voice.SOPRANO,)) for c in pieces]
    return harmonize_pieces(model, requests, DecodingOptions(beam=beam, penalties=every))


def learn_features(
    model: Model,
    pieces: Sequence[Chorale],
    learner: MomentLearner,
    *,
    rounds: int,
    penalties: Penalties = GUIDED_PENALTIES,
    after_round: Callable[[MomentLearner, Sequence[Chorale]], None] | None = None,
) -> None:
    """Learn until so many rounds are done; the soprano is given.

    Parameters
    ----------
    model : Model
        A trained model without features.
    pieces : sequence of Chorale
        Training pieces in C major or A minor.
    learner : MomentLearner
        The state, which changes.
    rounds : int
        Rounds in all, those done before included.
    penalties : Penalties
        Those that are not learned.
    after_round : callable, optional
        Called after each round with the learner and the pieces as they were decoded.
    """
    lower = (Voice.ALTO, Voice.TENOR, Voice.BASS)
    while learner.rounds < rounds:
        bach = learner.batch(pieces)
        ours = harmonize_with(model, bach, penalties, learner.features, beam=learner.options.beam)
        learner.update(bach, ours, lower)
        if after_round is not None:
            after_round(learner, ours)


@dataclass(eq=False)
class FeatureRun:
    """A folder in which a checkpoint's features are learned: a checkpoint at every moment.

    Parameters
    ----------
    folder : Path
        Where the checkpoint is written.
    checkpoint : Checkpoint
        The trained model.
    learner : MomentLearner
        The state, kept beside the checkpoint in `STATE`.
    """

    folder: Path
    checkpoint: Checkpoint
    learner: MomentLearner

    @classmethod
    def open(
        cls,
        folder: Path,
        checkpoint: Checkpoint,
        expert: str | None,
        settings: Mapping[str, str],
        *,
        resume: bool,
    ) -> "FeatureRun":
        """Begin in a new folder, or continue in one.

        Parameters
        ----------
        folder : Path
            Must not exist yet, unless `resume`.
        checkpoint : Checkpoint
            The trained model; if it has features, learning starts from them.
        expert : str, optional
            Name of a shipped checkpoint that decodes along. Default: that of the checkpoint.
        settings : mapping of str to str
            Fields of `MomentOptions` by name.
        resume : bool
            Whether to continue.

        Raises
        ------
        UsageError
            If a setting is unknown or no number, or the folder is there.
        TrainingError
            If there is nothing to continue, or the state is damaged.
        """
        options, state = _options(settings), folder / STATE
        config = dict(checkpoint.config)
        if expert is not None:
            config[EXPERT] = expert
        if resume:
            if not state.is_file():
                raise TrainingError(
                    f"{state} is not there: nothing was learned in {folder}, start without --resume"
                )
            return cls(
                folder,
                replace(checkpoint, config=config),
                MomentLearner.from_bytes(state.read_bytes(), options),
            )
        if folder.exists():
            raise UsageError(f"{folder} is there: give another folder, or --resume to continue")
        learner, known = MomentLearner(options), checkpoint.features
        if known is not None:
            pairs = zip(known.keys.tolist(), known.weights.tolist(), strict=True)
            learner.weights = dict(pairs)
        return cls(folder, replace(checkpoint, config=config), learner)

    def learn(
        self,
        pieces: Sequence[Chorale],
        rounds: int,
        after_round: Callable[[MomentLearner], None] | None = None,
    ) -> None:
        """Learn until so many rounds are done, and write the checkpoint after each.

        Parameters
        ----------
        pieces : sequence of Chorale
            Pieces to learn from, in C major or A minor.
        rounds : int
            Rounds in all.
        after_round : callable, optional
            Called after each round.
        """
        model = build_decoding_model(replace(self.checkpoint, features=None))

        def keep(learner: MomentLearner, _: Sequence[Chorale]) -> None:
            features = learner.mean_features if learner.averaged else learner.features
            config = {**self.checkpoint.config, "features": self._record(features)}
            written = replace(self.checkpoint, config=config, features=features)
            extra = {STATE: learner.to_bytes()}
            if config["training"]:
                extra["MODEL_CARD.md"] = write_model_card(config).encode()
            save_checkpoint(self.folder, written, extra=extra)
            if after_round is not None:
                after_round(learner)

        learn_features(model, pieces, self.learner, rounds=rounds, after_round=keep)

    def _record(self, features: FeatureWeights) -> dict[str, object]:
        """How the features were learned, for the config."""
        learner = self.learner
        return {
            "weights": len(features.keys),
            "rounds": learner.rounds,
            "averaged": learner.averaged,
            "disagreement": round(learner.disagreement, 4),
            **asdict(learner.options),
        }


def _options(settings: Mapping[str, str]) -> MomentOptions:
    defaults = asdict(MomentOptions())
    values = {}
    for name, text in settings.items():
        if name not in defaults:
            raise UsageError(f"there is no setting '{name}': settings are {', '.join(defaults)}")
        try:
            values[name] = type(defaults[name])(text)
        except ValueError:
            raise UsageError(f"{name} is '{text}': give a number") from None
    return replace(MomentOptions(), **values)
