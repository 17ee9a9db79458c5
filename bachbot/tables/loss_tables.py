"""Losses as tables: models side by side, one model in full, and its infilling."""

from collections.abc import Mapping, Sequence
from typing import Any

from bachbot.chorale import VOICES, Voice
from bachbot.evaluation.loss_totals import QUARTERS, SIXTEENTHS
from bachbot.tables.table import Cell, Column, Row, Table, figures, number

_PER_TOKEN, _PER_FRAME = "nats_per_token", "nats_per_frame"
_VOICES, _KEY = "voices_nats_per_frame", "transposition_nats_per_frame"
_PER_ONSET, _ACCURACY, _AT_ONSETS = "nats_per_onset", "accuracy", "onset_accuracy"

_FIGURES: Mapping[str, tuple[str, str]] = {
    _PER_TOKEN: ("nats", "per token"),
    _PER_FRAME: ("nats", "per frame"),
    _VOICES: ("nats", "voices only"),
    _KEY: ("nats", "for the key"),
    _PER_ONSET: ("nats", "per onset"),
    _ACCURACY: ("accuracy", ""),
    _AT_ONSETS: ("accuracy", "at onsets"),
}
"""Heading and unit by the field of `bachbot.evaluation.losses.Losses.to_json`."""

_NATS = (
    "Nats are negative log-likelihoods with teacher forcing; lower is better. A frame is a "
    "sixteenth of all counted voices; 'voices only' leaves out frame ends, fermatas and END. "
    "Accuracy is the share of the voices' tokens, 0 to 1, to which the model gives the highest "
    "probability; at onsets, of the tokens that begin a note."
)
_TRANSPOSED = (
    "Each piece was transposed to C major or A minor: ln 12 = 2.485 nats per piece are added, so "
    "the figures are those of the pieces in their own keys."
)


def comparison_table(
    rows: Sequence[Mapping[str, Any]],
    split: str,
    given: Sequence[Voice] = (),
    *,
    fermatas: bool = True,
    untransposed: bool = False,
) -> Table:
    """Models and baselines below each other, a group of rows for each part.

    Parameters
    ----------
    rows : sequence of mapping
        One or more: ``name``, ``kind`` (``"checkpoint"`` or ``"baseline"``), ``needs_length``
        (whether it reads ahead), ``notes`` (remarks as text), and ``parts``: plain data from
        `Losses.to_json` by the part's name, the same parts in each.
    split : str
        By what the pieces were split.
    given : sequence of Voice
        Voices that were given, and are not counted.
    fermatas : bool
        Whether models that read ahead are given the fermatas.
    untransposed : bool
        Whether the losses are those of the pieces in their own keys.
    """
    shown = [_PER_TOKEN, _PER_FRAME, *([] if given else [_VOICES])]
    shown += [_PER_ONSET, _ACCURACY, _AT_ONSETS]
    marks = _marks(rows)
    body: list[Row] = []
    for part in rows[0]["parts"]:
        body.append([Cell(part)])
        for row in rows:
            label = row["name"] + "".join(f" ({marks[note]})" for note in row["notes"])
            body.append([Cell(label), *(_nats(row["parts"][part][key]) for key in shown)])
    ahead = [row["name"] for row in rows if row["needs_length"]]
    notes = [_NATS]
    if ahead:
        notes.append(f"{', '.join(ahead)}: {_given_ahead(fermatas)} All others read only the past.")
    else:
        notes.append("All models read only the past.")
    if any(row["kind"] == "baseline" for row in rows):
        notes.append("Baselines are trained on the training part of the split.")
    notes += _of_keys(untransposed)
    notes += [f"({mark}) {note}." for note, mark in marks.items()]
    columns = [Column("model", align="left"), *(Column(*_FIGURES[key]) for key in shown)]
    return Table(f"Losses, {_voices(given)}; split by {split}", columns, body, notes)


def losses_table(
    parts: Mapping[str, Any],
    given: Sequence[Voice] = (),
    *,
    needs_length: bool = False,
    fermatas: bool = True,
    untransposed: bool = False,
) -> Table:
    """One model in full: its losses by part, and by voice.

    Parameters
    ----------
    parts : mapping of str to dict
        Plain data from `Losses.to_json` by the part's name, one or more.
    given : sequence of Voice
        Voices that were given, and are not counted.
    needs_length, fermatas, untransposed : bool
        As for `comparison_table`.
    """
    lines = [_PER_TOKEN, _PER_FRAME, *([] if given else [_VOICES])]
    if any(found.get(_KEY) for found in parts.values()):
        lines.append(_KEY)
    rows: list[Row] = [_line(key, parts) for key in (*lines, _PER_ONSET)]
    kinds = [
        kind
        for kind in next(iter(parts.values()))["by_kind"]
        if any(found["by_kind"][kind]["tokens"] for found in parts.values())
    ]
    voices = [voice.label for voice in VOICES if voice.label in kinds]
    for names, key in ((kinds, _PER_TOKEN), (voices, _PER_ONSET)):
        rows.append([])
        for name in names:
            of_kind = (found["by_kind"][name].get(key) for found in parts.values())
            rows.append([Cell(f"{name}: {' '.join(_FIGURES[key])}"), *map(_nats, of_kind)])
    rows += [[], _line(_ACCURACY, parts), _line(_AT_ONSETS, parts)]
    ahead = _given_ahead(fermatas) if needs_length else "The model reads only the past."
    notes = [_NATS, ahead, *_of_keys(untransposed)]
    return Table(f"Losses, {_voices(given)}", figures(parts), rows, notes)


