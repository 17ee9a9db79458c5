"""``bachbot evaluate`` harmonization, partwriting, music and fit: what a decoder writes."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bachbot.cli import measuring as shared
from bachbot.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console

    from bachbot.chorale import Chorale, Voice
    from bachbot.decoding import DecodingOptions, Penalties
    from bachbot.encoding import FillRequest
    from bachbot.evaluation.decoding_metrics import DecodingMetrics
    from bachbot.evaluation.fitting import RateMeasurement, Round
    from bachbot.runtime import Checkpoint


def harmonization_command(
    checkpoint: shared.CheckpointName = shared.DEFAULT_CHECKPOINT,
    beside: Annotated[
        str | None,
        typer.Option(
            "--with",
            metavar="NAME",
            help="A second checkpoint: decode with the product of both models' probabilities.",
        ),
    ] = None,
    split: shared.SplitOption = "tune",
    part: shared.PartOption = "test",
    decoder: shared.DecoderOption = "greedy",
    beam: shared.BeamOption = None,
    temperature: shared.TemperatureOption = None,
    seed: shared.SeedOption = None,
    penalties: shared.PenaltiesOption = None,
    masks: Annotated[
        str,
        typer.Option(
            "--masks", metavar="VOICES", help="The voices to mask, one set after the other."
        ),
    ] = "S,A,T,B,AT,ATB",
    limit: shared.LimitOption = None,
    as_json: shared.JsonOption = False,
    corpus: shared.CorpusOption = None,
) -> None:
    """Mask voices of held-out pieces, fill them in, and count what differs from Bach's.

    The other voices and the fermatas are given. TER is the share of masked tokens (pitch and tie
    of a voice in a sixteenth) that differ from Bach's; FER is the share of frames with any
    difference.
    """
    from bachbot.chorale import VOICES
    from bachbot.cli.show import print_table, progress
    from bachbot.decoding import fill_request
    from bachbot.evaluation.generated import harmonize_pieces
    from bachbot.evaluation.harmonization import MASKS, measure
    from bachbot.runtime import (
        ProductOfExperts,
        build_decoding_model,
        build_model,
        load_checkpoint,
    )
    from bachbot.tables.decoding_tables import harmonization_table

    names = masks.upper().replace(" ", "").split(",")
    unknown = [name for name in names if name not in MASKS]
    if unknown:
        raise UsageError(f"there is no mask '{unknown[0]}': give some of {', '.join(MASKS)}")
    options = shared.decoding_options(
        decoder, beam=beam, temperature=temperature, seed=seed, penalties=penalties
    )
    prepared = shared.load_corpus(corpus)
    pieces = shared.pieces_of(prepared, part, split, limit)
    checkpoints = [checkpoint] if beside is None else [checkpoint, beside]
    models = []
    for loaded in map(load_checkpoint, checkpoints):
        shared.warn_of_leaks(loaded, prepared, split)
        if beside is None:
            models.append(build_decoding_model(loaded, options.method))
        else:
            # Two networks as they are: a checkpoint's own expert would count beside them.
            dtype = "float64" if options.method == "sample" else "float32"
            models.append(build_model(loaded, dtype=dtype))
    model = ProductOfExperts(models) if len(models) > 1 else models[0]
    found = {}
    for name in names:
        given = [v for v in VOICES if v not in MASKS[name]]
        requests = [fill_request(c, given) for c in pieces]
        with progress(f"masked {name}") as advance:
            ours = harmonize_pieces(model, requests, options, progress=advance)
        found[name] = measure(pieces, ours, MASKS[name]).to_json()
    described = shared.describe(options)
    if as_json:
        request = {
            "checkpoint": checkpoint, "with": beside, "split": split, "part": part,
            "decoder": decoder, "decoding": described,
        }  # fmt: skip
        typer.echo(json.dumps({**request, "masks": found}))
        return
    label = f"{' with '.join(checkpoints)}, {described}"
    title = f"harmonization error: {part} part of the split by {split}"
    print_table(harmonization_table(title, {label: found}))


def partwriting_command(
    checkpoint: Annotated[
        str | None,
        typer.Option(
            "--checkpoint",
            metavar="NAME",
            help="Name of a shipped checkpoint, or its directory. [default: lookahead, unless "
            "--jsb is given]",
            show_default=False,
        ),
    ] = None,
    split: shared.SplitOption = "tune",
    part: shared.PartOption = "test",
    given: Annotated[
        str,
        typer.Option(
            "--given", metavar="VOICES", help="Given voices, such as soprano or soprano,bass."
        ),
    ] = "soprano",
    decoder: shared.DecoderOption = "default",
    beam: shared.BeamOption = None,
    temperature: shared.TemperatureOption = None,
    seed: shared.SeedOption = None,
    penalties: shared.PenaltiesOption = None,
    jsb: Annotated[
        list[Path] | None,
        typer.Option(
            "--jsb",
            metavar="FILE",
            help="An .npz file of chorales to measure: the test part of JSB-16th, or all pieces "
            "of a file without parts; repeatable.",
        ),
    ] = None,
    limit: shared.LimitOption = None,
    as_json: shared.JsonOption = False,
    corpus: shared.CorpusOption = None,
) -> None:
    """Count how often Bach and a decoder break the rules of part-writing on the same pieces.

    The table also has onsets, different chords and chord changes per beat, and the share of
    pitches equal to Bach's. Pieces of --jsb have no key, so the rules that need one are left out
    for them.
    """
    from bachbot.chorale import parse_voices
    from bachbot.cli.show import print_table
    from bachbot.corpus.jsb import read_as_they_are
    from bachbot.evaluation import decoding_metrics
    from bachbot.evaluation.decoding_metrics import KEYLESS_RULES
    from bachbot.runtime import load_checkpoint
    from bachbot.tables.decoding_tables import partwriting_table

    columns: dict[str, DecodingMetrics] = {}
    title = "part-writing"
    if checkpoint is not None or not jsb:
        options = shared.decoding_options(
            decoder, beam=beam, temperature=temperature, seed=seed, penalties=penalties
        )
        checkpoint = checkpoint or shared.DEFAULT_CHECKPOINT
        prepared = shared.load_corpus(corpus)
        pieces = shared.pieces_of(prepared, part, split, limit)
        loaded = load_checkpoint(checkpoint)
        shared.warn_of_leaks(loaded, prepared, split)
        columns |= _bach_and_decoder(loaded, pieces, parse_voices(given), options)
        title = (
            f"{checkpoint}, {shared.describe(options)}, given {given}: "
            f"{part} part of the split by {split}"
        )
    for path in jsb or []:
        columns[path.stem] = decoding_metrics.measure(
            read_as_they_are(path)[:limit], rules=KEYLESS_RULES
        )
    figures = {name: column.to_json() for name, column in columns.items()}
    if as_json:
        typer.echo(json.dumps({"title": title, "columns": figures}))
    else:
        print_table(partwriting_table(title, figures))


def _bach_and_decoder(
    checkpoint: "Checkpoint",
    pieces: "Sequence[Chorale]",
    given: "tuple[Voice, ...]",
    options: "DecodingOptions",
) -> "dict[str, DecodingMetrics]":
    """Metrics of Bach's pieces, and of the same pieces with the missing voices decoded."""
    from bachbot.chorale import VOICES
    from bachbot.decoding import fill_request
    from bachbot.evaluation import decoding_metrics
    from bachbot.runtime import build_decoding_model

    missing = [v for v in VOICES if v not in given]
    if not missing:
        raise UsageError("all four voices are given, none is missing: give three or fewer")
    model = build_decoding_model(checkpoint, options.method)
    ours = _harmonize(model, [fill_request(c, given) for c in pieces], options)
    return {
        "Bach": decoding_metrics.measure(pieces),
        "bachbot": decoding_metrics.measure(ours, bach=pieces, masked=missing),
    }


