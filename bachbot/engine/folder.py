"""Harmonizing every tune in a folder: each by itself, and none at the cost of another.

Tunes are decoded one by one in worker processes (`bachbot.engine.worker_pool`). Several in one
search (`Engine.harmonize_all`) take less than half the processor time, but matrices of more rows
round differently, and a search may prune where a piece by itself has no choice, so that the music
could depend on which tunes happen to be beside each other, and a tune that fails would cost those.
"""

import warnings
from collections.abc import Generator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

from bachbot.engine.engine import Progress
from bachbot.engine.folder_names import output_names
from bachbot.engine.folder_record import Entry, FolderRecord, settings_fingerprint
from bachbot.engine.folder_work import (
    Contents,
    FolderSettings,
    TuneTask,
    Written,
    output_files,
    set_up,
)
from bachbot.engine.worker_pool import Failure, WorkerPool
from bachbot.errors import BachbotWarning, OutputError, UsageError
from bachbot.files import sweep_temporary_files
from bachbot.hardware import usable_cores
from bachbot.scores.readers.source import scores_in
from bachbot.scores.readers.tune import TuneHeading
from bachbot.scores.save import OUTPUT_FORMATS

TIME_LIMIT = 120.0
"""Seconds that a tune may take unless another limit is given."""

Status = Literal["done", "unchanged", "skipped"]
STATUSES: tuple[Status, ...] = get_args(Status)


