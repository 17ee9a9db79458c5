"""``bachbot harmonize``."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bachbot.cli import options as shared
from bachbot.errors import UsageError

if TYPE_CHECKING:
    from bachbot.decoding import DecodingOptions


def harmonize(
    melody: Annotated[
        Path,
        typer.Argument(
            help="Tune: MusicXML, .mxl, MIDI, ABC or Humdrum kern; or a folder of them."
        ),
    ],
    output: shared.Output = None,
    given: Annotated[
        str | None,
        typer.Option(
            "--given",
            help="Voices that come back as they are, such as soprano,bass. [default: soprano; "
            "with --bars none]",
        ),
    ] = None,
    bars: Annotated[
        str | None,
        typer.Option("--bars", help="Rewrite only these bars of a four-part score, such as 5-8."),
    ] = None,
    key: Annotated[
        str | None, typer.Option("--key", help="Key, such as 'F# minor'. [default: estimated]")
    ] = None,
    beam: Annotated[int | None, typer.Option("--beam", help="Beam search this wide.")] = None,
    greedy: Annotated[
        bool,
        typer.Option("--greedy", help="The likeliest token each time: quick, and the poorest."),
    ] = False,
    sample: Annotated[bool, typer.Option("--sample", help="Draw each token.")] = False,
    temperature: shared.Temperature = None,
    top_p: shared.TopP = None,
    seed: shared.Seed = 0,
    number: shared.Number = 1,
    variety: Annotated[
        float | None,
        typer.Option(
            "--variety", help="How far --number leads each further one elsewhere, in nats."
        ),
    ] = None,
    parallels: shared.Parallels = False,
    numerals: shared.Numerals = False,
    checkpoint: shared.CheckpointName = "lookahead",
    staves: shared.Staves = 4,
    tempo: shared.Tempo = 72.0,
    sound: shared.Sound = "organ",
) -> None:
    """Write the three voices under a tune, or whichever are missing.

    The tune comes back note for note, in its own key, metre and bars. Without --greedy or
    --sample it is a beam search, 10 wide. Of a folder every score is harmonised into the folder -o.
    """
    from bachbot.chorale import Key, parse_voices
    from bachbot.scores import Layout

    options = _options(
        beam=beam, greedy=greedy, sample=sample, temperature=temperature, top_p=top_p,
        seed=seed, number=number, variety=variety, parallels=parallels,
    )  # fmt: skip
    voices = parse_voices(given or "soprano") if given or bars is None else ()
    tonality = Key.parse(key) if key else None
    layout = Layout(staves=staves, tempo=tempo, sound=sound)  # type: ignore[arg-type]
    if melody.is_dir():
        from bachbot.cli.folder import harmonize_folder

        if bars is not None:
            raise UsageError("--bars belongs to one score, not to a folder: give a file")
        harmonize_folder(
            melody, output, voices=voices, key=tonality, options=options, layout=layout,
            checkpoint=checkpoint, numerals=numerals,
        )  # fmt: skip
        return

    from bachbot.chorale import VOICES
    from bachbot.cli.show import numbered, page, progress, writable
    from bachbot.engine import Engine
    from bachbot.scores import bars_of, load_score, save_score

    output = writable(output or Path(f"{melody.stem}-harmonised.musicxml"), melody)
    score = load_score(melody, key=tonality, voices=VOICES if bars else voices)
    engine = Engine.load(checkpoint)
    with progress("harmonising") as advance:
        found = engine.harmonize(
            score,
            given=voices,
            bars=bars_of(score, bars) if bars else None,
            options=options,
            progress=advance,
        )
    for path, one in zip(numbered(output, len(found)), found, strict=True):
        save_score(page(one.score, numerals), path, layout=layout)
        typer.echo(
            f"{path}: {score.chorale.key}, {one.log_probability:.1f} nats{_charge(one.charged)}"
        )


def _charge(charged: float) -> str:
    """What the part-writing was charged, or had earned, in words."""
    if abs(charged) < 0.05:
        return ""
    word = "charged" if charged > 0 else "earned"
    return f", {abs(charged):.1f} {word} for part-writing"


def _options(
    *,
    beam: int | None,
    greedy: bool,
    sample: bool,
    temperature: float | None,
    top_p: float | None,
    seed: int,
    number: int,
    variety: float | None,
    parallels: bool,
) -> "DecodingOptions":
    from bachbot.decoding import Charges, DecodingOptions

    if (beam is not None) + greedy + sample > 1:
        raise UsageError("--beam, --greedy and --sample are three ways to search: give one")
    for name, value in (("--temperature", temperature), ("--top-p", top_p)):
        if value is not None and not sample:
            raise UsageError(f"{name} is of no meaning without --sample: give both or neither")
    if variety is not None and (greedy or sample or number == 1):
        raise UsageError("--variety belongs to a beam search with --number: give both or neither")
    named = {
        "beam": beam, "temperature": temperature, "top_p": top_p, "variety": variety,
    }  # fmt: skip
    return DecodingOptions(
        method="greedy" if greedy else "sample" if sample else "beam",
        seed=seed,
        number=number,
        charges=Charges() if parallels else None,
        **{name: value for name, value in named.items() if value is not None},  # type: ignore[arg-type]
    )
