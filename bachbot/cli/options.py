"""Options that several commands share."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bachbot.errors import UsageError
from bachbot.files import DEFAULT_CHECKPOINT as DEFAULT_CHECKPOINT

if TYPE_CHECKING:
    from bachbot.scores import Layout
    from bachbot.settings import ChoirSettings

CheckpointName = Annotated[
    str,
    typer.Option(
        "--checkpoint",
        metavar="NAME",
        help="Model: lookahead, paper, or the directory of a checkpoint.",
    ),
]
Temperature = Annotated[
    float | None,
    typer.Option(
        "--temperature",
        metavar="T",
        help="With --sample: below 1 more predictable, above 1 more varied. [default: 1.0]",
        show_default=False,
    ),
]
TopP = Annotated[
    float | None,
    typer.Option(
        "--top-p",
        metavar="P",
        help="Nucleus sampling: choose among the most likely notes, up to this total probability. "
        "[default: 1.0, all notes]",
        show_default=False,
    ),
]
Seed = Annotated[
    int | None,
    typer.Option(
        "--seed",
        metavar="N",
        help="Random seed: the same seed, the same music. [default: drawn and printed]",
        show_default=False,
    ),
]
Number = Annotated[int, typer.Option("--number", metavar="N", help="How many versions to write.")]
OUTPUT_FORMATS_HELP = ".musicxml .xml .mxl .mid .svg .png .pdf .wav .flac .ogg or .mp3"
SEVERAL_FILES_HELP = "give -o several times for several files"
Staves = Annotated[
    int | None,
    typer.Option(
        "--staves",
        metavar="N",
        help="Engrave on 4 staves or on 2. [default: 4, or that of the choir]",
        show_default=False,
    ),
]
Tempo = Annotated[
    float | None,
    typer.Option(
        "--tempo",
        metavar="BPM",
        help="Quarter notes per minute, for MIDI and sound. [default: the tempo marks of the page, "
        "or 72]",
        show_default=False,
    ),
]
Sound = Annotated[
    str | None,
    typer.Option(
        "--sound",
        metavar="NAME",
        help="Instrument: organ, choir, strings, piano or FILE.sf2[:PROGRAM]. [default: organ, or "
        "that of the choir]",
        show_default=False,
    ),
]
Range = Annotated[
    list[str] | None,
    typer.Option(
        "--range",
        metavar="VOICE=LOW:HIGH",
        help="Lowest and highest note of a voice, such as tenor=C3:F4; repeatable. [default: those "
        "of the choir, or of Bach's chorales]",
        show_default=False,
    ),
]
ChoirName = Annotated[
    str | None,
    typer.Option(
        "--choir",
        metavar="NAME",
        help="Choir of your config file, for ranges, sound, staves and keys; none for none. "
        "[default: the file's choir, if any]",
        show_default=False,
    ),
]
Words = Annotated[
    str | None,
    typer.Option(
        "--words",
        metavar="WHERE",
        help="all: put the words of the tune under every voice that sings them with it; soprano: "
        "under the tune alone. [default: as they are]",
        show_default=False,
    ),
]
Paper = Annotated[str, typer.Option("--paper", metavar="NAME", help="Paper: a4 or letter.")]
Size = Annotated[
    str, typer.Option("--size", metavar="NAME", help="Size of the staves: small, normal or large.")
]
Parallels = Annotated[
    bool,
    typer.Option(
        "--parallels",
        help="Allow parallel and hidden fifths and octaves; keep the other penalties.",
    ),
]
NoPenalties = Annotated[
    bool,
    typer.Option(
        "--no-penalties",
        help="Switch off all penalties and bonuses: use the probabilities of the model alone.",
    ),
]
Numerals = Annotated[bool, typer.Option("--numerals", help="Write Roman numerals under the bass.")]

Chords = Annotated[
    str | None,
    typer.Option(
        "--chords",
        metavar="TEXT",
        help="Chords to use: Roman numerals or chord symbols, such as 'I | V6 I | IV V7 | I' "
        "('.' continues a chord, '?' leaves it open, I:3 lasts three beats, I* takes any "
        "inversion); a text file of them; or 'score' for the chord symbols, numerals or figured "
        "bass in the score.",
        show_default=False,
    ),
]
Cadences = Annotated[
    str | None,
    typer.Option(
        "--cadences",
        metavar="TEXT",
        help="How phrases end, by bar or bar.beat, such as '4:HC 8.3:PAC': PAC perfect, IAC "
        "imperfect, HC half, PC plagal, DC deceptive. A beat of 6/8, 9/8 and 12/8 is three "
        "eighths.",
        show_default=False,
    ),
]
Phrases = Annotated[
    str | None,
    typer.Option(
        "--phrases",
        metavar="PLACES",
        help="Where phrases of the melody end: bars or bar.beat, such as 4,8,12.3, or none; 12.3.5 "
        "is half a beat after beat 3, and a beat of 6/8, 9/8 and 12/8 is three eighths. "
        "[default: by its fermatas, or predicted from melody, words and breath marks]",
        show_default=False,
    ),
]

Repeats = Annotated[
    str | None,
    typer.Option(
        "--repeats",
        metavar="HOW",
        help="Where the melody repeats a phrase, write the same harmony (same) or another one "
        "(vary). [default: about as often the same as in Bach]",
        show_default=False,
    ),
]
Transpose = Annotated[
    str,
    typer.Option(
        "--transpose",
        metavar="HOW",
        help="How to move the tune to another key. auto: only if its voice cannot sing it in any "
        "octave; best: to where tune and choir fit best; no: never; +2 or -3: by semitones; "
        "'G major': to that key. Octaves are no other key: a tune that no voice reaches where it "
        "is written moves by octaves.",
    ),
]
Tune = Annotated[
    str | None,
    typer.Option(
        "--tune",
        metavar="N",
        help="Number of the tune in a file of many: in ABC that of its X: line, in others its "
        "place. "
        "[default: the first]",
        show_default=False,
    ),
]
From = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="FORMAT",
        help="Format to read: musicxml, mxl, midi, abc or kern. [default: by suffix or content]",
        show_default=False,
    ),
]
To = Annotated[
    str | None,
    typer.Option(
        "--format",
        "--to",
        metavar="FORMATS",
        help="Format to write, where no suffix says it: musicxml, mxl, midi, pdf, svg, png, wav, "
        "flac, ogg or mp3; or several, such as pdf,mp3. [default: musicxml]",
        show_default=False,
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print the results as JSON instead of tables.")
]
Verbose = Annotated[
    bool,
    typer.Option("--verbose", help="Also print log-probability and penalties, in nats."),
]
Force = Annotated[
    bool,
    typer.Option("--force", help="Replace a file even if bachbot did not write it."),
]


def check_transposition(transpose: str) -> None:
    """Check what --transpose says before a score is read.

    Raises
    ------
    UsageError
        If it is neither auto nor no, nor semitones, nor a key.
    """
    from bachbot.scores.readers.placement import Transposition

    Transposition.parse(transpose)


def tune_number(tune: str | None) -> int | None:
    """The number that --tune names.

    Raises
    ------
    UsageError
        If it is no number.
    """
    if tune is None:
        return None
    if not (tune.isascii() and tune.isdigit() and len(tune) < 10):
        raise UsageError(f"'{tune[:40]}' is not the number of a tune: give --tune 1, 2 and so on")
    return int(tune)


def penalties_of_flags(parallels: bool, no_penalties: bool) -> "dict[str, Any]":
    """The fields of `DecodingOptions` that --parallels and --no-penalties set.

    Raises
    ------
    UsageError
        If both flags are given.
    """
    from bachbot.decoding import Penalties
    from bachbot.decoding.penalties import PARALLELS

    if parallels and no_penalties:
        raise UsageError("--no-penalties switches off those of --parallels too: give one of them")
    if no_penalties:
        return {"penalties": Penalties()}
    return {"without": PARALLELS} if parallels else {}


def singers(choir: str | None, ranges: "list[str] | None") -> "ChoirSettings":
    """The settings of the choir that --choir names, with the ranges of --range.

    Raises
    ------
    UsageError
        If the config file is damaged, there is no such choir, or a range cannot be read.
    """
    from bachbot.settings import load_settings

    return load_settings().of(choir).with_ranges(ranges or ())


def layout_of(
    settings: "ChoirSettings",
    *,
    staves: int | None,
    tempo: float | None,
    sound: str | None,
    paper: str = "a4",
    size: str = "normal",
    words: str | None = None,
) -> "Layout":
    """How results are engraved and sound: by options, else by the choir, else as usual."""
    from bachbot.scores import Layout

    return Layout(
        staves=(settings.staves or 4) if staves is None else staves,  # type: ignore[arg-type]
        tempo=tempo,
        sound=(settings.sound or "organ") if sound is None else sound,
        paper=paper,
        size=size,
        words=words,  # type: ignore[arg-type]
    )