def music_command(
    checkpoint: Annotated[
        list[str] | None,
        typer.Option(
            "--checkpoint",
            metavar="NAME",
            help="Name of a shipped checkpoint, or its directory; repeatable, a column each. "
            "[default: lookahead]",
            show_default=False,
        ),
    ] = None,
    split: shared.SplitOption = "tune",
    part: shared.PartOption = "test",
    tunes: Annotated[
        Path | None,
        typer.Option(
            "--tunes",
            metavar="DIR",
            help="Harmonize the tunes in this folder instead of Bach's sopranos. There is no "
            "version by Bach to compare them with.",
        ),
    ] = None,
    decoder: shared.DecoderOption = "default",
    beam: shared.BeamOption = None,
    temperature: shared.TemperatureOption = None,
    seed: shared.SeedOption = None,
    penalties: shared.PenaltiesOption = None,
    limit: shared.LimitOption = None,
    as_json: shared.JsonOption = False,
    corpus: shared.CorpusOption = None,
) -> None:
    """Measure what a choirmaster hears: lines, motion, repeats, chords and cadences.

    Harmonizes Bach's sopranos and counts, in ours and in Bach's versions, how often each thing
    happens. A * marks what differs from Bach: the 95% paired bootstrap interval of the difference
    leaves out 0. The last row says how many do; by chance it is 5%.
    """
    from bachbot.cli.show import print_table
    from bachbot.decoding import fill_request
    from bachbot.evaluation import music
    from bachbot.runtime import build_decoding_model, load_checkpoint
    from bachbot.tables.music_tables import music_table

    options = shared.decoding_options(
        decoder, beam=beam, temperature=temperature, seed=seed, penalties=penalties
    )
    loaded = {name: load_checkpoint(name) for name in checkpoint or [shared.DEFAULT_CHECKPOINT]}
    bach: Sequence[Chorale] = ()
    if tunes is not None:
        requests = _requests_of_tunes(tunes, limit)
        where = str(tunes)
    else:
        prepared = shared.load_corpus(corpus)
        bach = shared.pieces_of(prepared, part, split, limit)
        requests = [fill_request(piece, (_soprano(),)) for piece in bach]
        where = f"{part} part of the split by {split}"
        for one in loaded.values():
            shared.warn_of_leaks(one, prepared, split)
    ours = {
        name: _harmonize(build_decoding_model(one, options.method), requests, options)
        for name, one in loaded.items()
    }
    found = {name: one.to_json() for name, one in music.measure_all(ours, bach).items()}
    title = f"music, {shared.describe(options)}: {where}"
    if as_json:
        typer.echo(json.dumps({"title": title, "columns": found}))
    else:
        print_table(music_table(title, found))


