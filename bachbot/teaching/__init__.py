"""For a classroom: explain a score by rules of choice, compare two, mark the page, mend faults."""

from bachbot.teaching.comparison import Comparison, compare
from bachbot.teaching.explaining import explain_score
from bachbot.teaching.marking import mark_faults
from bachbot.teaching.repair import RepairOptions, RepairResult, repair

__all__ = [
    "Comparison",
    "RepairOptions",
    "RepairResult",
    "compare",
    "explain_score",
    "mark_faults",
    "repair",
]
