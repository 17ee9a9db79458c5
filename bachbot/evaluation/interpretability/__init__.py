"""Interpretability: which units of a network respond to which concepts of music theory.

Units are correlated with labels frame by frame over whole parts of the corpus (`correlations`), and
tested by shifting the labels within each piece (`circular_shift`), because the frames of a piece
are not independent observations. What is found on one part is confirmed on another (`confirm`).
"""

from bachbot.evaluation.interpretability.circular_shift import (
    SHIFTS,
    ShiftSample,
    ShiftTest,
    shift_test,
)
from bachbot.evaluation.interpretability.correlations import (
    Correlations,
    Finding,
    confirm,
    correlate,
    point_biserial,
    significant_by_fdr,
    t_test_p_values,
)
from bachbot.evaluation.interpretability.recordings import (
    CONCEPTS,
    PERFECT_AT_PHRASE_END,
    ConceptLabels,
    ModelRecordings,
    NetworkUnit,
    Recordings,
    concept_labels,
    record,
    shuffle_weights,
)

__all__ = [
    "CONCEPTS",
    "PERFECT_AT_PHRASE_END",
    "SHIFTS",
    "ConceptLabels",
    "Correlations",
    "Finding",
    "ModelRecordings",
    "NetworkUnit",
    "Recordings",
    "ShiftSample",
    "ShiftTest",
    "concept_labels",
    "confirm",
    "correlate",
    "point_biserial",
    "record",
    "shift_test",
    "shuffle_weights",
    "significant_by_fdr",
    "t_test_p_values",
]
