"""The classifiers, their inputs, and the folds of their cross-validation.

``features``
    Regularized logistic regression on the standardized features.
``forest``
    Extremely randomized trees on the same features (Geurts, Ernst and Wehenkel, "Extremely
    Randomized Trees", Machine Learning 63, 2006), which can combine features.
``notes``
    A linear support vector machine on the counts of the piece's tokens
    (`bachbot.evaluation.detection.piece_view.tokens_of`), weighted by tf-idf (Joachims, "Text
    Categorization with Support Vector Machines", ECML 1998).

Their hyperparameters were chosen on the validation part, on both kinds of generated sets; with a
third or three times the regularization, the regression and the support vector machine change their
decision on about one piece in 80.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, Chorale
from bachbot.corpus.jsb import InformationLevel
from bachbot.evaluation.detection.features import FeatureTable, feature_table
from bachbot.evaluation.detection.piece_view import tokens_of

ClassifierName = Literal["features", "forest", "notes"]
CLASSIFIERS: tuple[ClassifierName, ...] = get_args(ClassifierName)

FOLDS = 5
"""Folds of the cross-validation; fewer if there are fewer groups."""

EXCERPT = 16 * FRAMES_PER_QUARTER
"""Frames of an excerpt: sixteen beats, four bars of 4/4."""

_BUCKETS = 1 << 18
_REGRESSION_C, _SVM_C, _TREES = 0.03, 1.0, 60


def assign_folds(groups: Sequence[str], *, seed: int = 0) -> NDArray[np.int64]:
    """Assign pieces to folds, all pieces of a group to the same one.

    The largest groups are assigned first, each to the fold that is smallest so far.

    Parameters
    ----------
    groups : sequence of str, length N
        The tune of each piece.
    seed : int
        Random seed of the order among groups of equal size.

    Returns
    -------
    ndarray of int64, shape [N]
        The fold of each piece, from 0.
    """
    sizes = Counter(groups)
    names = sorted(sizes)
    np.random.default_rng(seed).shuffle(names)
    names.sort(key=lambda name: -sizes[name])  # stable, so that groups of equal size stay shuffled
    filled = [0] * min(FOLDS, len(names))
    fold = {}
    for name in names:
        fold[name] = filled.index(min(filled))
        filled[fold[name]] += sizes[name]
    return np.array([fold[group] for group in groups], dtype=np.int64)


def split_excerpts(chorale: Chorale) -> list[Chorale]:
    """Consecutive excerpts of a piece, without the remainder; a shorter piece is returned whole."""
    if chorale.frames < EXCERPT:
        return [chorale]
    starts = np.arange(0, chorale.frames - EXCERPT + 1, EXCERPT).tolist()
    return [chorale.sliced(start, start + EXCERPT) for start in starts]


@dataclass(frozen=True, eq=False)
class ClassifierInputs:
    """N pieces or excerpts as the classifiers see them.

    Parameters
    ----------
    features : FeatureTable
        Their features.
    token_counts : scipy.sparse matrix of float64, shape [N, buckets]
        How often each token occurs, hashed (Weinberger and others, "Feature Hashing for Large
        Scale Multitask Learning", ICML 2009).
    """

    features: FeatureTable
    token_counts: Any

    @classmethod
    def of(cls, chorales: Sequence[Chorale], level: InformationLevel) -> "ClassifierInputs":
        """Compute the inputs of pieces that were reduced to an information level."""
        from sklearn.feature_extraction import FeatureHasher

        hasher = FeatureHasher(_BUCKETS, input_type="string", alternate_sign=False)
        token_counts = hasher.transform(tokens_of(chorale) for chorale in chorales)
        return cls(feature_table(chorales, level), token_counts)

    def __len__(self) -> int:
        return len(self.features.values)


def out_of_fold_scores(
    name: ClassifierName,
    inputs: ClassifierInputs,
    ours: NDArray[np.bool_],
    folds: NDArray[np.int64],
    *,
    seed: int = 0,
) -> NDArray[np.float64]:
    """Score each piece by a classifier that was trained on the other folds.

    Parameters
    ----------
    name : {"features", "forest", "notes"}
        Which classifier.
    inputs : ClassifierInputs
        N pieces.
    ours : ndarray of bool, shape [N]
        Labels: whether each piece is generated.
    folds : ndarray of int64, shape [N]
        Fold of each piece, from `assign_folds`; two or more folds.
    seed : int
        Random seed of the trees.

    Returns
    -------
    ndarray of float64, shape [N]
        Above 0 where the classifier takes a piece for generated.
    """
    rows = inputs.token_counts if name == "notes" else inputs.features.values
    out = np.zeros(len(ours))
    for fold in range(int(folds.max()) + 1):
        held_out = folds == fold
        model = _build(name, seed).fit(rows[~held_out], ours[~held_out])
        out[held_out] = _score(model, rows[held_out])
    return out


def regression_weights(inputs: ClassifierInputs, ours: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Weights of the logistic regression, fitted to all pieces.

    Returns
    -------
    ndarray of float64, shape [F]
        Change of the log-odds for "generated" by one standard deviation more of each feature.
    """
    model = _build("features", 0).fit(inputs.features.values, ours)
    weights: NDArray[np.float64] = model[-1].coef_[0]
    return weights


def _build(name: ClassifierName, seed: int) -> Any:
    from sklearn.ensemble import ExtraTreesClassifier
    from sklearn.feature_extraction.text import TfidfTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import LinearSVC

    if name == "notes":
        svm = LinearSVC(C=_SVM_C, max_iter=10000, random_state=seed)
        return make_pipeline(TfidfTransformer(sublinear_tf=True), svm)
    imputer = SimpleImputer(keep_empty_features=True)
    if name == "forest":
        return make_pipeline(imputer, ExtraTreesClassifier(_TREES, random_state=seed))
    regression = LogisticRegression(C=_REGRESSION_C, max_iter=1000)
    return make_pipeline(imputer, StandardScaler(), regression)


def _score(model: Any, rows: Any) -> NDArray[np.float64]:
    if hasattr(model, "decision_function"):
        margin: NDArray[np.float64] = model.decision_function(rows)
        return margin
    probability: NDArray[np.float64] = model.predict_proba(rows)[:, 1]
    return probability - 0.5
