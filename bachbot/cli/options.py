"""Options that several commands share, and what the commands that measure a model share."""

import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bachbot.errors import BachbotWarning, UsageError
from bachbot.files import DEFAULT_CHECKPOINT as DEFAULT_CHECKPOINT

if TYPE_CHECKING:
    from bachbot.chorale import Chorale
    from bachbot.corpus.store import PreparedCorpus
    from bachbot.decoding import DecodingOptions
    from bachbot.runtime import Checkpoint

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


DECODERS = ("default", "greedy", "beam", "sample")

SplitOption = Annotated[str, typer.Option("--split", help="tune (the honest one) or file.")]
PartOption = Annotated[str, typer.Option("--part", help="train, validation or test.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead.")]
CorpusOption = Annotated[
    Path | None,
    typer.Option("--corpus", help="Prepared corpus; the user's cache unless given."),
]
DecoderOption = Annotated[
    str,
    typer.Option(
        "--decoder", help="default (what 'bachbot harmonize' does), greedy, beam, sample."
    ),
]
BeamOption = Annotated[int | None, typer.Option("--beam", help="Width of the beam.")]
TemperatureOption = Annotated[
    float | None, typer.Option("--temperature", help="Of --decoder sample.")
]
SeedOption = Annotated[int, typer.Option("--seed", help="Of the draws of --decoder sample.")]
ChargedOption = Annotated[
    bool | None,
    typer.Option(
        "--charged/--uncharged",
        help="Whether part-writing is charged. [default: with --decoder default alone]",
        show_default=False,
    ),
]
SetOption = Annotated[
    str,
    typer.Option(
        "--set", help="harmonized (Bach's sopranos, the default decoder) or composed (new pieces)."
    ),
]
LimitOption = Annotated[
    int | None, typer.Option("--limit", min=1, help="Only the first so many pieces of the part.")
]


def load_corpus(path: Path | None) -> "PreparedCorpus":
    """The prepared corpus at a path, or else in the user's cache."""
    from bachbot.corpus.store import PreparedCorpus, default_path

    return PreparedCorpus.load(path if path is not None else default_path())


def pieces_of(
    corpus: "PreparedCorpus", part: str, split: str, limit: int | None = None
) -> "tuple[Chorale, ...]":
    """The pieces of a part, of which there is one or more.

    Raises
    ------
    UsageError
        If there is no such part or split, or no piece in it.
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
    charged: bool | None = None,
) -> "DecodingOptions":
    """How a decoder of that name goes about it.

    Raises
    ------
    UsageError
        If there is none of that name, or an option belongs to another.
    """
    from bachbot.decoding import DecodingOptions, Penalties

    if decoder not in DECODERS:
        raise UsageError(f"there is no decoder '{decoder}': give one of {', '.join(DECODERS)}")
    if beam is not None and decoder not in ("default", "beam"):
        raise UsageError(f"--beam is of no meaning to the {decoder} decoder: give --decoder beam")
    if temperature is not None and decoder != "sample":
        raise UsageError(
            f"--temperature is of no meaning to the {decoder} decoder: give --decoder sample"
        )
    if charged is None:
        charged = decoder == "default"
    named = {"beam": beam, "temperature": temperature}
    return DecodingOptions(
        **({} if decoder == "default" else {"method": decoder}),  # type: ignore[arg-type]
        seed=seed,
        charges=None if charged else Penalties(),
        **{name: value for name, value in named.items() if value is not None},  # type: ignore[arg-type]
    )


def our_set(checkpoint: "Checkpoint", bach: "Sequence[Chorale]", name: str) -> "list[Chorale]":
    """What a checkpoint writes beside pieces of Bach's, each time the same.

    Raises
    ------
    UsageError
        If there is no set of that name.
    """
    from bachbot.cli.show import progress
    from bachbot.evaluation.generated import SETS, composed, harmonized
    from bachbot.runtime import build_model

    if name not in SETS:
        raise UsageError(f"there is no set '{name}': give one of {', '.join(SETS)}")
    with progress(name) as advance:
        if name == "composed":
            return composed(build_model(checkpoint, dtype="float64"), bach, progress=advance)
        return harmonized(build_model(checkpoint), bach, progress=advance)


def precision(options: "DecodingOptions") -> str:
    """The type of number to step a model in: a draw must not hang on the last bit of a sum."""
    return "float64" if options.method == "sample" else "float32"


def described(options: "DecodingOptions") -> str:
    """A decoder in a few words."""
    words = {
        "beam": f"beam of {options.beam}",
        "greedy": "greedy",
        "sample": f"sampled at {options.temperature:g}",
    }
    return words[options.method] + (", part-writing charged" if options.charged.any else "")


def warn_of_leaks(checkpoint: "Checkpoint", corpus: "PreparedCorpus", split: str) -> None:
    """Say so where a checkpoint may have heard what it is to be measured on."""
    training = checkpoint.config.get("training", {}).get("config", {})
    if training.get("split", split) != split:
        _warn(
            f"this checkpoint was trained on the split by {training['split']}: it has heard some "
            f"of what the split by {split} holds out; give --split {training['split']}"
        )
    elif checkpoint.config.get("corpus_fingerprint") != corpus.fingerprint:
        _warn(
            "this checkpoint was trained on another prepared corpus, it may have heard some of "
            "these pieces: prepare the corpus with the version that trained it"
        )


def warn_of_what_is_not_told(checkpoint: "Checkpoint", pieces: "Iterable[Chorale]") -> bool:
    """Whether the pieces are JSB-16th's; say so where a checkpoint asks more than they tell."""
    from bachbot.corpus.jsb import from_jsb

    found = all(map(from_jsb, pieces))
    if found and checkpoint.model_config.reads_metadata:
        _warn(
            "this checkpoint is told meter, mode and fermatas, of which JSB-16th says nothing: "
            "train one on it with --set use_metadata=false"
        )
    return found


def _warn(message: str) -> None:
    warnings.warn(message, BachbotWarning, stacklevel=3)
