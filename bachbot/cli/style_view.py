"""Grades and distances of style as tables."""

from math import isinf, isnan

from rich import box
from rich.table import Table
from rich.text import Text

from bachbot.evaluation.bootstrap import Interval
from bachbot.evaluation.style import StyleReport
from bachbot.evaluation.style.features import GRADE_FEATURES
from bachbot.evaluation.style.grade import GRADE

_UNITS = {feature.name: feature.unit for feature in GRADE_FEATURES} | {GRADE: "all nine"}
_FAR = 0.9
_MOST_ROWS = 60

_HEADINGS = {
    "parallels": "paral",
    "chord quality": "chord",
    "soprano intervals": "S",
    "alto intervals": "A",
    "tenor intervals": "T",
    "bass intervals": "B",
    "repetition": "reptn",
}


def grades_table(title: str, name: str, report: StyleReport) -> Table:
    """Medians of the nine features and of the grade: Bach's held-out pieces and a set beside.

    Parameters
    ----------
    title : str
        What was measured.
    name : str
        What the set is called.
    report : StyleReport
        What was found.
    """
    table = _table(
        title,
        "Medians of the distances from Bach's training pieces, lower is nearer; below each the "
        "interval of 95% over pieces drawn anew. The published median of Bach's own is 4.91.",
    )
    table.add_column("")
    table.add_column("counted in")
    for heading in ("Bach, held out", name):
        table.add_column(heading, justify="right")
    sets = (report.bach, report.ours)
    table.add_row("pieces", "", *(str(len(s.pieces)) for s in sets), end_section=True)
    for feature in report.bach.names:
        cells = [_cell(s.median(feature), s.interval(feature)) for s in sets]
        table.add_row(feature, _UNITS[feature], *cells)
        if feature == GRADE_FEATURES[-1].name:
            table.add_section()
    return table


def distances_table(title: str, name: str, report: StyleReport) -> Table:
    """The further distributions: distance of a set, and of Bach's held-out pieces."""
    number = report.distances[0].pieces
    table = _table(
        title,
        f"Distances from Bach's training pieces, of {number} pieces each; below each its interval "
        "of 95%. Bach, held out, is the floor: no set can be asked to be nearer. A share is that "
        "of what would have to change. Blank where nothing was to be counted: without fermatas no "
        "phrase ends are known.",
    )
    table.add_column("")
    table.add_column("counted in")
    for heading in ("Bach, held out", name):
        table.add_column(heading, justify="right")
    for found in report.distances:
        floor = _cell(found.floor, found.floor_interval)
        table.add_row(found.name, found.unit, floor, _cell(found.value, found.interval))
    return table


def pieces_table(title: str, report: StyleReport) -> Table:
    """A row a piece: its nine distances, its grade, and the share of Bach's that are worse.

    Beyond 60 pieces the first 60 are shown.
    """
    pieces = report.ours.pieces[:_MOST_ROWS]
    more = len(report.ours.pieces) - len(pieces)
    table = _table(
        title,
        "Distances from Bach's training pieces, lower is nearer: notes, rhythm, parallels, chord "
        "quality, intervals of soprano, alto, tenor and bass, repetition; the grade is their sum. "
        "* is farther than nine in ten (9/10) of Bach's held-out pieces: there lies what tells the "
        "piece from his. Worse is the share of those pieces whose grade is worse."
        + (f" {more} more pieces are not shown." if more else ""),
    )
    # Eleven figures are to go on a screen of 80 columns.
    table.box, table.padding, table.pad_edge = box.SIMPLE_HEAD, 0, False
    table.show_edge = False
    table.add_column("", overflow="fold")
    for name in report.bach.names:
        table.add_column(_HEADINGS.get(name, name), justify="right", no_wrap=True, min_width=4)
    table.add_column("worse", justify="right", no_wrap=True, min_width=4)
    bach = report.bach
    middle = [_number(bach.median(name)) for name in bach.names]
    far = {name: bach.quantile(name, _FAR) for name in bach.names}
    table.add_row("Bach, median", *middle, "")
    table.add_row("Bach, 9/10", *map(_number, far.values()), "", end_section=True)
    for piece in pieces:
        cells = [
            _number(piece.value(name)) + ("*" if piece.value(name) > far[name] else "")
            for name in bach.names
        ]
        table.add_row(piece.name, *cells, f"{bach.share_above(GRADE, piece.total):.0%}")
    return table


def _table(title: str, caption: str) -> Table:
    return Table(title=title, title_justify="left", caption=caption, caption_justify="left")


def _cell(value: float, interval: Interval) -> Text:
    """A figure and below it its interval; nothing where there is none."""
    if isnan(value):
        return Text()
    if isnan(interval.low):
        return Text(_number(value, 3))
    span = f"{_number(interval.low, 3)}-{_number(interval.high, 3)}"
    return Text.assemble(f"{_number(value, 3)}\n", (span, "dim"))


def _number(value: float, digits: int = 2) -> str:
    return "infinite" if isinf(value) else f"{value:.{digits}f}"
