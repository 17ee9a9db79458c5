"""Novelty as tables: passages and bars that the training pieces have too."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bachbot.evaluation.novelty import (
    Novelty,
    Passage,
    PassageSource,
    PieceDistribution,
    PieceNovelty,
    voices_label,
)
from bachbot.evaluation.novelty.index import Voices
from bachbot.tables.table import INTERVALS, Cell, Column, Row, Table, number, percent

FIGURES: Mapping[str, tuple[str, int, int]] = {
    "longest_notes": ("longest passage, notes", 2, 1),
    "longest_beats": ("longest passage, quarters", 2, 1),
    "rhythm_free_notes": ("longest passage with note lengths ignored, notes", 2, 1),
    "mean_notes": ("mean passage from each note, notes", 2, 1),
    "copied_bars": ("copied bars, %", 1, 100),
}
"""Label, decimals and scale by the field of `bachbot.evaluation.novelty.FIGURES`."""

_SPREAD = "median, 90%, max"
_SLICES = (
    "Passages are compared in every key. Of several voices, a note is a slice: from one onset in "
    "any of them to the next. Four voices include the given ones."
)


def novelty_table(title: str, sets: Mapping[str, Any], *, spread: bool = True) -> Table:
    """Sets of pieces side by side: the mean of each figure over pieces, and its spread.

    Parameters
    ----------
    title : str
        What was measured.
    sets : mapping of str to dict
        One or more, by name: plain data with ``figures`` from `Novelty.to_json` and ``pieces``,
        their number or themselves; all of the same voices.
    spread : bool
        Whether there are columns for median, 90th percentile and maximum.
    """
    columns = [Column("", align="left")]
    counts: list[Cell] = []
    for name, found in sets.items():
        columns += [Column(name, "mean over pieces"), *([Column(name, _SPREAD)] if spread else [])]
        counts += [Cell(_count(found["pieces"])), *([Cell()] if spread else [])]
    rows: list[Row] = [[Cell("pieces"), *counts]]
    for voices in next(iter(sets.values()))["figures"]:
        rows.append([Cell(voices)])
        for field, (label, digits, scale) in FIGURES.items():
            cells: list[Cell] = []
            for found in sets.values():
                figure = found["figures"][voices][field]
                mean = percent if scale == 100 else number
                cells.append(mean(figure["mean"], digits, figure["interval"]))
                if spread:
                    cells.append(Cell(_marks_of(figure, digits, scale)))
            rows.append([Cell(label), *cells])
    notes = [
        "Far above Bach's held-out pieces means copying, far below unlike Bach. " + _SLICES,
        INTERVALS,
    ]
    return Table(title, columns, rows, notes)


def passages_table(title: str, sets: Mapping[str, Any]) -> Table:
    """The longest passage of each set in each group of voices, and where it was found.

    Parameters
    ----------
    title : str
        What was measured.
    sets : mapping of str to dict
        One or more, by name: plain data with ``longest``, from `longest_passages`, and
        ``figures``.
    """
    columns = [Column(name, align="left") for name in ("voices", "set", "passage", "found in")]
    rows: list[Row] = []
    for voices in next(iter(sets.values()))["figures"]:
        for name, found in sets.items():
            passage = found["longest"].get(voices)
            if passage is not None:
                here = f"{passage['piece']}, bar {passage['bar']}: {_length(passage)}"
                cells = (voices, name, here, _place(passage["source"]))
                rows.append([Cell(text) for text in cells])
    return Table(title, columns, rows)


def longest_passages(novelty: Novelty) -> dict[str, Any]:
    """The longest passage of a set in each group of voices, as plain data without its notes."""
    found = {}
    for voices in novelty.groups:
        longest = novelty.longest(voices)
        if longest is not None:
            index, passage = longest
            name = _name(novelty.pieces[index], index)
            found[voices_label(voices)] = {"piece": name, **passage.to_json()}
    return found


def pieces_table(title: str, novelty: Novelty, bach: Novelty) -> Table:
    """The longest passage and the copied bars of each piece, and where each passage was found.

    Parameters
    ----------
    title : str
        What was measured.
    novelty, bach : Novelty
        Some pieces, and Bach's; of the same voices.
    """
    alone: list[Voices] = [voices for voices in novelty.groups if len(voices) == 1]
    groups: list[list[Voices]] = [alone, *([v] for v in novelty.groups if len(v) > 1)]
    columns = [Column("piece", align="left")]
    for group in groups:
        heading = "one voice" if group is alone else voices_label(group[0])
        columns.append(Column(heading, align="left"))
    rows: list[Row] = [
        [Cell(_name(piece, index)), *(_longest_cell(piece, group) for group in groups)]
        for index, piece in enumerate(novelty.pieces)
    ]
    rows.append([])
    for whose, some in (("yours", novelty), ("Bach's", bach)):
        if len(some.pieces) > 1:
            label = Cell(f"{len(some.pieces)} of {whose}", detail=_SPREAD)
            rows.append([label, *(_spread_cell(some, group) for group in groups)])
    return Table(title, columns, rows, [_SLICES])


def _longest(piece: PieceNovelty, group: Sequence[Voices]) -> tuple[Passage, Voices] | None:
    """The longest passage of some groups of voices, and the group it is in."""
    found = [(piece.groups[voices].longest, voices) for voices in group]
    shared = [(passage, voices) for passage, voices in found if passage is not None]
    return max(shared, key=lambda f: (f[0].notes, f[0].beats), default=None)


def _longest_cell(piece: PieceNovelty, group: Sequence[Voices]) -> Cell:
    found = _longest(piece, group)
    if found is None:
        return Cell("none")
    passage, voices = found
    who = f"{voices_label(voices)}, " if len(group) > 1 else ""
    others = f", and {_counted(passage.pieces - 1, 'more piece')}" if passage.pieces > 1 else ""
    detail = f"{_place(_plain(passage.source))}{others}"
    likeness = piece.groups[voices]
    if len(voices) > 1:
        detail += f"; {len(likeness.copied)} of {_counted(likeness.bars, 'bar')} copied"
    return Cell(f"{who}bar {passage.bar}: {_length(passage.to_json())}", detail=detail)


def _spread_cell(novelty: Novelty, group: Sequence[Voices]) -> Cell:
    """How long the longest passages of a set's pieces are, and how many bars are copied."""
    found = [_longest(piece, group) for piece in novelty.pieces]
    lengths = np.array([0 if f is None else f[0].notes for f in found], dtype=np.float64)
    detail = ""
    if len(group[0]) > 1:
        bars = novelty.figures[group[0]]["copied_bars"]
        detail = f"{_marks(bars.quantiles, 1, 100)} % of bars copied" if len(bars.values) else ""
    return Cell(f"{_marks(PieceDistribution(lengths).quantiles, 1)} notes", detail=detail)


