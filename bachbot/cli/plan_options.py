"""The options with which ``bachbot compose`` plans a piece."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bachbot.errors import UsageError

if TYPE_CHECKING:
    from bachbot.chorale import Key, Meter
    from bachbot.scores.verses import Verses

FormOption = Annotated[
    str | None,
    typer.Option(
        "--form",
        metavar="LETTERS",
        help="A letter for each phrase, such as AABA: the same letter, the same music; A' closes "
        "otherwise.",
        show_default=False,
    ),
]
PhraseCadencesOption = Annotated[
    str | None,
    typer.Option(
        "--cadences",
        metavar="TEXT",
        help="How phrases end: one each in order, such as 'HC PAC', or by bars, such as '4:HC "
        "8:PAC'. PAC perfect, IAC imperfect, HC half, PC plagal, DC deceptive. [default: the last "
        "is perfect]",
        show_default=False,
    ),
]
KeysOption = Annotated[
    str | None,
    typer.Option(
        "--keys",
        metavar="KEYS",
        help="Key of each phrase, such as 'G D e G'; lower case is minor. The last is that of the "
        "piece.",
        show_default=False,
    ),
]
WordsOption = Annotated[
    Path | None,
    typer.Option(
        "--words",
        metavar="FILE",
        help="Text file of words to sing: a phrase for each line, a note for each syllable; "
        "hyphens divide words (A-maz-ing grace!), an empty line begins another verse.",
        show_default=False,
    ),
]
WordsUnderOption = Annotated[
    str | None,
    typer.Option(
        "--words-under",
        metavar="WHERE",
        help="all: put the words of --words under every voice that sings them with the tune; "
        "soprano: under the tune alone. [default: all]",
        show_default=False,
    ),
]
PickupOption = Annotated[
    int | None,
    typer.Option(
        "--pickup",
        metavar="N",
        help="Beats before the first bar line, each phrase beginning with as many. [default: 1 if "
        "the words have lines as iambic hymns have them, else 0]",
        show_default=False,
    ),
]
BeamOption = Annotated[
    int | None,
    typer.Option(
        "--beam",
        metavar="N",
        help="Width of the beam search that writes the lower voices. [default: 5]",
        show_default=False,
    ),
]
VoicesOption = Annotated[
    str | None,
    typer.Option(
        "--voices",
        metavar="VOICES",
        help="Voices to write, such as soprano for a melody alone. [default: all four]",
        show_default=False,
    ),
]


def keys_of(text: str | None) -> "tuple[Key, ...]":
    """The keys that --keys names, in order.

    Raises
    ------
    UsageError
        If one is none.
    """
    from bachbot.chorale import Key

    if text is None:
        return ()
    words = text.replace(",", " ").split()
    if not words:
        raise UsageError("the keys are empty: give one for each phrase, such as 'G D e G'")
    return tuple(Key.parse(word).simplified for word in words)


def words_layout(words: Path | None, under: str | None) -> str | None:
    """Under whose notes the words of --words are printed, as `bachbot.scores.Layout` takes it.

    Raises
    ------
    UsageError
        If there are no words.
    """
    if words is None and under is not None:
        raise UsageError("--words-under has no effect without --words: give both or neither")
    return None if words is None else under or "all"


def with_pickup(meter: "Meter", pickup: int | None, words: "Verses | None") -> "Meter":
    """A meter with the pickup that is asked for, or that the words have.

    Raises
    ------
    UsageError
        If no bar has so many beats.
    """
    from dataclasses import replace

    beats = pickup if pickup is not None else int(words is not None and words.has_upbeat)
    if not 0 <= beats < meter.beats:
        raise UsageError(
            f"a pickup of {beats} beats does not fit before a bar of {meter}: give 0 to "
            f"{meter.beats - 1}"
        )
    return replace(meter, pickup=beats * 16 // meter.unit)
