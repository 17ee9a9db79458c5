"""What pieces share with the training pieces: passages and bars, in whatever key."""

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
