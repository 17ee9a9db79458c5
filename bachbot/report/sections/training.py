"""Training: learning curves, and loss by dropout."""

from collections.abc import Mapping, Sequence
from typing import Any

from bachbot.report.context import Advance, Request
from bachbot.report.figures import BACH, COLORS, FAINT, Figure, drawing
from bachbot.report.section import Bench, Block, Paragraph, Results, Section

ARTICLE: Mapping[float, tuple[float, float]] = {
    0.0: (0.100, 0.650),
    0.1: (0.194, 0.528),
    0.2: (0.265, 0.493),
    0.3: (0.324, 0.477),
    0.4: (0.384, 0.485),
    0.5: (0.446, 0.498),
}
"""Training and validation loss of BachBot's best network by dropout, nats per token (Liang, Gotham,
Johnson and Shotton, ISMIR 2017, section 4.2). Its validation part shares tunes with its training
part."""

_TOKEN = "nats per token"


def compute(bench: Bench, advance: Advance) -> dict[str, Any]:
    """The learning curve that is stored with the checkpoint."""
    history = bench.subject.history
    config = bench.subject.checkpoint.config
    last = history[-1] if history else {}
    return {
        # Lines of older runs have no unit, or another spelling of it.
        "units": {kind: _unit(last, kind) for kind in ("train", "validation")},
        "dropout": config["model"].get("dropout"),
        "epochs": [row["epoch"] for row in history],
        "train": [row["train"] for row in history],
        "validation": [row["validation"] for row in history],
    }


def _unit(row: Mapping[str, Any], kind: str) -> str:
    unit: str = row.get(f"{kind}_unit", _TOKEN)
    return unit.replace(" a ", " per ")


def blocks(results: Results, request: Request) -> list[Block]:
    """The learning curve of every checkpoint that has one, and the losses by dropout."""
    found: list[Block] = []
    for number, (name, curve) in enumerate(results.items()):
        if curve["epochs"]:
            found.append(_curve(f"curve-{number}", name, curve))
        else:
            found.append(Paragraph(f"{name} has no metrics.jsonl: its learning curve is unknown."))
    found.append(_dropout(results))
    return found


def _curve(key: str, name: str, curve: Mapping[str, Any]) -> Figure:
    units = curve["units"]
    one = units["train"] == units["validation"]
    validation: Sequence[float] = curve["validation"]
    best = min(range(len(validation)), key=validation.__getitem__)
    with drawing(key, 3.0) as drawn:
        [axes] = drawn.axes
        for kind, label, color in (
            ("train", "training, with dropout", COLORS[0]),
            ("validation", "validation", COLORS[1]),
        ):
            text = label if one else f"{label}: {units[kind]}"
            axes.plot(curve["epochs"], curve[kind], color=color, lw=1.6, label=text)
        axes.plot(
            curve["epochs"][best], validation[best], "o", color=COLORS[1],
            label=f"best, {validation[best]:.3f} in epoch {curve['epochs'][best]}",
        )  # fmt: skip
        # The first epochs would flatten everything after them.
        floor = min(min(curve["train"]), min(validation))
        axes.set_ylim(floor * 0.9, max(max(validation[len(validation) // 4 :]) * 1.3, floor * 1.5))
        axes.set_xlabel("epoch")
        axes.set_ylabel(units["train"] if one else "nats")
        axes.legend()
    return Figure(
        drawn.svg,
        f"{name}: loss by epoch, training {units['train']}, validation {units['validation']}.",
    )


def _dropout(results: Results) -> Figure:
    rates = list(ARTICLE)
    with drawing("dropout", 3.0) as drawn:
        [axes] = drawn.axes
        for index, label in enumerate(("training", "validation")):
            losses = [ARTICLE[rate][index] for rate in rates]
            style = "o--" if index == 0 else "o-"
            axes.plot(rates, losses, style, color=BACH if index else FAINT, lw=1.3, ms=4,
                      label=f"BachBot's article, {label}")  # fmt: skip
        ours = {name: curve for name, curve in results.items() if _comparable(curve)}
        for number, (name, curve) in enumerate(ours.items()):
            best = min(range(len(curve["epochs"])), key=curve["validation"].__getitem__)
            for kind, mark in (("train", "s"), ("validation", "D")):
                axes.plot(
                    curve["dropout"], curve[kind][best], mark, ms=6.5, color=COLORS[number],
                    fillstyle="none" if kind == "train" else "full", label=f"{name}, {kind}",
                )  # fmt: skip
        axes.set_xlabel("dropout")
        axes.set_ylabel(_TOKEN)
        axes.legend(fontsize=8.5)
    none = [name for name in results if name not in ours]
    caption = (
        "Loss by dropout: the search in BachBot's article as published (its own split, which leaks "
        "tunes), and the checkpoints whose losses have the same unit, at their best epoch and "
        "their own dropout, each on the split that it was trained on."
    )
    if none:
        caption += f" Left out: {', '.join(none)}, with another unit or without a curve."
    caption += (
        " For a search of your own, bachbot train search --figure FILE draws the same figure."
    )
    return Figure(drawn.svg, caption)


def _comparable(curve: Mapping[str, Any]) -> bool:
    units = curve["units"]
    counted = units["train"] == units["validation"] == _TOKEN
    return bool(curve["epochs"]) and counted and curve["dropout"] is not None


TRAINING = Section("training", "Training", compute, blocks, cached=False)
