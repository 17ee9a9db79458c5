"""Losses as a table; needs no torch."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table


def losses_table(parts: Mapping[str, Any]) -> Table:
    """Losses side by side, as plain data from `Losses.to_json` by the part's name."""
    table = Table("nats")
    for part in parts:
        table.add_column(part, justify="right")
    lines = {
        "per token": "nats_per_token",
        "per frame": "nats_per_frame",
        "per frame, voices": "voices_nats_per_frame",
        "per onset": "nats_per_onset",
    }
    for label, key in lines.items():
        table.add_row(label, *(_three(p[key]) for p in parts.values()))
    table.add_section()
    for kind in next(iter(parts.values()))["by_kind"]:
        table.add_row(
            f"{kind}, per token",
            *(_three(p["by_kind"][kind]["nats_per_token"]) for p in parts.values()),
        )
    table.add_section()
    for kind in ("soprano", "alto", "tenor", "bass"):
        table.add_row(
            f"{kind}, per onset",
            *(_three(p["by_kind"][kind]["nats_per_onset"]) for p in parts.values()),
        )
    table.add_section()
    table.add_row("accuracy, all cells", *(_three(p["accuracy"]) for p in parts.values()))
    table.add_row("accuracy, onsets", *(_three(p["onset_accuracy"]) for p in parts.values()))
    return table


def short(value: Any) -> str:
    """A figure in four digits; nothing for None."""
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _three(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
