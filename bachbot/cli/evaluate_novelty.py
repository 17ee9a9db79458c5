"""``bachbot evaluate novelty``."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bachbot.cli import options as shared
from bachbot.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bachbot.chorale import Chorale, Voice
    from bachbot.corpus.store import PreparedCorpus
    from bachbot.evaluation.novelty import Index, Novelty


def novelty_command(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Your own pieces of four voices: score files, folders of them, .npz sets. "
            "[default: a set that the checkpoint writes]",
            show_default=False,
        ),
    ] = None,
    checkpoint: Annotated[
        str | None,
        typer.Option(
            "--checkpoint",
            help="Name of a shipped checkpoint, or its directory. [default: lookahead, unless "
            "files are given]",
            show_default=False,
        ),
    ] = None,
    kind: shared.SetOption = "harmonized",
    split: shared.SplitOption = "tune",
    part: shared.PartOption = "test",
    given: Annotated[
        str | None,
        typer.Option(
            "--given",
            help="Voices of your pieces that are given, such as soprano, and so in no question. "
            "[default: none; of a harmonized set the soprano]",
            show_default=False,
        ),
    ] = None,
    limit: shared.LimitOption = None,
    as_json: shared.JsonOption = False,
    corpus: shared.CorpusOption = None,
) -> None:
    """Look for passages and bars that training pieces have too, in whatever key.

    Beside them stands the same for Bach's own pieces that are not for training: what is far more
    than his is copied, what is far less is unlike him. A single voice is looked for in all voices.
    Lengths are compared as written: a piece in halves or eighths shares little with his quarters.
    A set in .npz tells no bars, so its copied bars say nothing, and no repeated notes: beside one
    they are taken to be held in all pieces.
    """
    from rich.console import Console

    from bachbot.cli.novelty_view import novelty_table, pieces_table, where_table
    from bachbot.cli.show import read_pieces
    from bachbot.evaluation.novelty import Index

    written = _in_question(files, given, kind)
    if files and checkpoint is not None:
        raise UsageError("--checkpoint is of no meaning beside files: leave one of them out")
    prepared = shared.load_corpus(corpus)
    train: Sequence[Chorale] = shared.pieces_of(prepared, "train", split)
    bach: Sequence[Chorale] = shared.pieces_of(prepared, part, split, limit)
    ours: Sequence[Chorale]
    title = f"{part} part of the split by {split}, beside {len(train)} training pieces"
    if files:
        name, ours = "yours", read_pieces(files)
        if any(path.suffix == ".npz" for path in files):
            train, bach, ours = (_without_repeats(pieces) for pieces in (train, bach, ours))
            title += ", repeated notes held"
    else:
        name, checkpoint = "bachbot", checkpoint or shared.DEFAULT_CHECKPOINT
        ours = _set_of(checkpoint, prepared, bach, kind, split)
        title = f"{checkpoint}, {kind}: {title}"
    index = Index.of(train)
    columns = {
        "Bach": _measured("Bach", bach, index, written),
        name: _measured(name, ours, index, written),
    }
    if as_json:
        figures = {name: column.to_json() for name, column in columns.items()}
        told = [voice.label for voice in written]
        typer.echo(json.dumps({"title": title, "written": told, "columns": figures}))
    elif files:
        Console().print(pieces_table(title, columns[name], columns["Bach"]))
    else:
        console = Console()
        console.print(novelty_table(title, columns))
        console.print(where_table(columns))


def _without_repeats(pieces: "Sequence[Chorale]") -> "Sequence[Chorale]":
    from bachbot.evaluation.novelty import without_repeats

    return [without_repeats(piece) for piece in pieces]


def _in_question(files: list[Path] | None, given: str | None, kind: str) -> "tuple[Voice, ...]":
    """The voices that were written: all but the given ones."""
    from bachbot.chorale import VOICES, parse_voices

    if given is not None and not files:
        raise UsageError("--given is of your own pieces: name their files, or leave it out")
    if not files and kind == "harmonized":
        given = "soprano"
    left_out = parse_voices(given) if given is not None else ()
    written = tuple(voice for voice in VOICES if voice not in left_out)
    if not written:
        raise UsageError("all four voices are given, none is in question: give three or fewer")
    return written


def _set_of(
    checkpoint: str, corpus: "PreparedCorpus", bach: "Sequence[Chorale]", kind: str, split: str
) -> "list[Chorale]":
    """What a checkpoint writes beside Bach's pieces."""
    from bachbot.runtime import load_checkpoint

    loaded = load_checkpoint(checkpoint)
    shared.warn_of_leaks(loaded, corpus, split)
    return shared.our_set(loaded, bach, kind)


def _measured(
    name: str, pieces: "Sequence[Chorale]", index: "Index", written: "Sequence[Voice]"
) -> "Novelty":
    from bachbot.cli.show import progress
    from bachbot.evaluation.novelty import measure

    with progress(f"looking through {name}") as advance:
        return measure(pieces, index, written=written, progress=advance)
