"""Harmonizing every tune in a folder, or in a file of many: none at the cost of another.

Tunes are decoded in worker processes, several side by side in one search, which takes half the
processor time. Each comes out as it does alone: in the networks no row of a matrix product depends
on the others (`bachbot.runtime.lstm_runtime.product`), and the search ranks hypotheses of a piece
only where that piece by itself has a choice (`bachbot.decoding.search`).
"""

import tempfile
import warnings
from collections.abc import Generator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

from bachbot.engine.engine import Progress
from bachbot.engine.folders.folder_batches import Batches
from bachbot.engine.folders.folder_names import output_names
from bachbot.engine.folders.folder_record import Entry, FolderRecord, settings_fingerprint
from bachbot.engine.folders.folder_work import (
    Contents,
    FolderSettings,
    TuneTask,
    Written,
    output_files,
    set_up,
)
from bachbot.engine.folders.worker_pool import Failure, WorkerPool
from bachbot.errors import BachbotWarning, OutputError, ScoreError, UsageError
from bachbot.files import sweep_temporary_files
from bachbot.hardware import usable_cores
from bachbot.scores.readers.source import (
    INPUT_FORMATS,
    detect_format,
    passed_over,
    read_bytes,
    scores_in,
)
from bachbot.scores.readers.tune import TuneHeading
from bachbot.scores.save import OUTPUT_FORMATS

TIME_LIMIT = 120.0
"""Seconds that a tune may take unless another limit is given."""

Status = Literal["done", "unchanged", "edited", "skipped"]
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
    status : {"done", "unchanged", "edited", "skipped"}
        ``"unchanged"``: an earlier run did it, with this input and these settings; ``"edited"``:
        the same, and somebody has changed a result since, which stays as it is.
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
    """Harmonize every tune in a folder, or in a file, into another folder.

    Each result is written as soon as it is done, and the music is that of
    `bachbot.engine.Engine.harmonize` for each tune, whatever `jobs` is. A tune that cannot be read,
    harmonized or written, takes too long or ends its process is skipped. What was done is recorded
    in the file ``.bachbot.json`` in the output folder, and passed over by a later call with the
    same input, settings and model.

    Parameters
    ----------
    folder : str or Path
        Its score files are read; of a file of many tunes, all of them. Subfolders and files of
        other kinds are passed over, with a warning. Or one file.
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
    files = _files_of(folder, output)
    fingerprint = settings_fingerprint(settings)
    _make(output, folder)
    sweep_temporary_files(output)
    record = FolderRecord(output)
    record.save()  # finds out now whether the folder can be written to
    jobs = jobs or usable_cores()
    pool = WorkerPool(partial(set_up, settings), jobs=jobs, time_limit=time_limit)
    run = _Run(output, settings, fingerprint, record, force, jobs, time_limit)
    return run.outcomes(files, pool, progress or (lambda *_: None))


def harmonize_tunes(
    content: bytes, output: str | Path, settings: FolderSettings | None = None, **options: Any
) -> Generator[Outcome, None, None]:
    """Harmonize every tune of a score that is not in a file, such as standard input.

    Parameters
    ----------
    content : bytes
        The score; its format is that of the settings, or detected.
    output, settings, options
        As in `harmonize_folder`. Results are named as those of a file named ``tune``.

    Returns
    -------
    generator of Outcome
        As `harmonize_folder`.

    Raises
    ------
    ScoreError
        If the format cannot be detected.
    BachbotError
        As `harmonize_folder`.
    """
    found = (settings or FolderSettings()).format or detect_format(content)
    if found is None:
        raise ScoreError("the format of the score cannot be detected: name it (--from)")
    suffix = next(suffix for suffix, name in INPUT_FORMATS.items() if name == found)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bachbot-")))
        file = folder / f"tune{suffix}"
        file.write_bytes(content)
        outcomes = harmonize_folder(file, output, settings, **options)
        held = stack.pop_all()

    def all_outcomes() -> Generator[Outcome, None, None]:
        with held, closing(outcomes):
            yield from outcomes

    return all_outcomes()


def _files_of(source: Path, output: Path) -> list[Path]:
    """The scores to read: those of a folder, with a word on what else it holds, or a file."""
    if not source.is_dir():
        read_bytes(source)
        return [source]
    files = scores_in(source)
    folders, others = passed_over(source)
    folders = [name for name in folders if (source / name).resolve() != output.resolve()]
    if folders:
        warnings.warn(
            f"{source}: {_counted(folders, 'subfolder')} passed over: harmonize each by itself",
            BachbotWarning,
            stacklevel=3,
        )
    if others:
        warnings.warn(
            f"{source}: {_counted(others, 'file')} of other kinds passed over",
            BachbotWarning,
            stacklevel=3,
        )
    return files


def _counted(names: list[str], noun: str) -> str:
    """Such as ``"3 subfolders (a, b, ...)"``."""
    some = ", ".join([*names[:2], *(["..."] if len(names) > 2 else [])])
    return f"{len(names)} {noun}{'s' if len(names) > 1 else ''} ({some})"


def _make(output: Path, folder: Path) -> None:
    if output.exists() and output.resolve() == folder.resolve() and folder.is_dir():
        raise UsageError(f"{output} is the folder that is read: give another one with -o")
    if output.exists() and not output.is_dir():
        raise UsageError(f"{output} is no folder, and several files are written: give a folder")
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
    jobs: int
    time_limit: float

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
            todo: list[tuple[TuneTask, _Tune]] = []
            for tune in tunes:
                settled = self._settled(tune)
                if settled is None:
                    todo.append((tune.task, tune))
                    continue
                done += 1
                progress(done, total)
                yield settled
            batches = Batches(todo, jobs=self.jobs, time_limit=self.time_limit)
            for index, results in pool.run(batches):
                if not self.output.is_dir():
                    raise OutputError(
                        f"the folder {self.output} was removed during the work: run it again"
                    )
                for tune, found in batches.results(index, results):
                    done += 1
                    progress(done, total)
                    yield self._finished(tune, found)
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
        edited = [path for path in outputs if not self.record.may_replace(path)]
        if self.record.has(target.name, tune.entry):
            return Outcome(source, tune.heading, "edited" if edited else "unchanged", outputs)
        if not edited:
            return None
        what = "edited since bachbot wrote it" if self.record.names(edited[0]) else "not bachbot's"
        reason = f"{edited[0]} is there, and is {what}: move it, or write over it with --force"
        return Outcome(source, tune.heading, "skipped", reason=reason)

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
