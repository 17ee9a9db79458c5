"""Shared passages and copied bars as tables."""

from collections.abc import Mapping, Sequence
from math import isnan

import numpy as np
from rich.table import Table
from rich.text import Text

from bachbot.cli.partwriting_view import figure_text
from bachbot.evaluation.novelty import (
    Novelty,
    Passage,
    PassageSource,
    PieceDistribution,
    PieceNovelty,
    voices_label,
)
from bachbot.evaluation.novelty.index import Voices

_LABELS = {
    "longest_notes": ("longest passage, notes", 2),
    "longest_beats": ("the same, quarters", 2),
    "rhythm_free_notes": ("longest if lengths are free, notes", 2),
    "mean_notes": ("usual passage, notes", 2),
    "copied_bars": ("bars copied, share", 3),
}


def novelty_table(title: str, columns: Mapping[str, Novelty]) -> Table:
    """Sets of pieces side by side, of each figure the mean and how it is spread.

    Parameters
    ----------
    title : str
        What was measured.
    columns : mapping of str to Novelty
        One or more, by name; all of the same voices.
    """
    table = Table(
        title=title,
        title_justify="left",
        caption="Each figure is found for each piece: the mean, below it its interval of 95% over "
        "pieces drawn anew; beside it median, 90% and most. Of several voices a note is a slice: "
        "from one strike in any of them to the next. Four voices hold those that were given too.",
        caption_justify="left",
    )
    table.add_column("")
    for name in columns:
        table.add_column(name, justify="right")
        table.add_column("med, 90%, most", justify="right")
    sets = list(columns.values())
    table.add_row("pieces", *(cell for s in sets for cell in (str(len(s.pieces)), "")))
    for voices in sets[0].groups:
        table.add_section()
        table.add_row(Text(voices_label(voices), style="bold"))
        for name, (label, digits) in _LABELS.items():
            spreads = [s.figures[voices][name] for s in sets]
            table.add_row(label, *(cell for s in spreads for cell in _cells(s, digits)))
    return table


def where_table(columns: Mapping[str, Novelty]) -> Table:
    """The longest passage of each set in each group of voices, and where it is found."""
    table = Table(title="longest passages", title_justify="left")
    for column in ("voices", "of", "passage", "found in"):
        table.add_column(column)
    for voices in next(iter(columns.values())).groups:
        table.add_section()
        for name, novelty in columns.items():
            longest = novelty.longest(voices)
            if longest is not None:
                number, passage = longest
                piece = _named(novelty.pieces[number], number)
                here = Text(f"{piece}, bar {passage.bar}: {_size(passage)}")
                table.add_row(voices_label(voices), name, here, Text(_source(passage.source)))
    return table


def pieces_table(title: str, novelty: Novelty, bach: Novelty) -> Table:
    """Each piece with its longest passages and where they are found, and Bach's to compare.

    Parameters
    ----------
    title : str
        What they were held against.
    novelty, bach : Novelty
        Some pieces, and Bach's; of the same voices.
    """
    table = Table(
        title=title,
        title_justify="left",
        caption="Of several voices a note is a slice: from one strike in any of them to the next. "
        "Four voices hold those that were given too. Of sets of pieces: median, 90%, most.",
        caption_justify="left",
    )
    alone: list[Voices] = [voices for voices in novelty.groups if len(voices) == 1]
    groups: list[list[Voices]] = [alone, *([v] for v in novelty.groups if len(v) > 1)]
    table.add_column("piece")
    for group in groups:
        table.add_column("one voice" if group is alone else voices_label(group[0]))
    for number, piece in enumerate(novelty.pieces):
        table.add_row(Text(_named(piece, number)), *(_best(piece, group) for group in groups))
        table.add_section()
    for whose, some in (("yours", novelty), ("Bach's", bach)):
        if len(some.pieces) > 1:
            told = (_together(some, group) for group in groups)
            table.add_row(f"{len(some.pieces)} of {whose}", *told)
    return table


def _longest(piece: PieceNovelty, group: Sequence[Voices]) -> tuple[Passage, Voices] | None:
    """The longest passage of some groups of voices, and the group it is in."""
    found = [(piece.groups[voices].longest, voices) for voices in group]
    shared = [(passage, voices) for passage, voices in found if passage is not None]
    return max(shared, key=lambda f: (f[0].notes, f[0].beats), default=None)


def _best(piece: PieceNovelty, group: Sequence[Voices]) -> Text:
    found = _longest(piece, group)
    if found is None:
        return Text("none")
    passage, voices = found
    who = f"{voices_label(voices)}, " if len(group) > 1 else ""
    others = f", and {_number(passage.pieces - 1, 'more piece')}" if passage.pieces > 1 else ""
    told = Text.assemble(
        f"{who}bar {passage.bar}: {_size(passage)}\n", (f"{_source(passage.source)}{others}", "dim")
    )
    likeness = piece.groups[voices]
    if len(voices) > 1:
        told.append(f"\n{len(likeness.copied)} of {_number(likeness.bars, 'bar')} copied")
    return told


def _together(novelty: Novelty, group: Sequence[Voices]) -> Text:
    """How long the longest passages of a set's pieces are, and how many bars are copied."""
    found = [_longest(piece, group) for piece in novelty.pieces]
    spread = PieceDistribution(
        np.array([0 if f is None else f[0].notes for f in found], dtype=np.float64)
    )
    told = Text(f"{_marks(spread, 1)} notes")
    if len(group[0]) > 1:
        bars = novelty.figures[group[0]]["copied_bars"]
        told.append(f"\n{_marks(bars, 2)} of bars copied" if len(bars.values) else "")
    return told


def _number(count: float, thing: str) -> str:
    return f"{count:g} {thing}{'' if count == 1 else 's'}"


def _size(passage: Passage) -> str:
    return f"{_number(passage.notes, 'note')}, {_number(passage.beats, 'quarter')}"


def _source(source: PassageSource) -> str:
    way = "higher" if source.higher > 0 else "lower"
    moved = f", {_number(abs(source.higher), 'semitone')} {way}" if source.higher else ""
    voice = f", {voices_label(source.voices)}" if len(source.voices) == 1 else ""
    return f"{source.piece}, bar {source.bar}{voice}{moved}"


def _named(piece: PieceNovelty, number: int) -> str:
    return piece.name or f"piece {number + 1}"


def _cells(spread: PieceDistribution, digits: int) -> tuple[Text, Text]:
    if isnan(spread.mean):
        return Text(), Text()
    return figure_text((spread.mean, spread.interval), digits), Text(_marks(spread, digits))


def _marks(spread: PieceDistribution, digits: int) -> str:
    """Median, 90% and most, without needless zeros."""
    return ", ".join(f"{float(f'{mark:.{digits}f}'):g}" for mark in spread.quantiles)
