"""Harmonization error as a table: voices masked, filled in, and compared with Bach's."""

from collections.abc import Mapping
from typing import Any

from bachbot.evaluation.harmonization import PUBLISHED
from bachbot.tables.table import INTERVALS, Cell, Row, Table, figures, number

_RATES: Mapping[str, str] = {
    "ter": "token error rate (TER)",
    "fer": "frame error rate (FER)",
    "onset_ter": "TER at onsets",
    "onset_fer": "FER at onsets",
    "equal_pitch": "pitches equal to Bach's",
}
"""Labels by the field of `bachbot.evaluation.harmonization.HarmonizationError.to_json`."""

_NOTES = (
    "Shares from 0 to 1. TER: share of the masked tokens (pitch and tie of a voice in a "
    "sixteenth) that differ from Bach's; FER: share of the frames with any difference. "
    + INTERVALS,
    "A harmony that is not Bach's is not a wrong one.",
    "BachBot was tested on pieces that it may have been trained on, and was given the rests, "
    "fermatas and number of notes of the answer.",
)


def harmonization_table(title: str, results: Mapping[str, Mapping[str, Any]]) -> Table:
    """Errors by mask, a group of rows for each model and decoder, the original's figures below.

    Parameters
    ----------
    title : str
        What was measured.
    results : mapping of str to mapping
        One or more, by the name of the model and decoder; each plain data from
        `HarmonizationError.to_json` by the names of `bachbot.evaluation.harmonization.MASKS`. A
        mask that was not measured leaves its cells empty.
    """
    masks = list(dict.fromkeys(mask for found in results.values() for mask in found))
    rows: list[Row] = []
    for name, found in results.items():
        pieces = next(iter(found.values()))["pieces"]
        rows.append([Cell(f"{name}, {pieces} piece{'' if pieces == 1 else 's'}")])
        for rate, label in _RATES.items():
            shares = [found[mask][rate] if mask in found else None for mask in masks]
            rows.append([Cell(label), *map(_share, shares)])
    rows.append([Cell("BachBot, as published")])
    for index, rate in enumerate(("ter", "fer")):
        rows.append([Cell(_RATES[rate]), *(number(PUBLISHED[mask][index]) for mask in masks)])
    return Table(title, figures(masks, "masked voices"), rows, _NOTES)


def _share(share: Mapping[str, Any] | None) -> Cell:
    return Cell() if share is None else number(share["rate"], 3, share["interval"])
