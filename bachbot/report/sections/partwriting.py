"""Part-writing and variety: how often rules are broken, and how much happens, beside Bach."""

from collections.abc import Callable, Mapping
from typing import Any

from bachbot.evaluation import decoding_metrics
from bachbot.evaluation.decoding_metrics import KEYLESS_RULES
from bachbot.report.blocks import Block, Cell, Figure, Table, with_interval
from bachbot.report.context import Advance, Asked, share
from bachbot.report.figures import BACH, COLORS, FAINT, drawing
from bachbot.report.section import Bench, Results, Section, missing

VARIETY: Mapping[str, tuple[str, str]] = {
    "onsets_a_beat": ("onsets", "a beat and lower voice"),
    "different_chords_a_beat": ("different chords", "a beat"),
    "chord_changes_a_beat": ("changes of chord", "a beat"),
}

_SUMS = ("parallels",)
_MOST = 4.0
"""Times Bach's rate, beyond which the figure does not go."""

_Rate = tuple[float | None, list[float | None]]


def compute(bench: Bench, advance: Advance) -> dict[str, Any]:
    """Portraits of Bach's pieces, of ours and of the peers, by name."""
    context = bench.context
    sets: dict[str, Callable[[], Any]] = {
        "Bach": lambda: context.plain("part-writing of Bach", lambda _: _portrait(context.pieces)),
        "harmonized": lambda: decoding_metrics.measure(
            bench.harmonized(), bach=context.pieces, masked=missing("ATB")
        ).to_json(),
        "composed": lambda: _portrait(bench.composed()),
    } | {name: _peer(bench, name) for name in context.peers}
    found = {}
    for index, (name, measure) in enumerate(sets.items()):
        found[name] = measure()
        share(advance, index, len(sets))(1, 1)
    return found


def _portrait(pieces: Any) -> dict[str, object]:
    return decoding_metrics.measure(pieces).to_json()


def _peer(bench: Bench, name: str) -> Callable[[], Any]:
    """Pieces whose key says nothing: the rules that ask for it are left out."""
    context = bench.context
    key = {"peer": context.digests[name]}

    def measure() -> Any:
        return context.plain(
            f"part-writing of {name}",
            lambda _: decoding_metrics.measure(context.others[name], rules=KEYLESS_RULES).to_json(),
            key=key,
        )

    return measure


def blocks(results: Results, asked: Asked) -> list[Block]:
    """For each checkpoint a table and a figure of the rates beside Bach's."""
    found: list[Block] = []
    for number, (name, sets) in enumerate(results.items()):
        found += [_table(name, sets, asked), _figure(f"rates-{number}", name, sets)]
    return found


def _table(name: str, sets: Mapping[str, Any], asked: Asked) -> Table:
    rows = []
    for label, unit, digits in _lines(sets["Bach"]):
        cells = [with_interval(*_rate(of_set, label), digits) for of_set in sets.values()]
        rows.append([Cell(label, unit), *cells])
    clean = [with_interval(*_clean(of_set), 1, times=100) for of_set in sets.values()]
    rows.insert(1, [Cell("pieces without parallels", "per cent"), *clean])
    equal = [_equal(of_set) for of_set in sets.values()]
    rows.append([Cell("pitches that are Bach's", "share of the lower voices' cells"), *equal])
    pieces = [str(of_set["partwriting"]["pieces"]) for of_set in sets.values()]
    return Table(
        f"{name}: part-writing and variety beside Bach",
        ["rate", *(f"{n}, {p} pieces" for n, p in zip(sets, pieces, strict=True))],
        rows,
        note="Below each figure its 95% interval over pieces drawn anew. Bach breaks every rule "
        "now and then: his rate is the aim, not zero. A fault that lasts counts in every "
        "sixteenth. Harmonized: his soprano, the other voices ours; composed: new pieces of the "
        "same lengths. Rules of key are left out for pieces without one.",
        command=f"bachbot evaluate partwriting --checkpoint {name}{asked.words}",
    )


def _lines(bach: Mapping[str, Any]) -> list[tuple[str, str, int]]:
    """Name, unit and decimals of every rate."""
    writing = bach["partwriting"]
    told = {**{n: writing["sums"][n] for n in _SUMS}, **writing["rules"]}
    rules = [(n, f"{rate['per']} {rate['unit']}s", 2) for n, rate in told.items()]
    return rules + [(label, unit, 3) for label, unit in VARIETY.values()]


def _rate(of_set: Mapping[str, Any], label: str) -> _Rate:
    """A rate and its interval, by its row's name."""
    for figure, (name, _) in VARIETY.items():
        if name == label:
            found = of_set["variety"][figure]
            return found["mean"], found["interval"]
    writing = of_set["partwriting"]
    found = writing["sums"].get(label) or writing["rules"].get(label)
    return (None, [None, None]) if found is None else (found["rate"], found["rate_interval"])


def _clean(of_set: Mapping[str, Any]) -> _Rate:
    found = of_set["partwriting"]["sums"]["parallels"]
    return found["clean"], found["clean_interval"]


def _equal(of_set: Mapping[str, Any]) -> Cell:
    if of_set["harmonization_error"] is None:
        return Cell("")
    share = of_set["harmonization_error"]["equal_pitch"]
    return with_interval(share["rate"], share["interval"])


def _figure(key: str, name: str, sets: Mapping[str, Any]) -> Figure:
    """Rates as so many times Bach's, with their intervals."""
    lines = [(n, _rate(sets["Bach"], n)[0]) for n, _, _ in _lines(sets["Bach"])]
    told = [(label, bach) for label, bach in lines if bach]
    height = 1.1 + len(told) * (0.17 + 0.1 * len(sets))
    with drawing(key, height) as drawn:
        [axes] = drawn.axes
        for number, (of, of_set) in enumerate(sets.items()):
            color = BACH if of == "Bach" else COLORS[(number - 1) % len(COLORS)]
            offset = (number - (len(sets) - 1) / 2) * 0.8 / len(sets)
            points = []
            for row, (label, bach) in enumerate(told):
                rate, (low, high) = _rate(of_set, label)
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
        axes.set_yticks(range(len(told)), [label for label, _ in told])
        axes.set_ylim(len(told) - 0.4, -0.6)
        axes.set_xlim(-0.08, _MOST + 0.12)
        axes.grid(axis="y", visible=False)
        axes.set_xlabel("times Bach's rate")
        axes.legend(loc="lower right")
    left = [label for label, bach in lines if not bach]
    caption = (
        f"{name}: every rate as so many times Bach's on the same pieces, with its 95% interval; "
        f"an arrow goes beyond {_MOST:g} times."
    )
    if left:
        caption += f" Left out, since Bach has none: {', '.join(left)}."
    return Figure(drawn.svg, caption)


PARTWRITING = Section("partwriting", "Part-writing and variety", compute, blocks, peers=True)
