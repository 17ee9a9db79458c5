"""How near a set of chorales is to Bach's style: a grade for each piece, and distributions.

`grade` holds the nine features of "Bach or Mock" against Bach's; `profile` has further
distributions, from onsets a beat to the keys that phrases end in; `compare` measures both for a
set of pieces and, beside it, for pieces of Bach's own that were held out: the floor under every
distance, since even he is not at nought from himself.
"""

from bachbot.evaluation.style.compare import StyleDistance, StyleReport, measure
from bachbot.evaluation.style.features import PieceAnalysis
from bachbot.evaluation.style.grade import Grade, Grades, ReferenceDistributions, grade, grades

__all__ = [
    "Grade",
    "Grades",
    "PieceAnalysis",
    "ReferenceDistributions",
    "StyleDistance",
    "StyleReport",
    "grade",
    "grades",
    "measure",
]
