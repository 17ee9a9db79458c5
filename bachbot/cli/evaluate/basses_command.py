"""``bachbot evaluate basses``: upper voices over Bach's basses, given alone."""

import json
from typing import Annotated

import typer

from bachbot.cli import measuring as shared


def basses_command(
    checkpoint: shared.CheckpointName = shared.DEFAULT_CHECKPOINT,
    split: shared.SplitOption = "tune",
    part: shared.PartOption = "test",
    decoder: shared.DecoderOption = "default",
    beam: shared.BeamOption = None,
    temperature: shared.TemperatureOption = None,
    seed: shared.SeedOption = None,
    penalties: shared.PenaltiesOption = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, help="Number of basses.")
    ] = 20,
    as_json: shared.JsonOption = False,
    corpus: shared.CorpusOption = None,
) -> None:
    """Give Bach's basses alone, without figures, and write the upper voices.

    The table has the share of their pitches that are Bach's, and the faults of part-writing for
    each piece beside those of his own.
    """
    from bachbot.chorale import Voice
    from bachbot.cli.show import print_table, progress
    from bachbot.evaluation.basses import measure
    from bachbot.evaluation.generated import harmonized
    from bachbot.runtime import build_decoding_model, load_checkpoint
    from bachbot.tables.basses_tables import basses_table

    options = shared.decoding_options(
        decoder, beam=beam, temperature=temperature, seed=seed, penalties=penalties
    )
    prepared = shared.load_corpus(corpus)
    pieces = shared.pieces_of(prepared, part, split, limit)
    loaded = load_checkpoint(checkpoint)
    shared.warn_of_leaks(loaded, prepared, split)
    model = build_decoding_model(loaded, options.method)
    with progress("realizing basses") as advance:
        ours = harmonized(model, pieces, options, given=(Voice.BASS,), progress=advance)
    found = measure(pieces, ours).to_json()
    if as_json:
        request = {
            "checkpoint": checkpoint, "split": split, "part": part, "decoder": decoder,
            "decoding": shared.describe(options),
        }  # fmt: skip
        typer.echo(json.dumps({**request, **found}))
        return
    title = f"basses alone: {shared.describe(options)}, {part} part of the split by {split}"
    print_table(basses_table(title, {checkpoint: found}))
