"""Options that several commands share, and what the commands that measure a model share."""

import warnings
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bachbot.errors import BachbotWarning, UsageError
from bachbot.files import DEFAULT_CHECKPOINT as DEFAULT_CHECKPOINT

if TYPE_CHECKING:
    from bachbot.chorale import Chorale
    from bachbot.corpus.store import PreparedCorpus
    from bachbot.decoding import DecodingOptions
    from bachbot.runtime import Checkpoint

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
    int, typer.Option("--seed", metavar="N", help="Random seed: the same seed, the same music.")
]
Number = Annotated[int, typer.Option("--number", metavar="N", help="How many versions to write.")]
OUTPUT_FORMATS_HELP = ".musicxml .xml .mxl .mid .svg .png .pdf .wav .flac .ogg or .mp3"
Staves = Annotated[int, typer.Option("--staves", metavar="N", help="Engrave on 4 staves or on 2.")]
Tempo = Annotated[
    float, typer.Option("--tempo", metavar="BPM", help="Quarter notes per minute, for sound.")
]
Sound = Annotated[
    str,
    typer.Option(
        "--sound",
        metavar="NAME",
        help="Instrument: organ, choir, strings, piano or FILE.sf2[:PROGRAM].",
    ),
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
        "imperfect, HC half, PC plagal, DC deceptive.",
        show_default=False,
    ),
]
Phrases = Annotated[
    str | None,
    typer.Option(
        "--phrases",
        metavar="PLACES",
        help="Where phrases of the melody end: bars or bar.beat, such as 4,8,12.3, or none. "
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
        "octave; no: never; +2 or -3: by semitones; 'G major': to that key.",
    ),
]
Tune = Annotated[
    str | None,
    typer.Option(
        "--tune",
        metavar="N",
        help="Number of the tune in a file of many: that of its X: line, or its place in the file; "
        "all for every tune. [default: the first]",
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
        "--to",
        metavar="FORMAT",
        help="Format to write, where no suffix says it, as with -o -: musicxml, mxl, midi, pdf, "
        "svg, png, wav, flac, ogg or mp3. [default: musicxml]",
        show_default=False,
    ),
]
Force = Annotated[
    bool,
    typer.Option("--force", help="Replace a file even if bachbot did not write it."),
]

DECODERS = ("default", "greedy", "beam", "sample")

FilesArgument = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="FILES",
        help="Your own four-part pieces: score files, folders of them, or .npz files. "
        "[default: pieces that the checkpoint writes]",
        show_default=False,
    ),
]
CheckpointUnlessFiles = Annotated[
    str | None,
    typer.Option(
        "--checkpoint",
        metavar="NAME",
        help="Model: lookahead, paper, or the directory of a checkpoint. [default: lookahead, "
        "unless files are given]",
        show_default=False,
    ),
]
SplitOption = Annotated[
    str,
    typer.Option(
        "--split",
        metavar="NAME",
        help="How the corpus is split: tune (no tune is in two parts) or file (by file, so that "
        "the parts share tunes).",
    ),
]
PartOption = Annotated[
    str,
    typer.Option("--part", metavar="NAME", help="Part of the split: train, validation or test."),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print the results as JSON instead of tables.")
]
CorpusOption = Annotated[
    Path | None,
    typer.Option(
        "--corpus",
        metavar="FILE",
        help="Prepared corpus. [default: the one in the user's cache]",
        show_default=False,
    ),
]
DecoderOption = Annotated[
    str,
    typer.Option(
        "--decoder",
        metavar="NAME",
        help="How to decode: default (as 'bachbot harmonize' does), greedy, beam or sample.",
    ),
]
BeamOption = Annotated[
    int | None,
    typer.Option(
        "--beam",
        metavar="N",
        help="Beam width. Only with --decoder default or beam. [default: 5]",
        show_default=False,
    ),
]
TemperatureOption = Annotated[
    float | None,
    typer.Option(
        "--temperature",
        metavar="T",
        help="Sampling temperature. Only with --decoder sample. [default: 1.0]",
        show_default=False,
    ),
]
SeedOption = Annotated[
    int, typer.Option("--seed", metavar="N", help="Random seed of --decoder sample.")
]
PenaltiesOption = Annotated[
    bool | None,
    typer.Option(
        "--penalties/--no-penalties",
        help="Whether penalties and bonuses apply. [default: only with --decoder default]",
        show_default=False,
    ),
]
SetOption = Annotated[
    str,
    typer.Option(
        "--set",
        metavar="NAME",
        help="What the checkpoint writes: harmonized (under Bach's sopranos, with the default "
        "decoder) or composed (new pieces).",
    ),
]
LimitOption = Annotated[
    int | None,
    typer.Option("--limit", min=1, metavar="N", help="Use only the first N pieces of the part."),
]


def check_files_or_checkpoint(files: "Sequence[Path] | None", checkpoint: str | None) -> None:
    """Check that not both are given, where a command measures either.

    Raises
    ------
    UsageError
        If there are files and a checkpoint.
    """
    if files and checkpoint is not None:
        raise UsageError(
            "--checkpoint has no effect when files are given: leave out --checkpoint or the files"
        )


def load_corpus(path: Path | None) -> "PreparedCorpus":
    """The prepared corpus at a path; if there is no path that in the user's cache.

    The one in the cache is prepared, with a progress bar, if it is missing or damaged.
    """
    from bachbot.cli.show import progress
    from bachbot.corpus.prepare import open_corpus

    with ExitStack() as stack:
        bars: list[Callable[[int, int], None]] = []

        def advance(done: int, total: int) -> None:
            if not bars:
                typer.echo("bachbot: preparing Bach's chorales, once", err=True)
                bars.append(stack.enter_context(progress("reading the chorales")))
            bars[0](done, total)

        return open_corpus(path, progress=advance)


