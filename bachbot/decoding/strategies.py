"""How the next tokens are selected: a beam, or sampling; and the noise that diversifies a beam."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class GumbelNoise:
    """What chance adds to each token, by family, frame and voice.

    Parameters
    ----------
    seed : int
        The same seed gives the same numbers.
    families : int
        Families of each piece (F); family f of any piece has the label p F + f, and the first goes
        without.
    scale : float
        Nats that the numbers are scaled by, 0 or more.
    vocabulary : int
        How many tokens there are (V).
    """

    seed: int
    families: int
    scale: float
    vocabulary: int
    _drawn: dict[tuple[int, int], NDArray[np.float64]] = field(default_factory=dict, repr=False)

    def of(self, frame: int, voice: int, label: NDArray[np.intp]) -> NDArray[np.float64]:
        """What is added to each stream's tokens.

        Parameters
        ----------
        frame, voice : int
            The cell.
        label : ndarray of int, shape [B]
            Family of each stream.

        Returns
        -------
        ndarray of float64, shape [B, V]
            In nats; the same for all streams of a family.
        """
        if (frame, voice) not in self._drawn:
            self._drawn.clear()
            random = np.random.default_rng([self.seed, frame, voice])
            table = self.scale * random.gumbel(size=(self.families, self.vocabulary))
            table[0] = 0
            self._drawn[frame, voice] = table
        return self._drawn[frame, voice][label % self.families]


class TokenSelector(Protocol):
    """Chooses which streams go on, and by which tokens."""

    def choose(
        self,
        total: NDArray[np.float64],
        scores: NDArray[np.float64],
        legal: NDArray[np.bool_],
        label: NDArray[np.intp],
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Choose tokens.

        Parameters
        ----------
        total : ndarray, shape [B]
            Merit of each stream so far: its joint log-probability less its charges, in nats.
        scores : ndarray, shape [B, V]
            Log-probability of each token that might come next, legal or not, less what it is
            charged, in nats: what is forbidden is left in the sum to one, so that a stream which
            is made to say what the model does not expect pays for it.
        legal : ndarray of bool, shape [B, V]
            What may come next.
        label : ndarray of int, shape [B]
            Family of each stream, in ascending order. Streams compete within their family.

        Returns
        -------
        rows : ndarray of int, shape [B']
            Stream that each chosen token goes on from.
        tokens : ndarray of int, shape [B']
            The tokens. None if nothing legal has any probability.
        """
        ...

    def close(self, total: NDArray[np.float64], label: NDArray[np.intp]) -> NDArray[np.intp] | None:
        """Which streams go on after a frame, in their order; None for all.

        Parameters
        ----------
        total, label
            As `choose` takes them.
        """
        ...

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Only these streams go on, in this order; the others have ended."""
        ...


class Beam:
    """Keeps the best few of all continuations, in each family.

    Parameters
    ----------
    width : int
        How many after each frame; with 1 this is the greedy search.
    within : int
        How many times as many while the voices of a frame are chosen, so that they are decided
        together and not one after the other.
    behind : float
        Nats behind the best of its family from which on a stream is given up (Freitag and
        Al-Onaizan, *Beam search strategies for neural machine translation*, NMT 2017, relative
        threshold pruning).
    """

    def __init__(self, width: int, within: int = 1, behind: float = np.inf) -> None:
        self.width, self.within, self.behind = width, width * within, behind

    def choose(
        self,
        total: NDArray[np.float64],
        scores: NDArray[np.float64],
        legal: NDArray[np.bool_],
        label: NDArray[np.intp],
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The best by merit, best first in each family."""
        tokens = scores.shape[1]
        places = np.flatnonzero(legal)  # a few of all: what is forbidden need not be ranked
        merits = (total[:, None] + scores).ravel()[places]
        found = []
        for start, stop in _groups(label):
            first, last = np.searchsorted(places, (start * tokens, stop * tokens))
            found.append(places[first:last][self._best(merits[first:last], self.within)])
        return np.divmod(np.concatenate(found), tokens)

    def close(self, total: NDArray[np.float64], label: NDArray[np.intp]) -> NDArray[np.intp] | None:
        """The best few of each family."""
        if self.within == self.width:
            return None
        found = [
            start + self._best(total[start:stop], self.width) for start, stop in _groups(label)
        ]
        return np.concatenate(found)

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Nothing is remembered of a stream."""

    def _best(self, merits: NDArray[np.float64], number: int) -> NDArray[np.intp]:
        """Places of the greatest, greatest first; none that is impossible or too far behind."""
        if number < len(merits):
            best = np.argpartition(merits, -number)[-number:]
        else:
            best = np.arange(len(merits))
        best = best[np.argsort(-merits[best], kind="stable")]
        ranked = merits[best]
        return best[(ranked > -np.inf) & (ranked >= ranked[:1] - self.behind)]


def _groups(label: NDArray[np.intp]) -> list[tuple[int, int]]:
    """First row of each family, and the one after its last."""
    if label[0] == label[-1]:
        return [(0, len(label))]
    starts = np.flatnonzero(np.diff(label, prepend=-1)).tolist()
    return list(zip(starts, [*starts[1:], len(label)], strict=True))


class Sampler:
    """Draws one token for each stream.

    Parameters
    ----------
    generators : sequence of numpy.random.Generator
        One for each stream, so that none depends on what the others draw.
    temperature : float
        Divides the scores.
    top_p : float
        Share of the probability that is drawn from, the likeliest tokens first.
    """

    def __init__(
        self, generators: Sequence[np.random.Generator], temperature: float, top_p: float
    ) -> None:
        self.generators = list(generators)
        self.temperature = temperature
        self.top_p = top_p

    def choose(
        self,
        total: NDArray[np.float64],
        scores: NDArray[np.float64],
        legal: NDArray[np.bool_],
        label: NDArray[np.intp],
    ) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """A token for each stream; none at all if a stream has nothing to draw from."""
        weights = np.where(legal, scores / self.temperature, -np.inf)
        peak = weights.max(axis=1, keepdims=True)
        if not (peak > -np.inf).all():
            nothing = np.empty(0, dtype=np.intp)
            return nothing, nothing
        weights = np.exp(weights - peak)
        if self.top_p < 1:
            _keep_top(weights, self.top_p)
        rows = np.arange(len(total))
        # No number is drawn where there is no choice, so that what is given costs none.
        drawn = np.array(
            [
                g.random() if n > 1 else 0.0
                for g, n in zip(self.generators, legal.sum(axis=1), strict=True)
            ]
        )
        cumulated = np.cumsum(weights, axis=1)
        tokens = (cumulated <= drawn[:, None] * cumulated[:, -1:]).sum(axis=1)
        # drawn < 1, but its product with the sum may round up to the sum.
        last = weights.shape[1] - 1 - np.argmax(weights[:, ::-1] > 0, axis=1)
        return rows, np.minimum(tokens, last)

    def close(self, total: NDArray[np.float64], label: NDArray[np.intp]) -> None:
        """All streams go on."""

    def keep(self, rows: NDArray[np.intp]) -> None:
        """Forget the streams that have ended."""
        self.generators = [self.generators[row] for row in rows]


def _keep_top(weights: NDArray[np.float64], share: float) -> None:
    """Set to zero what is beyond the likeliest tokens of this share, in place; [B, V]."""
    order = np.argsort(-weights, axis=1, kind="stable")
    ranked = np.take_along_axis(weights, order, axis=1)
    before = np.cumsum(ranked, axis=1) - ranked  # the first is always kept
    ranked[before >= share * ranked.sum(axis=1, keepdims=True)] = 0
    np.put_along_axis(weights, order, ranked, axis=1)
