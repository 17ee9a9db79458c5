"""Novelty: passages and bars that the training pieces have too, compared with Bach's pieces."""

from collections.abc import Mapping, Sequence
from typing import Any

from bachbot.chorale import VOICES, Chorale, Voice
from bachbot.evaluation.harmonization import MASKS
from bachbot.evaluation.novelty import measure
from bachbot.report.context import Advance, Request, share
from bachbot.report.section import Bench, Block, Results, Section
from bachbot.tables.novelty_tables import longest_passages, novelty_table, passages_table

_WRITTEN: Mapping[str, tuple[Voice, ...]] = {"harmonized": MASKS["ATB"], "composed": VOICES}


def compute(bench: Bench, advance: Advance) -> dict[str, Any]:
    """For each set, our pieces and Bach's in the voices that were written."""
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
    return context.cached_data(
        f"novelty of Bach in {initials}",
        lambda advance: _measured(bench, context.pieces, written, advance),
    )


def _measured(
    bench: Bench, pieces: Sequence[Chorale], written: Sequence[Voice], advance: Advance
) -> dict[str, Any]:
    """Figures of a set, and its longest passage in each group of voices, without the notes."""
    novelty = measure(pieces, bench.context.index, written=written, progress=advance)
    whole = novelty.to_json()
    return {
        "figures": whole["figures"],
        "longest": longest_passages(novelty),
        "pieces": len(pieces),
    }


def blocks(results: Results, request: Request) -> list[Block]:
    """For each checkpoint and set the figures, and where the longest passages are."""
    found: list[Block] = []
    for name, sets in results.items():
        for which, columns in sets.items():
            command = f"bachbot evaluate novelty --checkpoint {name} --set {which}"
            command += request.arguments
            title = f"{name}, {which}: passages and bars that the training pieces have too"
            named = {"Bach, held out": columns["Bach"], name: columns["ours"]}
            passages = passages_table(f"{name}, {which}: longest passages", named)
            found.append(novelty_table(title, named).printed_by(command))
            found.append(passages.printed_by(command))
    return found


NOVELTY = Section("novelty", "Novelty", compute, blocks)
