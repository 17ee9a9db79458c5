"""Harmonization error: voices masked, filled in anew, and held against Bach's."""

from typing import Any

from bachbot.evaluation import harmonization as harmonization
from bachbot.evaluation.harmonization import MASKS, PUBLISHED
from bachbot.report.blocks import Block, Cell, Table, decimal, with_interval
from bachbot.report.context import Advance, Asked
from bachbot.report.section import FILLERS, Bench, Results, Section, missing

DEFAULT = "default"
"""What `bachbot harmonize` does: it is measured where the lower three voices are missing."""

_WORDS = {"greedy": "greedy", "beam": "beam of 10", DEFAULT: "as bachbot harmonize does it"}
_RATES = {"ter": "TER", "fer": "FER", "equal_pitch": "Pitches that are Bach's"}


def compute(bench: Bench, advance: Advance) -> dict[str, Any]:
    """Errors by decoder and mask."""
    pieces = bench.context.pieces
    found: dict[str, dict[str, Any]] = {}
    done, of = 0, len(FILLERS) * len(MASKS) + 1
    for filler in FILLERS:
        found[filler] = {}
        for mask in MASKS:
            ours = bench.filled(mask, filler)
            measured = harmonization.measure(pieces, ours, missing(mask))
            found[filler][mask] = measured.to_json()
            done += 1
            advance(done, of)
    measured = harmonization.measure(pieces, bench.harmonized(), missing("ATB"))
    return {**found, DEFAULT: {"ATB": measured.to_json()}}


def blocks(results: Results, asked: Asked) -> list[Block]:
    """A table for each rate."""
    return [_table(rate, results, asked) for rate in _RATES]


def _table(rate: str, results: Results, asked: Asked) -> Table:
    rows = [
        [Cell(name, _WORDS[decoder]), *_shares(masks, rate)]
        for name, decoders in results.items()
        for decoder, masks in decoders.items()
    ]
    if rate != "equal_pitch":
        index = list(_RATES).index(rate)
        published = [decimal(PUBLISHED[mask][index]) for mask in MASKS]
        rows.append([Cell("BachBot", "as published"), *published])
    name = next(iter(results), "NAME")
    return Table(
        f"{_RATES[rate]}, by the voices that are masked",
        ["checkpoint", *MASKS],
        rows,
        note=_NOTES[rate],
        command=f"bachbot evaluate harmonization --checkpoint {name} --decoder greedy{asked.words}",
    )


def _shares(masks: Any, rate: str) -> list[Cell]:
    found = []
    for mask in MASKS:
        share = masks.get(mask)
        cell = Cell("")
        if share is not None:
            cell = with_interval(share[rate]["rate"], share[rate]["interval"])
        found.append(cell)
    return found


_NOTES = {
    "ter": "Share of the masked tokens (a voice's pitch and tie in a sixteenth) that differ from "
    "Bach's, 0 to 1; below each its 95% interval over pieces drawn anew. A harmony that is not "
    "Bach's is not a wrong one. BachBot scored pieces that it may have been trained on, and took "
    "rests, fermatas and the number of notes from the answer.",
    "fer": "Share of the frames in which any masked token differs from Bach's, 0 to 1.",
    "equal_pitch": "Share of the masked tokens whose pitch is Bach's, whatever the ties, 0 to 1; "
    "higher is nearer to him.",
}

HARMONIZATION = Section("harmonization", "Voices masked and filled in", compute, blocks)
