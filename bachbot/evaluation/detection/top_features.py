"""The features that give ours away."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbot.evaluation.detection.classifiers import Evidence, weights
from bachbot.evaluation.detection.pairing import Comparison

_DRAWS = 2000
_LEVEL = 0.05


@dataclass(frozen=True)
class TopFeature:
    """A feature in which ours differ from Bach's by more than chance.

    Parameters
    ----------
    feature : str
        Its name.
    ours, bach : float
        Means over the pieces that tell it.
    above : float
        How often one of ours has more of it than one of Bach's, each with each, a tie or a piece
        that does not tell counted as half: 0.5 would be as good as his. It is what this feature
        alone tells (the area under its curve).
    weight : float
        In the logistic regression: log-odds for ours by a standard deviation more.
    p : float
        How often, sides dealt by chance, any feature at all differs as much.
    """

    feature: str
    ours: float
    bach: float
    above: float
    weight: float
    p: float

    def to_json(self) -> dict[str, object]:
        """As plain data."""
        return {
            "feature": self.feature, "ours": self.ours, "bach": self.bach,
            "above": self.above, "weight": self.weight, "p": self.p,
        }  # fmt: skip


def top_features(trial: Comparison, evidence: Evidence) -> list[TopFeature]:
    """Every feature that tells the sides apart, the clearest first.

    Chance is that of the most striking feature: sides are dealt anew, pair by pair and whole
    tunes at once, and each feature is held against the largest difference that any shows then
    (Westfall and Young, *Resampling-Based Multiple Testing*, 1993, section 2.6). With as many
    features as these some would else always seem to differ.

    Parameters
    ----------
    trial : Trial
        Whose pieces they are.
    evidence : Evidence
        The trial's pieces.
    """
    table, sides = evidence.table, trial.ours
    ranks = _ranks(table.values)  # [N, F]
    dealt = np.stack(list(trial.dealt_anew(_DRAWS)))  # [R, N]
    found = _above(ranks, sides[None])[0]  # [F]
    largest = np.sort(np.abs(_above(ranks, dealt) - 0.5).max(axis=1))  # [R]
    beyond = _DRAWS - np.searchsorted(largest, np.abs(found - 0.5), side="left")
    p = (1 + beyond) / (1 + _DRAWS)
    weight = weights(evidence, sides)
    order = np.argsort(-np.abs(found - 0.5), kind="stable")
    means = [_means(table.values[side]) for side in (sides, ~sides)]
    return [
        TopFeature(table.names[f], means[0][f], means[1][f], float(found[f]), float(weight[f]),
                 float(p[f]))
        for f in order.tolist()
        if p[f] < _LEVEL
    ]  # fmt: skip


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mid-ranks in each column, from the mean; a piece that does not tell has the mean, 0."""
    from scipy.stats import rankdata

    ranks = np.asarray(rankdata(values, axis=0, nan_policy="omit"))
    told = (~np.isnan(values)).sum(axis=0)
    return np.where(np.isnan(values), 0.0, ranks - (told + 1) / 2)


def _above(ranks: NDArray[np.float64], sides: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Mann and Whitney's statistic as a share, of each dealing and feature, shape [R, F]."""
    half = sides.shape[1] / 2
    shares: NDArray[np.float64] = sides.astype(np.float64) @ ranks / half**2 + 0.5
    return shares


def _means(values: NDArray[np.float64]) -> Sequence[float]:
    """Of each column, the NaN left out; NaN where there is nothing else."""
    told = ~np.isnan(values)
    sums, counts = np.where(told, values, 0.0).sum(axis=0), told.sum(axis=0)
    means: list[float] = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan).tolist()
    return means
