"""The user's own pieces: four-part chorales in files or folders, as measures want them."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bachbot.errors import UsageError

if TYPE_CHECKING:
    from bachbot.chorale import Chorale


def read_pieces(paths: Sequence[Path]) -> "list[Chorale]":
    """The chorales of some files, each in its own key.

    Parameters
    ----------
    paths : sequence of Path
        Score files, folders of them, and ``.npz`` files as `bachbot.corpus.jsb` describes them:
        of JSB-16th the test part, of a set without parts all.

    Raises
    ------
    UsageError
        If a folder holds no score.
    ScoreError
        If a file cannot be read, or is no four-part piece.
    CorpusError
        If an ``.npz`` file is something else.
    """
    from bachbot.chorale import VOICES
    from bachbot.corpus.jsb import read_as_they_are
    from bachbot.scores import load_score

    found: list[Chorale] = []
    for path in paths:
        if path.suffix == ".npz":
            found += read_as_they_are(path)
        elif path.is_dir():
            found += [load_score(file, voices=VOICES).chorale for file in scores_in(path)]
        else:
            found.append(load_score(path, voices=VOICES).chorale)
    return found


def scores_in(folder: Path) -> list[Path]:
    """The score files of a folder, by name.

    Raises
    ------
    UsageError
        If there is none.
    """
    from bachbot.scores.load import KINDS

    files = sorted(p for p in folder.iterdir() if p.is_file() and p.suffix.lower() in KINDS)
    if not files:
        raise UsageError(
            f"the folder {folder} holds no score: give one with files in {' '.join(KINDS)}"
        )
    return files
