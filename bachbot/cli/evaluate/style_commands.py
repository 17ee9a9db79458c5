"""``bachbot evaluate`` style and novelty: how near to Bach, and how much is copied from him."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bachbot.cli import measuring as shared
from bachbot.errors import UsageError

if TYPE_CHECKING:
    from bachbot.chorale import Chorale, Voice
    from bachbot.evaluation.novelty import Novelty, TrainingIndex
    from bachbot.evaluation.style import StyleReport


def style_command(
    files: shared.FilesArgument = None,
    checkpoint: shared.CheckpointUnlessFiles = None,
    which: shared.SetOption = "harmonized",
    split: shared.SplitOption = "tune",
    part: shared.PartOption = "test",
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            min=1,
            metavar="N",
            help="Use only the first N pieces of the part, or of the files.",
        ),
    ] = None,
    as_json: shared.JsonOption = False,
    corpus: shared.CorpusOption = None,
) -> None:
    """Measure how close chorales are to Bach's style, and how they differ.

    The style distance is that of 'Bach or Mock': the sum of nine distances between the features of
    a piece and those of Bach's training pieces; lower is nearer to Bach. For several pieces the
    command also prints distances of further distributions, such as onsets per beat and the keys of
    phrase ends. Bach's held-out pieces are measured in the same way, for comparison.
    """
    from bachbot.cli.show import print_table
    from bachbot.tables.style_tables import distances_table, medians_table, pieces_table

    if part == "train":
        raise UsageError(
            "the training part is the reference and cannot be compared with itself: "
            "give --part test or --part validation"
        )
    shared.check_files_or_checkpoint(files, checkpoint)
    prepared = shared.load_corpus(corpus)
    train = shared.pieces_of(prepared, "train", split)
    if files:
        name = "these pieces"
        title = f"compared with the {part} part of the split by {split}"
        if _pitches_only(files):
            title += ", repeated notes held"
        report = _measure_files(files, limit, shared.pieces_of(prepared, part, split), train)
    else:
        bach = shared.pieces_of(prepared, part, split, limit)
        checkpoint = checkpoint or shared.DEFAULT_CHECKPOINT
        title, name = f"{checkpoint}, {which}: {part} part of the split by {split}", which
        ours = shared.load_and_generate(checkpoint, prepared, bach, which, split)
        report = _measure_style(ours, bach, train)
    figures = report.to_json()
    if as_json:
        typer.echo(json.dumps({"title": title} | figures))
        return
    if files:
        print_table(pieces_table(f"style distance, {title}", report))
    if len(report.ours.pieces) > 1:
        print_table(medians_table(f"style distance, {title}", {name: figures}))
    if report.distances:
        print_table(distances_table(f"further distances, {title}", {name: figures}))


def _pitches_only(files: Sequence[Path]) -> bool:
    """Whether some of the pieces do not distinguish a repeated note from a held one."""
    return any(path.suffix == ".npz" for path in files)


def _measure_files(
    files: Sequence[Path],
    limit: int | None,
    bach: "Sequence[Chorale]",
    train: "Sequence[Chorale]",
) -> "StyleReport":
    """Measure the user's pieces; with an .npz file among them, all are read as pitches only."""
    from bachbot.cli.show import read_pieces
    from bachbot.corpus.jsb import pitches_only

    ours = read_pieces(files)[:limit]
    if _pitches_only(files):
        ours, bach, train = ([pitches_only(c) for c in s] for s in (ours, bach, train))
    return _measure_style(ours, bach, train, further=len(ours) > 1)


def _measure_style(
    ours: "Sequence[Chorale]",
    bach: "Sequence[Chorale]",
    train: "Sequence[Chorale]",
    *,
    further: bool = True,
) -> "StyleReport":
    from bachbot.cli.show import progress
    from bachbot.evaluation.style import measure

    with progress("measuring style") as advance:
        return measure(ours, bach, train, with_profile=further, progress=advance)


