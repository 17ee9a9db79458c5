"""Top features: those in which generated pieces differ from Bach's by more than chance."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from bachbot.evaluation.detection.classifiers import ClassifierInputs, regression_weights
from bachbot.evaluation.detection.pairing import PairedSets

_PERMUTATIONS = 2000
_SIGNIFICANCE = 0.05


@dataclass(frozen=True)
class TopFeature:
    """A feature that differs between generated pieces and Bach's.

    Parameters
    ----------
    feature : str
        Its name.
    ours, bach : float
        Means over the pieces in which it is defined.
    above : float
        Probability that a random generated piece has a larger value than a random piece by Bach,
        ties and undefined values counted as half: the area under the ROC curve of this feature
        alone. 0.5 if it does not differ.
    weight : float
        In the logistic regression: change of the log-odds for "generated" by one standard deviation
        more of the feature.
    p : float
        Family-wise p-value: how often, under label permutations, any feature differs as much.
    """

    feature: str
    ours: float
    bach: float
    above: float
    weight: float
    p: float

    def to_json(self) -> dict[str, object]:
        """As plain data."""
        return asdict(self)


def top_features(sets: PairedSets, inputs: ClassifierInputs) -> list[TopFeature]:
    """Every feature that differs significantly between the two sets, the most different first.

    The p-values are corrected for the number of features by the maximum statistic: the sets are
    permuted pair by pair, whole tunes at once, and each feature is compared with the largest
    difference of any feature in each permutation (Westfall and Young, *Resampling-Based Multiple
    Testing*, 1993, section 2.6).

    Parameters
    ----------
    sets : PairedSets
        The two sets.
    inputs : ClassifierInputs
        Of their pieces.
    """
    table, labels = inputs.features, sets.labels
    ranks = _centered_ranks(table.values)  # [N, F]
    permuted = np.stack(list(sets.permuted_labels(_PERMUTATIONS)))  # [R, N]
    above = _rank_statistic(ranks, labels[None])[0]  # [F]
    largest = np.sort(np.abs(_rank_statistic(ranks, permuted) - 0.5).max(axis=1))  # [R]
    as_large = _PERMUTATIONS - np.searchsorted(largest, np.abs(above - 0.5), side="left")
    p = (1 + as_large) / (1 + _PERMUTATIONS)
    weight = regression_weights(inputs, labels)
    order = np.argsort(-np.abs(above - 0.5), kind="stable")
    means = [_column_means(table.values[side]) for side in (labels, ~labels)]
    return [
        TopFeature(
            table.names[f], means[0][f], means[1][f], float(above[f]), float(weight[f]), float(p[f])
        )
        for f in order.tolist()
        if p[f] < _SIGNIFICANCE
    ]


def _centered_ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mid-ranks in each column minus their mean; undefined values get the mean, 0."""
    from scipy.stats import rankdata

    ranks = np.asarray(rankdata(values, axis=0, nan_policy="omit"))
    defined = (~np.isnan(values)).sum(axis=0)
    return np.where(np.isnan(values), 0.0, ranks - (defined + 1) / 2)


def _rank_statistic(ranks: NDArray[np.float64], labels: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Mann and Whitney's statistic as a share, for each labeling and feature, shape [R, F]."""
    half = labels.shape[1] / 2
    shares: NDArray[np.float64] = labels.astype(np.float64) @ ranks / half**2 + 0.5
    return shares


def _column_means(values: NDArray[np.float64]) -> Sequence[float]:
    """Mean of each column without its NaN; NaN if there is nothing else."""
    defined = ~np.isnan(values)
    sums, counts = np.where(defined, values, 0.0).sum(axis=0), defined.sum(axis=0)
    means: list[float] = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan).tolist()
    return means
