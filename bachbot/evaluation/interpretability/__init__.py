"""Neurons against music theory: which units of a network fire on what a theorist would name.

Units are correlated with labels frame by frame over whole parts of the corpus (`biserial`), and
tested by shifting the labels within each piece (`shifts`), because the frames of a piece are no
independent observations. What is found on one part is held against another (`findings`).
"""

from bachbot.evaluation.interpretability.circular_shift import (
    DRAWS,
    ShiftSample,
    ShiftTest,
    shift_test,
)
from bachbot.evaluation.interpretability.correlations import (
    Correlations,
    Finding,
    benjamini_hochberg,
    confirm,
    correlate,
    p_values,
    point_biserial,
)
from bachbot.evaluation.interpretability.recordings import (
    CONCEPTS,
    PERFECT_OF_CLOSES,
    ConceptLabels,
    ModelRecordings,
    Recordings,
    Unit,
    concept_labels,
    record,
    shuffle_weights,
)

__all__ = [
    "CONCEPTS",
    "DRAWS",
    "PERFECT_OF_CLOSES",
    "ConceptLabels",
    "Correlations",
    "Finding",
    "ModelRecordings",
    "Recordings",
    "ShiftSample",
    "ShiftTest",
    "Unit",
    "benjamini_hochberg",
    "concept_labels",
    "confirm",
    "correlate",
    "p_values",
    "point_biserial",
    "record",
    "shuffle_weights",
    "shift_test",
]
