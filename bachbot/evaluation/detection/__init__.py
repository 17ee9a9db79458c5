"""Can ours be told from Bach's? A classifier two-sample test, and what gives ours away.

If two sets of pieces are drawn from one source, no classifier that was trained on some of them can
say of the others which set they are from but half the time: 50% is perfect (Lopez-Paz and Oquab,
"Revisiting Classifier Two-Sample Tests", ICLR 2017).
"""

from bachbot.evaluation.detection.detection import Detection, Verdict, detect
from bachbot.evaluation.detection.pairing import (
    FEWEST_PAIRS,
    InformationLevel,
    Match,
    halves,
    matched,
)
from bachbot.evaluation.detection.top_features import TopFeature

__all__ = [
    "FEWEST_PAIRS",
    "Detection",
    "InformationLevel",
    "Match",
    "TopFeature",
    "Verdict",
    "detect",
    "halves",
    "matched",
]
