"""``bachbot evaluate detect``."""

import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bachbot.cli import measuring as shared
from bachbot.errors import BachbotWarning, UsageError

if TYPE_CHECKING:
    from bachbot.chorale import Chorale
    from bachbot.corpus.store import Piece, PreparedCorpus
    from bachbot.evaluation.detection import Detection, InformationLevel, MatchedSets

_HELD_OUT = "held-out"


@dataclass(frozen=True)
class _Comparisons:
    """How every comparison of one run is made."""

    bach: "Sequence[Piece]"
    permutations: int
    seed: int

    def compare(self, name: str, match: "MatchedSets", level: "InformationLevel") -> "Detection":
        """One comparison."""
        from bachbot.cli.show import progress
        from bachbot.evaluation.detection import measure

        with progress(f"classifying {name}") as advance:
            return measure(
                match.ours, match.bach, match.groups, our_groups=match.our_groups,
                level=level, permutations=self.permutations, seed=self.seed, progress=advance,
            )  # fmt: skip

    def unpaired(
        self, name: str, ours: "Sequence[Chorale]", level: "InformationLevel"
    ) -> "Detection":
        """Pieces compared with Bach's of similar length."""
        from bachbot.evaluation.detection import match_pairs

        families = [piece.family for piece in self.bach]
        bach = [piece.chorale for piece in self.bach]
        match = match_pairs(ours, bach, families, level=level, seed=self.seed)
        return self.compare(name, match, level)


def detect_command(
    files: shared.FilesArgument = None,
    checkpoint: shared.CheckpointUnlessFiles = None,
    which: shared.SetOption = "harmonized",
    against: Annotated[
        list[Path] | None,
        typer.Option(
            "--against",
            metavar="FILE",
            help="An .npz file whose pieces are compared with Bach's too, by their notes only; "
            "repeatable. Your pieces are then compared by their notes only as well.",
        ),
    ] = None,
    split: shared.SplitOption = "tune",
    part: Annotated[
        str,
        typer.Option(
            "--part",
            metavar="NAME",
            help="Part of the split: held-out (validation and test), validation, test or train.",
        ),
    ] = _HELD_OUT,
    limit: shared.LimitOption = None,
    permutations: Annotated[
        int,
        typer.Option(
            "--permutations",
            metavar="N",
            min=0,
            help="Label permutations for the p-value; 0 skips it.",
        ),
    ] = 99,
    seed: Annotated[int, typer.Option("--seed", metavar="N", help="Random seed.")] = 0,
    as_json: shared.JsonOption = False,
    corpus: shared.CorpusOption = None,
) -> None:
    """Train classifiers to tell pieces from Bach's, and list the features that differ.

    Three classifiers are trained on some tunes and tested on the others; 50% accuracy means
    indistinguishable. For comparison, Bach's own pieces are divided in two, one piece of each
    tune, and classified in the same way. Pieces of an .npz file, and pieces without fermatas, are
    compared by their notes only.
    """
    from bachbot.cli.show import print_table
    from bachbot.evaluation.detection import InformationLevel
    from bachbot.extras import require
    from bachbot.tables.detection_tables import CONTROL, accuracy_table, features_table

    shared.check_files_or_checkpoint(files, checkpoint)
    require("sklearn")  # before pieces are written, which takes minutes
    others = _read_sets(against or [])
    prepared = shared.load_corpus(corpus)
    comparisons = _Comparisons(_pieces(prepared, part, split, limit), permutations, seed)
    name, title, ours = _our_pieces(files, checkpoint, which, prepared, comparisons.bach, split)
    level = _information_level(ours, comparisons.bach, files or [])
    levels = {name: level}
    if others and level is InformationLevel.SCORE:
        levels[f"{name}, notes only"] = InformationLevel.NOTES
    columns: dict[str, Detection] = {}
    for label, compared_by in levels.items():
        columns[label] = (
            comparisons.unpaired(label, ours, compared_by)
            if files
            else comparisons.compare(label, _paired(ours, comparisons.bach), compared_by)
        )
    for stem, pieces in others.items():
        columns[stem] = comparisons.unpaired(stem, pieces, InformationLevel.NOTES)
    control = _control(prepared.pieces, columns[name].pairs, comparisons, level)
    if control is not None:
        columns[CONTROL] = control
    title += f": {part} part of the split by {split}"
    figures = {label: column.to_json() for label, column in columns.items()}
    if as_json:
        typer.echo(json.dumps({"title": title, "columns": figures}))
        return
    print_table(accuracy_table(title, figures))
    for label, found in figures.items():
        if found["top_features"]:
            print_table(features_table(label, found))


