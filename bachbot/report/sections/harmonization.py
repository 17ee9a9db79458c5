"""Harmonization error: voices masked, filled in, and compared with Bach's."""

from collections.abc import Mapping
from typing import Any

from bachbot.decoding.penalties import DEFAULT_PENALTIES, GUIDED_PENALTIES, SAMPLING_PENALTIES
from bachbot.evaluation import harmonization
from bachbot.evaluation.harmonization import MASKS
from bachbot.report.context import Advance, Request
from bachbot.report.section import FILLERS, Bench, Block, Results, Section
from bachbot.tables import Table
from bachbot.tables.decoding_tables import harmonization_table, penalties_table

DEFAULT = "default"
"""As `bachbot harmonize` decodes; measured where the lower three voices are missing."""

DECODERS: Mapping[str, str] = {
    "greedy": "greedy",
    "beam": "beam of 10",
    DEFAULT: "as bachbot harmonize decodes",
}
"""How a decoder is called in a table."""


def compute(bench: Bench, advance: Advance) -> dict[str, Any]:
    """Errors by decoder and mask."""
    pieces = bench.context.pieces
    found: dict[str, dict[str, Any]] = {}
    done, of = 0, len(FILLERS) * len(MASKS) + 1
    for filler in FILLERS:
        found[filler] = {}
        for mask in MASKS:
            ours = bench.filled(mask, filler)
            measured = harmonization.measure(pieces, ours, MASKS[mask])
            found[filler][mask] = measured.to_json()
            done += 1
            advance(done, of)
    measured = harmonization.measure(pieces, bench.harmonized(), MASKS["ATB"])
    return {**found, DEFAULT: {"ATB": measured.to_json()}}


def blocks(results: Results, request: Request) -> list[Block]:
    """One table of all checkpoints and decoders, and one of the penalties in use."""
    title = f"Harmonization error: {request.part} part of the split by {request.split}"
    name = next(iter(results), "NAME")
    command = f"bachbot evaluate harmonization --checkpoint {name}{request.arguments}"
    penalties = penalties_table(
        "Penalties and bonuses",
        {
            "beam and greedy search": DEFAULT_PENALTIES.to_json(),
            "the same beside learned features": GUIDED_PENALTIES.to_json(),
            "sampling": SAMPLING_PENALTIES.to_json(),
        },
    )
    return [table(title, results).printed_by(command), penalties]


def table(title: str, results: Results) -> Table:
    """The errors of all checkpoints and decoders."""
    return harmonization_table(
        title,
        {
            f"{name}, {DECODERS[decoder]}": masks
            for name, decoders in results.items()
            for decoder, masks in decoders.items()
        },
    )


HARMONIZATION = Section("harmonization", "Harmonization", compute, blocks)
