"""Losses as a table; needs no torch."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from bachbot.chorale import VOICES, Voice


def losses_table(parts: Mapping[str, Any], given: Sequence[Voice] = ()) -> Table:
    """Losses side by side, as plain data from `Losses.to_json` by the part's name.

    Parameters
    ----------
    parts : mapping of str to dict
        One or more.
    given : sequence of Voice
        Voices that were given, and are not counted.
    """
    table = Table("nats" if not given else f"nats, {_filling(given)}")
    for part in parts:
        table.add_column(part, justify="right")
    lines = {"per token": "nats_per_token", "per frame": "nats_per_frame"}
    if not given:
        lines["per frame, voices"] = "voices_nats_per_frame"
    if any(p.get("shift_nats_per_frame") for p in parts.values()):
        lines["per frame, of it the key"] = "shift_nats_per_frame"
    lines["per onset"] = "nats_per_onset"
    for label, key in lines.items():
        table.add_row(label, *(_three(p[key]) for p in parts.values()))
    kinds = [k for k in next(iter(parts.values()))["by_kind"] if _counted(parts, k)]
    voices = [v.label for v in VOICES if v.label in kinds]
    table.add_section()
    for kind in kinds:
        table.add_row(f"{kind}, per token", *_of_kind(parts, kind, "nats_per_token"))
    table.add_section()
    for kind in voices:
        table.add_row(f"{kind}, per onset", *_of_kind(parts, kind, "nats_per_onset"))
    table.add_section()
    table.add_row("accuracy, all cells", *(_three(p["accuracy"]) for p in parts.values()))
    table.add_row("accuracy, onsets", *(_three(p["onset_accuracy"]) for p in parts.values()))
    return table


def losses_caption(*, foresees: bool, fermatas: bool = True, untransposed: bool = False) -> str:
    """What the figures of a table rest on.

    Parameters
    ----------
    foresees : bool
        Whether the model looks ahead.
    fermatas : bool
        Whether it is told the fermatas.
    untransposed : bool
        Whether the pieces are priced as they were before they were brought to C major or A minor.
    """
    lines = []
    if foresees:
        told = "the length, metre, mode and fermatas" if fermatas else "the length, metre and mode"
        lines.append(
            f"The model is told {told} of a piece, unless it was trained without, and all that is "
            "given; frame ends and END cost nothing."
        )
    else:
        lines.append("The model hears the past alone, what is given too.")
    if untransposed:
        lines.append(
            "Each piece was brought to C major or A minor: ln 12 = 2.485 nats a piece are added, "
            "so that the figures are those of the pieces in their own keys."
        )
    return " ".join(lines)


def short(value: Any) -> str:
    """A figure in four digits; nothing for None."""
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _filling(given: Sequence[Voice]) -> str:
    missing = [v.label[0].upper() for v in VOICES if v not in given]
    return f"{'+'.join(missing)} given {'+'.join(v.label[0].upper() for v in given)}"


def _counted(parts: Mapping[str, Any], kind: str) -> bool:
    """Whether there is any token of a kind; those that are none are told where nothing is given."""
    return any(p["by_kind"][kind]["tokens"] for p in parts.values())


def _of_kind(parts: Mapping[str, Any], kind: str, key: str) -> list[str]:
    return [_three(p["by_kind"][kind].get(key)) for p in parts.values()]


def _three(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
