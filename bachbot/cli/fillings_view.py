"""The figures of a network that looks ahead as a table."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from bachbot.training.validation import FILL_TASKS


def fillings_table(parts: Mapping[str, Any]) -> Table:
    """What each filling costs, as plain data from `Filled.to_json` by part and filling."""
    table = Table("nats a frame")
    for part in parts:
        table.add_column(part, justify="right")
    columns = {
        "": "nats_per_frame",
        ", the fermatas": "fermata_nats_per_frame",
        ", accuracy, onsets": "onset_accuracy",
    }
    for label, key in columns.items():
        table.add_section()
        for name in next(iter(parts.values())):
            figures = [part[name][key] for part in parts.values()]
            if any(figure is not None for figure in figures):
                table.add_row(FILL_TASKS[name].label + label, *map(_three, figures))
    return table


def _three(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
