"""Part-writing, variety and likeness as a table."""

from collections.abc import Iterable, Mapping, Sequence
from math import isnan

from rich.table import Table
from rich.text import Text

from bachbot.evaluation.bootstrap import Interval
from bachbot.evaluation.decoding_metrics import DecodingMetrics
from bachbot.evaluation.partwriting import RuleRate

_FIGURES = {
    "onsets (alto, tenor, bass)": ("a beat and voice", "onsets_a_beat"),
    "repeated notes (alto, tenor, bass)": ("note", "repeated_notes"),
    "leaps of a third or more": ("note", "leaps"),
    "different chords": ("a beat", "different_chords_a_beat"),
    "chord changes": ("a beat", "chord_changes_a_beat"),
}

_Figure = tuple[float, Interval]


def partwriting_table(title: str, columns: Mapping[str, DecodingMetrics]) -> Table:
    """Sets of pieces side by side, each rate with its interval.

    Parameters
    ----------
    title : str
        What was measured.
    columns : mapping of str to Portrait
        One or more, by name; a rule that one of them leaves out is blank there.
    """
    table = Table(
        title=title,
        title_justify="left",
        caption="Below each figure the interval of 95% over pieces drawn anew. A fault that lasts "
        "counts in every frame. Where a held note and a repeated one are not told apart, onsets "
        "are too few.",
        caption_justify="left",
    )
    table.add_column("")
    table.add_column("for each")
    for name in columns:
        table.add_column(name, justify="right")
    portraits = list(columns.values())
    table.add_row("pieces", "", *(str(p.partwriting.pieces) for p in portraits), end_section=True)
    _add_rules(table, [p.partwriting.sums for p in portraits])
    clean = [p.partwriting.sums["parallels"] for p in portraits]
    _add(table, "without parallels", "piece", [(r.clean, r.clean_interval) for r in clean])
    table.add_section()
    _add_rules(table, [p.partwriting.rules for p in portraits])
    table.add_section()
    for label, (unit, figure) in _FIGURES.items():
        found = [getattr(p.variety, figure) for p in portraits]
        _add(table, label, unit, [(f.mean, f.interval) for f in found])
    if any(p.harmonization_error for p in portraits):
        shares = [
            p.harmonization_error.equal_pitch if p.harmonization_error else None for p in portraits
        ]
        told = [None if s is None else (s.rate, s.interval) for s in shares]
        _add(table, "pitches equal to Bach's", "cell", told)
    return table


def _add_rules(table: Table, sets: Sequence[Mapping[str, RuleRate]]) -> None:
    """A row for each rule that any of the sets was held against, in their order."""
    for name in dict.fromkeys(name for rules in sets for name in rules):
        rates = [rules.get(name) for rules in sets]
        known = next(rate for rate in rates if rate is not None)
        told = [None if r is None else (r.rate, r.interval) for r in rates]
        _add(table, name, f"{known.per} {known.unit}s", told, digits=2)


def _add(
    table: Table, label: str, unit: str, figures: Iterable[_Figure | None], digits: int = 3
) -> None:
    table.add_row(label, unit, *(figure_text(f, digits) for f in figures))


def figure_text(figure: _Figure | None, digits: int) -> Text:
    """A figure and below it its interval; nothing where there is none."""
    if figure is None or isnan(figure[0]):
        return Text()
    value, interval = figure
    span = f"{interval.low:.{digits}f}-{interval.high:.{digits}f}"
    return Text.assemble(f"{value:.{digits}f}\n", (span, "dim"))
