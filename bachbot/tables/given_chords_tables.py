"""Given chords as a table: Bach, a decoder without chords, and with them."""

from collections.abc import Mapping
from typing import Any

from bachbot.tables.table import INTERVALS, Cell, Row, Table, figures, number

_RATES: Mapping[str, str] = {
    "obeyed": "chords obeyed",
    "with_third": "chords with their third",
    "equal_pitch": "pitches of alto, tenor and bass that are Bach's",
}
"""Labels by the field of `bachbot.evaluation.given_chords.GivenChordsKept.to_json`."""

_NOTES = (
    "Shares from 0 to 1. On every beat the chord that the analysis finds in Bach's piece is given, "
    "with its inversion. A chord is obeyed if alto, tenor and bass have only its tones on the "
    "beat, and the lowest voice the right one. Bach has suspensions and other non-chord tones "
    "there. " + INTERVALS,
)


def given_chords_table(title: str, sets: Mapping[str, Mapping[str, Any]]) -> Table:
    """Sets of pieces side by side.

    Parameters
    ----------
    title : str
        What was measured.
    sets : mapping of str to mapping
        Plain data from `GivenChordsKept.to_json`, by the heading of its column.
    """
    rows: list[Row] = [[Cell("pieces"), *(Cell(str(found["pieces"])) for found in sets.values())]]
    for name, label in _RATES.items():
        cells = (number(f[name]["rate"], 3, f[name]["interval"]) for f in sets.values())
        rows.append([Cell(label), *cells])
    return Table(title, figures(list(sets)), rows, _NOTES)
