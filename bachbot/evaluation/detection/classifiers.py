"""The classifiers: two of features, one of the notes themselves.

``features``
    Logistic regression on the standardised features, regularised.
``forest``
    Extremely randomised trees on the same (Geurts, Ernst and Wehenkel, "Extremely Randomized
    Trees", Machine Learning 63, 2006), which hear two features at once.
``notes``
    A linear support vector machine on the piece's words (`words`), weighted by tf-idf (Joachims,
    "Text Categorization with Support Vector Machines", ECML 1998).

Their settings were chosen on the validation part, both sets; with a third of theirs or three times
as much, regression and machine are right about one piece more or less of 80.
"""

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from bachbot.evaluation.detection.evidence import Evidence

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
