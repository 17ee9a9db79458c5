"""The dials of difficulty as a table."""

from collections.abc import Sequence
from typing import Any

from bachbot.tables.table import Cell, Row, Table, figures, number


def dial_table(title: str, found: Sequence[dict[str, Any]]) -> Table:
    """Settings side by side, a row for each measure.

    Parameters
    ----------
    title : str
        What was measured.
    found : sequence of dict
        Plain data from `bachbot.evaluation.dials.DialRates.to_json`, one or more.
    """
    first = found[0]
    rows: list[Row] = [[Cell("pieces"), *(Cell(str(one["pieces"])) for one in found)]]
    for index, rate in enumerate(first["rates"]):
        digits = 2 if rate["rate"] < 10 else 1
        label = Cell(f"{rate['name']} ({rate['unit']})")
        rows.append([label, *(number(one["rates"][index]["rate"], digits) for one in found)])
    return Table(title, figures([one["setting"] for one in found]), rows)
