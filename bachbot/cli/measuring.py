"""Options that commands share which measure a model, and what these commands do alike."""

import warnings
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bachbot.cli.options import DEFAULT_CHECKPOINT as DEFAULT_CHECKPOINT
from bachbot.cli.options import CheckpointName as CheckpointName
from bachbot.cli.options import JsonOption as JsonOption
from bachbot.errors import BachbotWarning, UsageError

if TYPE_CHECKING:
    from bachbot.chorale import Chorale
    from bachbot.corpus.store import PreparedCorpus
    from bachbot.decoding import DecodingOptions
    from bachbot.runtime import Checkpoint

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
    int | None,
    typer.Option(
        "--seed",
        metavar="N",
        help="Random seed; only with --decoder sample. [default: 0]",
        show_default=False,
    ),
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
    seed: int | None = None,
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
    seed : int, optional
        Random seed of sampling. Default: 0, so that a measurement can be repeated.
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
    if seed is not None and decoder != "sample":
        raise UsageError(
            f"--seed has no effect with the {decoder} decoder: give --decoder sample, or leave it "
            "out"
        )
    if penalties is None:
        penalties = decoder == "default"
    named = {"beam": beam, "temperature": temperature}
    return DecodingOptions(
        **({} if decoder == "default" else {"method": decoder}),  # type: ignore[arg-type]
        seed=seed or 0,
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
