"""What pieces share with the training pieces: passages and bars, in whatever key."""

from bachbot.evaluation.novelty.index import Index
from bachbot.evaluation.novelty.measure import (
    FIGURES,
    Novelty,
    PieceNovelty,
    Spread,
    described,
    measure,
)
from bachbot.evaluation.novelty.passages import Likeness, Passage, Source
from bachbot.evaluation.novelty.slices import without_repeats

__all__ = [
    "FIGURES",
    "Index",
    "Likeness",
    "Novelty",
    "Passage",
    "PieceNovelty",
    "Source",
    "Spread",
    "described",
    "measure",
    "without_repeats",
]
