"""Detection: a classifier two-sample test of generated chorales against Bach's.

If two sets of pieces come from one distribution, no classifier trained on some of the pieces can
say of the others which set they belong to, except with the accuracy of chance, 50% (Lopez-Paz and
Oquab, "Revisiting Classifier Two-Sample Tests", ICLR 2017). The nearer the accuracy is to 50%, the
better the generated pieces; `TopFeature` says by which features the two sets can be told apart.
"""

from bachbot.corpus.jsb import InformationLevel
from bachbot.evaluation.detection.pairing import (
    FEWEST_PAIRS,
    MatchedSets,
    match_pairs,
    split_halves,
)
from bachbot.evaluation.detection.two_sample_test import (
    MAJORITY,
    PERMUTATIONS,
    ClassifierAccuracy,
    Detection,
    TopFeature,
    measure,
)

__all__ = [
    "FEWEST_PAIRS",
    "MAJORITY",
    "PERMUTATIONS",
    "ClassifierAccuracy",
    "Detection",
    "InformationLevel",
    "MatchedSets",
    "TopFeature",
    "match_pairs",
    "measure",
    "split_halves",
]