def places_table(part: str, losses: Mapping[str, Any]) -> Table:
    """What the voices' tokens cost at each metrical position, together and by voice.

    Parameters
    ----------
    part : str
        Name of what was measured.
    losses : mapping
        Plain data from `Losses.to_json`, with metrical positions.
    """
    shown = (_PER_FRAME, _PER_TOKEN, _PER_ONSET, _AT_ONSETS)
    voices = [voice for voice in VOICES if losses["by_kind"][voice.label]["tokens"]]
    columns = [Column("", align="left"), *(Column(*_FIGURES[key]) for key in shown)]
    columns += [Column(voice.label[0].upper()) for voice in voices]
    places = losses["by_position"]
    rows: list[Row] = []
    for group in (SIXTEENTHS, QUARTERS):
        rows.append([])
        for name in (name for name in group if places[name]["frames"]):
            found = places[name]
            by_voice = (found["by_voice"][voice.label][_PER_TOKEN] for voice in voices)
            cells = map(_nats, (*(found[key] for key in shown), *by_voice))
            rows.append([Cell(name.partition(" of")[0]), *cells])
    title = f"{part}: losses at each sixteenth of a quarter and each quarter of 4/4, voices only"
    return Table(title, columns, rows[1:], ["By voice: nats per token."])


def document_table(rows: Sequence[Mapping[str, Any]], parts: Sequence[str]) -> Table:
    """The losses of models in one table of a document.

    Parameters
    ----------
    rows : sequence of mapping
        ``name``, ``needs_length``, and ``tasks``: plain data by ``"ATB|S"`` or ``"SATB"`` and part.
    parts : sequence of str
        The parts that are shown; the accuracy is that of the last.
    """
    columns = [Column("model", align="left")]
    columns += [Column("A+T+B given S", f"nats per frame, {part}") for part in parts]
    columns.append(Column("A+T+B given S", f"accuracy at onsets, {parts[-1]}"))
    columns += [Column("all voices", f"nats per token, {part}") for part in parts]
    body: list[Row] = []
    for row in rows:
        given, whole = row["tasks"]["ATB|S"], row["tasks"]["SATB"]
        cells = [_nats(given[part][_PER_FRAME]) for part in parts]
        cells.append(_nats(given[parts[-1]][_AT_ONSETS]))
        # A model that reads ahead predicts no frame end: its tokens are not the others'.
        per_token = (None if row["needs_length"] else whole[part][_PER_TOKEN] for part in parts)
        body.append([Cell(row["name"]), *cells, *map(_nats, per_token)])
    return Table("Losses", columns, body, ["A frame is a sixteenth; lower is better."])


def infilling_table(parts: Mapping[str, Any]) -> Table:
    """What each infilling task costs a model that reads ahead.

    Parameters
    ----------
    parts : mapping of str to dict
        Plain data from `bachbot.training.validation.FillLosses` by part and task.
    """
    # Loads torch, which training has loaded already.
    from bachbot.training.validation import FILL_TASKS

    lines = {
        _PER_FRAME: "nats per frame",
        "fermata_nats_per_frame": "nats per frame, fermatas",
        _AT_ONSETS: "accuracy at onsets",
    }
    rows: list[Row] = []
    for key, label in lines.items():
        rows.append([Cell(label)])
        for name in next(iter(parts.values())):
            found = [part[name][key] for part in parts.values()]
            if any(figure is not None for figure in found):
                rows.append([Cell(FILL_TASKS[name].label), *map(_nats, found)])
    return Table("Infilling", figures(parts), rows)


def short(value: Any) -> str:
    """A figure in four digits; nothing for None."""
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _nats(value: float | None) -> Cell:
    return number(value, 3 if value is None or abs(value) < 10 else 2)


def _line(key: str, parts: Mapping[str, Any]) -> Row:
    label = " ".join(part for part in _FIGURES[key] if part)
    return [Cell(label), *(_nats(found[key]) for found in parts.values())]


def _marks(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """A number for each remark that any row has, from 1."""
    notes = dict.fromkeys(note for row in rows for note in row["notes"])
    return {note: mark for mark, note in enumerate(notes, 1)}


def _voices(given: Sequence[Voice]) -> str:
    if not given:
        return "all voices"
    missing = [voice.label[0].upper() for voice in VOICES if voice not in given]
    return f"{'+'.join(missing)} given {'+'.join(voice.label[0].upper() for voice in given)}"


def _given_ahead(fermatas: bool) -> str:
    what = "length, meter, mode and fermatas" if fermatas else "length, meter and mode"
    return (
        f"The model is given the {what} of a piece, unless it was trained without, and all given "
        "notes; frame ends and END are not counted."
    )


def _of_keys(untransposed: bool) -> list[str]:
    return [_TRANSPOSED] if untransposed else []