def _requests_of_tunes(folder: Path, limit: int | None) -> "list[FillRequest]":
    """The requests to harmonize the tunes in a folder, in its order."""
    from bachbot.cli.show import read_folder
    from bachbot.engine.requests import HarmonizeRequest

    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder: give one with tunes with --tunes")
    soprano = (_soprano(),)
    return [
        HarmonizeRequest(score, soprano).fill_request
        for score in read_folder(folder, voices=soprano, limit=limit)
    ]


def _soprano() -> "Voice":
    from bachbot.chorale import Voice

    return Voice.SOPRANO


def _harmonize(model: Any, requests: Any, options: "DecodingOptions") -> "Sequence[Chorale]":
    from bachbot.cli.show import progress
    from bachbot.evaluation.generated import harmonize_pieces

    with progress("harmonizing") as advance:
        return harmonize_pieces(model, requests, options, progress=advance)


def fit_command(
    checkpoint: shared.CheckpointName = shared.DEFAULT_CHECKPOINT,
    split: shared.SplitOption = "tune",
    pieces: Annotated[
        int | None,
        typer.Option(
            "--pieces", min=1, metavar="N", help="Use only the first N pieces of the part."
        ),
    ] = None,
    rounds: Annotated[
        int,
        typer.Option(
            "--rounds", metavar="N", min=1, help="How many times to decode all pieces, at most."
        ),
    ] = 6,
    beam: shared.BeamOption = None,
    as_json: shared.JsonOption = False,
    corpus: shared.CorpusOption = None,
) -> None:
    """Fit the weights of the penalties on the validation part (for maintainers).

    Starts with the penalties in use and changes each weight until its rate is Bach's on the same
    pieces with their sopranos given: parallels, hidden fifths and octaves, onsets between the
    beats, repeated notes, leaps, and different chords per beat.
    """
    from rich.console import Console

    from bachbot.chorale import Voice
    from bachbot.decoding import Penalties, fill_request
    from bachbot.decoding.penalties import DEFAULT_PENALTIES
    from bachbot.evaluation.fitting import fit
    from bachbot.runtime import build_model, load_checkpoint

    prepared = shared.load_corpus(corpus)
    bach = shared.pieces_of(prepared, "validation", split, pieces)
    loaded = load_checkpoint(checkpoint)
    shared.warn_of_leaks(loaded, prepared, split)
    model = build_model(loaded)
    requests = [fill_request(c, (Voice.SOPRANO,)) for c in bach]

    def decode(penalties: Penalties) -> list:
        options = shared.decoding_options("default", beam=beam)
        return list(_harmonize(model, requests, replace(options, penalties=penalties)))

    console = Console(quiet=as_json)
    found = fit(decode, bach, DEFAULT_PENALTIES, rounds=rounds, listen=_round_printer(console))
    if as_json:
        typer.echo(json.dumps({"checkpoint": checkpoint, "split": split, **found.to_json()}))
        return
    console.print(f"Nearest to Bach: round {found.best + 1}.", highlight=False)
    console.print(_as_python(found.penalties), highlight=False, soft_wrap=True)


def _round_printer(
    console: "Console",
) -> "Callable[[Mapping[str, RateMeasurement], Round], None]":
    """A callback that prints each round when it is done."""
    from bachbot.cli.show import print_table
    from bachbot.tables.run_tables import round_table

    done: list[Round] = []

    def callback(targets: "Mapping[str, RateMeasurement]", tried: "Round") -> None:
        done.append(tried)
        print_table(round_table(len(done), targets, tried), console)

    return callback


def _as_python(penalties: "Penalties") -> str:
    """Penalties as Python source, to be pasted into `bachbot.decoding.penalties`."""
    return f"Penalties.of({penalties.weights!r})"