def _our_pieces(
    files: Sequence[Path] | None,
    checkpoint: str | None,
    which: str,
    corpus: "PreparedCorpus",
    bach: "Sequence[Piece]",
    split: str,
) -> "tuple[str, str, Sequence[Chorale]]":
    """The pieces to compare with Bach's, their name, and a title."""
    from bachbot.cli.show import read_pieces

    if files:
        return "yours", "your pieces", read_pieces(files)
    checkpoint = checkpoint or shared.DEFAULT_CHECKPOINT
    chorales = [piece.chorale for piece in bach]
    ours = shared.load_and_generate(checkpoint, corpus, chorales, which, split)
    return "bachbot", f"{checkpoint}, {which}", ours


def _pieces(
    corpus: "PreparedCorpus", part: str, split: str, limit: int | None
) -> "tuple[Piece, ...]":
    """Bach's pieces with their tunes."""
    parts = ("validation", "test") if part == _HELD_OUT else (part,)
    chosen = {id(c) for name in parts for c in corpus.part(name, split)}  # type: ignore[arg-type]
    pieces = tuple(piece for piece in corpus.pieces if id(piece.chorale) in chosen)[:limit]
    if not pieces:
        raise UsageError(f"the {part} part of the split by {split} has no piece: name another part")
    return pieces


def _read_sets(paths: Sequence[Path]) -> "dict[str, list[Chorale]]":
    from bachbot.corpus.jsb import read_as_they_are

    return {path.stem: read_as_they_are(path) for path in paths}


def _paired(ours: "Sequence[Chorale]", bach: "Sequence[Piece]") -> "MatchedSets":
    """Pieces of which each was written for one of Bach's."""
    from bachbot.evaluation.detection import MatchedSets

    families = tuple(piece.family for piece in bach)
    return MatchedSets(tuple(ours), tuple(piece.chorale for piece in bach), families, families)


def _information_level(
    ours: "Sequence[Chorale]", bach: "Sequence[Piece]", paths: Sequence[Path]
) -> "InformationLevel":
    """How much of the pieces both sides hold."""
    from bachbot.corpus.jsb import from_jsb
    from bachbot.evaluation.detection import InformationLevel

    bare = any(path.suffix == ".npz" for path in paths) or any(from_jsb(p.chorale) for p in bach)
    marked = any(chorale.fermata.any() for chorale in ours)
    return InformationLevel.NOTES if bare or not marked else InformationLevel.SCORE


def _control(
    pieces: "Sequence[Piece]", pairs: int, comparisons: _Comparisons, level: "InformationLevel"
) -> "Detection | None":
    """Two halves of Bach's own pieces compared; None where he has too few tunes for that."""
    from bachbot.evaluation.detection import FEWEST_PAIRS, split_halves
    from bachbot.tables.detection_tables import CONTROL

    families = [piece.family for piece in pieces]
    if len(set(families)) < 2 * FEWEST_PAIRS:
        warnings.warn(
            f"this corpus has {len(set(families))} tunes, but {2 * FEWEST_PAIRS} or more are "
            "needed to compare two halves of Bach's pieces: this comparison is left out",
            BachbotWarning,
            stacklevel=2,
        )
        return None
    match = split_halves(
        [piece.chorale for piece in pieces], families, pairs, seed=comparisons.seed
    )
    return comparisons.compare(CONTROL, match, level)
