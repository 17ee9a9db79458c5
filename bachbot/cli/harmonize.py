"""``bachbot harmonize``."""

from pathlib import Path
from typing import Annotated

import typer

from bachbot.cli import options as shared


def harmonize(
    melody: Annotated[
        Path, typer.Argument(help="Tune to harmonise: MusicXML, .mxl, MIDI, ABC or Humdrum kern.")
    ],
    output: shared.Output = None,
    given: Annotated[
        str, typer.Option("--given", help="Voices that the file gives, such as soprano,bass.")
    ] = "soprano",
    key: Annotated[
        str | None, typer.Option("--key", help="Key, such as 'F# minor'. [default: estimated]")
    ] = None,
    beam: Annotated[int | None, typer.Option("--beam", help="Beam search this wide.")] = None,
    greedy: Annotated[
        bool,
        typer.Option(
            "--greedy", help="The likeliest token each time: quick, and much the poorest."
        ),
    ] = False,
    sample: Annotated[bool, typer.Option("--sample", help="Draw each token.")] = False,
    temperature: shared.Temperature = None,
    top_p: shared.TopP = None,
    seed: shared.Seed = 0,
    number: shared.Number = 1,
    parallels: shared.Parallels = False,
    checkpoint: shared.CheckpointName = "paper",
    staves: shared.Staves = 4,
    tempo: shared.Tempo = 72.0,
) -> None:
    """Write the three voices under a tune, or whichever are missing.

    The tune comes back note for note, in its own key, metre and bars. Without --greedy or
    --sample it is a beam search, 10 wide.
    """
    from bachbot.chorale import Key, parse_voices
    from bachbot.cli.show import numbered, progress, writable
    from bachbot.decoding import DecodingOptions
    from bachbot.engine import Engine
    from bachbot.errors import UsageError
    from bachbot.scores import Layout, load_score, save_score

    if (beam is not None) + greedy + sample > 1:
        raise UsageError("--beam, --greedy and --sample are three ways to search: give one")
    for name, value in (("--temperature", temperature), ("--top-p", top_p)):
        if value is not None and not sample:
            raise UsageError(f"{name} is of no meaning without --sample: give both or neither")
    options = DecodingOptions(
        method="greedy" if greedy else "sample" if sample else "beam",
        beam=10 if beam is None else beam,
        temperature=1.0 if temperature is None else temperature,
        top_p=1.0 if top_p is None else top_p,
        seed=seed,
        number=number,
        parallels=parallels,
    )
    voices = parse_voices(given)
    layout = Layout(staves=staves, tempo=tempo)  # type: ignore[arg-type]
    output = writable(output or Path(f"{melody.stem}-harmonised.musicxml"), melody)
    score = load_score(melody, key=Key.parse(key) if key else None, voices=voices)
    engine = Engine.load(checkpoint)
    with progress("harmonising") as advance:
        found = engine.harmonize(score, given=voices, options=options, progress=advance)
    for path, one in zip(numbered(output, len(found)), found, strict=True):
        save_score(one.score, path, layout=layout)
        typer.echo(f"{path}: {score.chorale.key}, {one.log_probability:.1f} nats")
