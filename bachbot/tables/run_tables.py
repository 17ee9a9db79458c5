"""Work in progress as tables: the rounds of a fit, and where the time of a report went."""

from collections.abc import Mapping
from typing import Any

from bachbot.evaluation.fitting import TUNABLE_WEIGHTS, RateMeasurement, Round
from bachbot.tables.table import Cell, Column, Row, Table, figures, number

_LONGEST = 5


def round_table(index: int, targets: Mapping[str, RateMeasurement], tried: Round) -> Table:
    """A round of a fit: each weight, its rate, and Bach's rate.

    Parameters
    ----------
    index : int
        Of the round, from 1.
    targets : mapping of str to RateMeasurement
        Bach's rates.
    tried : Round
        What was decoded.
    """
    units = {weight.name: weight.unit for weight in TUNABLE_WEIGHTS}
    rows: list[Row] = []
    for name, target in targets.items():
        rate = tried.readings[name].rate
        rows.append(
            [
                Cell(name),
                number(tried.weights[name]),
                number(rate),
                number(target.rate),
                number(rate / target.rate if target.rate else None, 2),
                Cell(units.get(name, "")),
            ]
        )
    columns = figures(["nats", "rate", "Bach's rate", "times Bach's"], "weight")
    return Table(
        f"round {index}: {tried.distance:.2f} standard errors from Bach, "
        f"{tried.equal_pitch:.3f} of the pitches equal to his",
        [*columns, Column("rate per", align="left")],
        rows,
    )


def times_table(times: Mapping[str, Any]) -> Table:
    """What each measurement took, and the whole run.

    Parameters
    ----------
    times : mapping
        As `bachbot.report.reporting.Report` holds them.
    """
    rows: list[Row] = [
        [
            Cell(row["what"]),
            Cell(row["of"]),
            number(row["seconds"], 1),
            number(row["processor"], 1),
            Cell("cached" if row["cached"] else ""),
        ]
        for row in times["rows"]
    ]
    rows.append([])
    for label, cached in (("measured now", False), ("read from the cache", True)):
        some = [row for row in times["rows"] if row["cached"] == cached]
        if some:
            clock, own = (sum(row[key] for row in some) for key in ("seconds", "processor"))
            total = [number(clock, 1), number(own, 1), Cell()]
            rows.append([Cell(label, emphasis=True), Cell(), *total])
    columns = [
        Column("measurement", align="left"),
        Column("checkpoint", align="left"),
        Column("seconds", "elapsed"),
        Column("seconds", "processor"),
        Column("", align="left"),
    ]
    notes = (
        f"This run took {duration(times['seconds'])}. What a measurement needs, such as a set of "
        "decoded pieces, is a row of its own. What was measured before with the same checkpoint, "
        "corpus and code is read from the cache; its time is what it took then.",
    )
    return Table("Time", columns, rows, notes)


def longest_table(times: Mapping[str, Any]) -> Table:
    """The five measurements of this run that took longest, and the whole run."""
    made = [row for row in times["rows"] if not row["cached"]]
    longest = sorted(made, key=lambda row: row["seconds"], reverse=True)[:_LONGEST]
    rows: list[Row] = [
        [Cell(row["what"]), Cell(row["of"]), number(row["seconds"], 1)] for row in longest
    ]
    cached = f"{len(times['rows']) - len(made)} read from the cache"
    rows += [[], [Cell("whole run"), Cell(cached), number(times["seconds"], 1)]]
    columns = [Column("measurement", align="left"), Column("checkpoint", align="left")]
    return Table("Where the time went", [*columns, Column("seconds")], rows)


def duration(seconds: float) -> str:
    """A time in words."""
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds / 60:.1f} minutes"