def novelty_command(
    files: shared.FilesArgument = None,
    checkpoint: shared.CheckpointUnlessFiles = None,
    which: shared.SetOption = "harmonized",
    split: shared.SplitOption = "tune",
    part: shared.PartOption = "test",
    given: Annotated[
        str | None,
        typer.Option(
            "--given",
            metavar="VOICES",
            help="Voices of your files that were given, such as soprano; they are left out. "
            "[default: none; for a harmonized set, soprano]",
            show_default=False,
        ),
    ] = None,
    limit: shared.LimitOption = None,
    as_json: shared.JsonOption = False,
    corpus: shared.CorpusOption = None,
) -> None:
    """Find passages and bars that the training pieces have too, in any key.

    Bach's held-out pieces are searched in the same way, for comparison: far more than theirs means
    copying, far less means unlike Bach. A single voice is searched for in all four voices. Note
    lengths are compared as written, so a piece in halves or eighths shares little with Bach's
    quarters. An .npz file has neither bars nor repeated notes: its copied bars mean nothing, and
    repeated notes are held in all pieces compared with it.
    """
    from bachbot.cli.show import print_table, read_pieces
    from bachbot.evaluation.novelty import TrainingIndex
    from bachbot.tables.novelty_tables import (
        longest_passages,
        novelty_table,
        passages_table,
        pieces_table,
    )

    written = _written_voices(files, given, which)
    shared.check_files_or_checkpoint(files, checkpoint)
    prepared = shared.load_corpus(corpus)
    train: Sequence[Chorale] = shared.pieces_of(prepared, "train", split)
    bach: Sequence[Chorale] = shared.pieces_of(prepared, part, split, limit)
    ours: Sequence[Chorale]
    title = f"{part} part of the split by {split}, compared with {len(train)} training pieces"
    if files:
        name, ours = "yours", read_pieces(files)
        if _pitches_only(files):
            train, bach, ours = (_hold_repeats(pieces) for pieces in (train, bach, ours))
            title += ", repeated notes held"
    else:
        name, checkpoint = "bachbot", checkpoint or shared.DEFAULT_CHECKPOINT
        ours = shared.load_and_generate(checkpoint, prepared, bach, which, split)
        title = f"{checkpoint}, {which}: {title}"
    index = TrainingIndex(train)
    found = {
        "Bach": _measure_novelty("Bach", bach, index, written),
        name: _measure_novelty(name, ours, index, written),
    }
    figures = {label: novelty.to_json() for label, novelty in found.items()}
    if as_json:
        voices = [voice.label for voice in written]
        typer.echo(json.dumps({"title": title, "written": voices, "columns": figures}))
    elif files:
        print_table(pieces_table(title, found[name], found["Bach"]))
    else:
        sets = {n: figures[n] | {"longest": longest_passages(found[n])} for n in found}
        print_table(novelty_table(title, sets))
        print_table(passages_table("longest passages", sets))


def _hold_repeats(pieces: "Sequence[Chorale]") -> "Sequence[Chorale]":
    from bachbot.corpus.jsb import tie_repeated_notes

    return [tie_repeated_notes(piece) for piece in pieces]


def _written_voices(
    files: Sequence[Path] | None, given: str | None, which: str
) -> "tuple[Voice, ...]":
    """The voices that were written: all but the given ones."""
    from bachbot.chorale import VOICES, parse_voices

    if given is not None and not files:
        raise UsageError("--given has no effect without files: name your files, or leave it out")
    if not files and which == "harmonized":
        given = "soprano"
    left_out = parse_voices(given) if given is not None else ()
    written = tuple(voice for voice in VOICES if voice not in left_out)
    if not written:
        raise UsageError("all four voices are given, none is left to search: give three or fewer")
    return written


def _measure_novelty(
    name: str, pieces: "Sequence[Chorale]", index: "TrainingIndex", written: "Sequence[Voice]"
) -> "Novelty":
    from bachbot.cli.show import progress
    from bachbot.evaluation.novelty import measure

    with progress(f"searching {name}") as advance:
        return measure(pieces, index, written=written, progress=advance)
