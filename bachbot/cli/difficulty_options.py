"""The options of difficulty: --style and the single dials."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from bachbot.decoding.difficulty import Difficulty

StyleOption = Annotated[
    str,
    typer.Option(
        "--style",
        metavar="NAME",
        help="How difficult to sing. plain: note against note, for a choir that sings at sight; "
        "bach: as in his chorales; florid: more passing notes and suspensions.",
    ),
]
MaxRhythmOption = Annotated[
    str | None,
    typer.Option(
        "--max-rhythm",
        metavar="VALUE",
        help="The quickest notes of the voices that are written, where they do not move with the "
        "tune: quarter, eighth or sixteenth. [default: as the style has it]",
        show_default=False,
    ),
]
AccidentalsOption = Annotated[
    str | None,
    typer.Option(
        "--accidentals",
        metavar="HOW",
        help="few: avoid notes outside the key. [default: as the style has it]",
        show_default=False,
    ),
]
LeapsOption = Annotated[
    str | None,
    typer.Option(
        "--leaps",
        metavar="HOW",
        help="small: avoid leaps over a third in alto and tenor, and over a fifth in the bass. "
        "[default: as the style has it]",
        show_default=False,
    ),
]


def difficulty_of(
    style: str, max_rhythm: str | None, accidentals: str | None, leaps: str | None
) -> "Difficulty":
    """The difficulty that the options ask for.

    Raises
    ------
    UsageError
        If an option has no such setting.
    """
    from bachbot.decoding.difficulty import Difficulty

    return Difficulty(style, max_rhythm, accidentals, leaps)  # type: ignore[arg-type]
