"""A listening test written to a folder that can be mailed, or put where files are served.

Nothing in it says which clip is Bach's: names are a keyed hash of the seed, the order of the two
clips is chance, and every file bears the same date. The key is written beside.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from bachbot.corpus.store import Piece
from bachbot.errors import OutputError, UsageError
from bachbot.listening.alike import Stage, pages
from bachbot.listening.clips import make_folder, write_clips
from bachbot.listening.names import bach_first, clip_names, trial_name
from bachbot.listening.notice import notice
from bachbot.listening.offline import page
from bachbot.listening.pair import Pair, Writer, written
from bachbot.listening.pairs import Chooser, shares
from bachbot.listening.request import ExportRequest
from bachbot.listening.solutions import Solution, Solutions, write_solutions
from bachbot.listening.trials import NAME, Trial, Trials, digest
from bachbot.runtime import Checkpoint

TITLE = "Which of the two is by Bach?"

DATE = 946_684_800
"""Of every file: the first second of the year 2000, UTC."""

Progress = Callable[[int, int], None]
"""Told how many trials are done, and of how many."""


def export(
    folder: Path,
    key: Path,
    pieces: Sequence[Piece],
    checkpoint: Checkpoint,
    request: ExportRequest | None = None,
    *,
    progress: Progress | None = None,
) -> Trials:
    """Write a listening test, whole or not at all.

    Parameters
    ----------
    folder : Path
        Where: a folder that is not there yet, or is empty.
    key : Path
        Where the key to the answers goes: a file outside that folder that is not there yet.
    pieces : sequence of Piece
        Bach's pieces to choose from, which the model has not heard.
    checkpoint : Checkpoint
        The model.
    request : ExportRequest, optional
        What the test is to be like.
    progress : callable, optional
        Told of trials done.

    Returns
    -------
    Trials
        As the folder lists them.

    Raises
    ------
    UsageError
        If the folder or the key cannot be there, the sound cannot be played, or the pieces are too
        few.
    DecodingError, EncodingError
        If a piece cannot be written.
    OutputError
        If a file cannot be written.
    """
    request = request or ExportRequest()
    folder, key = Path(folder), Path(key)
    check_places(folder, key)
    stage = Stage(request.sound, request.tempo)
    rng = np.random.default_rng([request.seed, 0])
    kinds = shares(request.trials, request.types, rng)
    options = replace(request.options, seed=request.seed)
    composing = replace(request.composing, seed=request.seed)
    pairs = written(
        Chooser(pieces, request.tempo, rng), kinds, Writer(checkpoint, options, composing)
    )
    with _whole(folder) as temporary:
        make_folder(temporary)
        rows, solutions = [], {}
        for number, pair in enumerate(pairs, start=1):
            trial, bach, other = _trial(temporary, number, pair, stage, request)
            rows.append(trial)
            solutions[trial.id] = _solution(pair, bach, other, checkpoint, request)
            if progress is not None:
                progress(number, len(pairs))
        trials = Trials(TITLE, tuple(rows))
        content = trials.spelled().encode()
        (temporary / NAME).write_bytes(content)
        (temporary / "index.html").write_bytes(page(trials, digest(content), request.each).encode())
        (temporary / "README.txt").write_bytes(notice(trials, request).encode())
        _dated(temporary)
        # The key first: a test without one is worth nothing.
        write_solutions(Solutions(digest(content), request.seed, solutions), key)
    return trials


def check_places(folder: Path, key: Path) -> None:
    """See that a test and its key may be written where they are wanted, before any work is done.

    Raises
    ------
    UsageError
        If the key would lie in the folder.
    OutputError
        If something is there already, or the folder that it is to be in is not.
    """
    if key.resolve().is_relative_to(folder.resolve()):
        raise UsageError(
            f"the key {key} would lie in {folder}, for all participants to read: write it elsewhere"
        )
    for path in (folder, key):
        if not path.resolve().parent.is_dir():
            raise OutputError(f"the folder {path.parent} is not there: make it, or write elsewhere")
    if key.exists():
        raise OutputError(f"{key} is there already, perhaps the key of a test: give another name")
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise OutputError(f"{folder} is there already: give the name of a new folder")


def _trial(
    folder: Path, number: int, pair: Pair, stage: Stage, request: ExportRequest
) -> tuple[Trial, str, str]:
    """One trial, its files written, and the names of Bach's clip and ours."""
    sides = pages(pair, f"Chorale {number:02d}")
    samples = stage.heard(pair, sides)
    names = clip_names(request.seed, number)
    order = (0, 1) if bach_first(request.seed, number) else (1, 0)
    clips = write_clips(
        folder, [names[i] for i in order], [sides[i] for i in order],
        [samples[i] for i in order], request,
    )  # fmt: skip
    trial = Trial(trial_name(request.seed, number), pair.kind, (clips[0], clips[1]))
    return trial, *names


def _solution(
    pair: Pair, bach: str, other: str, checkpoint: Checkpoint, request: ExportRequest
) -> Solution:
    options = request.options if len(pair.anew) < 4 else request.composing
    drawn = f" at {options.temperature:g}" if options.method == "sample" else ""
    wide = f" of {options.beam}" if options.method == "beam" else ""
    bars = len(pair.bach.bar_starts)
    return Solution(
        type=pair.kind,
        bach=bach,
        other=other,
        source=pair.source.removesuffix(".mxl"),
        bars=f"its first {pair.bach.frames} sixteenths, {bars} bars",
        differs=round(pair.differs, 4),
        checkpoint=checkpoint.fingerprint,
        decoder=f"{options.method}{wide}{drawn}",
        seed=pair.seed,
    )


@contextmanager
def _whole(folder: Path) -> Iterator[Path]:
    """A temporary folder beside one that it becomes when the block ends well."""
    temporary = None
    try:
        temporary = Path(tempfile.mkdtemp(dir=folder.resolve().parent, prefix=".listen-"))
        yield temporary
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o777 & ~umask)
        temporary.replace(folder)
    except OSError as error:
        raise OutputError(
            f"{folder} could not be written ({error.strerror or error}): write elsewhere"
        ) from error
    finally:
        if temporary is not None and temporary.exists():
            shutil.rmtree(temporary, ignore_errors=True)


def _dated(folder: Path) -> None:
    """Give everything in a folder the same date: which file was made first is nobody's matter."""
    for path in (*folder.rglob("*"), folder):
        os.utime(path, (DATE, DATE))
