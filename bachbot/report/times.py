"""Where the time of a report went."""

from collections.abc import Mapping
from typing import Any

from bachbot.report.blocks import Block, Cell, Table


def times_table(times: Mapping[str, Any]) -> list[Block]:
    """A row for all that was measured or decoded, and what the whole took.

    Parameters
    ----------
    times : mapping
        As `bachbot.report.reporting.Report` holds them.
    """
    rows = [
        [
            Cell(row["what"]),
            Cell(row["of"] or ""),
            Cell(f"{row['seconds']:.1f}"),
            Cell(f"{row['processor']:.1f}"),
            Cell("measured before" if row["cached"] else ""),
        ]
        for row in times["rows"]
    ]
    made = [row for row in times["rows"] if not row["cached"]]
    before = [row for row in times["rows"] if row["cached"]]
    for label, some in (("measured now", made), ("measured before, read now", before)):
        if some:
            clock, own = (sum(row[key] for row in some) for key in ("seconds", "processor"))
            rows.append([Cell(label, strong=True), Cell(""), Cell(f"{clock:.1f}"),
                         Cell(f"{own:.1f}"), Cell("")])  # fmt: skip
    return [
        Table(
            "Seconds",
            ["what", "checkpoint", "by the clock", "of the processor", ""],
            rows,
            note=f"This run took {minutes(times['seconds'])}. What a row asked for in turn, such "
            "as a set to be decoded, is a row of its own. What was measured before of the same "
            "checkpoint, corpus and code is not measured again; its time is what it took then.",
        )
    ]


def minutes(seconds: float) -> str:
    """A time in words."""
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds / 60:.1f} minutes"
