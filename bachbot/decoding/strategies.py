"""How the next tokens are selected: by beam search or by sampling.

Shapes: B hypotheses, V tokens of the vocabulary.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class GumbelNoise:
    """Noise that makes the groups of a beam search differ from each other.

    Each group adds its own noise to every token, so that its best hypothesis is another one.
    The noise is Gumbel-distributed, as in the Gumbel-max trick (Maddison, Tarlow and Minka,
    *A star sampling*, NeurIPS 2014).

    Parameters
    ----------
    seed : int
        The same seed gives the same noise.
    groups : int
        Beam groups of each piece (G). Group g of piece p has the number p G + g, and the first
        group of each piece has no noise.
    scale : float
        Factor of the noise, in nats, 0 or more.
    tokens : int
        Size of the vocabulary (V).
    """

    def __init__(self, seed: int, groups: int, scale: float, tokens: int) -> None:
        self._seed = seed
        self._groups = groups
        self._scale = scale
        self._tokens = tokens
        self._cell = (-1, -1)
        self._table = np.zeros((groups, tokens))

    def of(self, frame: int, voice: int, group: NDArray[np.intp]) -> NDArray[np.float64]:
        """The noise of a cell.

        Parameters
        ----------
        frame, voice : int
            The cell.
        group : ndarray of int, shape [B]
            Beam group of each hypothesis.

        Returns
        -------
        ndarray of float64, shape [B, V]
            In nats; the same for all hypotheses of a group.
        """
        if (frame, voice) != self._cell:
            random = np.random.default_rng([self._seed, frame, voice])
            self._table = self._scale * random.gumbel(size=(self._groups, self._tokens))
            self._table[0] = 0
            self._cell = frame, voice
        return self._table[group % self._groups]


class TokenSelector(Protocol):
    """Selects which hypotheses continue, and with which tokens."""

    def choose(
        self,
        score: NDArray[np.float64],
        token_scores: NDArray[np.float64],
        legal: NDArray[np.bool_],
        group: NDArray[np.intp],
        chooses: NDArray[np.bool_] | None = None,
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Choose the next tokens.

        Parameters
        ----------
        score : ndarray, shape [B]
            Score of each hypothesis so far: log-probability less penalty, in nats.
        token_scores : ndarray, shape [B, V]
            Log-probability less penalty of each token that might come next, legal or not, in
            nats. Illegal tokens are part of the softmax: a hypothesis that is forced to take a
            token that the model does not expect pays for it.
        legal : ndarray of bool, shape [B, V]
            Tokens that may come next.
        group : ndarray of int, shape [B]
            Beam group of each hypothesis, in ascending order. Hypotheses compete within their
            group only.
        chooses : ndarray of bool, shape [B], optional
            Hypotheses that have a choice, whole groups of them. The others have one legal token
            each: all of them continue with it, in order. Default: all.

        Returns
        -------
        rows : ndarray of int, shape [B']
            The hypothesis that each chosen token continues.
        tokens : ndarray of int, shape [B']
            The tokens. Both are empty if no legal token has any probability.
        """
        ...

    def prune(self, score: NDArray[np.float64], group: NDArray[np.intp]) -> NDArray[np.intp] | None:
        """Select the hypotheses that continue after a frame, in order; None for all.

        Parameters
        ----------
        score, group
            As in `choose`.
        """
        ...

    def select(self, rows: NDArray[np.intp]) -> None:
        """Forget all hypotheses but these, which keep their order."""
        ...


