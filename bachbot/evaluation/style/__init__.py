"""Style: how close a set of chorales is to Bach's style, by a grade and by style distances.

`grade` compares the nine features of "Bach or Mock" with Bach's; `profile` has further
distributions, from onsets per beat to the keys of phrase endings; `compare` measures both for a set
of pieces and for held-out pieces by Bach, whose own distances are the floor: a sample of Bach's
pieces is not at a distance of 0 from the others.
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
