"""The commands ``bachbot train prefer`` and ``train pairs``."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bachbot.cli import measuring as shared
from bachbot.cli.options import JsonOption
from bachbot.cli.results import print_result
from bachbot.cli.train_options import Corpus, Device, Settings, Threads, parse_settings

if TYPE_CHECKING:
    from bachbot.training.preference.run import PreferenceEpoch


def prefer_command(
    pairs: Annotated[
        Path,
        typer.Argument(
            metavar="PAIRS",
            help="Folder with files such as 01-better.musicxml and 01-worse.musicxml, or a table "
            "(.csv, .json) with the columns better and worse, or piece, rating and group.",
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Folder of the run.")
    ],
    checkpoint: Annotated[
        str,
        typer.Option(
            "--from", metavar="NAME", help="The checkpoint to tune: a shipped one, or a directory."
        ),
    ] = shared.DEFAULT_CHECKPOINT,
    settings: Settings = None,
    device: Device = "auto",
    threads: Threads = 0,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue the run in the folder.")
    ] = False,
    corpus: Corpus = None,
    as_json: JsonOption = False,
) -> None:
    """Tune a model by pairs of pieces of which one is better (direct preference optimization).

    The folder receives the state of the run, metrics.jsonl and, in best, the checkpoint with the
    lowest loss on held-out pairs. It must stay near the model that it was (--set kl_bound=0.05,
    nats per token), and its harmonizations of held-out tunes must not lose different chords or copy
    more bars. A run that was interrupted continues with --resume, and gives the same weights as an
    uninterrupted run. A pair that cannot be read is left out with a warning.
    """
    from rich.console import Console

    from bachbot.cli.show import progress
    from bachbot.engine.preference_pairs import read_pairs
    from bachbot.runtime import load_checkpoint
    from bachbot.training.device import use_threads
    from bachbot.training.preference.options import PreferenceOptions
    from bachbot.training.preference.run import prefer
    from bachbot.training.run_folder import BEST, STATE

    options = PreferenceOptions.of(parse_settings(settings))
    loaded = load_checkpoint(checkpoint)
    use_threads(threads)
    prepared = shared.load_corpus(corpus)
    found = read_pairs(pairs)
    for fault in found.faults:
        print(f"bachbot: warning: {pairs}: {fault}", file=sys.stderr)  # noqa: T201
    console = Console(stderr=True)
    try:
        with progress("tuning") as advance:
            result = prefer(
                found.pairs,
                loaded,
                prepared,
                output,
                options,
                resume=resume,
                device=device,
                callback=lambda event: console.print(
                    _epoch_line(event, options.epochs), highlight=False, soft_wrap=True
                ),
                progress=advance,
            )
    except KeyboardInterrupt:
        if (output / STATE).exists():
            console.print(
                f"The run in {output} is saved: the same command with --resume continues it.",
                highlight=False,
                soft_wrap=True,
            )
        raise
    best = result.checkpoint.config["preference"]["best"]
    said = f"Wrote {output / BEST} (epoch {best['epoch']})."
    print_result({"checkpoint": output / BEST, "best": best}, said, as_json=as_json)


def _epoch_line(event: "PreferenceEpoch", epochs: int) -> str:
    parts = [
        f"epoch {event.epoch}/{epochs}: held-out loss {event.loss:.4f}",
        f"better preferred {event.accuracy:.0%}",
        f"divergence {event.kl:.4f} nats per token",
    ]
    if event.different_chords is not None:
        parts.append(f"different chords {event.different_chords:.3f} per beat")
    if event.copied_bars is not None:
        parts.append(f"copied bars {event.copied_bars:.1%}")
    if event.faults:
        parts.append(f"not kept: {'; '.join(event.faults)}")
    elif event.best:
        parts.append("best so far")
    return ", ".join(parts)


def pairs_command(
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="Folder of the pairs; a new one.")
    ],
    checkpoint: shared.CheckpointName = shared.DEFAULT_CHECKPOINT,
    number: Annotated[
        int, typer.Option("--number", metavar="N", min=1, help="Number of tunes.")
    ] = 30,
    split: shared.SplitOption = "tune",
    part: Annotated[
        str, typer.Option("--part", metavar="NAME", help="Part of the split to take tunes from.")
    ] = "train",
    seed: Annotated[int, typer.Option("--seed", metavar="N", min=0, help="Chooses the tunes.")] = 0,
    corpus: Corpus = None,
    as_json: JsonOption = False,
) -> None:
    """Write pairs of Bach's settings and a model's own of the same tunes, for 'train prefer'.

    The folder receives two scores for each pair, and pairs.csv. Bach's are from the corpus of
    music21, whose files must not be passed on: keep the folder to yourself.
    """
    import numpy as np

    from bachbot.cli.show import progress
    from bachbot.engine.preference_pairs import write_own_pairs
    from bachbot.runtime import load_checkpoint

    prepared = shared.load_corpus(corpus)
    shared.pieces_of(prepared, part, split, None)  # refuses what is no part
    pieces = [piece for piece in prepared.pieces if piece.parts.get(split) == part]
    order = np.random.default_rng(seed).permutation(len(pieces))[:number]
    with progress("harmonizing") as advance:
        count = write_own_pairs(
            output, load_checkpoint(checkpoint), [pieces[at] for at in order], progress=advance
        )
    said = f"Wrote {count} pairs to {output}."
    print_result({"folder": output, "pairs": count}, said, as_json=as_json)
