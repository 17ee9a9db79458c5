"""Options that several commands share, and what the commands that measure a model share."""

import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bachbot.errors import BachbotWarning, UsageError

if TYPE_CHECKING:
    from bachbot.chorale import Chorale
    from bachbot.corpus.store import PreparedCorpus
    from bachbot.decoding import DecodingOptions, Method, Penalties
    from bachbot.runtime import Checkpoint

CheckpointName = Annotated[
    str, typer.Option("--checkpoint", help="Name of a shipped checkpoint, or its directory.")
]
Temperature = Annotated[
    float | None,
    typer.Option(
        "--temperature",
        help="Sampling temperature: below 1 plainer, above 1 more daring.",
    ),
]
TopP = Annotated[
    float | None,
    typer.Option(
        "--top-p",
        help="Nucleus sampling: keep the most likely tokens up to this total probability.",
    ),
]
Seed = Annotated[
    int, typer.Option("--seed", help="Random seed: the same seed gives the same music.")
]
Number = Annotated[int, typer.Option("--number", help="Number of versions to write.")]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        help="File to write: .musicxml .mxl .mid .svg .png .pdf .wav .flac .ogg or .mp3.",
    ),
]
Staves = Annotated[int, typer.Option("--staves", help="Number of staves: 4 or 2.")]
Tempo = Annotated[float, typer.Option("--tempo", help="Quarter notes per minute.")]
Sound = Annotated[
    str,
    typer.Option("--sound", help="Sound: organ, choir, strings, piano or FILE.sf2[:PROGRAM]."),
]
Parallels = Annotated[
    bool,
    typer.Option(
        "--parallels",
        help="Allow parallel and hidden fifths and octaves: switch off their penalties alone.",
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


DECODERS = ("default", "greedy", "beam", "sample")

SplitOption = Annotated[
    str,
    typer.Option("--split", help="tune: no tune in two parts; file: by file, which leaks tunes."),
]
PartOption = Annotated[str, typer.Option("--part", help="train, validation or test.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead.")]
CorpusOption = Annotated[
    Path | None,
    typer.Option("--corpus", help="Prepared corpus. [default: the one in the user's cache]"),
]
DecoderOption = Annotated[
    str,
    typer.Option("--decoder", help="default (as 'bachbot harmonize'), greedy, beam or sample."),
]
BeamOption = Annotated[int | None, typer.Option("--beam", help="Width of the beam.")]
TemperatureOption = Annotated[
    float | None,
    typer.Option("--temperature", help="Sampling temperature, only with --decoder sample."),
]
SeedOption = Annotated[int, typer.Option("--seed", help="Random seed, only with --decoder sample.")]
PenaltiesOption = Annotated[
    bool | None,
    typer.Option(
        "--penalties/--no-penalties",
        help="Use part-writing penalties or not. [default: only with --decoder default]",
        show_default=False,
    ),
]
SetOption = Annotated[
    str,
    typer.Option(
        "--set", help="harmonized (Bach's sopranos, default decoder) or composed (new pieces)."
    ),
]
LimitOption = Annotated[
    int | None,
    typer.Option("--limit", min=1, help="Use only the first pieces of the part, this many."),
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
    penalties: bool | None = None,
) -> "DecodingOptions":
    """The options of a decoder by name.

    Raises
    ------
    UsageError
        If there is no such decoder, or it does not have an option.
    """
    from bachbot.decoding import DecodingOptions, Penalties

    if decoder not in DECODERS:
        raise UsageError(f"there is no decoder '{decoder}': give one of {', '.join(DECODERS)}")
    if beam is not None and decoder not in ("default", "beam"):
        raise UsageError(f"--beam has no effect with --decoder {decoder}: give --decoder beam")
    if temperature is not None and decoder != "sample":
        raise UsageError(
            f"--temperature has no effect with --decoder {decoder}: give --decoder sample"
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
    """The float type to step a model in: samples must not depend on the last bit of a sum."""
    return "float64" if options.method == "sample" else "float32"


def described(options: "DecodingOptions") -> str:
    """A short description of a decoder."""
    text = {
        "beam": f"beam of {options.beam}",
        "greedy": "greedy",
        "sample": f"sampled at {options.temperature:g}",
    }
    return text[options.method] + (", with penalties" if options.active_penalties.active else "")


def penalties_of_flags(parallels: bool, no_penalties: bool, method: "Method") -> "Penalties | None":
    """The penalties that --parallels and --no-penalties leave; None for the default.

    Raises
    ------
    UsageError
        If both flags are given.
    """
    from bachbot.decoding import DecodingOptions, Penalties
    from bachbot.decoding.penalties import PARALLELS

    if parallels and no_penalties:
        raise UsageError("--no-penalties switches off those of --parallels too: give one of them")
    if no_penalties:
        return Penalties()
    if not parallels:
        return None
    default = DecodingOptions(method=method).active_penalties
    return default.without(PARALLELS)


def warn_of_leaks(checkpoint: "Checkpoint", corpus: "PreparedCorpus", split: str) -> None:
    """Warn if a checkpoint may have been trained on what it is to be measured on."""
    training = checkpoint.config.get("training", {}).get("config", {})
    if training.get("split", split) != split:
        _warn(
            f"this checkpoint was trained on the split by {training['split']}: it has seen some "
            f"of what the split by {split} holds out; give --split {training['split']}"
        )
    elif checkpoint.config.get("corpus_fingerprint") != corpus.fingerprint:
        _warn(
            "this checkpoint was trained on another prepared corpus, it may have seen some of "
            "these pieces: prepare the corpus with the version that trained it"
        )


def warn_of_what_is_not_told(checkpoint: "Checkpoint", pieces: "Iterable[Chorale]") -> bool:
    """Whether the pieces are JSB-16th's; say so where a checkpoint asks more than they tell."""
    from bachbot.corpus.jsb import from_jsb

    found = all(map(from_jsb, pieces))
    model = checkpoint.config["model"]
    if found and checkpoint.config["kind"] == "lookahead" and model.get("told", True):
        _warn(
            "this checkpoint is told meter, mode and fermatas, of which JSB-16th says nothing: "
            "train one on it with --set told=false"
        )
    return found


def _warn(message: str) -> None:
    warnings.warn(message, BachbotWarning, stacklevel=3)
