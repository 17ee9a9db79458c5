"""Interpolated Kneser-Ney n-grams over token streams: what the last few tokens alone foretell.

Smoothing is *modified* Kneser-Ney (Chen and Goodman, "An empirical study of smoothing techniques
for language modeling", Computer Speech and Language 13, 1999, section 3). With a the count of a
gram, the chance of a token w after a history h of k - 1 tokens is

    p(w | h) = (a(h w) - D(a(h w))) / a(h .) + g(h) p(w | h without its first token)

and below the single tokens lies an even chance of every token but START. D is D1, D2 or D3 for
grams that were counted once, twice or more often, estimated for each order from how many there are
of those; g(h) gives away what was taken off. A history that was never heard passes on to the next
shorter one whole. At the highest order a is the number of times that a gram was heard, below it
the number of different tokens that came before it: a token counts for as much as it has company.
A gram that begins with START, before which nothing can come, keeps its plain count, as in KenLM
(Heafield and others, ACL 2013, section 3).

No library that is kept up serves: nltk's Kneser-Ney has one fixed discount for all orders and works
out a chance at a time in Python dicts, where every position here asks for all chances at once; the
Python package of KenLM reads models and cannot make them.

Shapes: N tokens, V vocabulary, G grams of an order, H histories of an order.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import Chorale
from bachbot.encoding import START, Vocabulary, encode
from bachbot.errors import UsageError

HIGHEST = 8
"""The longest gram that is counted unless told otherwise."""

_FALLBACK = (0.5, 1.0, 1.5)  # KenLM's, where counts of counts make no sense


@dataclass(frozen=True, eq=False)
class NGramTable:
    """The grams of one order, discounted. A history is a gram of the order below, by its number.

    Parameters
    ----------
    keys : ndarray of int64, shape [G]
        Number of the history times V plus the last token; in order. A gram's number is its place.
    starts : ndarray of int64, shape [H + 1]
        Where the grams of each history begin; the last entry is G.
    share : ndarray of float64, shape [G]
        What each gram keeps of its history's chances.
    rest : ndarray of float64, shape [H]
        What each history leaves to the next lower order; 1 where nothing ever followed it.
    """

    keys: NDArray[np.int64]
    starts: NDArray[np.int64]
    share: NDArray[np.float64]
    rest: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class KneserNey:
    """A model of one order.

    Parameters
    ----------
    vocabulary : Vocabulary
        What the tokens mean.
    grams : tuple of Grams
        Of one token, of two and so on; as many as the model's order.
    """

    vocabulary: Vocabulary
    grams: tuple[NGramTable, ...]

    def probabilities(self, chorale: Chorale) -> NDArray[np.float64]:
        """The chance of every token at every place after START, given those before it.

        Parameters
        ----------
        chorale : Chorale
            The piece, of N tokens.

        Returns
        -------
        ndarray of float64, shape [N - 1, V]
            Each row sums to 1; START has none.

        Raises
        ------
        EncodingError
            If a pitch is outside the vocabulary.
        """
        return self.after(encode(chorale, self.vocabulary).ids[:-1])

    def after(self, ids: NDArray[np.int64]) -> NDArray[np.float64]:
        """The chance of every token after each beginning of a stream.

        Parameters
        ----------
        ids : ndarray of int64, shape [N]
            START and what follows.

        Returns
        -------
        ndarray of float64, shape [N, V]
            Row i is of what may come after ``ids[: i + 1]``.
        """
        size = len(self.vocabulary)
        found = np.full((len(ids), size), 1 / (size - 1))
        found[:, START] = 0
        history = np.zeros(len(ids), dtype=np.int64)  # the empty one; later on -1 is none
        for order, grams in enumerate(self.grams, 1):
            _interpolate(found, history, grams)
            longer = ids.copy()
            if order > 1:
                longer[0] = -1
                longer[1:] = _numbers(grams.keys, history[:-1], ids[1:], size)
            history = longer
        return found


def fit(
    chorales: Sequence[Chorale], vocabulary: Vocabulary, highest: int = HIGHEST
) -> tuple[KneserNey, ...]:
    """Count the grams of some pieces.

    Parameters
    ----------
    chorales : sequence of Chorale
        What to learn from, in C major or A minor.
    vocabulary : Vocabulary
        What the tokens mean.
    highest : int
        The highest order, 1 or more.

    Returns
    -------
    tuple of KneserNey
        Of order 1, 2, up to the highest.

    Raises
    ------
    UsageError
        If the highest order is below 1.
    EncodingError
        If a pitch is outside the vocabulary.
    """
    if highest < 1:
        raise UsageError(f"grams of {highest} tokens cannot be counted: give 1 or more")
    counted = _count([encode(c, vocabulary).ids for c in chorales], len(vocabulary), highest)
    size = len(vocabulary)
    lower = tuple(_discounted(c.keys, c.histories, c.company, size) for c in counted[:-1])
    return tuple(
        KneserNey(
            vocabulary, (*lower[:order], _discounted(top.keys, top.histories, top.heard, size))
        )
        for order, top in enumerate(counted)
    )


@dataclass(frozen=True, eq=False)
class _Counted:
    """Grams of one order: their keys, histories (how many there are), and counts, [G] each."""

    keys: NDArray[np.int64]
    histories: int
    heard: NDArray[np.int64]
    company: NDArray[np.int64]  # as `heard` where there is no longer gram or it begins with START


def _count(streams: Sequence[NDArray[np.int64]], size: int, highest: int) -> list[_Counted]:
    """Grams of 1 to ``highest`` tokens in streams that begin with START."""
    none = np.zeros(0, dtype=np.int64)
    ids = np.concatenate([none, *streams])  # [N], all streams
    place = np.concatenate([none, *(np.arange(len(s)) for s in streams)])  # [N], in its stream
    number = ids  # of the gram of the order at hand that ends there
    # A gram of START alone has a number, as a history, but is never foretold.
    heard = np.bincount(ids[place > 0], minlength=size)
    keys, begins, histories = np.arange(size), np.arange(size) == START, 1
    counted = []
    for order in range(2, highest + 1):
        ends = np.flatnonzero(place >= order - 1)
        longer, first, which, times = np.unique(
            number[ends - 1] * size + ids[ends],
            return_index=True,
            return_inverse=True,
            return_counts=True,
        )
        before = np.bincount(number[ends][first], minlength=len(keys))
        counted.append(_Counted(keys, histories, heard, np.where(begins, heard, before)))
        histories, keys, heard = len(keys), longer, times
        begins = place[ends][first] == order - 1
        number = np.full(len(ids), -1)
        number[ends] = which
    return [*counted, _Counted(keys, histories, heard, heard)]


def _discounted(
    keys: NDArray[np.int64], histories: int, counts: NDArray[np.int64], size: int
) -> NGramTable:
    """Grams by how often they were counted."""
    history = keys // size
    off = np.array([0.0, *discounts(counts)])[np.minimum(counts, 3)]  # [G]
    total = np.bincount(history, counts, histories)  # [H]
    taken = np.bincount(history, off, histories)  # [H]
    followed = total > 0
    rest = np.divide(taken, total, out=np.ones(histories), where=followed)
    share = np.divide(counts - off, total[history], out=np.zeros(len(keys)), where=counts > 0)
    return NGramTable(keys, np.searchsorted(history, np.arange(histories + 1)), share, rest)


def discounts(counts: NDArray[np.int64]) -> tuple[float, float, float]:
    """What is taken off a count of one, of two, and of three or more.

    Chen and Goodman's estimates (1999, section 3), n1 to n4 being how many grams were counted once
    to four times: Y = n1 / (n1 + 2 n2) and Dj = j - (j + 1) Y n(j+1) / nj. Where one of the four
    is none, or a discount is not above 0, they are KenLM's fallback: 0.5, 1, 1.5.

    Parameters
    ----------
    counts : ndarray of int, shape [G]
        Of all grams of an order.
    """
    once, twice, thrice, four = (int((counts == n).sum()) for n in (1, 2, 3, 4))
    if not (once and twice and thrice and four):
        return _FALLBACK
    y = once / (once + 2 * twice)
    found = (1 - 2 * y * twice / once, 2 - 3 * y * thrice / twice, 3 - 4 * y * four / thrice)
    return found if min(found) > 0 else _FALLBACK


def _interpolate(found: NDArray[np.float64], history: NDArray[np.int64], grams: NGramTable) -> None:
    """Chances of one order more, in place; those without a history stay as they are.

    Parameters
    ----------
    found : ndarray of float64, shape [N, V]
        Chances by the orders below.
    history : ndarray of int64, shape [N]
        Number of each place's history; -1 where it was never heard.
    grams : Grams
        Of the order.
    """
    rows = np.flatnonzero(history >= 0)
    known = history[rows]
    found[rows] *= grams.rest[known, None]
    many = np.diff(grams.starts)[known]
    # All grams of each history, one run after another.
    run = np.arange(many.sum()) - np.repeat(np.cumsum(many) - many, many)
    which = np.repeat(grams.starts[known], many) + run
    found[np.repeat(rows, many), grams.keys[which] % found.shape[1]] += grams.share[which]


def _numbers(
    keys: NDArray[np.int64], history: NDArray[np.int64], ids: NDArray[np.int64], size: int
) -> NDArray[np.int64]:
    """Numbers of the grams that add a token to a history; -1 where there is none."""
    if not len(keys):
        return np.full(len(ids), -1)
    wanted = history * size + ids
    near = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where((history >= 0) & (keys[near] == wanted), near, -1)
