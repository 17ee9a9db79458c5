"""Music as a table: Bach beside one or more checkpoints, or checkpoints alone."""

from collections.abc import Mapping
from typing import Any

from bachbot.tables.table import INTERVALS, Cell, Row, Table, figures, number

BACH = "Bach"
STARS = "rows that differ from Bach (*)"
"""Label of the last row."""

_BY_CHANCE = "5% by chance"
_NOTES = (
    "With each figure of Bach's: its 95% bootstrap interval over pieces; with the others: that of "
    "the difference from Bach, paired by piece. A * marks an interval that leaves out 0.",
    "Bach does all of these things at times: his rate is the aim, not zero. A beat is a quarter. "
    "'bachbot.evaluation.music' defines each row.",
)
_NOTES_ALONE = (
    INTERVALS,
    "There is no version by Bach to compare with. 'bachbot.evaluation.music' defines each row.",
)


def music_table(title: str, sets: Mapping[str, Any]) -> Table:
    """Every measure of some sets of pieces, Bach's first where there are his versions.

    Parameters
    ----------
    title : str
        What was measured.
    sets : mapping of str to dict
        One or more, by name: plain data from `MusicComparison.to_json`, all of them with Bach's
        versions of the same pieces, or all without.
    """
    first = next(iter(sets.values()))
    beside = any(row["bach"] for row in first["rows"])
    headings = [BACH, *sets] if beside else list(sets)
    pieces = [first["pieces"]] * beside + [found["pieces"] for found in sets.values()]
    rows: list[Row] = [[Cell("pieces"), *map(Cell, pieces)], []]
    for index, row in enumerate(first["rows"]):
        found = [of_set["rows"][index] for of_set in sets.values()]
        cells = [_rate(row["bach"], row["per"])] if beside else []
        cells += [_compared(one) if one["bach"] else _rate(one["ours"], one["per"])
                  for one in found]  # fmt: skip
        rows.append([Cell(row["name"], detail=row["unit"]), *cells])
    if beside:
        rows += [[], [Cell(STARS, detail=_BY_CHANCE), Cell(), *map(_stars, sets.values())]]
    return Table(title, figures(headings), rows, _NOTES if beside else _NOTES_ALONE)


def _rate(rate: Mapping[str, Any] | None, per: int) -> Cell:
    if rate is None or rate["rate"] is None:
        return Cell()
    interval = [None if bound is None else per * bound for bound in rate["interval"]]
    return number(per * rate["rate"], 2, interval)


def _compared(row: Mapping[str, Any]) -> Cell:
    """A rate with its star and the interval of its difference from Bach's."""
    rate = row["ours"]["rate"]
    if rate is None:
        return Cell()
    text = f"{row['per'] * rate:.2f}{'*' if row['star'] else ''}"
    if row["difference"] is None:
        return Cell(text)
    low, high = row["difference"]
    return Cell(text, detail=f"{low:+.2f} to {high:+.2f}", emphasis=row["star"])


def _stars(found: Mapping[str, Any]) -> Cell:
    stars, compared = found["stars"], found["compared"]
    share = f", {100 * stars / compared:.0f}%" if compared else ""
    return Cell(f"{stars} of {compared}{share}")
