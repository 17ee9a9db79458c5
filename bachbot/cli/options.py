"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

CheckpointName = Annotated[
    str, typer.Option("--checkpoint", help="Name of a shipped checkpoint, or its directory.")
]
Temperature = Annotated[
    float | None, typer.Option("--temperature", help="Below 1 plainer, above 1 more daring.")
]
TopP = Annotated[
    float | None, typer.Option("--top-p", help="Draw only from the likeliest choices of this much.")
]
Seed = Annotated[int, typer.Option("--seed", help="The same seed gives the same music.")]
Number = Annotated[int, typer.Option("--number", help="How many to write.")]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        help="File to write: .musicxml .mxl .mid .svg .png .pdf .wav .flac .ogg or .mp3.",
    ),
]
Staves = Annotated[int, typer.Option("--staves", help="Engraved on 4 staves, or on 2.")]
Tempo = Annotated[float, typer.Option("--tempo", help="Quarter notes a minute, for sound.")]
Sound = Annotated[
    str,
    typer.Option("--sound", help="What plays: organ, choir, strings, piano or FILE.sf2[:PROGRAM]."),
]
Parallels = Annotated[
    bool, typer.Option("--parallels", help="Let parallel fifths and octaves through.")
]
Numerals = Annotated[bool, typer.Option("--numerals", help="Write Roman numerals under the bass.")]
