"""``bachbot evaluate harmonization``."""

import json
from typing import Annotated

import typer

from bachbot.cli import options as common
from bachbot.cli import options as shared
from bachbot.errors import UsageError


def harmonization_command(
    checkpoint: common.CheckpointName = common.DEFAULT_CHECKPOINT,
    beside: Annotated[
        str | None,
        typer.Option(
            "--with", help="A second checkpoint: the probabilities of both are multiplied."
        ),
    ] = None,
    split: shared.SplitOption = "tune",
    part: shared.PartOption = "test",
    decoder: shared.DecoderOption = "greedy",
    beam: shared.BeamOption = None,
    temperature: shared.TemperatureOption = None,
    seed: shared.SeedOption = 0,
    charged: shared.ChargedOption = None,
    masks: Annotated[
        str, typer.Option("--masks", help="Which voices are masked in turn, with commas.")
    ] = "S,A,T,B,AT,ATB",
    limit: shared.LimitOption = None,
    as_json: shared.JsonOption = False,
    corpus: shared.CorpusOption = None,
) -> None:
    """Mask voices of held-out pieces, fill them in, and count what differs from Bach's.

    The other voices and the fermatas are given. TER is the share of masked tokens (pitch and tie,
    a sixteenth each) that differ, FER the share of frames with any difference.
    """
    from rich.console import Console

    from bachbot.chorale import VOICES
    from bachbot.cli.harmonization_view import harmonization_table
    from bachbot.cli.show import progress
    from bachbot.evaluation.generated import fill_request, harmonize_pieces
    from bachbot.evaluation.harmonization import MASKS, measure
    from bachbot.runtime import ProductOfExperts, build_model, load_checkpoint

    names = masks.upper().replace(" ", "").split(",")
    unknown = [name for name in names if name not in MASKS]
    if unknown:
        raise UsageError(f"there is no mask '{unknown[0]}': give some of {', '.join(MASKS)}")
    options = shared.decoding_options(
        decoder, beam=beam, temperature=temperature, seed=seed, charged=charged
    )
    prepared = shared.load_corpus(corpus)
    pieces = shared.pieces_of(prepared, part, split, limit)
    checkpoints = [checkpoint] if beside is None else [checkpoint, beside]
    models = []
    for loaded in map(load_checkpoint, checkpoints):
        shared.warn_of_leaks(loaded, prepared, split)
        models.append(build_model(loaded, dtype=shared.precision(options)))
    model = ProductOfExperts(models) if len(models) > 1 else models[0]
    found = {}
    for name in names:
        given = [v for v in VOICES if v not in MASKS[name]]
        works = [fill_request(c, given) for c in pieces]
        with progress(f"masked {name}") as advance:
            ours = harmonize_pieces(model, works, options, progress=advance)
        found[name] = measure(pieces, ours, MASKS[name])
    if as_json:
        asked = {
            "checkpoint": checkpoint, "with": beside, "split": split, "part": part,
            "decoder": decoder, "decoding": shared.described(options),
        }  # fmt: skip
        typer.echo(json.dumps({**asked, "masks": {n: e.to_json() for n, e in found.items()}}))
        return
    where = f"{part} part of the split by {split}"
    title = f"{' with '.join(checkpoints)}, {shared.described(options)}: {where}"
    Console().print(harmonization_table(title, found))
