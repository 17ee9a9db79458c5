"""``bachbot evaluate detect``."""

import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bachbot.cli import options as shared
from bachbot.errors import BachbotWarning, UsageError

if TYPE_CHECKING:
    from bachbot.chorale import Chorale
    from bachbot.corpus.store import Piece, PreparedCorpus
    from bachbot.evaluation.detection import Detection, InformationLevel, Match

_HELD_OUT = "held-out"
_CONTROL = "Bach himself"


@dataclass(frozen=True)
class _Trials:
    """How every comparison of one run is made."""

    bach: "Sequence[Piece]"
    permutations: int
    seed: int

    def of(self, name: str, match: "Match", telling: "InformationLevel") -> "Detection":
        """One comparison."""
        from bachbot.cli.show import progress
        from bachbot.evaluation.detection import detect

        with progress(f"telling {name} from Bach") as advance:
            return detect(
                match.ours, match.bach, match.groups, our_groups=match.our_groups,
                telling=telling, permutations=self.permutations, seed=self.seed, progress=advance,
            )  # fmt: skip

    def unpaired(
        self, name: str, ours: "Sequence[Chorale]", telling: "InformationLevel"
    ) -> "Detection":
        """Pieces beside Bach's of like length."""
        from bachbot.evaluation.detection import matched

        families = [piece.family for piece in self.bach]
        his = [piece.chorale for piece in self.bach]
        return self.of(name, matched(ours, his, families, telling=telling, seed=self.seed), telling)


def detect_command(
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
    against: Annotated[
        list[Path] | None,
        typer.Option(
            "--against",
            help="Tell the pieces of an .npz file from Bach's too, and ours by notes alone as "
            "such a file tells them; repeatable.",
        ),
    ] = None,
    split: shared.SplitOption = "tune",
    part: Annotated[
        str,
        typer.Option("--part", help="held-out (validation and test), validation, test or train."),
    ] = _HELD_OUT,
    limit: shared.LimitOption = None,
    permutations: Annotated[
        int,
        typer.Option("--permutations", min=0, help="Sides dealt by chance, for p; 0 finds none."),
    ] = 99,
    seed: Annotated[int, typer.Option("--seed", help="Of everything that is drawn.")] = 0,
    as_json: shared.JsonOption = False,
    corpus: shared.CorpusOption = None,
) -> None:
    """Try to tell pieces from Bach's, and list the features that give them away.

    Three classifiers are trained on some tunes and asked about the others; half right is perfect.
    Beside them stands Bach told from himself, one piece of each tune dealt to two sides, as the
    floor. Pieces of an .npz set, or without a fermata in any, are compared by their notes alone.
    """
    from rich.console import Console

    from bachbot.cli.detect_view import detection_table, top_features_table
    from bachbot.evaluation.detection import InformationLevel
    from bachbot.extras import require

    if files and checkpoint is not None:
        raise UsageError("--checkpoint is of no meaning beside files: leave one of them out")
    require("sklearn")  # before pieces are written, which takes minutes
    others = _read_sets(against or [])
    prepared = shared.load_corpus(corpus)
    trials = _Trials(_pieces(prepared, part, split, limit), permutations, seed)
    columns: dict[str, Detection] = {}
    if files:
        name, title = "yours", "your pieces"
        ours = _read_files(files)
        telling = _telling(ours, trials.bach, files)
        columns[name] = trials.unpaired(name, ours, telling)
    else:
        checkpoint = checkpoint or shared.DEFAULT_CHECKPOINT
        name, title = "bachbot", f"{checkpoint}, {kind}"
        ours = _written(checkpoint, prepared, trials.bach, kind, split)
        telling = _telling(ours, trials.bach, [])
        columns[name] = trials.of(name, _beside(ours, trials.bach), telling)
    if others and telling is InformationLevel.SCORE:
        notes = f"{name}, notes alone"
        columns[notes] = (
            trials.unpaired(notes, ours, InformationLevel.NOTES)
            if files
            else trials.of(notes, _beside(ours, trials.bach), InformationLevel.NOTES)
        )
    for stem, pieces in others.items():
        columns[stem] = trials.unpaired(stem, pieces, InformationLevel.NOTES)
    control = _control(prepared.pieces, columns[name].pairs, trials, telling)
    if control is not None:
        columns[_CONTROL] = control
    title += f": {part} part of the split by {split}"
    if as_json:
        figures = {name: column.to_json() for name, column in columns.items()}
        typer.echo(json.dumps({"title": title, "columns": figures}))
        return
    console = Console()
    console.print(detection_table(title, columns))
    for name, column in columns.items():
        if column.top_features:
            console.print(top_features_table(name, column))


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


def _read_files(paths: Sequence[Path]) -> "list[Chorale]":
    from bachbot.cli.show import read_pieces

    return read_pieces(paths)


def _written(
    checkpoint: str, corpus: "PreparedCorpus", bach: "Sequence[Piece]", kind: str, split: str
) -> "list[Chorale]":
    """What a checkpoint writes beside Bach's pieces."""
    from bachbot.runtime import load_checkpoint

    loaded = load_checkpoint(checkpoint)
    shared.warn_of_leaks(loaded, corpus, split)
    return shared.our_set(loaded, [piece.chorale for piece in bach], kind)


def _beside(ours: "Sequence[Chorale]", bach: "Sequence[Piece]") -> "Match":
    """Pieces that were written one beside each of Bach's."""
    from bachbot.evaluation.detection import Match

    families = tuple(piece.family for piece in bach)
    return Match(tuple(ours), tuple(piece.chorale for piece in bach), families, families)


def _telling(
    ours: "Sequence[Chorale]", bach: "Sequence[Piece]", paths: Sequence[Path]
) -> "InformationLevel":
    """What both sides tell."""
    from bachbot.corpus.jsb import from_jsb
    from bachbot.evaluation.detection import InformationLevel

    bare = any(path.suffix == ".npz" for path in paths) or any(from_jsb(p.chorale) for p in bach)
    marked = any(chorale.fermata.any() for chorale in ours)
    return InformationLevel.NOTES if bare or not marked else InformationLevel.SCORE


def _control(
    pieces: "Sequence[Piece]", pairs: int, trials: _Trials, telling: "InformationLevel"
) -> "Detection | None":
    """Bach told from himself; None where he has too few tunes for that."""
    from bachbot.evaluation.detection import FEWEST_PAIRS, halves

    families = [piece.family for piece in pieces]
    if len(set(families)) < 2 * FEWEST_PAIRS:
        warnings.warn(
            f"this corpus has {len(set(families))} tunes, {2 * FEWEST_PAIRS} or more are needed "
            "to tell Bach from himself: that is left out",
            BachbotWarning,
            stacklevel=2,
        )
        return None
    match = halves([piece.chorale for piece in pieces], families, pairs, seed=trials.seed)
    return trials.of(_CONTROL, match, telling)
