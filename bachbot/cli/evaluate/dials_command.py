"""``bachbot evaluate dials``: what music at each setting of difficulty is like to sing."""

import json
from typing import Annotated

import typer

from bachbot.cli import measuring as shared
from bachbot.errors import UsageError


def dials_command(
    checkpoint: shared.CheckpointName = shared.DEFAULT_CHECKPOINT,
    split: shared.SplitOption = "tune",
    part: shared.PartOption = "validation",
    settings: Annotated[
        str | None,
        typer.Option(
            "--settings",
            metavar="NAMES",
            help="Settings to measure, separated by commas: plain, bach, florid, 'max-rhythm "
            "quarter', 'max-rhythm eighth', 'accidentals few', 'leaps small'. [default: all]",
            show_default=False,
        ),
    ] = None,
    limit: shared.LimitOption = None,
    as_json: shared.JsonOption = False,
    corpus: shared.CorpusOption = None,
) -> None:
    """Harmonize Bach's sopranos at each setting of difficulty, and count what singers feel.

    Onsets, notes off the beat, passing notes, suspensions, accidentals, leaps, ranges, full triads
    and faults: in Bach's own pieces and at each setting of --style and of the single dials.
    """
    from bachbot.cli.show import print_table, progress
    from bachbot.evaluation.dials import SETTINGS, measure
    from bachbot.runtime import build_decoding_model, load_checkpoint
    from bachbot.tables.dial_tables import dial_table

    names = [name.strip() for name in settings.split(",")] if settings else list(SETTINGS)
    unknown = [name for name in names if name not in SETTINGS]
    if unknown:
        raise UsageError(f"there is no setting '{unknown[0]}': give some of {', '.join(SETTINGS)}")
    prepared = shared.load_corpus(corpus)
    bach = shared.pieces_of(prepared, part, split, limit)
    loaded = load_checkpoint(checkpoint)
    shared.warn_of_leaks(loaded, prepared, split)
    model = build_decoding_model(loaded)
    with progress("harmonizing") as advance:
        wanted = {name: SETTINGS[name] for name in names}
        found = [one.to_json() for one in measure(model, bach, wanted, progress=advance)]
    if as_json:
        request = {"checkpoint": checkpoint, "split": split, "part": part}
        typer.echo(json.dumps({**request, "settings": found}))
        return
    print_table(dial_table(f"dials: {checkpoint}, {part} part of the split by {split}", found))