class Beam:
    """Beam search: keeps the hypotheses with the highest scores in each group.

    Parameters
    ----------
    width : int
        Hypotheses that are kept after each frame. With 1 this is greedy search.
    inner_beam_factor : int
        How many times as many are kept while the voices of a frame are chosen, so that the voices
        are decided together and not one after the other.
    prune_threshold : float
        A hypothesis whose score is so many nats below the best of its group is dropped (relative
        threshold pruning: Freitag and Al-Onaizan, *Beam search strategies for neural machine
        translation*, NMT 2017).
    """

    def __init__(
        self, width: int, inner_beam_factor: int = 1, prune_threshold: float = np.inf
    ) -> None:
        self.width = width
        self.inner_width = width * inner_beam_factor
        self.prune_threshold = prune_threshold

    def choose(
        self,
        score: NDArray[np.float64],
        token_scores: NDArray[np.float64],
        legal: NDArray[np.bool_],
        group: NDArray[np.intp],
        chooses: NDArray[np.bool_] | None = None,
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The continuations with the highest scores, best first in each group."""
        tokens = token_scores.shape[1]
        places = np.flatnonzero(legal)  # few tokens are legal; the others need not be ranked
        totals = (score[:, None] + token_scores).ravel()[places]
        found = []
        for start, stop in _group_bounds(group):
            first, last = np.searchsorted(places, (start * tokens, stop * tokens))
            own = places[first:last]
            if chooses is None or chooses[start]:
                own = own[self._best(totals[first:last], self.inner_width)]
            found.append(own)
        return np.divmod(np.concatenate(found), tokens)

    def prune(self, score: NDArray[np.float64], group: NDArray[np.intp]) -> NDArray[np.intp] | None:
        """The best `width` hypotheses of each group."""
        if self.inner_width == self.width:
            return None
        found = [
            start + self._best(score[start:stop], self.width)
            for start, stop in _group_bounds(group)
        ]
        return np.concatenate(found)

    def select(self, rows: NDArray[np.intp]) -> None:
        """Do nothing: a beam keeps no data of its own for each hypothesis."""

    def _best(self, scores: NDArray[np.float64], number: int) -> NDArray[np.intp]:
        """Indices of the highest scores, highest first, without impossible and pruned ones."""
        if number < len(scores):
            best = np.argpartition(scores, -number)[-number:]
        else:
            best = np.arange(len(scores))
        best = best[np.argsort(-scores[best], kind="stable")]
        ranked = scores[best]
        return best[(ranked > -np.inf) & (ranked >= ranked[:1] - self.prune_threshold)]


def _group_bounds(group: NDArray[np.intp]) -> list[tuple[int, int]]:
    """The first row of each group, and the row after its last."""
    if group[0] == group[-1]:
        return [(0, len(group))]
    starts = np.flatnonzero(np.diff(group, prepend=-1)).tolist()
    return list(zip(starts, [*starts[1:], len(group)], strict=True))


class Sampler:
    """Samples one token for each hypothesis.

    Parameters
    ----------
    generators : sequence of numpy.random.Generator
        One for each hypothesis, so that none depends on what the others sample.
    temperature : float
        Divides the token scores.
    top_p : float
        Nucleus sampling: the most likely tokens are kept up to this total probability (Holtzman
        and others, *The curious case of neural text degeneration*, ICLR 2020).
    """

    def __init__(
        self, generators: Sequence[np.random.Generator], temperature: float, top_p: float
    ) -> None:
        self.generators = list(generators)
        self.temperature = temperature
        self.top_p = top_p

    def choose(
        self,
        score: NDArray[np.float64],
        token_scores: NDArray[np.float64],
        legal: NDArray[np.bool_],
        group: NDArray[np.intp],
        chooses: NDArray[np.bool_] | None = None,
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """One token for each hypothesis; none at all if a hypothesis has no possible token."""
        weights = np.where(legal, token_scores / self.temperature, -np.inf)
        peak = weights.max(axis=1, keepdims=True)
        if not (peak > -np.inf).all():
            nothing = np.empty(0, dtype=np.intp)
            return nothing, nothing
        weights = np.exp(weights - peak)
        if self.top_p < 1:
            _keep_top_p(weights, self.top_p)
        rows = np.arange(len(score))
        # No random number is used where there is only one legal token, as in given notes.
        uniform = np.array(
            [
                g.random() if n > 1 else 0.0
                for g, n in zip(self.generators, legal.sum(axis=1), strict=True)
            ]
        )
        cumulated = np.cumsum(weights, axis=1)
        tokens = (cumulated <= uniform[:, None] * cumulated[:, -1:]).sum(axis=1)
        # A uniform number is below 1, but its product with the sum may round up to the sum.
        last = weights.shape[1] - 1 - np.argmax(weights[:, ::-1] > 0, axis=1)
        return rows, np.minimum(tokens, last)

    def prune(self, score: NDArray[np.float64], group: NDArray[np.intp]) -> None:
        """Keep all hypotheses after a frame."""

    def select(self, rows: NDArray[np.intp]) -> None:
        """Forget the generators of all hypotheses but these."""
        self.generators = [self.generators[row] for row in rows]


def _keep_top_p(weights: NDArray[np.float64], share: float) -> None:
    """Set weights [B, V] to zero beyond the most likely tokens of this share, in place."""
    order = np.argsort(-weights, axis=1, kind="stable")
    ranked = np.take_along_axis(weights, order, axis=1)
    before = np.cumsum(ranked, axis=1) - ranked  # the first is always kept
    ranked[before >= share * ranked.sum(axis=1, keepdims=True)] = 0
    np.put_along_axis(weights, order, ranked, axis=1)
