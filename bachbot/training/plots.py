"""Plots of training: learning curves, and loss by dropout. Imports matplotlib when called."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bachbot.errors import OutputError, TrainingError
from bachbot.files import replace_atomically
from bachbot.training.objective import Units

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_FORMATS = (".png", ".svg", ".pdf")


def plot_learning_curve(history: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Plot training and validation loss by epoch.

    Parameters
    ----------
    history : sequence of mapping
        Lines of ``metrics.jsonl``, one or more.
    path : Path
        Ends in ``.png``, ``.svg`` or ``.pdf``.

    Raises
    ------
    TrainingError
        If there is no line yet.
    OutputError
        If it cannot be written, or has another suffix.
    """
    if not history:
        raise TrainingError("no epoch has been validated yet: there is no curve to plot")
    # The lines of older runs do not name their units, or write them "nats a token".
    known = (history[-1].get(f"{loss}_unit", "nats per token") for loss in ("train", "validation"))
    units = Units(*(unit.replace(" a ", " per ") for unit in known))
    figure, axes = _figure(units)
    training, validation = _labels(units)
    epochs = [line["epoch"] for line in history]
    axes.plot(epochs, [line["train"] for line in history], label=training)
    axes.plot(epochs, [line["validation"] for line in history], label=validation)
    best = min(history, key=lambda line: line["validation"])
    axes.plot(
        best["epoch"], best["validation"], "o", label=f"best, {best['validation']:.3f}", color="C1"
    )
    # The losses of the first epochs would compress the rest of the curve.
    top = max(line["validation"] for line in history[len(history) // 4 :])
    floor = min(min(line["train"], line["validation"]) for line in history)
    axes.set_ylim(floor * 0.9, max(top * 1.3, floor * 1.5))
    axes.set_xlabel("epoch")
    _finish(figure, path)


def plot_dropout(rows: Sequence[Mapping[str, Any]], path: Path, units: Units) -> None:
    """Plot training and validation loss by dropout, like the figure of the original article.

    Parameters
    ----------
    rows : sequence of mapping
        Trials with ``"dropout"``, ``"train"`` and ``"validation"``, one or more. For each
        dropout the trial with the lowest validation loss is plotted.
    path : Path
        Ends in ``.png``, ``.svg`` or ``.pdf``.
    units : Units
        Units of the losses.

    Raises
    ------
    TrainingError
        If there is no trial yet.
    OutputError
        If it cannot be written, or has another suffix.
    """
    if not rows:
        raise TrainingError("no trial is finished yet: there is nothing to plot")
    best: dict[float, Mapping[str, Any]] = {}
    for row in rows:
        rate = round(float(row["dropout"]), 3)
        if rate not in best or row["validation"] < best[rate]["validation"]:
            best[rate] = row
    figure, axes = _figure(units)
    training, validation = _labels(units)
    rates = sorted(best)
    axes.plot(rates, [best[r]["train"] for r in rates], "o-", label=training)
    axes.plot(rates, [best[r]["validation"] for r in rates], "o-", label=validation)
    axes.set_xlabel("dropout")
    _finish(figure, path)


def _labels(units: Units) -> tuple[str, str]:
    """Labels of the training and the validation curve, with their units if those differ."""
    names = "training, with dropout", "validation"
    if units.train == units.validation:
        return names
    return f"{names[0]}, {units.train}", f"{names[1]}, {units.validation}"


def _figure(units: Units) -> tuple["Figure", Any]:
    # A Figure without pyplot needs no window system and no global state, and imports faster.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    axes = figure.subplots()
    axes.set_ylabel(units.train if units.train == units.validation else "nats")
    axes.grid(alpha=0.3)
    return figure, axes


def _finish(figure: "Figure", path: Path) -> None:
    if path.suffix.lower() not in _FORMATS:
        raise OutputError(f"{path} has another suffix: give a name that ends in .png, .svg or .pdf")
    figure.axes[0].legend()
    with replace_atomically(path) as temporary:
        figure.savefig(temporary, dpi=150)
