"""Classifier two-sample tests as tables: accuracies, and the top features."""

from collections.abc import Mapping
from typing import Any

from bachbot.tables.table import Cell, Column, Row, Table, figures, number, percent

CLASSIFIER_ACCURACY = "classifier accuracy, whole pieces, % (chance 50)"
PAIR_ACCURACY = "classifier accuracy, which of a pair is Bach's, % (chance 50)"

CONTROL = "Bach and Bach"
"""Name of the comparison of two halves of Bach's own pieces: the accuracy to aim for."""

MOST_FEATURES = 15
"""Features that are listed of each comparison."""

TASKS: Mapping[str, str] = {
    "pieces": "whole pieces",
    "excerpts": "excerpts of 16 beats",
    "pairs": "which of a pair is Bach's",
}
"""What a classifier decides, by the key of `Detection.to_json`."""

_CLASSIFIERS: Mapping[str, str] = {
    "majority": "majority of the three",
    "features": "logistic regression on features",
    "forest": "extremely randomized trees on features",
    "notes": "linear SVM on n-grams of the notes",
}
_LEVELS: Mapping[str, str] = {"score": "whole score", "notes": "notes only"}


def accuracy_table(title: str, sets: Mapping[str, Any]) -> Table:
    """Accuracy of the classifiers on each set, side by side.

    Parameters
    ----------
    title : str
        What was compared.
    sets : mapping of str to dict
        One or more, by name: plain data from `bachbot.evaluation.detection.Detection.to_json`.
    """
    found = list(sets.values())
    rows: list[Row] = [
        [Cell("pieces on each side"), *(Cell(f["pairs"]) for f in found)],
        [Cell("tunes"), *(Cell(f["tunes"]) for f in found)],
        [Cell("compared by"), *(Cell(_LEVELS.get(f["level"], f["level"])) for f in found)],
    ]
    for task, heading in TASKS.items():
        rows.append([Cell(heading)])
        verdicts = [f["classifiers"][task] for f in found]
        for name in verdicts[0]:
            label = _CLASSIFIERS.get(name, name)
            rows.append([Cell(label), *(_accuracy(v.get(name)) for v in verdicts)])
    counts = (Cell(len(f["top_features"])) for f in found)
    rows += [[], [Cell("features that differ by more than chance"), *counts]]
    notes = (
        "Accuracy in percent, of classifiers trained on some tunes and tested on others: 50% means "
        "indistinguishable from Bach, 100% always told apart. With each figure: its 95% "
        "bootstrap interval over tunes. For whole pieces also the range of 95% of the classifiers "
        "trained on permuted labels, and p, the share of them that are as accurate.",
    )
    return Table(f"classifier accuracy: {title}", figures(sets), rows, notes)


def accuracy_cell(verdict: Mapping[str, Any] | None, digits: int = 1) -> Cell:
    """An accuracy in percent with its interval, as plain data from `ClassifierAccuracy.to_json`."""
    if verdict is None:
        return Cell()
    return percent(verdict["accuracy"], digits, verdict["interval"])


def _accuracy(verdict: Mapping[str, Any] | None) -> Cell:
    cell = accuracy_cell(verdict)
    chance = None if verdict is None else verdict.get("chance")
    if verdict is None or chance is None or verdict["p"] is None:
        return cell
    low, high = (100 * bound for bound in chance)
    detail = f"by chance {low:.0f} to {high:.0f}, p {verdict['p']:.2g}"
    return Cell(cell.value, cell.format, cell.interval, detail)


def features_table(name: str, found: Mapping[str, Any]) -> Table:
    """The top features: those that best tell a set from Bach.

    Parameters
    ----------
    name : str
        Of the set.
    found : mapping
        Plain data from `Detection.to_json`.
    """
    features = found["top_features"]
    columns = [Column("feature", align="left"), Column("", align="left")]
    columns += [Column(name, "mean"), Column("Bach", "mean"), Column("above", "%"), Column("p")]
    rows = [
        [
            Cell(feature["feature"]),
            Cell("more" if feature["above"] > 0.5 else "less"),
            Cell(feature["ours"], ".3g"),
            Cell(feature["bach"], ".3g"),
            percent(feature["above"]),
            number(feature["p"], 4),
        ]
        for feature in features[:MOST_FEATURES]
    ]
    notes = (
        "Above: how often a piece of the set has more of the feature than one of Bach's; 50% if "
        "they are alike. p: how often permuted labels make any feature differ as much.",
    )
    shown = min(len(features), MOST_FEATURES)
    title = (
        f"{name}: top features, {shown} of {len(features)} that differ from Bach's by more than "
        "chance"
    )
    return Table(title, columns, rows, notes)
