"""``bachbot harmonize``: one score, or all scores in a folder."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from bachbot.cli import options as shared
from bachbot.cli.difficulty_options import (
    AccidentalsOption,
    LeapsOption,
    MaxRhythmOption,
    StyleOption,
    difficulty_of,
)
from bachbot.cli.paths import (
    STANDARD,
    ScoreInput,
    ScoreOutput,
    folder_of,
    output_formats,
    suffix_of,
)
from bachbot.cli.results import Report, drawn_seed
from bachbot.errors import UsageError

if TYPE_CHECKING:
    from bachbot.decoding import DecodingOptions
    from bachbot.decoding.difficulty import Difficulty

_ALL_TUNES = "all"
"""What --tune says for every tune of a file."""


def harmonize(
    melody: Annotated[
        str,
        typer.Argument(
            metavar="MELODY",
            help="Melody to harmonize (MusicXML, .mxl, MIDI, ABC or Humdrum kern), a folder, or "
            "- for standard input.",
        ),
    ],
    output: Annotated[
        list[str] | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help=f"File to write: {shared.OUTPUT_FORMATS_HELP}; {shared.SEVERAL_FILES_HELP}; - for "
            "standard output; for a folder or --tune all, the folder to write. [default: "
            "NAME-harmonized.musicxml, or NAME-harmonized]",
            show_default=False,
        ),
    ] = None,
    given: Annotated[
        list[str] | None,
        typer.Option(
            "--given",
            metavar="VOICES",
            help="What to keep unchanged: voices, such as soprano,bass, or some bars of one, such "
            "as alto:5-6; repeatable; with --bars also none. [default: soprano]",
            show_default=False,
        ),
    ] = None,
    bars: Annotated[
        str | None,
        typer.Option(
            "--bars",
            metavar="BARS",
            help="Rewrite only these bars of a four-part score, such as 5-8; the tune stays.",
        ),
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(
            "--key",
            metavar="KEY",
            help="Key that the music is in, such as 'F# minor'. [default: estimated]",
        ),
    ] = None,
    transpose: shared.Transpose = "auto",
    tune: Annotated[
        str | None,
        typer.Option(
            "--tune",
            metavar="N",
            help="Number of the tune in a file of many (in ABC that of its X: line, in others its "
            "place), or all. [default: the first]",
            show_default=False,
        ),
    ] = None,
    chords: shared.Chords = None,
    cadences: shared.Cadences = None,
    phrases: shared.Phrases = None,
    repeats: shared.Repeats = None,
    style: StyleOption = "bach",
    max_rhythm: MaxRhythmOption = None,
    accidentals: AccidentalsOption = None,
    leaps: LeapsOption = None,
    beam: Annotated[
        int | None,
        typer.Option("--beam", metavar="N", help="Width of the beam search. [default: 5]"),
    ] = None,
    greedy: Annotated[
        bool,
        typer.Option("--greedy", help="Greedy search: faster, with poorer results."),
    ] = False,
    sample: Annotated[
        bool,
        typer.Option("--sample", help="Choose notes at random, weighted by their probability."),
    ] = False,
    temperature: shared.Temperature = None,
    top_p: shared.TopP = None,
    seed: shared.Seed = None,
    number: shared.Number = 1,
    diversity: Annotated[
        float | None,
        typer.Option(
            "--diversity",
            metavar="X",
            help="With --number: how much the versions differ; 0: hardly at all. [default: 0.3]",
        ),
    ] = None,
    parallels: shared.Parallels = False,
    no_penalties: shared.NoPenalties = False,
    numerals: shared.Numerals = False,
    checkpoint: shared.CheckpointName = shared.DEFAULT_CHECKPOINT,
    words: shared.Words = None,
    paper: shared.Paper = "a4",
    size: shared.Size = "normal",
    staves: shared.Staves = None,
    tempo: shared.Tempo = None,
    sound: shared.Sound = None,
    ranges: shared.Range = None,
    choir: shared.ChoirName = None,
    read_as: shared.From = None,
    write_as: shared.To = None,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            metavar="N",
            min=1,
            help="For a folder or --tune all: processes that work side by side. [default: one per "
            "core]",
            show_default=False,
        ),
    ] = None,
    timeout: Annotated[
        float | None,
        typer.Option(
            "--timeout",
            metavar="SECONDS",
            help="For a folder or --tune all: skip a tune that takes longer. [default: 120]",
            show_default=False,
        ),
    ] = None,
    force: shared.Force = False,
    verbose: shared.Verbose = False,
    as_json: shared.JsonOption = False,
) -> None:
    """Harmonize a melody in four voices, or add the voices that a score lacks.

    The melody stays unchanged, in its own key, meter and bars, unless a choir cannot sing it there:
    then it is moved to another octave or key, and the command says so (--transpose). Given a
    folder, or --tune all, the command harmonizes every tune in it, passes over those that it has
    done before, and skips those that fail; it passes over subfolders. It uses beam search unless
    --greedy or --sample is given.
    """
    from bachbot.chorale import VOICES, Key
    from bachbot.cli.show import progress, read_score
    from bachbot.engine import Engine
    from bachbot.scores import bars_of
    from bachbot.scores.stretches import parse_stretches, voices_of

    report = Report(as_json, verbose)
    settings = shared.singers(choir, ranges)
    options = _options(
        beam=beam, greedy=greedy, sample=sample, temperature=temperature, top_p=top_p,
        seed=seed, number=number, diversity=diversity, repeats=repeats, parallels=parallels,
        no_penalties=no_penalties,
        difficulty=difficulty_of(style, max_rhythm, accidentals, leaps),
    )  # fmt: skip
    options = replace(options, ranges=settings.choir.ranges)
    shared.check_transposition(transpose)
    stretches = (
        () if given == ["none"] and bars is not None else parse_stretches(given or ["soprano"])
    )
    voices = voices_of(stretches)
    tonality = Key.parse(key) if key is not None else None
    layout = shared.layout_of(
        settings, staves=staves, tempo=tempo, sound=sound, paper=paper, size=size, words=words
    )
    source = ScoreInput.of(melody, read_as)
    if source.is_folder() or tune == _ALL_TUNES:
        many = "a folder" if source.is_folder() else "many tunes"
        if any(stretch.bars for stretch in stretches):
            raise UsageError(f"--given with bars works on one score, not on {many}: give a file")
        if bars is not None:
            raise UsageError(f"--bars works on one score, not on {many}: give a file")
        if chords is not None or cadences is not None or phrases is not None:
            raise UsageError(
                f"--chords, --cadences and --phrases work on one score, not on {many}: give a file"
            )
        if verbose:
            raise UsageError(f"--verbose works on one score, not on {many}: give a file")
        if source.is_folder() and (tune not in (None, _ALL_TUNES) or read_as is not None):
            raise UsageError("--tune N and --from work on a file, not on a folder")
        from bachbot.cli.harmonize_folder import harmonize_folder
        from bachbot.engine.folders import FolderSettings

        if seed is None:  # the same for each run, so that a second one knows what is done
            options = replace(options, seed=0)
        work = FolderSettings(
            voices, tonality, options, layout, checkpoint, numerals, transpose=transpose,
            suffixes=tuple(map(suffix_of, output_formats(write_as) or ("musicxml",))),
            choir=settings.choir, format=source.format,
        )  # fmt: skip
        harmonize_folder(
            source,
            folder_of(output, "a folder of tunes" if source.is_folder() else many),
            work,
            jobs=jobs,
            timeout=timeout,
            force=force,
            as_json=as_json,
        )
        return
    if jobs is not None or timeout is not None:
        raise UsageError("--jobs and --timeout are for a folder or --tune all: leave them out")

    if not output and source.path is None:
        output = [STANDARD]
    target = ScoreOutput.of(
        output, (source.stem, f"{f'-{tune}' if tune else ''}-harmonized"), to=write_as,
        number=options.number, force=force, inputs=[source.path],
    )  # fmt: skip
    report.check(target)
    score = read_score(
        source,
        key=tonality,
        voices=VOICES if bars is not None else voices,
        ignore=["chord symbols"] if chords is not None else [],
        transpose=transpose,
        tune=shared.tune_number(tune),
        choir=settings.choir,
    )
    engine = Engine.load(checkpoint)
    with progress("harmonizing") as advance:
        found = engine.harmonize(
            score,
            given=given if given and stretches else voices,
            bars=bars_of(score, bars) if bars is not None else None,
            chords=chords,
            cadences=cadences,
            phrases=phrases,
            options=options,
            progress=advance,
        )
    for notice in found[0].notices:
        typer.echo(f"bachbot: warning: {source.label}: {notice}", err=True)
    notices = tuple(map(str, score.notices))
    report.write(target, found, layout, options, numerals=numerals, notices=notices)


def _options(
    *,
    beam: int | None,
    greedy: bool,
    sample: bool,
    temperature: float | None,
    top_p: float | None,
    seed: int | None,
    number: int,
    diversity: float | None,
    repeats: str | None,
    parallels: bool,
    no_penalties: bool,
    difficulty: "Difficulty",
) -> "DecodingOptions":
    from bachbot.decoding import DecodingOptions, Method

    if (beam is not None) + greedy + sample > 1:
        raise UsageError("--beam, --greedy and --sample exclude each other: give one")
    for name, value in (("--temperature", temperature), ("--top-p", top_p)):
        if value is not None and not sample:
            raise UsageError(f"{name} has no effect without --sample: give both or neither")
    if diversity is not None and (greedy or sample or number == 1):
        raise UsageError(
            "--diversity has no effect without a beam search with --number: give both or neither"
        )
    named = {
        "beam": beam, "temperature": temperature, "top_p": top_p, "diversity": diversity,
        "repeats": repeats,
    }  # fmt: skip
    method: Method = "greedy" if greedy else "sample" if sample else "beam"
    varied = method == "beam" and number > 1 and diversity != 0
    return DecodingOptions(
        method=method,
        seed=drawn_seed(
            seed,
            used=sample or varied,
            needs="--sample, or --number with beam search and --diversity above 0",
        ),
        number=number,
        difficulty=difficulty,
        **shared.penalties_of_flags(parallels, no_penalties),
        **{name: value for name, value in named.items() if value is not None},  # type: ignore[arg-type]
    )
