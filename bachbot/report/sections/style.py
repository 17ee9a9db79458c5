"""Style: the grade of 'Bach or Mock', and distributions side by side with Bach's."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bachbot.chorale import Chorale
from bachbot.evaluation.information import pitches_only
from bachbot.evaluation.style import measure
from bachbot.evaluation.style.grade import GRADE, PUBLISHED
from bachbot.report.blocks import Block, Cell, Figure, Table, with_interval
from bachbot.report.context import Advance, Asked, share
from bachbot.report.figures import BACH, COLORS, drawing
from bachbot.report.section import Bench, Results, Section

SHOWN = (
    "onsets a beat",
    "different chords a beat",
    "harmonic rhythm",
    "chord qualities",
    "cadence types",
    "keys of phrase ends",
    "soprano steps and leaps",
    "bass steps and leaps",
)
"""Distributions that are drawn."""

_BARS = 12
"""Labels of a distribution that are drawn, the commonest."""


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
    """A set of pitches alone; Bach beside it is read as one."""
    context = bench.context

    def measured(advance: Advance) -> Any:
        told = [
            [pitches_only(piece) for piece in pieces]
            for pieces in (context.others[name], context.pieces, context.train)
        ]
        return measure(*told, progress=advance).to_json()

    return context.plain(f"style of {name}", measured, key={"peer": context.digests[name]})


def blocks(results: Results, asked: Asked) -> list[Block]:
    """For each checkpoint the grades, the further distances, and distributions."""
    found: list[Block] = []
    for number, (name, sets) in enumerate(results.items()):
        found += [
            _grades(name, sets, asked),
            _distances(name, sets, asked),
            _figure(f"style-{number}", name, sets),
        ]
    return found


def _grades(name: str, sets: Mapping[str, Any], asked: Asked) -> Table:
    bach = sets["harmonized"]["grade"]["bach"]["medians"]
    rows = [
        [
            Cell(label, strong=label == GRADE),
            _median(bach[label]),
            *(_median(of_set["grade"]["ours"]["medians"][label]) for of_set in sets.values()),
            Cell(f"{PUBLISHED[label]:.2f}"),
        ]
        for label in bach
    ]
    return Table(
        f"{name}: the grade, lower is nearer to Bach",
        ["median distance", "Bach, held out", *sets, "Bach, published"],
        rows,
        note="Medians over pieces of nine distances from Bach's training pieces and of their sum "
        "(Fang and others, 'Bach or Mock', 2020), each in its feature's own unit; below each its "
        "95% interval. A set of pitches alone (.npz) is graded against Bach read as pitches "
        "alone. The published medians are of pieces that stood in their own reference.",
        command=f"bachbot evaluate style --checkpoint {name}{asked.words}",
    )


def _median(found: Mapping[str, Any]) -> Cell:
    return with_interval(found["median"], found["interval"], 2)


def _distances(name: str, sets: Mapping[str, Any], asked: Asked) -> Table:
    floors = sets["harmonized"]["distances"]
    rows = []
    for index, floor in enumerate(floors):
        found = [of_set["distances"][index] for of_set in sets.values()]
        rows.append(
            [
                Cell(floor["name"], floor["unit"]),
                with_interval(floor["floor"], floor["floor_interval"]),
                *(with_interval(d["distance"], d["interval"]) for d in found),
            ]
        )
    return Table(
        f"{name}: further distributions, their distance from Bach's",
        ["distance", "Bach, held out", *sets],
        rows,
        note="Wasserstein distance in the unit that is named, or, for shares, the share that "
        "would have to change; 95% intervals below. Bach's held-out pieces are the floor: no set "
        "can be asked to be nearer. Empty where there was nothing to count.",
        command=f"bachbot evaluate style --checkpoint {name} --set composed{asked.words}",
    )


def _figure(key: str, name: str, sets: Mapping[str, Any]) -> Figure:
    shares = {label: _shares(label, sets) for label in SHOWN}
    told = {label: found for label, found in shares.items() if any(found["Bach"].values())}
    rows = (len(told) + 1) // 2
    with drawing(key, 2.1 * max(rows, 1), rows=max(rows, 1), columns=2) as drawn:
        for axes, (label, found) in zip(drawn.axes, told.items(), strict=False):
            _bars(axes, label, found)
        for axes in drawn.axes[len(told) :]:
            axes.set_axis_off()
        if told:
            drawn.axes[0].legend(fontsize=8)
    return Figure(
        drawn.svg,
        f"{name}: distributions of Bach's held-out pieces and of ours. Up: shares of all that was "
        f"counted in a set; of more than {_BARS} kinds the commonest.",
    )


def _shares(label: str, sets: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """By set, the share of each thing that was counted; of the sets of notes, not of pitches."""
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