@dataclass(frozen=True)
class Outcome:
    """What became of a tune, or of a file that could not be read.

    Parameters
    ----------
    source : Path
        The file.
    tune : TuneHeading, optional
        Which of its tunes, if it has several.
    status : {"done", "unchanged", "skipped"}
        ``"unchanged"``: an earlier run did it, with this input and these settings.
    outputs : tuple of Path
        The files of the result; if it was skipped, those of it that could be written.
    reason : str
        Why it was skipped, in one line.
    summary : str
        Key, bars, closing cadence and faults, if it was done.
    notices : tuple of str
        What was changed or left out, a line each, if it was done.
    """

    source: Path
    tune: TuneHeading | None
    status: Status
    outputs: tuple[Path, ...] = ()
    reason: str = ""
    summary: str = ""
    notices: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The file's name, and the tune's number and title if it is one of several."""
        if self.tune is None:
            return self.source.name
        return " ".join(f"{self.source.name}, tune {self.tune.number} {self.tune.title}".split())

    def to_json(self) -> dict[str, object]:
        """Convert to plain data; ``tune`` is the number in a file of several, or None."""
        return {
            "source": str(self.source),
            "tune": self.tune.number if self.tune is not None else None,
            "title": self.tune.title if self.tune is not None else None,
            "status": self.status,
            "outputs": [str(path) for path in self.outputs],
            "reason": self.reason,
            "summary": self.summary,
            "notices": list(self.notices),
        }


def harmonize_folder(
    folder: str | Path,
    output: str | Path,
    settings: FolderSettings | None = None,
    *,
    jobs: int | None = None,
    time_limit: float = TIME_LIMIT,
    force: bool = False,
    progress: Progress | None = None,
) -> Generator[Outcome, None, None]:
    """Harmonize every tune in a folder into another one.

    Each result is written as soon as it is done, and the music is that of
    `bachbot.engine.Engine.harmonize` for each tune, whatever `jobs` is. A tune that cannot be read,
    harmonized or written, takes too long or ends its process is skipped. What was done is recorded
    in the file ``.bachbot.json`` in the output folder, and passed over by a later call with the
    same input, settings and model.

    Parameters
    ----------
    folder : str or Path
        Its score files are read; of a file of many tunes, all of them.
    output : str or Path
        Folder to write; made if it is not there.
    settings : FolderSettings, optional
        Given voices, key, options, format, model. Default: as ``bachbot harmonize``.
    jobs : int, optional
        Number of tunes that are harmonized side by side. Default: one for each usable core.
    time_limit : float
        Seconds that a tune may take, more than 0.
    force : bool
        Whether everything is done anew, and files are replaced that bachbot did not write.
    progress : callable, optional
        Called with the tunes done and the number of tunes, which is that of files at first.

    Returns
    -------
    generator of Outcome
        As they come. Closing it ends the work; all that it gave is written.

    Raises
    ------
    UsageError
        If the folder has no score, is the output folder, or an argument is out of range.
    OutputError
        If the output folder cannot be made or written to.
    CheckpointError
        If the model cannot be loaded.
    WorkerError
        If worker processes cannot be started.

    Examples
    --------
    >>> for outcome in harmonize_folder("hymns", "harmonized"):  # doctest: +SKIP
    ...     print(outcome.label, outcome.status, outcome.reason)
    """
    settings = settings or FolderSettings()
    folder, output = Path(folder), Path(output)
    if not (time_limit > 0):
        raise UsageError(f"the time limit is {time_limit:g} s: give more than 0")
    if jobs is not None and jobs < 1:
        raise UsageError(f"{jobs} jobs cannot be done side by side: give 1 or more")
    for suffix in settings.suffixes:
        if suffix not in OUTPUT_FORMATS:
            raise UsageError(
                f"'{suffix}' is not a suffix that can be written: use {', '.join(OUTPUT_FORMATS)}"
            )
    if not settings.suffixes or len(set(settings.suffixes)) < len(settings.suffixes):
        raise UsageError("the formats of a folder are none, or one is given twice: give each once")
    files = scores_in(folder)
    fingerprint = settings_fingerprint(settings)
    _make(output, folder)
    sweep_temporary_files(output)
    record = FolderRecord(output)
    record.save()  # finds out now whether the folder can be written to
    pool = WorkerPool(partial(set_up, settings), jobs=jobs or usable_cores(), time_limit=time_limit)
    run = _Run(output, settings, fingerprint, record, force)
    return run.outcomes(files, pool, progress or (lambda *_: None))


def _make(output: Path, folder: Path) -> None:
    if output.exists() and output.resolve() == folder.resolve():
        raise UsageError(f"{output} is the folder that is read: give another one with -o")
    try:
        output.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"the folder {output} could not be made ({error.strerror}): give another one with -o"
        ) from error


@dataclass(frozen=True)
class _Tune:
    """A tune: its task, its heading if it is one of several, and what to record of it."""

    task: TuneTask
    heading: TuneHeading | None
    entry: Entry


@dataclass(frozen=True)
class _Run:
    """One run; see `harmonize_folder`."""

    output: Path
    settings: FolderSettings
    fingerprint: str
    record: FolderRecord
    force: bool

    def outcomes(
        self, files: list[Path], pool: WorkerPool, progress: Progress
    ) -> Generator[Outcome, None, None]:
        done, total = 0, len(files)
        progress(done, total)
        try:
            contents: dict[Path, Contents] = {}
            for index, found in pool.run(files):
                if isinstance(found, Contents):
                    contents[files[index]] = found
                    continue
                done += 1
                progress(done, total)
                yield _skipped(files[index], None, found)
            tunes = self._tunes([(p, contents[p]) for p in files if p in contents])
            total = done + len(tunes)
            todo: list[_Tune] = []
            for tune in tunes:
                settled = self._settled(tune)
                if settled is None:
                    todo.append(tune)
                    continue
                done += 1
                progress(done, total)
                yield settled
            for index, found in pool.run(tune.task for tune in todo):
                outcome = self._finished(todo[index], found)
                done += 1
                progress(done, total)
                yield outcome
        finally:
            pool.close()
            # What a process was writing when it was ended.
            sweep_temporary_files(self.output)

    def _tunes(self, contents: list[tuple[Path, Contents]]) -> list[_Tune]:
        names = output_names([(path, content.tunes) for path, content in contents])
        tunes = []
        for (path, content), stems in zip(contents, names, strict=True):
            only = len(stems) == 1
            for heading, stem in zip(content.tunes, stems, strict=True):
                target = self.output / f"{stem}{self.settings.suffixes[0]}"
                source = path.name if only else f"{path.name}#{heading.number}"
                entry = Entry(source, content.digest, self.fingerprint, {})
                task = TuneTask(path, None if only else heading.number, target)
                tunes.append(_Tune(task, None if only else heading, entry))
        return tunes

    def _settled(self, tune: _Tune) -> Outcome | None:
        """The outcome of a tune that needs no work; None if it does."""
        if self.force:
            return None
        source, target = tune.task.source, tune.task.target
        number = self.settings.options.number
        outputs = tuple(
            path for files in output_files(target, self.settings, number) for path in files
        )
        if self.record.has(target.name, tune.entry):
            return Outcome(source, tune.heading, "unchanged", outputs)
        for path in outputs:
            if not self.record.may_replace(path):
                reason = (
                    f"{path} is there, and is not as bachbot wrote it: move it, or write over it "
                    "with --force"
                )
                return Outcome(source, tune.heading, "skipped", reason=reason)
        return None

    def _finished(self, tune: _Tune, found: Any) -> Outcome:
        if not isinstance(found, Written):
            return _skipped(tune.task.source, tune.heading, found)
        entry = replace(tune.entry, input=found.digest, outputs=found.outputs)
        if found.failure:  # the files that are there are known, and the next run does it anew
            entry = replace(entry, settings="")
        try:
            self.record.add(tune.task.target.name, entry)
        except OutputError as error:
            warnings.warn(
                f"{error}; the next run does this tune anew", BachbotWarning, stacklevel=2
            )
        return Outcome(
            tune.task.source,
            tune.heading,
            "skipped" if found.failure else "done",
            tuple(self.output / name for name in found.outputs),
            reason=found.failure,
            summary=found.summary,
            notices=found.notices,
        )


def _skipped(source: Path, heading: TuneHeading | None, failure: Failure) -> Outcome:
    reason = failure.reason.removeprefix(f"{source}: ").replace(str(source), source.name)
    return Outcome(source, heading, "skipped", reason=reason)
