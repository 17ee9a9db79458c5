"""Style as tables: medians of the style distance, further distances, and a row for each piece."""

from collections.abc import Mapping
from math import inf
from typing import Any

from bachbot.evaluation.style import StyleReport
from bachbot.evaluation.style.features import GRADE_FEATURES
from bachbot.evaluation.style.grade import GRADE, PUBLISHED
from bachbot.tables.table import INTERVALS, Cell, Column, Row, Table, figures, number

BACH = "Bach, held out"
STYLE_DISTANCE = "style distance"
"""The sum of the nine distances of 'Bach or Mock'."""

_UNITS = {feature.name: feature.unit for feature in GRADE_FEATURES} | {GRADE: "sum of the nine"}
_SHORT = {
    "parallels": "paral",
    "chord quality": "chord",
    "soprano intervals": "S",
    "alto intervals": "A",
    "tenor intervals": "T",
    "bass intervals": "B",
    "repetition": "reptn",
    GRADE: "sum",
}
_FAR = 0.9
_MOST_ROWS = 60


def medians_table(title: str, sets: Mapping[str, Any]) -> Table:
    """Medians over pieces of the nine distances and of their sum, Bach's held-out pieces first.

    Parameters
    ----------
    title : str
        What was measured.
    sets : mapping of str to dict
        One or more, by name: plain data from `StyleReport.to_json`, all against the same pieces.
    """
    first = next(iter(sets.values()))
    bach = first["grade"]["bach"]["medians"]
    columns = [bach, *(found["grade"]["ours"]["medians"] for found in sets.values())]
    pieces = [first["pieces"]["test"], *(found["pieces"]["ours"] for found in sets.values())]
    rows: list[Row] = [[Cell("pieces"), *map(Cell, pieces), Cell()], []]
    for name in bach:
        label = Cell(STYLE_DISTANCE if name == GRADE else name, detail=_UNITS[name])
        medians = [_median(column[name], emphasis=name == GRADE) for column in columns]
        rows.append([label, *medians, number(PUBLISHED[name], 2)])
    notes = (
        "Distance of a piece's features from those of Bach's training pieces, as in Fang and "
        "others, 'Bach or Mock' (2020); lower is nearer to Bach. " + INTERVALS,
        "A set of pitches only (.npz) is compared with Bach's pieces read as pitches only. The "
        "published medians are of pieces that were part of their own reference.",
    )
    heads = figures([BACH, *sets, "Bach, published"], "median over pieces")
    return Table(title, heads, rows, notes)


def _median(found: Mapping[str, Any], *, emphasis: bool) -> Cell:
    value = inf if found["median"] is None else found["median"]
    return number(value, 2, found["interval"], emphasis=emphasis)


def distances_table(title: str, sets: Mapping[str, Any]) -> Table:
    """Further distances between distributions, and those of Bach's held-out pieces.

    Parameters
    ----------
    title : str
        What was measured.
    sets : mapping of str to dict
        One or more, by name: plain data from `StyleReport.to_json`, all against the same pieces.
    """
    all_found = [found["distances"] for found in sets.values()]
    rows: list[Row] = [
        [
            Cell(floor["name"], detail=floor["unit"]),
            number(floor["floor"], 3, floor["floor_interval"]),
            *(number(d[index]["distance"], 3, d[index]["interval"]) for d in all_found),
        ]
        for index, floor in enumerate(all_found[0])
    ]
    notes = (
        f"Wasserstein distance from the distributions of {all_found[0][0]['pieces']} of Bach's "
        "training pieces, in the unit below each name; for a share, the total variation distance. "
        "With each figure: its 95% bootstrap interval. Bach's held-out pieces are the floor. An "
        "empty cell had nothing to count: without fermatas no phrase ends are known.",
    )
    return Table(title, figures([BACH, *sets], "distance"), rows, notes)


def pieces_table(title: str, report: StyleReport) -> Table:
    """A row for each piece: its nine distances, their sum, and how many of Bach's pieces are worse.

    Parameters
    ----------
    title : str
        What was measured.
    report : StyleReport
        The result. Of its pieces the first 60 are shown.
    """
    bach, pieces = report.bach, report.ours.pieces[:_MOST_ROWS]
    more = len(report.ours.pieces) - len(pieces)
    columns = [Column("piece", align="left")]
    columns += [Column(_SHORT.get(name, name)) for name in bach.names]
    columns.append(Column("worse", "%"))
    far = {name: bach.quantile(name, _FAR) for name in bach.names}
    rows: list[Row] = [
        [Cell("Bach, median"), *(number(bach.median(n), 2) for n in bach.names), Cell()],
        [Cell("Bach, 90%"), *(number(value, 2) for value in far.values()), Cell()],
        [],
    ]
    for piece in pieces:
        cells = [_marked(piece.value(name), far[name]) for name in bach.names]
        worse = 100 * bach.share_above(GRADE, piece.total)
        rows.append([Cell(piece.name), *cells, number(worse, 0)])
    notes = [
        "Distances from Bach's training pieces, lower is nearer: notes, rhythm, parallels, chord "
        "quality, intervals of soprano, alto, tenor and bass, repetition, and their sum, the style "
        "distance. A * marks a distance greater than that of 90% of Bach's held-out pieces. Worse: "
        "share of Bach's held-out pieces with a greater style distance.",
    ]
    if more:
        notes.append(f"{more} more pieces are not shown.")
    return Table(title, columns, rows, notes)


def _marked(value: float, far: float) -> Cell:
    return Cell(number(value, 2).text + ("*" if value > far else ""))