def pieces_of(
    corpus: "PreparedCorpus", part: str, split: str, limit: int | None = None
) -> "tuple[Chorale, ...]":
    """The pieces of a part, one or more.

    Raises
    ------
    UsageError
        If there is no such part or split, or it has no piece.
    """
    pieces = corpus.part(part, split)[:limit]  # type: ignore[arg-type]
    if not pieces:
        raise UsageError(f"the {part} part of the split by {split} has no piece: name another part")
    return pieces


def decoding_options(
    decoder: str,
    *,
    beam: int | None = None,
    temperature: float | None = None,
    seed: int = 0,
    penalties: bool | None = None,
) -> "DecodingOptions":
    """The options of a decoder by its name.

    Parameters
    ----------
    decoder : {"default", "greedy", "beam", "sample"}
        Its name.
    beam : int, optional
        Beam width.
    temperature : float, optional
        Sampling temperature.
    seed : int
        Random seed of sampling.
    penalties : bool, optional
        Whether part-writing penalties apply; default: with ``"default"`` only.

    Raises
    ------
    UsageError
        If there is no decoder of that name, or an option has no effect with it.
    """
    from bachbot.decoding import DecodingOptions, Penalties

    if decoder not in DECODERS:
        raise UsageError(f"there is no decoder '{decoder}': give one of {', '.join(DECODERS)}")
    if beam is not None and decoder not in ("default", "beam"):
        raise UsageError(
            f"--beam has no effect with the {decoder} decoder: give --decoder beam, or leave it out"
        )
    if temperature is not None and decoder != "sample":
        raise UsageError(
            f"--temperature has no effect with the {decoder} decoder: give --decoder sample, or "
            "leave it out"
        )
    if penalties is None:
        penalties = decoder == "default"
    named = {"beam": beam, "temperature": temperature}
    return DecodingOptions(
        **({} if decoder == "default" else {"method": decoder}),  # type: ignore[arg-type]
        seed=seed,
        penalties=None if penalties else Penalties(),
        **{name: value for name, value in named.items() if value is not None},  # type: ignore[arg-type]
    )


def generated_set(
    checkpoint: "Checkpoint", bach: "Sequence[Chorale]", name: str
) -> "list[Chorale]":
    """What a checkpoint writes for some of Bach's pieces, the same each time.

    Parameters
    ----------
    checkpoint : Checkpoint
        The checkpoint.
    bach : sequence of Chorale
        Bach's pieces: their sopranos are harmonized, or as many pieces are composed.
    name : {"harmonized", "composed"}
        Which set.

    Raises
    ------
    UsageError
        If there is no set of that name.
    """
    from bachbot.cli.show import progress
    from bachbot.evaluation.generated import SETS, composed, harmonized
    from bachbot.runtime import build_decoding_model

    if name not in SETS:
        raise UsageError(f"there is no set '{name}': give one of {', '.join(SETS)}")
    search = build_decoding_model(checkpoint)
    with progress(name) as advance:
        if name == "composed":
            sampler = build_decoding_model(checkpoint, "sample")
            return composed(sampler, bach, search=search, progress=advance)
        return harmonized(search, bach, progress=advance)


def load_and_generate(
    checkpoint: str, corpus: "PreparedCorpus", bach: "Sequence[Chorale]", name: str, split: str
) -> "list[Chorale]":
    """`generated_set` of a checkpoint by its name; warns where it was trained on Bach's pieces."""
    from bachbot.runtime import load_checkpoint

    loaded = load_checkpoint(checkpoint)
    warn_of_leaks(loaded, corpus, split)
    return generated_set(loaded, bach, name)


def describe(options: "DecodingOptions") -> str:
    """A decoder in a few words."""
    methods = {
        "beam": f"beam of {options.beam}",
        "greedy": "greedy",
        "sample": f"sampled at {options.temperature:g}",
    }
    return methods[options.method] + (", with penalties" if options.penalties_with().active else "")


def warn_of_leaks(checkpoint: "Checkpoint", corpus: "PreparedCorpus", split: str) -> None:
    """Warn where a checkpoint may have been trained on what it is to be measured on."""
    from bachbot.corpus.store import is_held_out

    training = checkpoint.config.get("training", {}).get("config", {})
    if training.get("split", split) != split:
        _warn(
            f"this checkpoint was trained on the split by {training['split']}, which includes "
            f"pieces that the split by {split} holds out: give --split {training['split']}"
        )
    elif not is_held_out(corpus.fingerprint, checkpoint.config.get("corpus_fingerprint")):
        _warn(
            "this checkpoint was trained on another prepared corpus, perhaps on some of these "
            "pieces: prepare the corpus with the version that trained it"
        )


def warn_of_missing_conditioning(checkpoint: "Checkpoint", pieces: "Iterable[Chorale]") -> None:
    """Warn where a checkpoint is conditioned on what JSB-16th does not hold."""
    from bachbot.corpus.jsb import from_jsb

    if checkpoint.model_config.reads_metadata and all(map(from_jsb, pieces)):
        _warn(
            "this checkpoint is conditioned on meter, mode and fermatas, which JSB-16th does not "
            "hold: train one on it with --set use_metadata=false"
        )


def _warn(message: str) -> None:
    warnings.warn(message, BachbotWarning, stacklevel=3)


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
