"""Realized basses as a table: each checkpoint beside Bach."""

from collections.abc import Mapping
from typing import Any

from bachbot.tables.table import INTERVALS, Cell, Row, Table, figures, number

_EQUAL: Mapping[str, str] = {
    "all": "pitches of soprano, alto and tenor that are Bach's",
    "soprano": "of the soprano",
    "alto": "of the alto",
    "tenor": "of the tenor",
}
"""Labels by the group of voices in `bachbot.evaluation.basses.RealizedBasses.to_json`."""

_NOTES = (
    "Bach's basses are given alone, with meter and fermatas and without figures. Pitches are "
    "shares from 0 to 1. Faults of part-writing are those that `bachbot explain` finds; the "
    "interval of the difference is paired by piece. " + INTERVALS,
)


def basses_table(title: str, sets: Mapping[str, Mapping[str, Any]]) -> Table:
    """Sets of realized basses side by side.

    Parameters
    ----------
    title : str
        What was measured.
    sets : mapping of str to mapping
        Plain data from `RealizedBasses.to_json` of the same basses, by the heading of its column;
        one or more.
    """
    found = list(sets.values())
    bach = found[0]["bach_faults"]
    rows: list[Row] = [
        [Cell("basses"), Cell(str(found[0]["pieces"])), *(Cell(str(f["pieces"])) for f in found)]
    ]
    for name, label in _EQUAL.items():
        cells = [f["equal_pitch"][name] for f in found]
        rows.append([Cell(label), Cell(), *(number(c["rate"], 3, c["interval"]) for c in cells)])
    rows.append(
        [
            Cell("faults per piece"),
            *(number(f["mean"], 2, f["interval"]) for f in (bach, *(f["faults"] for f in found))),
        ]
    )
    differences = (number(f["faults"]["mean"] - bach["mean"], 2, f["difference"]) for f in found)
    rows.append([Cell("faults per piece, less Bach's"), Cell(), *differences])
    return Table(title, figures(["Bach", *sets]), rows, _NOTES)
