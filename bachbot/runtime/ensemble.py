"""Several models stepped together: the mean of their probabilities, or the product.

Models that began elsewhere err differently, so that their mean predicts better than each of them
(Hansen and Salamon, *Neural network ensembles*, IEEE PAMI 12, 1990). A model that is told the given
notes beforehand says what goes with them; one that is not says how likely they are beside what was
chosen. Multiplied, as in the noisy channel of translation (Brown and others, *The mathematics of
statistical machine translation*, Computational Linguistics 19, 1993) and in products of experts
(Hinton, Neural Computation 14, 2002), each sees what the other does not. A step costs as much as a
step of each.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bachbot.encoding import FillRequest, Vocabulary
from bachbot.errors import UsageError
from bachbot.runtime.protocol import Model, State, StepModel, log_softmax


class Ensemble:
    """Models of one vocabulary as one model.

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
    def foresees(self) -> bool:
        """Whether any of them is told a piece's length beforehand."""
        return any(m.foresees for m in self._models)

    def bind(self, works: Sequence[FillRequest]) -> StepModel:
        """All of them as they write what is missing of some pieces."""
        return self._bound([m.bind(works) for m in self._models])

    def _bound(self, models: Sequence[StepModel]) -> StepModel:
        return _StepEnsemble(models)


class _StepEnsemble:
    """Models that step side by side; a state is the tuple of theirs."""

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
        mixed = self._mixed([log_softmax(s) for s in scores])  # [B, V]
        return mixed, states

    def _mixed(self, logs: Sequence[NDArray[np.floating]]) -> NDArray[np.floating]:
        """One array of scores from the log-probabilities of all."""
        result: NDArray[np.floating] = np.logaddexp.reduce(logs, axis=0) - np.log(len(logs))
        return result

    def select(self, state: State, rows: NDArray[np.int64]) -> State:
        return tuple(m.select(s, rows) for m, s in zip(self._models, state, strict=True))

    def join(self, states: Sequence[State]) -> State:
        return tuple(
            m.join(theirs)
            for m, theirs in zip(self._models, zip(*states, strict=True), strict=True)
        )


class ProductOfExperts(Ensemble):
    """Models of one vocabulary whose probabilities are multiplied, each having the same say.

    Parameters
    ----------
    models : sequence of Model
        One or more, of any kinds.

    Raises
    ------
    UsageError
        If there is none, or their vocabularies differ.
    """

    def _bound(self, models: Sequence[StepModel]) -> StepModel:
        return _StepProductOfExperts(models)


class _StepProductOfExperts(_StepEnsemble):
    """Models that step side by side; the scores are the means of their log-probabilities.

    They are no distribution, and may not be made one: what a model finds a given note to be worth
    is its opinion of what was chosen beside it.
    """

    weighed = True

    def _mixed(self, logs: Sequence[NDArray[np.floating]]) -> NDArray[np.floating]:
        return np.mean(logs, axis=0)
