"""Decoders as tables: their penalties, harmonization error, and part-writing with variety."""

from collections.abc import Mapping, Sequence
from typing import Any

from bachbot.evaluation.harmonization import PUBLISHED
from bachbot.tables.table import (
    INTERVALS,
    Bounds,
    Cell,
    Column,
    Row,
    Table,
    figures,
    number,
    percent,
)

_RATES: Mapping[str, str] = {
    "ter": "token error rate (TER)",
    "fer": "frame error rate (FER)",
    "onset_ter": "TER at onsets",
    "onset_fer": "FER at onsets",
    "equal_pitch": "pitches equal to Bach's",
}
"""Labels by the field of `bachbot.evaluation.harmonization.HarmonizationError.to_json`."""

_ERROR_NOTES = (
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
    return Table(title, figures(masks, "masked voices"), rows, _ERROR_NOTES)


def _share(share: Mapping[str, Any] | None) -> Cell:
    return Cell() if share is None else number(share["rate"], 3, share["interval"])


def penalties_table(title: str, lists: Mapping[str, Sequence[Mapping[str, Any]]]) -> Table:
    """The penalties and bonuses of one or more decoders: their weights and their sources.

    Parameters
    ----------
    title : str
        Whose penalties they are.
    lists : mapping of str to sequence
        By the name of the decoder, plain data from `bachbot.decoding.Penalties.to_json`. What a
        decoder does not use leaves its cell empty.
    """
    sources = {item["name"]: item["source"] for items in lists.values() for item in items}
    weights = [{item["name"]: item["weight"] for item in items} for items in lists.values()]
    columns = [
        Column("penalty or bonus", align="left"),
        *(Column(name, "nats") for name in lists),
        Column("source", align="left"),
    ]
    rows = [
        [Cell(name), *(number(of.get(name), 2) for of in weights), Cell(source)]
        for name, source in sources.items()
    ]
    note = (
        "A penalty lowers the score of a hypothesis by its weight each time that it applies, and "
        "a bonus raises it."
    )
    return Table(title, columns, rows, (note,))


Rate = tuple[float | None, Bounds]
"""A figure and its interval."""

_SUMS: Mapping[str, str] = {"parallels": "parallel fifths and octaves"}
"""Labels of several rules counted together; a rule alone goes by its own name."""

_VARIETY: Mapping[str, tuple[str, str]] = {
    "onsets_per_beat": ("onsets in alto, tenor and bass", "per beat and voice"),
    "repeated_notes": ("repeated notes in alto, tenor and bass", "per note"),
    "leaps": ("leaps of a third or more in alto, tenor and bass", "per note"),
    "different_chords_per_beat": ("different chords", "per beat"),
    "chord_changes_per_beat": ("chord changes", "per beat"),
}
"""Label and unit by the field of `bachbot.evaluation.variety.Variety.to_json`."""

PARALLELS = _SUMS["parallels"]

_NOTES = (
    INTERVALS,
    "Bach breaks every rule at times: his rate is the aim, not zero. A fault counts in every frame "
    "in which it lasts. Rules that need a key are left out for pieces without one. Where repeated "
    "notes are stored as held notes, onsets are too few.",
)


def partwriting_table(title: str, sets: Mapping[str, Any]) -> Table:
    """Sets of pieces side by side: how often each rule is broken, and how varied the music is.

    Parameters
    ----------
    title : str
        What was measured.
    sets : mapping of str to dict
        One or more, by name: plain data from `DecodingMetrics.to_json`. A rule that was not
        checked leaves its cell empty.
    """
    rows: list[Row] = [
        [Cell("pieces"), *(Cell(found["partwriting"]["pieces"]) for found in sets.values())]
    ]
    for group in ("sums", "rules"):
        rows.append([])
        for name, unit in _units(sets, group).items():
            rates = [rule_rate(found, name) for found in sets.values()]
            label = Cell(_SUMS.get(name, name), detail=unit)
            rows.append([label, *(number(rate, 2, bounds) for rate, bounds in rates)])
    clean = [found["partwriting"]["sums"]["parallels"] for found in sets.values()]
    shares = [percent(rate["clean"], 0, rate["clean_interval"]) for rate in clean]
    rows += [[], [Cell("pieces without parallel fifths or octaves", detail="%"), *shares], []]
    for name, (text, unit) in _VARIETY.items():
        found = [of_set["variety"][name] for of_set in sets.values()]
        cells = (number(figure["mean"], 3, figure["interval"]) for figure in found)
        rows.append([Cell(text, detail=unit), *cells])
    if any(of_set["harmonization_error"] for of_set in sets.values()):
        equal = [of_set["harmonization_error"] for of_set in sets.values()]
        rows.append([Cell("pitches equal to Bach's", detail="%"), *map(_equal, equal)])
    return Table(title, figures(sets), rows, _NOTES)


def rates(found: Mapping[str, Any]) -> dict[str, Rate]:
    """Every rate of a set by its label: rules, then variety.

    Parameters
    ----------
    found : mapping
        Plain data from `DecodingMetrics.to_json`.
    """
    names = [*_SUMS, *found["partwriting"]["rules"]]
    of_rules = {_SUMS.get(name, name): rule_rate(found, name) for name in names}
    variety = found["variety"]
    return of_rules | {
        label: (variety[name]["mean"], variety[name]["interval"])
        for name, (label, _) in _VARIETY.items()
    }


def rule_rate(found: Mapping[str, Any], name: str) -> Rate:
    """How often a rule is broken; None where it was not checked."""
    writing = found["partwriting"]
    rate = writing["sums"].get(name) or writing["rules"].get(name)
    return (None, (None, None)) if rate is None else (rate["rate"], rate["rate_interval"])


def _units(sets: Mapping[str, Any], group: str) -> dict[str, str]:
    """The unit of each rule that any of the sets was checked for, in their order."""
    return {
        name: _per(rate)
        for found in sets.values()
        for name, rate in found["partwriting"][group].items()
    }


def _per(rate: Mapping[str, Any]) -> str:
    many = "% of" if rate["per"] == 100 else f"per {rate['per']}"
    return f"{many} {rate['unit']}s"


def _equal(likeness: Mapping[str, Any] | None) -> Cell:
    if likeness is None:
        return Cell()
    share = likeness["equal_pitch"]
    return percent(share["rate"], 1, share["interval"])
