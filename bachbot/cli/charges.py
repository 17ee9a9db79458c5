"""Charges of a score as tables."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bachbot.engine.charges import ChargeLine, Charges


def show_charges(found: "Charges") -> None:
    """Print charges by penalty, by template of learned features, and the largest of each bar.

    Parameters
    ----------
    found : Charges
        From `bachbot.engine.Engine.charges`.
    """
    _print("Charges by penalty", found.penalties)
    if found.templates:
        _print("Charges of learned features", found.templates)
    _print_bars(found)


def _print(title: str, lines: "Sequence[ChargeLine]") -> None:
    from bachbot.cli.show import print_table
    from bachbot.tables import Cell, Column, Table

    columns = [Column("penalty"), Column("nats"), Column("times"), Column("nats each")]
    rows = [
        [Cell(x.name), Cell(f"{x.nats:.2f}"), Cell(str(x.times)), Cell(f"{x.weight:.3f}")]
        for x in lines
    ]
    print_table(Table(title, columns, rows))


def _print_bars(found: "Charges") -> None:
    from bachbot.cli.show import print_table
    from bachbot.tables import Cell, Column, Table

    columns = [Column("bar"), Column("nats in all"), Column("nats"), Column("times"),
               Column("the largest", align="left")]  # fmt: skip
    rows = []
    for bar in found.bars:
        for at, line in enumerate(bar.largest):
            first = (str(bar.bar), f"{bar.nats:.2f}") if at == 0 else ("", "")
            cells = (*first, f"{line.nats:.2f}", str(line.times), line.name)
            rows.append([Cell(text) for text in cells])
    note = (
        "In nats. Above 0: a rule is broken, or a pattern is one that Bach writes less often than "
        f"the model; below 0: one that he writes more often. In all: {found.nats:.2f}."
    )
    print_table(Table("Charges by bar", columns, rows, (note,)))
