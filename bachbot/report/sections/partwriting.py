"""Part-writing and variety: how often rules are broken, and how varied the music is."""

from collections.abc import Callable, Mapping
from typing import Any

from bachbot.evaluation import decoding_metrics
from bachbot.evaluation.decoding_metrics import KEYLESS_RULES
from bachbot.evaluation.harmonization import MASKS
from bachbot.report.context import Advance, Request, share
from bachbot.report.figures import BACH, COLORS, FAINT, Figure, drawing
from bachbot.report.section import Bench, Block, Results, Section
from bachbot.tables.decoding_tables import partwriting_table, rates

_MOST = 4.0
"""The axis of the figure ends at this many times Bach's rate."""


def compute(bench: Bench, advance: Advance) -> dict[str, Any]:
    """Metrics of Bach's pieces, of ours and of the peers, by name."""
    context = bench.context
    sets: dict[str, Callable[[], Any]] = {
        "Bach": lambda: context.cached_data(
            "part-writing of Bach", lambda _: _metrics(context.pieces)
        ),
        "harmonized": lambda: decoding_metrics.measure(
            bench.harmonized(), bach=context.pieces, masked=MASKS["ATB"]
        ).to_json(),
        "composed": lambda: _metrics(bench.composed()),
    } | {name: _peer(bench, name) for name in context.peers}
    found = {}
    for index, (name, measure) in enumerate(sets.items()):
        found[name] = measure()
        share(advance, index, len(sets))(1, 1)
    return found


def _metrics(pieces: Any) -> dict[str, object]:
    return decoding_metrics.measure(pieces).to_json()


def _peer(bench: Bench, name: str) -> Callable[[], Any]:
    """Pieces without a known key: the rules that need one are left out."""
    context = bench.context
    key = {"peer": context.digests[name]}

    def measure() -> Any:
        return context.cached_data(
            f"part-writing of {name}",
            lambda _: decoding_metrics.measure(context.others[name], rules=KEYLESS_RULES).to_json(),
            key=key,
        )

    return measure


def blocks(results: Results, request: Request) -> list[Block]:
    """For each checkpoint a table, and a figure of the rates relative to Bach's."""
    found: list[Block] = []
    for index, (name, sets) in enumerate(results.items()):
        command = f"bachbot evaluate partwriting --checkpoint {name}{request.arguments}"
        title = f"{name}: part-writing and variety"
        found.append(partwriting_table(title, sets).printed_by(command))
        found.append(_figure(f"rates-{index}", name, sets))
    return found


def _figure(key: str, name: str, sets: Mapping[str, Any]) -> Figure:
    """Rates as multiples of Bach's, with their intervals."""
    of_bach = {label: rate for label, (rate, _) in rates(sets["Bach"]).items()}
    shown = [(label, bach) for label, bach in of_bach.items() if bach]
    height = 1.1 + len(shown) * (0.17 + 0.1 * len(sets))
    with drawing(key, height) as drawn:
        [axes] = drawn.axes
        for number, (of, of_set) in enumerate(sets.items()):
            color = BACH if of == "Bach" else COLORS[(number - 1) % len(COLORS)]
            offset = (number - (len(sets) - 1) / 2) * 0.8 / len(sets)
            points = []
            of_label = rates(of_set)
            for row, (label, bach) in enumerate(shown):
                rate, (low, high) = of_label.get(label, (None, (None, None)))
                if rate is None or low is None or high is None:
                    continue
                span = [min(low / bach, _MOST), min(high / bach, _MOST)]
                axes.plot(span, [row + offset] * 2, color=color, lw=1.4, alpha=0.75)
                points.append((min(rate / bach, _MOST), row + offset, rate / bach > _MOST))
            for beyond, mark in ((False, "o"), (True, ">")):
                x = [p[0] for p in points if p[2] == beyond]
                y = [p[1] for p in points if p[2] == beyond]
                axes.plot(x, y, mark, color=color, ms=4.2, label=None if beyond else of)
        axes.axvline(1, color=FAINT, lw=1)
        axes.set_yticks(range(len(shown)), [label for label, _ in shown])
        axes.set_ylim(len(shown) - 0.4, -0.6)
        axes.set_xlim(-0.08, _MOST + 0.12)
        axes.grid(axis="y", visible=False)
        axes.set_xlabel("times Bach's rate")
        axes.legend(loc="lower right")
    left = [label for label, bach in of_bach.items() if not bach]
    caption = (
        f"{name}: every rate as a multiple of Bach's on the same pieces, with its 95% bootstrap "
        f"interval; an arrow marks more than {_MOST:g} times."
    )
    if left:
        caption += f" Left out, because Bach's rate is 0: {', '.join(left)}."
    return Figure(drawn.svg, caption)


PARTWRITING = Section("partwriting", "Part-writing and variety", compute, blocks, peers=True)
