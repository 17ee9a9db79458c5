"""Novelty: passages and bars that the training pieces have too, beside Bach's own."""

from collections.abc import Mapping, Sequence
from typing import Any

from bachbot.chorale import VOICES, Chorale, Voice
from bachbot.evaluation.novelty import Novelty, measure, voices_label
from bachbot.report.blocks import Block, Cell, Table, with_interval
from bachbot.report.context import Advance, Asked, share
from bachbot.report.section import Bench, Results, Section, missing

LABELS: Mapping[str, tuple[str, int]] = {
    "longest_notes": ("longest passage, notes", 1),
    "longest_beats": ("the same, quarters", 1),
    "rhythm_free_notes": ("longest if lengths are free, notes", 1),
    "mean_notes": ("usual passage, notes", 2),
    "copied_bars": ("share of bars that a training piece has", 3),
}

_WRITTEN: Mapping[str, tuple[Voice, ...]] = {"harmonized": missing("ATB"), "composed": VOICES}


def compute(bench: Bench, advance: Advance) -> dict[str, Any]:
    """By set, ours and Bach's pieces in the voices that were written."""
    found = {}
    for index, (name, written) in enumerate(_WRITTEN.items()):
        ours = bench.harmonized() if name == "harmonized" else bench.composed()
        found[name] = {
            "Bach": _of_bach(bench, written),
            "ours": _measured(bench, ours, written, share(advance, index, len(_WRITTEN))),
        }
    return found


def _of_bach(bench: Bench, written: Sequence[Voice]) -> Any:
    context = bench.context
    initials = "".join(voice.label[0].upper() for voice in written)
    return context.plain(
        f"novelty of Bach in {initials}",
        lambda advance: _measured(bench, context.pieces, written, advance),
    )


def _measured(
    bench: Bench, pieces: Sequence[Chorale], written: Sequence[Voice], advance: Advance
) -> dict[str, Any]:
    """Figures of a set, and its longest passage in each group of voices, without its notes."""
    novelty = measure(pieces, bench.context.index, written=written, progress=advance)
    whole = novelty.to_json()
    return {"figures": whole["figures"], "longest": _longest(novelty), "pieces": len(pieces)}


def _longest(novelty: Novelty) -> dict[str, Any]:
    found = {}
    for voices in novelty.groups:
        longest = novelty.longest(voices)
        if longest is not None:
            number, passage = longest
            name = novelty.pieces[number].name or f"piece {number + 1}"
            found[voices_label(voices)] = {"piece": name, **passage.to_json()}
    return found


def blocks(results: Results, asked: Asked) -> list[Block]:
    """For each checkpoint and set the figures, and where the longest passages are."""
    found: list[Block] = []
    for name, sets in results.items():
        for which, columns in sets.items():
            found += [_figures(name, which, columns, asked), _where(name, which, columns, asked)]
    return found


def _figures(name: str, which: str, columns: Mapping[str, Any], asked: Asked) -> Table:
    rows = []
    for figure, (label, digits) in LABELS.items():
        rows.append([Cell(label)])
        for voices in columns["Bach"]["figures"]:
            cells: list[Cell] = []
            for column in columns.values():
                spread = column["figures"][voices][figure]
                cells.append(with_interval(spread["mean"], spread["interval"], digits))
                cells.append(Cell(_marks(spread)))
            rows.append([Cell(voices), *cells])
    return Table(
        f"{name}, {which}: what is shared with the training pieces",
        ["mean over pieces", "Bach, held out", "median, 90%, most", "ours", "median, 90%, most"],
        rows,
        note="In whatever key. Far above Bach's own is copying, far below is unlike him. Below "
        "each mean its 95% interval over pieces drawn anew. Of several voices a note is a slice, "
        "from one strike in any of them to the next; four voices hold the given ones too.",
        command=f"bachbot evaluate novelty --checkpoint {name} --set {which}{asked.words}",
    )


def _marks(spread: Mapping[str, Any]) -> str:
    marks = [spread[name] for name in ("median", "percentile_90", "maximum")]
    return ", ".join("" if m is None else f"{m:.2f}".rstrip("0").rstrip(".") for m in marks)


def _where(name: str, which: str, columns: Mapping[str, Any], asked: Asked) -> Table:
    rows = [
        [Cell(voices), Cell(of), Cell(_passage(passage)), Cell(_source(passage["source"]))]
        for voices in columns["Bach"]["figures"]
        for of, column in columns.items()
        if (passage := column["longest"].get(voices)) is not None
    ]
    return Table(
        f"{name}, {which}: the longest passages",
        ["voices", "of", "passage", "found in"],
        rows,
        command=f"bachbot evaluate novelty --checkpoint {name} --set {which}{asked.words}",
    )


def _passage(passage: Mapping[str, Any]) -> str:
    where = f"{passage['piece']}, bar {passage['bar']}"
    return f"{where}: {passage['notes']} notes, {passage['beats']:g} quarters"


def _source(source: Mapping[str, Any]) -> str:
    voice = f", {source['voices'][0]}" if len(source["voices"]) == 1 else ""
    return f"{source['piece']}, bar {source['bar']}{voice}"


NOVELTY = Section("novelty", "Novelty", compute, blocks)
