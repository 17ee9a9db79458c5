"""``bachbot compose``."""

from typing import Annotated

import typer

from bachbot.cli import options as shared
from bachbot.cli.difficulty_options import (
    AccidentalsOption,
    LeapsOption,
    MaxRhythmOption,
    StyleOption,
    difficulty_of,
)
from bachbot.cli.paths import ScoreInput, ScoreOutput
from bachbot.cli.plan_options import (
    BeamOption,
    FormOption,
    KeysOption,
    PhraseCadencesOption,
    PickupOption,
    VoicesOption,
    WordsOption,
    WordsUnderOption,
    keys_of,
    with_pickup,
    words_layout,
)
from bachbot.cli.results import Report, drawn_seed


def compose(
    output: Annotated[
        list[str] | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help=f"File to write: {shared.OUTPUT_FORMATS_HELP}; {shared.SEVERAL_FILES_HELP}; - for "
            "standard output. [default: chorale.musicxml]",
            show_default=False,
        ),
    ] = None,
    bars: Annotated[
        int | None,
        typer.Option("--bars", metavar="N", help="Length in bars. [default: the model chooses]"),
    ] = None,
    meter: Annotated[
        str | None, typer.Option("--meter", metavar="METER", help="Time signature. [default: 4/4]")
    ] = None,
    key: Annotated[
        str | None,
        typer.Option("--key", metavar="KEY", help="Key, such as G or 'F# minor'. [default: C]"),
    ] = None,
    mode: Annotated[
        str | None,
        typer.Option(
            "--mode", metavar="MODE", help="major or minor, if --key does not include it."
        ),
    ] = None,
    form: FormOption = None,
    cadences: PhraseCadencesOption = None,
    keys: KeysOption = None,
    words: WordsOption = None,
    words_under: WordsUnderOption = None,
    pickup: PickupOption = None,
    voices: VoicesOption = None,
    prime: Annotated[
        str | None,
        typer.Option(
            "--prime",
            metavar="FILE",
            help="Continue the opening of this four-part score; - for standard input.",
        ),
    ] = None,
    prime_bars: Annotated[
        int,
        typer.Option(
            "--prime-bars",
            metavar="N",
            help="Number of bars of the --prime score to keep, not counting a pickup.",
        ),
    ] = 2,
    lower_voices: Annotated[
        str,
        typer.Option(
            "--lower-voices",
            metavar="HOW",
            help="How alto, tenor and bass are written: search (as 'bachbot harmonize' does) or "
            "sample (at random, with the soprano).",
        ),
    ] = "search",
    style: StyleOption = "bach",
    max_rhythm: MaxRhythmOption = None,
    accidentals: AccidentalsOption = None,
    leaps: LeapsOption = None,
    temperature: Annotated[
        float,
        typer.Option(
            "--temperature",
            metavar="T",
            help="Sampling temperature: below 1 more predictable, above 1 more varied.",
        ),
    ] = 0.9,
    top_p: shared.TopP = None,
    beam: BeamOption = None,
    seed: shared.Seed = None,
    number: shared.Number = 1,
    parallels: shared.Parallels = False,
    no_penalties: shared.NoPenalties = False,
    numerals: shared.Numerals = False,
    checkpoint: shared.CheckpointName = shared.DEFAULT_CHECKPOINT,
    paper: shared.Paper = "a4",
    size: shared.Size = "normal",
    staves: shared.Staves = None,
    tempo: shared.Tempo = None,
    sound: shared.Sound = None,
    ranges: shared.Range = None,
    choir: shared.ChoirName = None,
    read_as: shared.From = None,
    write_as: shared.To = None,
    force: shared.Force = False,
    verbose: shared.Verbose = False,
    as_json: shared.JsonOption = False,
) -> None:
    """Compose a new chorale, or continue the opening of one.

    A plan says what phrases it has: --form, --keys, --cadences, or --words to be sung.
    """
    from bachbot.chorale import VOICES, Key, Meter, Voice, parse_voices
    from bachbot.cli.show import progress, read_score
    from bachbot.decoding import DecodingOptions
    from bachbot.decoding.options import DEFAULT_BEAM
    from bachbot.engine import ComposeOptions, Engine
    from bachbot.errors import UsageError
    from bachbot.scores.verses import read_verses

    report = Report(as_json, verbose)
    settings = shared.singers(choir, ranges)
    if mode not in (None, "major", "minor"):
        raise UsageError(f"'{mode}' is not a mode: give major or minor")
    planned = keys_of(keys)
    wanted = Key.parse("C" if key is None else key, mode=mode)  # type: ignore[arg-type]
    if key is None and planned:
        wanted = planned[-1]
    if mode is not None and wanted.mode != mode:
        raise UsageError(f"--key {key} is not {mode}: give a key and a mode that agree")
    if prime is not None and (meter or key or mode):
        raise UsageError("--prime brings its own key and meter: give no --key, --mode or --meter")
    if prime is not None and pickup is not None:
        raise UsageError("--prime brings its own pickup: leave --pickup out")
    sung = parse_voices(voices) if voices is not None else VOICES
    if numerals and Voice.BASS not in sung:
        raise UsageError("--numerals need the bass: leave them out, or --voices")
    if beam is not None and lower_voices == "sample":
        raise UsageError("--beam has no effect with --lower-voices sample: give one of them")
    options = DecodingOptions(
        method="sample",
        beam=DEFAULT_BEAM if beam is None else beam,
        temperature=temperature,
        top_p=1.0 if top_p is None else top_p,
        seed=drawn_seed(seed, used=True, needs="sampling"),
        number=number,
        ranges=settings.choir.ranges,
        difficulty=difficulty_of(style, max_rhythm, accidentals, leaps),
        **shared.penalties_of_flags(parallels, no_penalties),
    )
    layout = shared.layout_of(
        settings, staves=staves, tempo=tempo, sound=sound, paper=paper, size=size,
        words=words_layout(words, words_under),
    )  # fmt: skip
    source = ScoreInput.of(prime, read_as) if prime is not None else None
    if source is None and read_as is not None:
        raise UsageError("--from has no effect without --prime: give both or neither")
    target = ScoreOutput.of(
        output, ("chorale", ""), to=write_as, number=options.number, force=force,
        inputs=[source.path] if source else [],
    )  # fmt: skip
    report.check(target)
    verses = read_verses(words) if words is not None else None
    request = ComposeOptions(
        bars=bars,
        meter=with_pickup(Meter.parse("4/4" if meter is None else meter), pickup, verses),
        key=wanted,
        prime=read_score(source, voices=VOICES) if source else None,
        prime_bars=prime_bars,
        lower_voices=lower_voices,  # type: ignore[arg-type]
        form=form,
        cadences=cadences,
        keys=planned,
        words=verses,
        voices=sung,
    )
    engine = Engine.load(checkpoint)
    with progress("composing") as advance:
        found = engine.compose(request, options=options, progress=advance)
    for notice in found[0].notices:
        typer.echo(f"bachbot: warning: {notice}", err=True)
    notices = tuple(map(str, request.prime.notices)) if request.prime is not None else ()
    report.write(target, found, layout, options, notices=notices, numerals=numerals)
