"""The classifiers, what they are shown, and the folds that they are trained on."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, Chorale
from bachbot.evaluation.detection.features import Table, table_of
from bachbot.evaluation.detection.pairing import InformationLevel
from bachbot.evaluation.detection.piece_view import tokens_of

FOLDS = 5
"""Of a cross-validation; fewer where there are fewer groups."""


def folds_of(groups: Sequence[str], *, seed: int = 0) -> NDArray[np.int64]:
    """Deal pieces into folds, all of a group into one.

    The largest groups are dealt first, each to the fold that is smallest so far.

    Parameters
    ----------
    groups : sequence of str
        Of each of N pieces: those of one tune.
    seed : int
        Of the order among groups of like size.

    Returns
    -------
    ndarray of int64, shape [N]
        The fold of each piece, from 0.
    """
    sizes = Counter(groups)
    names = sorted(sizes)
    np.random.default_rng(seed).shuffle(names)
    names.sort(key=lambda name: -sizes[name])  # stable: the shuffle stays among equals
    held = [0] * min(FOLDS, len(names))
    fold = {}
    for name in names:
        fold[name] = held.index(min(held))
        held[fold[name]] += sizes[name]
    return np.array([fold[group] for group in groups], dtype=np.int64)


EXCERPT = 16 * FRAMES_PER_QUARTER
"""Frames of an excerpt: sixteen beats, four bars of 4/4."""

_BUCKETS = 1 << 18


@dataclass(frozen=True, eq=False)
class Evidence:
    """N pieces or excerpts.

    Parameters
    ----------
    table : Table
        Their features.
    words : scipy.sparse matrix of float64, shape [N, buckets]
        How often each word occurs, by hash (Weinberger and others, "Feature Hashing for Large
        Scale Multitask Learning", ICML 2009).
    """

    table: Table
    words: Any

    @classmethod
    def of(cls, chorales: Sequence[Chorale], telling: InformationLevel) -> "Evidence":
        """Read pieces as `Telling.told` gives them."""
        from sklearn.feature_extraction import FeatureHasher

        hasher = FeatureHasher(_BUCKETS, input_type="string", alternate_sign=False)
        words = hasher.transform(tokens_of(chorale) for chorale in chorales)
        return cls(table_of(chorales, telling), words)

    def __len__(self) -> int:
        return len(self.table.values)


def excerpts_of(chorale: Chorale) -> list[Chorale]:
    """A piece cut into excerpts that do not overlap, what is left over at its end left out.

    A piece that is shorter than one is its own.
    """
    if chorale.frames < EXCERPT:
        return [chorale]
    starts = np.arange(0, chorale.frames - EXCERPT + 1, EXCERPT).tolist()
    return [chorale.sliced(start, start + EXCERPT) for start in starts]


ClassifierName = Literal["features", "forest", "notes"]
CLASSIFIERS: tuple[ClassifierName, ...] = get_args(ClassifierName)

_RIDGE, _MARGIN, _TREES = 0.03, 1.0, 60


def out_of_fold(
    name: ClassifierName,
    evidence: Evidence,
    ours: NDArray[np.bool_],
    folds: NDArray[np.int64],
    *,
    seed: int = 0,
) -> NDArray[np.float64]:
    """What a classifier that has not seen a piece's fold takes it for.

    Parameters
    ----------
    name : {"features", "forest", "notes"}
        Which.
    evidence : Evidence
        N pieces.
    ours : ndarray of bool, shape [N]
        Whether each is ours.
    folds : ndarray of int64, shape [N]
        As `folds_of` deals them; two or more.
    seed : int
        Of the trees.

    Returns
    -------
    ndarray of float64, shape [N]
        Above 0 where it takes a piece for ours.
    """
    shown = evidence.words if name == "notes" else evidence.table.values
    out = np.zeros(len(ours))
    for fold in range(int(folds.max()) + 1):
        held = folds == fold
        model = _made(name, seed).fit(shown[~held], ours[~held])
        out[held] = _score(model, shown[held])
    return out


def weights(evidence: Evidence, ours: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Of the logistic regression on all pieces: log-odds for ours by a standard deviation more.

    Returns
    -------
    ndarray of float64, shape [F]
    """
    found: NDArray[np.float64] = _made("features", 0).fit(evidence.table.values, ours)[-1].coef_[0]
    return found


def _made(name: ClassifierName, seed: int) -> Any:
    from sklearn.ensemble import ExtraTreesClassifier
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import LinearSVC

    if name == "notes":
        machine = LinearSVC(C=_MARGIN, max_iter=10000, random_state=seed)
        return make_pipeline(TfidfTransformer(sublinear_tf=True), machine)
    whole = SimpleImputer(keep_empty_features=True)
    if name == "forest":
        return make_pipeline(whole, ExtraTreesClassifier(_TREES, random_state=seed))
    return make_pipeline(whole, StandardScaler(), LogisticRegression(C=_RIDGE, max_iter=1000))


def _score(model: Any, shown: Any) -> NDArray[np.float64]:
    if hasattr(model, "decision_function"):
        decided: NDArray[np.float64] = model.decision_function(shown)
        return decided
    chance: NDArray[np.float64] = model.predict_proba(shown)[:, 1]
    return chance - 0.5
