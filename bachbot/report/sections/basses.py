"""Basses: upper voices over Bach's basses, given alone."""

from dataclasses import replace
from typing import Any

from bachbot.chorale import Voice
from bachbot.evaluation import basses
from bachbot.evaluation.generated import harmonized
from bachbot.report.context import Advance, Request
from bachbot.report.section import Bench, Block, Results, Section
from bachbot.tables.basses_tables import basses_table

TITLE = "Upper voices over Bach's basses"


def compute(bench: Bench, advance: Advance) -> dict[str, Any]:
    """Pitches and faults over the first basses."""
    bach = bench.context.pieces[: basses.BASSES]
    ours = harmonized(bench.decoding_model, bach, given=(Voice.BASS,), progress=advance)
    return basses.measure(bach, ours).to_json()


def blocks(results: Results, request: Request) -> list[Block]:
    """One table of all checkpoints."""
    if not results:
        return []
    name = next(iter(results))
    if request.limit is not None and request.limit >= basses.BASSES:
        request = replace(request, limit=None)
    command = f"bachbot evaluate basses --checkpoint {name}{request.arguments}"
    title = f"{TITLE}: {request.part} part of the split by {request.split}"
    return [basses_table(title, results).printed_by(command)]


BASSES = Section("basses", "Basses", compute, blocks)
