"""Losses as a table; needs no torch."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from bachbot.chorale import VOICES, Voice
from bachbot.evaluation.loss_totals import QUARTERS, SIXTEENTHS

_PLACE_COLUMNS = {
    "frame": "nats_per_frame",
    "token": "nats_per_token",
    "onset": "nats_per_onset",
    "right": "onset_accuracy",
}
_KEYS = (
    "Each piece was brought to C major or A minor: ln 12 = 2.485 nats a piece are added, "
    "so that the figures are those of the pieces in their own keys."
)


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
    if any(p.get("transposition_nats_per_frame") for p in parts.values()):
        lines["per frame, of it the key"] = "transposition_nats_per_frame"
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


def places_table(part: str, losses: Mapping[str, Any]) -> Table:
    """What the voices' tokens cost at each place in the bar, together and each voice's token.

    Parameters
    ----------
    part : str
        Name of what was measured.
    losses : mapping
        Plain data from `Losses.to_json`, with places told apart.
    """
    title = f"{part}: nats at each sixteenth of a quarter and each quarter of 4/4, voices alone"
    table = Table(title=title, title_justify="left")
    table.add_column("")
    voices = [v.label for v in VOICES if losses["by_kind"][v.label]["tokens"]]
    for column in (*_PLACE_COLUMNS, *(voice[0].upper() for voice in voices)):
        table.add_column(column, justify="right")
    places = losses["by_position"]
    for group in (SIXTEENTHS, QUARTERS):
        for name in (n for n in group if places[n]["frames"]):
            found = places[name]
            figures = [found[key] for key in _PLACE_COLUMNS.values()]
            figures += [found["by_voice"][v]["nats_per_token"] for v in voices]
            table.add_row(name.partition(" of")[0], *map(_three, figures))
        table.add_section()
    return table


def comparison_table(
    rows: Sequence[Mapping[str, Any]], split: str, given: Sequence[Voice] = ()
) -> Table:
    """Models and baselines below each other, a section for each part.

    Parameters
    ----------
    rows : sequence of mapping
        One or more: ``name``, ``notes`` (what to know of the row, as text), and ``parts``, plain
        data from `Losses.to_json` by the part's name, the same parts in each.
    split : str
        By what the pieces were parted.
    given : sequence of Voice
        Voices that were given, and are not counted.
    """
    what = "all voices" if not given else _filling(given)
    title = f"nats, {what}; split by {split}"
    table = Table(title=title, title_justify="left")
    table.add_column("")
    columns = {"a token": "nats_per_token", "a frame": "nats_per_frame"}
    if not given:
        columns["voices"] = "voices_nats_per_frame"
    columns |= {"an onset": "nats_per_onset", "right": "accuracy", "onsets": "onset_accuracy"}
    for column in columns:
        table.add_column(column, justify="right")
    marks = _marks(rows)
    for part in rows[0]["parts"]:
        table.add_row(f"[bold]{part}")
        for row in rows:
            figures = (row["parts"][part][key] for key in columns.values())
            label = row["name"] + "".join(f" ({marks[note]})" for note in row["notes"])
            table.add_row(f"  {label}", *map(_three, figures))
        table.add_section()
    return table


def comparison_caption(
    rows: Sequence[Mapping[str, Any]], *, fermatas: bool = True, untransposed: bool = False
) -> str:
    """What the figures of a comparison rest on.

    Parameters
    ----------
    rows : sequence of mapping
        As for `comparison_table`, with ``foresees`` (whether it looks ahead) and ``kind``.
    fermatas : bool
        Whether those that look ahead are told the fermatas.
    untransposed : bool
        Whether the pieces are priced in their own keys.
    """
    lines = []
    foreseeing = [row["name"] for row in rows if row["foresees"]]
    if foreseeing:
        told = losses_caption(foresees=True, fermatas=fermatas).removeprefix("The model is")
        lines.append(f"{', '.join(foreseeing)}:{told} All others hear the past alone.")
    else:
        lines.append("All hear the past alone, what is given too.")
    lines.append(
        "A frame costs all its tokens, 'voices' only those of the voices; 'right' is the share of "
        "the voices' cells found likeliest, 'onsets' the same where notes begin."
    )
    if any(row["kind"] == "baseline" for row in rows):
        lines.append("Baselines have learned from the training part of the split.")
    if untransposed:
        lines.append(_KEYS)
    lines += [f"({mark}) {note}." for note, mark in _marks(rows).items()]
    return "\n".join(lines)


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
        told = "the length, meter, mode and fermatas" if fermatas else "the length, meter and mode"
        lines.append(
            f"The model is told {told} of a piece, unless it was trained without, and all that is "
            "given; frame ends and END cost nothing."
        )
    else:
        lines.append("The model hears the past alone, what is given too.")
    if untransposed:
        lines.append(_KEYS)
    return " ".join(lines)


def short(value: Any) -> str:
    """A figure in four digits; nothing for None."""
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _marks(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """A number for each note that any row has, from 1."""
    notes = dict.fromkeys(note for row in rows for note in row["notes"])
    return {note: number for number, note in enumerate(notes, 1)}


def _filling(given: Sequence[Voice]) -> str:
    missing = [v.label[0].upper() for v in VOICES if v not in given]
    return f"{'+'.join(missing)} given {'+'.join(v.label[0].upper() for v in given)}"


def _counted(parts: Mapping[str, Any], kind: str) -> bool:
    """Whether there is any token of a kind; those that are none are told where nothing is given."""
    return any(p["by_kind"][kind]["tokens"] for p in parts.values())


def _of_kind(parts: Mapping[str, Any], kind: str, key: str) -> list[str]:
    return [_three(p["by_kind"][kind].get(key)) for p in parts.values()]


def _three(value: float | None) -> str:
    return "" if value is None else f"{value:.{3 if abs(value) < 10 else 2}f}"
