"""What the classifiers are shown of a set of pieces or excerpts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bachbot.chorale import FRAMES_PER_QUARTER, Chorale
from bachbot.evaluation.detection.features import Table, table_of
from bachbot.evaluation.detection.telling import Telling
from bachbot.evaluation.detection.words import words_of

EXCERPT = 16 * FRAMES_PER_QUARTER
"""Frames of an excerpt: sixteen beats, four bars of 4/4."""

_BUCKETS = 1 << 18


@dataclass(frozen=True, eq=False)
class Evidence:
    """N pieces or excerpts.

    Parameters
    ----------
    table : Table
        Their features.
    words : scipy.sparse matrix of float64, shape [N, buckets]
        How often each word occurs, by hash (Weinberger and others, "Feature Hashing for Large
        Scale Multitask Learning", ICML 2009).
    """

    table: Table
    words: Any

    @classmethod
    def of(cls, chorales: Sequence[Chorale], telling: Telling) -> "Evidence":
        """Read pieces as `Telling.told` gives them."""
        from sklearn.feature_extraction import FeatureHasher

        hasher = FeatureHasher(_BUCKETS, input_type="string", alternate_sign=False)
        words = hasher.transform(words_of(chorale) for chorale in chorales)
        return cls(table_of(chorales, telling), words)

    def __len__(self) -> int:
        return len(self.table.values)


def excerpts_of(chorale: Chorale) -> list[Chorale]:
    """A piece cut into excerpts that do not overlap, what is left over at its end left out.

    A piece that is shorter than one is its own.
    """
    if chorale.frames < EXCERPT:
        return [chorale]
    starts = np.arange(0, chorale.frames - EXCERPT + 1, EXCERPT).tolist()
    return [chorale.sliced(start, start + EXCERPT) for start in starts]
