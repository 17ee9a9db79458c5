"""Music: what a choirmaster hears in the harmonizations, beside Bach's own versions."""

from typing import Any

from bachbot.evaluation import music
from bachbot.report.context import Advance, Request
from bachbot.report.section import Bench, Block, Results, Section
from bachbot.tables.music_tables import music_table

TITLE = "Music, harmonized under Bach's sopranos"


def compute(bench: Bench, advance: Advance) -> dict[str, Any]:
    """Every measure of Bach's pieces and of ours."""
    ours = bench.harmonized()
    advance(1, 2)
    return music.measure(ours, bench.context.pieces).to_json()


def blocks(results: Results, request: Request) -> list[Block]:
    """One table of all checkpoints."""
    if not results:
        return []
    named = "".join(f" --checkpoint {name}" for name in results)
    command = f"bachbot evaluate music{named}{request.arguments}"
    title = f"{TITLE}: {request.part} part of the split by {request.split}"
    return [music_table(title, results).printed_by(command)]


MUSIC = Section("music", "Music", compute, blocks)
