"""Interpolated Kneser-Ney n-gram models over token streams: prediction from the last few tokens.

Smoothing is *modified* Kneser-Ney (Chen and Goodman, "An empirical study of smoothing techniques
for language modeling", Computer Speech and Language 13, 1999, section 3). With a the count of an
n-gram, the probability of a token w after a history h of k - 1 tokens is

    p(w | h) = (a(h w) - D(a(h w))) / a(h .) + g(h) p(w | h without its first token)

and below the unigrams is a uniform distribution over every token but START. D is D1, D2 or D3 for
n-grams that occur once, twice or more often, estimated for each order from the counts of counts;
g(h) redistributes what was discounted. A history that does not occur backs off entirely to the next
shorter one. At the highest order a is the number of occurrences of an n-gram; at lower orders it is
the continuation count, the number of different tokens before it. An n-gram that begins with START,
before which nothing can come, keeps its number of occurrences, as in KenLM (Heafield and others,
ACL 2013, section 3).

No maintained library fits: nltk's Kneser-Ney has one fixed discount for all orders and computes one
probability at a time in Python dicts, while every position here needs all probabilities at once;
the Python package of KenLM reads models and cannot estimate them.

Shapes: N tokens, V vocabulary, G n-grams of an order, H histories of an order.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import Chorale
from bachbot.encoding import START, Vocabulary, encode
from bachbot.errors import UsageError

HIGHEST = 8
"""Default of the highest order."""

_FALLBACK = (0.5, 1.0, 1.5)  # as in KenLM, if the discounts cannot be estimated


@dataclass(frozen=True, eq=False)
class NGramTable:
    """Discounted n-grams of one order. A history is the index of an n-gram of the order below.

    Parameters
    ----------
    keys : ndarray of int64, shape [G]
        Index of the history times V plus the last token, ascending. An n-gram's index is its
        position here.
    starts : ndarray of int64, shape [H + 1]
        Where the n-grams of each history begin; the last entry is G.
    probability : ndarray of float64, shape [G]
        Discounted probability of each n-gram given its history.
    backoff : ndarray of float64, shape [H]
        Probability that each history leaves to the next lower order; 1 if nothing follows it.
    """

    keys: NDArray[np.int64]
    starts: NDArray[np.int64]
    probability: NDArray[np.float64]
    backoff: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class KneserNey:
    """An n-gram model.

    Parameters
    ----------
    vocabulary : Vocabulary
        Meaning of the token ids.
    tables : tuple of NGramTable
        Unigrams, bigrams and so on, up to the order of the model.
    """

    vocabulary: Vocabulary
    tables: tuple[NGramTable, ...]

    def probabilities(self, chorale: Chorale) -> NDArray[np.float64]:
        """Probabilities of the tokens of a whole piece, [N - 1, V].

        See `bachbot.evaluation.baselines.Baseline.probabilities`. START has probability 0.
        """
        return self.next_token_probabilities(encode(chorale, self.vocabulary).ids[:-1])

    def next_token_probabilities(self, ids: NDArray[np.int64]) -> NDArray[np.float64]:
        """Probability of every token after each prefix of a stream.

        Parameters
        ----------
        ids : ndarray of int64, shape [N]
            START and what follows it.

        Returns
        -------
        ndarray of float64, shape [N, V]
            Row i is the distribution after ``ids[: i + 1]``.
        """
        size = len(self.vocabulary)
        out = np.full((len(ids), size), 1 / (size - 1))
        out[:, START] = 0
        history = np.zeros(len(ids), dtype=np.int64)  # the empty history; below -1 is unknown
        for order, table in enumerate(self.tables, 1):
            _interpolate(out, history, table)
            longer = ids.copy()
            if order > 1:
                longer[0] = -1
                longer[1:] = _indices(table.keys, history[:-1], ids[1:], size)
            history = longer
        return out


def fit_ngrams(
    chorales: Sequence[Chorale], vocabulary: Vocabulary, highest: int = HIGHEST
) -> tuple[KneserNey, ...]:
    """Fit n-gram models of every order.

    Parameters
    ----------
    chorales : sequence of Chorale
        Training pieces in C major or A minor.
    vocabulary : Vocabulary
        Meaning of the token ids.
    highest : int
        Highest order, 1 or more.

    Returns
    -------
    tuple of KneserNey
        Models of order 1, 2, up to the highest.

    Raises
    ------
    UsageError
        If the highest order is below 1.
    EncodingError
        If a pitch is outside the vocabulary.
    """
    if highest < 1:
        raise UsageError(f"n-grams of {highest} tokens cannot be counted: give 1 or more")
    counted = _count([encode(c, vocabulary).ids for c in chorales], len(vocabulary), highest)
    size = len(vocabulary)
    lower = tuple(_discount(c.keys, c.histories, c.continuations, size) for c in counted[:-1])
    return tuple(
        KneserNey(
            vocabulary, (*lower[:order], _discount(top.keys, top.histories, top.occurrences, size))
        )
        for order, top in enumerate(counted)
    )


@dataclass(frozen=True, eq=False)
class _Counted:
    """N-grams of one order: keys [G], number of histories, and counts [G]."""

    keys: NDArray[np.int64]
    histories: int
    occurrences: NDArray[np.int64]
    continuations: NDArray[np.int64]  # occurrences at the highest order, and after START


def _count(streams: Sequence[NDArray[np.int64]], size: int, highest: int) -> list[_Counted]:
    """N-grams of 1 to ``highest`` tokens in streams that begin with START."""
    none = np.zeros(0, dtype=np.int64)
    ids = np.concatenate([none, *streams])  # [N], all streams
    position = np.concatenate([none, *(np.arange(len(s)) for s in streams)])  # [N], in its stream
    index = ids  # of the n-gram of the current order that ends there
    # START alone has an index, as a history, but is never predicted.
    occurrences = np.bincount(ids[position > 0], minlength=size)
    keys, begins, histories = np.arange(size), np.arange(size) == START, 1
    counted = []
    for order in range(2, highest + 1):
        ends = np.flatnonzero(position >= order - 1)
        longer, first, which, times = np.unique(
            index[ends - 1] * size + ids[ends],
            return_index=True,
            return_inverse=True,
            return_counts=True,
        )
        before = np.bincount(index[ends][first], minlength=len(keys))
        continuations = np.where(begins, occurrences, before)
        counted.append(_Counted(keys, histories, occurrences, continuations))
        histories, keys, occurrences = len(keys), longer, times
        begins = position[ends][first] == order - 1
        index = np.full(len(ids), -1)
        index[ends] = which
    return [*counted, _Counted(keys, histories, occurrences, occurrences)]


def _discount(
    keys: NDArray[np.int64], histories: int, counts: NDArray[np.int64], size: int
) -> NGramTable:
    """Discounted probabilities of the n-grams of one order from their counts."""
    history = keys // size
    discount = np.array([0.0, *discounts(counts)])[np.minimum(counts, 3)]  # [G]
    total = np.bincount(history, counts, histories)  # [H]
    discounted = np.bincount(history, discount, histories)  # [H]
    backoff = np.divide(discounted, total, out=np.ones(histories), where=total > 0)
    kept = np.divide(counts - discount, total[history], out=np.zeros(len(keys)), where=counts > 0)
    return NGramTable(keys, np.searchsorted(history, np.arange(histories + 1)), kept, backoff)


def discounts(counts: NDArray[np.int64]) -> tuple[float, float, float]:
    """Discounts of a count of one, of two, and of three or more.

    Chen and Goodman's estimates (1999, section 3), n1 to n4 being the number of n-grams that
    occur once to four times: Y = n1 / (n1 + 2 n2) and Dj = j - (j + 1) Y n(j+1) / nj. If one of the
    four is 0, or a discount is not above 0, they are KenLM's fallback: 0.5, 1, 1.5.

    Parameters
    ----------
    counts : ndarray of int, shape [G]
        Counts of all n-grams of an order.
    """
    once, twice, thrice, four = (int((counts == n).sum()) for n in (1, 2, 3, 4))
    if not (once and twice and thrice and four):
        return _FALLBACK
    y = once / (once + 2 * twice)
    found = (1 - 2 * y * twice / once, 2 - 3 * y * thrice / twice, 3 - 4 * y * four / thrice)
    return found if min(found) > 0 else _FALLBACK


def _interpolate(out: NDArray[np.float64], history: NDArray[np.int64], table: NGramTable) -> None:
    """Interpolate probabilities with those of the next order, in place.

    Parameters
    ----------
    out : ndarray of float64, shape [N, V]
        Probabilities by the orders below; rows without a known history stay as they are.
    history : ndarray of int64, shape [N]
        Index of each position's history; -1 if it is unknown.
    table : NGramTable
        N-grams of the order.
    """
    rows = np.flatnonzero(history >= 0)
    known = history[rows]
    out[rows] *= table.backoff[known, None]
    counts = np.diff(table.starts)[known]
    # The n-grams of all histories, one run after another.
    offset = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    which = np.repeat(table.starts[known], counts) + offset
    out[np.repeat(rows, counts), table.keys[which] % out.shape[1]] += table.probability[which]


def _indices(
    keys: NDArray[np.int64], history: NDArray[np.int64], ids: NDArray[np.int64], size: int
) -> NDArray[np.int64]:
    """Indices of the n-grams that add a token to a history; -1 if there is none."""
    if not len(keys):
        return np.full(len(ids), -1)
    wanted = history * size + ids
    near = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where((history >= 0) & (keys[near] == wanted), near, -1)
