"""``bachbot evaluate style``."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bachbot.cli import options as shared
from bachbot.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bachbot.chorale import Chorale
    from bachbot.corpus.store import PreparedCorpus
    from bachbot.evaluation.style import StyleReport


def style_command(
    files: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Chorales to grade: score files, folders of them, .npz files. Without any, what "
            "the checkpoint writes is graded.",
        ),
    ] = None,
    checkpoint: Annotated[
        str | None,
        typer.Option(
            "--checkpoint",
            help="Name of a shipped checkpoint, or its directory. [default: lookahead, unless "
            "files are given]",
        ),
    ] = None,
    which: shared.SetOption = "harmonized",
    split: shared.SplitOption = "tune",
    part: shared.PartOption = "test",
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit", min=1, help="Only the first so many pieces, of the part or of the files."
        ),
    ] = None,
    as_json: shared.JsonOption = False,
    corpus: shared.CorpusOption = None,
) -> None:
    """Grade chorales by how near they are to Bach's style, and tell why.

    The grade is that of 'Bach or Mock': the sum of nine distances between a piece's features and
    Bach's, lower is better. Further distributions, from onsets a beat to the keys that phrases end
    in, are told for a set of pieces. Beside everything stands Bach: pieces of his that were held
    out, against those that his distributions are taken from.
    """
    from rich.console import Console

    from bachbot.cli.style_view import distances_table, grades_table, pieces_table

    if part == "train":
        raise UsageError(
            "Bach's distributions are taken from the training part, it would be held against "
            "itself: give --part test or --part validation"
        )
    prepared = shared.load_corpus(corpus)
    train = shared.pieces_of(prepared, "train", split)
    if files:
        if checkpoint is not None:
            raise UsageError(
                "files are given and no checkpoint is asked to write: leave out --checkpoint or "
                "the files"
            )
        name = "these pieces"
        title = f"beside Bach's {part} part of the split by {split}"
        if _untold(files):
            title += ", repeated notes held throughout"
        report = _of_files(files, limit, shared.pieces_of(prepared, part, split), train)
    else:
        bach = shared.pieces_of(prepared, part, split, limit)
        checkpoint = checkpoint or shared.DEFAULT_CHECKPOINT
        title, name = f"{checkpoint}, {which}: {part} part of the split by {split}", which
        report = _measured(_written(checkpoint, prepared, bach, split, which), bach, train)
    if as_json:
        typer.echo(json.dumps({"title": title} | report.to_json()))
        return
    console = Console()
    if files:
        console.print(pieces_table(f"grades, {title}", report))
    if len(report.ours.pieces) > 1:
        console.print(grades_table(f"medians of the grades, {title}", name, report))
    if report.distances:
        console.print(distances_table(f"distances, {title}", name, report))


def _of_files(
    files: "Sequence[Path]",
    limit: int | None,
    bach: "Sequence[Chorale]",
    train: "Sequence[Chorale]",
) -> "StyleReport":
    """The user's pieces; with an .npz among them all are read as an .npz can tell."""
    from bachbot.cli.show import read_pieces
    from bachbot.evaluation.style.features import as_pitches_tell

    ours = read_pieces(files)[:limit]
    if _untold(files):
        ours, bach, train = ([as_pitches_tell(c) for c in s] for s in (ours, bach, train))
    return _measured(ours, bach, train, further=len(ours) > 1)


def _untold(files: "Sequence[Path]") -> bool:
    """Whether some of the pieces do not tell a repeated note from a held one."""
    return any(path.suffix == ".npz" for path in files)


def _written(
    checkpoint: str,
    prepared: "PreparedCorpus",
    bach: "Sequence[Chorale]",
    split: str,
    which: str,
) -> "list[Chorale]":
    """What a checkpoint writes beside pieces of Bach's."""
    from bachbot.runtime import load_checkpoint

    loaded = load_checkpoint(checkpoint)
    shared.warn_of_leaks(loaded, prepared, split)
    return shared.our_set(loaded, bach, which)


def _measured(
    ours: "Sequence[Chorale]",
    bach: "Sequence[Chorale]",
    train: "Sequence[Chorale]",
    *,
    further: bool = True,
) -> "StyleReport":
    from bachbot.cli.show import progress
    from bachbot.evaluation.style import measure

    with progress("reading") as advance:
        return measure(ours, bach, train, further=further, progress=advance)
