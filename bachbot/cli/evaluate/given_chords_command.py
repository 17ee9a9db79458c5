"""``bachbot evaluate chords-given``: whether the search keeps chords that are given."""

import json

import typer

from bachbot.cli import measuring as shared


def chords_given_command(
    checkpoint: shared.CheckpointName = shared.DEFAULT_CHECKPOINT,
    split: shared.SplitOption = "tune",
    part: shared.PartOption = "test",
    decoder: shared.DecoderOption = "default",
    beam: shared.BeamOption = None,
    temperature: shared.TemperatureOption = None,
    seed: shared.SeedOption = None,
    penalties: shared.PenaltiesOption = None,
    limit: shared.LimitOption = None,
    as_json: shared.JsonOption = False,
    corpus: shared.CorpusOption = None,
) -> None:
    """Give Bach's chords on every beat, and count how many are obeyed.

    His sopranos are given too. The table also has the share of the lower voices' pitches that are
    Bach's, with his chords and without them.
    """
    from bachbot.chorale import Voice
    from bachbot.cli.show import print_table, progress
    from bachbot.decoding import fill_request
    from bachbot.evaluation.generated import harmonize_pieces
    from bachbot.evaluation.given_chords import chords_of, measure
    from bachbot.runtime import build_decoding_model, load_checkpoint
    from bachbot.tables.given_chords_tables import given_chords_table

    options = shared.decoding_options(
        decoder, beam=beam, temperature=temperature, seed=seed, penalties=penalties
    )
    prepared = shared.load_corpus(corpus)
    pieces = shared.pieces_of(prepared, part, split, limit)
    loaded = load_checkpoint(checkpoint)
    shared.warn_of_leaks(loaded, prepared, split)
    model = build_decoding_model(loaded, options.method)
    chords = [chords_of(piece) for piece in pieces]
    sets = {"Bach": pieces}
    for name, given in (("without", [()] * len(pieces)), ("with his chords", chords)):
        requests = [
            fill_request(c, [Voice.SOPRANO], chords=g) for c, g in zip(pieces, given, strict=True)
        ]
        with progress(f"harmonizing {name}") as advance:
            sets[name] = tuple(harmonize_pieces(model, requests, options, progress=advance))
    found = {name: measure(pieces, ours, chords).to_json() for name, ours in sets.items()}
    if as_json:
        request = {
            "checkpoint": checkpoint, "split": split, "part": part, "decoder": decoder,
            "decoding": shared.describe(options),
        }  # fmt: skip
        typer.echo(json.dumps({**request, "sets": found}))
        return
    title = (
        f"given chords: {checkpoint}, {shared.describe(options)}, {part} part of the split by "
        f"{split}"
    )
    print_table(given_chords_table(title, found))
