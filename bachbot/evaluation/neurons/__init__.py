"""Neurons against music theory: which units of a network fire on what a theorist would name.

Units are correlated with labels frame by frame over whole parts of the corpus (`biserial`), and
tested by shifting the labels within each piece (`shifts`), because the frames of a piece are no
independent observations. What is found on one part is held against another (`findings`).
"""

from bachbot.evaluation.neurons.biserial import benjamini_hochberg, p_values, point_biserial
from bachbot.evaluation.neurons.concepts import CONCEPTS, PERFECT_OF_CLOSES, Heard, heard
from bachbot.evaluation.neurons.findings import Correlations, Finding, confirm, correlate
from bachbot.evaluation.neurons.recordings import Recorded, Recordings, Unit, record, scrambled
from bachbot.evaluation.neurons.shifts import DRAWS, Recording, ShiftTest, shift_test

__all__ = [
    "CONCEPTS",
    "DRAWS",
    "PERFECT_OF_CLOSES",
    "Correlations",
    "Finding",
    "Heard",
    "Recorded",
    "Recording",
    "Recordings",
    "ShiftTest",
    "Unit",
    "benjamini_hochberg",
    "confirm",
    "correlate",
    "heard",
    "p_values",
    "point_biserial",
    "record",
    "scrambled",
    "shift_test",
]
