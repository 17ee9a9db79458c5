"""Several models stepped together, as an ensemble or as a product of experts.

An `Ensemble` averages the models' probabilities. Models trained from different starts make
different errors, so their mean predicts better than each of them (Hansen and Salamon, *Neural
network ensembles*, IEEE PAMI 12, 1990). The mean of distributions is a distribution.

A `ProductOfExperts` averages their log-probabilities (Hinton, *Training products of experts by
minimizing contrastive divergence*, Neural Computation 14, 2002). It joins a model that reads the
given notes beforehand and says what goes with them to a causal one that says how likely the given
notes are beside what was chosen, as in the noisy-channel model of translation (Brown and others,
*The mathematics of statistical machine translation*, Computational Linguistics 19, 1993). Its
scores are no distribution, and must not be normalized into one.

A step costs as much as one step of each model.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bachbot.encoding import FillRequest, Vocabulary
from bachbot.errors import UsageError
from bachbot.features import FeatureWeights
from bachbot.runtime.protocol import Model, State, StepModel, log_softmax


class Ensemble:
    """Models of one vocabulary as one model: the mean of their probabilities.

    Parameters
    ----------
    models : sequence of Model
        One or more, of any kinds.

    Raises
    ------
    UsageError
        If there is none, or their vocabularies differ.
    """

    def __init__(self, models: Sequence[Model]) -> None:
        if not models:
            raise UsageError("no model is stepped together with none: name one or more")
        if len({m.vocabulary.fingerprint for m in models}) > 1:
            raise UsageError(
                "models of different vocabularies cannot be stepped together: "
                "name some that were trained on one"
            )
        self._models = tuple(models)

    @property
    def vocabulary(self) -> Vocabulary:
        """What the token ids mean."""
        return self._models[0].vocabulary

    @property
    def needs_length(self) -> bool:
        """Whether any of them must know a piece's length beforehand."""
        return any(m.needs_length for m in self._models)

    def bind(self, requests: Sequence[FillRequest]) -> StepModel:
        """Bind all of them to some pieces."""
        return _StepEnsemble([m.bind(requests) for m in self._models])


class ProductOfExperts(Ensemble):
    """Models of one vocabulary as one model: the mean of their log-probabilities.

    It is made as an `Ensemble` is, and every model has the same weight. The scores of a step are
    nats but no distribution: a causal model's opinion of a given note is kept, where normalizing
    would discard it.
    """

    def bind(self, requests: Sequence[FillRequest]) -> StepModel:
        """Bind all of them to some pieces."""
        return _StepProductOfExperts([m.bind(requests) for m in self._models])


class GuidedModel:
    """A model, and weights of local features that beam search adds to its log-probabilities.

    Parameters
    ----------
    model : Model
        Any model.
    features : FeatureWeights
        Learned with this model in the search (`bachbot.training.moments`).
    """

    def __init__(self, model: Model, features: FeatureWeights) -> None:
        self._model, self.features = model, features

    @property
    def vocabulary(self) -> Vocabulary:
        """What the token ids mean."""
        return self._model.vocabulary

    @property
    def needs_length(self) -> bool:
        """Whether the model must know a piece's length beforehand."""
        return self._model.needs_length

    def bind(self, requests: Sequence[FillRequest]) -> StepModel:
        """Bind the model to some pieces."""
        return self._model.bind(requests)


class _StepEnsemble:
    """Models that step side by side; the state is the tuple of their states."""

    normalized = True

    def __init__(self, models: Sequence[StepModel]) -> None:
        self._models = models

    @property
    def vocabulary(self) -> Vocabulary:
        return self._models[0].vocabulary

    def initial_state(self, batch: int) -> State:
        return tuple(m.initial_state(batch) for m in self._models)

    def step(self, ids: NDArray[np.int64], state: State) -> tuple[NDArray[np.floating], State]:
        scores, states = zip(
            *(m.step(ids, s) for m, s in zip(self._models, state, strict=True)), strict=True
        )
        return self._combined([log_softmax(s) for s in scores]), states

    def _combined(self, logs: Sequence[NDArray[np.floating]]) -> NDArray[np.floating]:
        """One array of scores [B, V] from the log-probabilities of each model."""
        mean: NDArray[np.floating] = np.logaddexp.reduce(logs, axis=0) - np.log(len(logs))
        return mean

    def select(self, state: State, rows: NDArray[np.int64]) -> State:
        return tuple(m.select(s, rows) for m, s in zip(self._models, state, strict=True))

    def join(self, states: Sequence[State]) -> State:
        return tuple(
            m.join(parts) for m, parts in zip(self._models, zip(*states, strict=True), strict=True)
        )


class _StepProductOfExperts(_StepEnsemble):
    """Models that step side by side; the scores are the means of their log-probabilities."""

    normalized = False

    def _combined(self, logs: Sequence[NDArray[np.floating]]) -> NDArray[np.floating]:
        return np.mean(logs, axis=0)
