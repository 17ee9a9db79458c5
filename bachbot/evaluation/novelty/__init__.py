"""What pieces share with the training pieces: passages and bars, in whatever key."""

from bachbot.evaluation.novelty.index import Index, without_repeats
from bachbot.evaluation.novelty.novelty import (
    FIGURES,
    Novelty,
    PieceNovelty,
    Spread,
    described,
    measure,
)
from bachbot.evaluation.novelty.passages import Likeness, Passage, Source

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
