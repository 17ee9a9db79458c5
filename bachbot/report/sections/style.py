"""Style: the style distance of 'Bach or Mock', and distributions compared with Bach's."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bachbot.chorale import Chorale
from bachbot.corpus.jsb import pitches_only
from bachbot.evaluation.style import measure
from bachbot.report.context import Advance, Request, share
from bachbot.report.figures import BACH, COLORS, Figure, drawing
from bachbot.report.section import Bench, Block, Results, Section
from bachbot.tables.style_tables import distances_table, medians_table

SHOWN = (
    "onsets per beat",
    "different chords per beat",
    "harmonic rhythm",
    "chord qualities",
    "cadence types",
    "keys of phrase ends",
    "soprano steps and leaps",
    "bass steps and leaps",
)
"""Distributions that are drawn."""

_BARS = 12
"""Maximum number of labels of a distribution that are drawn; the commonest are."""


def compute(bench: Bench, advance: Advance) -> dict[str, Any]:
    """The style of our sets and of the peers', by name."""
    context = bench.context
    bach, train = context.pieces, context.train

    def of(pieces: Sequence[Chorale], advance: Advance) -> Any:
        return measure(pieces, bach, train, progress=advance).to_json()

    sets: dict[str, Callable[[Advance], Any]] = {
        "harmonized": lambda a: of(bench.harmonized(), a),
        "composed": lambda a: of(bench.composed(), a),
    } | {name: lambda a, name=name: _peer(bench, name) for name in context.peers}
    return {
        name: measured(share(advance, index, len(sets)))
        for index, (name, measured) in enumerate(sets.items())
    }


def _peer(bench: Bench, name: str) -> Any:
    """A set of pitches only; Bach's pieces are read in the same way."""
    context = bench.context

    def measured(advance: Advance) -> Any:
        read = [
            [pitches_only(piece) for piece in pieces]
            for pieces in (context.others[name], context.pieces, context.train)
        ]
        return measure(*read, progress=advance).to_json()

    return context.cached_data(f"style of {name}", measured, key={"peer": context.digests[name]})


def blocks(results: Results, request: Request) -> list[Block]:
    """For each checkpoint the style distance, further distances, and distributions."""
    found: list[Block] = []
    for index, (name, sets) in enumerate(results.items()):
        command = f"bachbot evaluate style --checkpoint {name}"
        medians = medians_table(f"{name}: style distance", sets)
        distances = distances_table(f"{name}: further distances", sets)
        found.append(medians.printed_by(f"{command}{request.arguments}"))
        found.append(distances.printed_by(f"{command} --set composed{request.arguments}"))
        found.append(_figure(f"style-{index}", name, sets))
    return found


def _figure(key: str, name: str, sets: Mapping[str, Any]) -> Figure:
    shares = {label: _shares(label, sets) for label in SHOWN}
    drawn_shares = {label: found for label, found in shares.items() if any(found["Bach"].values())}
    rows = (len(drawn_shares) + 1) // 2
    with drawing(key, 2.1 * max(rows, 1), rows=max(rows, 1), columns=2) as drawn:
        for axes, (label, found) in zip(drawn.axes, drawn_shares.items(), strict=False):
            _bars(axes, label, found)
        for axes in drawn.axes[len(drawn_shares) :]:
            axes.set_axis_off()
        if drawn_shares:
            drawn.axes[0].legend(fontsize=8)
    return Figure(
        drawn.svg,
        f"{name}: distributions of Bach's held-out pieces and of ours, as shares of all that was "
        f"counted in a set; of more than {_BARS} labels the commonest.",
    )


def _shares(label: str, sets: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """The share of each label by set; without the sets of pitches only."""
    ours = ("harmonized", "composed")
    shown = {n: next(h for h in sets[n]["histograms"] if h["name"] == label) for n in ours}
    found = {"Bach": _by_label(shown["harmonized"], "test")}
    return found | {name: _by_label(histogram, "ours") for name, histogram in shown.items()}


def _by_label(histogram: Mapping[str, Any], which: str) -> dict[str, float]:
    shares = histogram["shares"][which]
    return dict(zip(histogram["labels"], shares, strict=True)) if shares else {}


def _bars(axes: Any, title: str, found: Mapping[str, Mapping[str, float]]) -> None:
    labels = list(dict.fromkeys(label for shares in found.values() for label in shares))
    most = {label: max(shares.get(label, 0.0) for shares in found.values()) for label in labels}
    kept = sorted(labels, key=most.__getitem__, reverse=True)[:_BARS]
    numbers = all(_number(label) is not None for label in labels)
    kept = sorted(kept, key=float) if numbers else kept
    width = 0.8 / len(found)
    for index, (name, shares) in enumerate(found.items()):
        color = BACH if name == "Bach" else COLORS[index - 1]
        places = [place + (index - (len(found) - 1) / 2) * width for place in range(len(kept))]
        axes.bar(places, [shares.get(k, 0.0) for k in kept], width, color=color, label=name)
    longest = max(map(len, kept))
    turned = {} if longest * len(kept) < 45 else {"rotation": 35, "ha": "right"}
    axes.set_xticks(range(len(kept)), kept, fontsize=7.5, **turned)
    axes.grid(axis="x", visible=False)
    axes.set_title(title)


def _number(label: str) -> float | None:
    try:
        return float(label)
    except ValueError:
        return None


STYLE = Section("style", "Style", compute, blocks, peers=True)