def _marks_of(figure: Mapping[str, Any], digits: int, scale: int) -> str:
    marks = [figure[name] for name in ("median", "percentile_90", "maximum")]
    return "" if figure["mean"] is None else _marks(marks, digits, scale)


def _marks(marks: Sequence[float | None], digits: int, scale: int = 1) -> str:
    """Median, 90% and maximum, without trailing zeros."""
    known = (float(f"{scale * mark:.{digits}f}") for mark in marks if mark is not None)
    return ", ".join(f"{mark:g}" for mark in known)


def _count(pieces: int | Sequence[Any]) -> int:
    return pieces if isinstance(pieces, int) else len(pieces)


def _counted(count: float, thing: str) -> str:
    return f"{count:g} {thing}{'' if count == 1 else 's'}"


def _length(passage: Mapping[str, Any]) -> str:
    return f"{_counted(passage['notes'], 'note')}, {_counted(passage['beats'], 'quarter')}"


def _plain(source: PassageSource) -> dict[str, Any]:
    return dict(source.to_json())


def _place(source: Mapping[str, Any]) -> str:
    """Where a passage was found, as plain data from `PassageSource.to_json`."""
    higher = source["higher"]
    way = "higher" if higher > 0 else "lower"
    moved = f", {_counted(abs(higher), 'semitone')} {way}" if higher else ""
    voice = f", {source['voices'][0]}" if len(source["voices"]) == 1 else ""
    return f"{source['piece']}, bar {source['bar']}{voice}{moved}"


def _name(piece: PieceNovelty, index: int) -> str:
    return piece.name or f"piece {index + 1}"
