"""What a model must beat: the frame before, repeated, and n-grams, on the terms of `measure`.

A baseline hears the past alone and is told nothing beforehand: given voices help it only up to the
token that it has come to.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import Chorale, Voice
from bachbot.encoding import Vocabulary, encode
from bachbot.errors import UsageError
from bachbot.evaluation import ngrams, repeat
from bachbot.evaluation.losses import Losses, missing, tally


class Baseline(Protocol):
    """Anything that foretells a piece token by token."""

    @property
    def vocabulary(self) -> Vocabulary:
        """What the tokens mean."""
        ...

    def chances(self, chorale: Chorale) -> NDArray[np.float64]:
        """The chance of every token at every place after START, given those before it.

        Parameters
        ----------
        chorale : Chorale
            The piece, of N tokens.

        Returns
        -------
        ndarray of float64, shape [N - 1, V]
            Each row sums to 1.
        """
        ...


def baselines(
    train: Sequence[Chorale], vocabulary: Vocabulary | None = None, *, highest: int = ngrams.HIGHEST
) -> dict[str, Baseline]:
    """Every baseline, fitted.

    Parameters
    ----------
    train : sequence of Chorale
        The training part of the split that they are to be measured on, in C major or A minor.
    vocabulary : Vocabulary, optional
        What the tokens mean; the usual one unless given.
    highest : int
        The highest order of the n-grams, 1 or more.

    Returns
    -------
    dict
        ``"repeat the frame"``, ``"1-gram"``, ``"2-gram"`` and so on.

    Raises
    ------
    UsageError
        If there is no piece to learn from, or the highest order is below 1.
    EncodingError
        If a pitch is outside the vocabulary.
    """
    vocabulary = vocabulary or Vocabulary()
    if not train:
        raise UsageError("the baselines have no piece to learn from: give one or more")
    models = ngrams.fit(train, vocabulary, highest)
    return {
        "repeat the frame": repeat.fit(train, vocabulary),
        **{f"{order}-gram": model for order, model in enumerate(models, 1)},
    }


def measure_baseline(
    baseline: Baseline,
    chorales: Iterable[Chorale],
    given: Iterable[Voice] = (),
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Losses:
    """Losses of a baseline, of the same kind as `bachbot.evaluation.losses.measure`'s.

    Parameters
    ----------
    baseline : Baseline
        Which.
    chorales : iterable of Chorale
        In C major or A minor.
    given : iterable of Voice
        Voices that are given. Where there are any, only the tokens of the others are counted, each
        given all tokens before it.
    progress : callable, optional
        Called with the pieces done and all pieces.

    Returns
    -------
    Losses

    Raises
    ------
    UsageError
        If all four voices are given.
    EncodingError
        If a pitch is outside the vocabulary.
    """
    voices, pieces, total = tuple(given), tuple(chorales), Losses()
    left = missing(voices)
    for number, piece in enumerate(pieces, 1):
        stream = encode(piece, baseline.vocabulary)
        chances, target = baseline.chances(piece), stream.ids[1:]  # [N - 1, V], [N - 1]
        nats = -np.log(chances[np.arange(len(target)), target])
        total += tally(stream, nats, chances.argmax(axis=1) == target, piece)
        if progress is not None:
            progress(number, len(pieces))
    return total.of_voices(left) if voices else total
