"""Novelty: what pieces share with the training pieces, in passages and in bars, in any key.

`slices` says when two passages or two bars are the same, `index` finds them in the training pieces,
`passages` measures one piece and `novelty` a set of pieces.
"""

from bachbot.evaluation.novelty.index import TrainingIndex, Voices
from bachbot.evaluation.novelty.novelty import (
    STATISTICS,
    Novelty,
    PieceDistribution,
    PieceNovelty,
    measure,
    voices_label,
)
from bachbot.evaluation.novelty.passages import Overlap, Passage, PassageSource

__all__ = [
    "STATISTICS",
    "Novelty",
    "Overlap",
    "Passage",
    "PassageSource",
    "PieceDistribution",
    "PieceNovelty",
    "TrainingIndex",
    "Voices",
    "measure",
    "voices_label",
]
