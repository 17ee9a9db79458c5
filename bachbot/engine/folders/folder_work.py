"""What a worker process does with a file of a folder: list its tunes, or harmonize some."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from bachbot.chorale import Choir, Key, Voice
from bachbot.decoding import DecodingOptions
from bachbot.engine.engine import Engine
from bachbot.engine.folders.worker_pool import Failure, failure_of
from bachbot.engine.requests import DecodingResult
from bachbot.errors import BachbotError, OutputError
from bachbot.files import DEFAULT_CHECKPOINT, numbered
from bachbot.scores import Layout, Score, load_score
from bachbot.scores.musicxml.roman_numerals import add_roman_numerals
from bachbot.scores.phrases import NO_FERMATAS
from bachbot.scores.readers.load import list_tunes
from bachbot.scores.readers.source import InputFormat, read_bytes
from bachbot.scores.readers.tune import TuneHeading
from bachbot.scores.save import Saved, format_of, raise_failures, save_each


@dataclass(frozen=True)
class FolderSettings:
    """What the music of a folder depends on, beside its files.

    Parameters
    ----------
    voices : tuple of Voice
        Voices that come back unchanged.
    key : Key, optional
        Key of every tune. Default: estimated.
    options : DecodingOptions
        Method, beam, seed, number of versions.
    layout : Layout
        Staves of an engraving; tempo and instrument of MIDI and sound.
    checkpoint : str or Path
        Name of a shipped one, or a directory.
    numerals : bool
        Whether Roman numerals stand under the bass.
    suffixes : tuple of str
        Formats of the results: one or more suffixes that `bachbot.save_score` knows.
    transpose : str
        How a tune that no voice can sing is moved, as `bachbot.load_score` takes it.
    choir : Choir
        Who sings: the ranges and keys that `transpose` looks at.
    format : InputFormat, optional
        Format of the files. Default: by their suffixes.
    """

    voices: tuple[Voice, ...] = (Voice.SOPRANO,)
    key: Key | None = None
    options: DecodingOptions = field(default_factory=DecodingOptions)
    layout: Layout = field(default_factory=Layout)
    checkpoint: str | Path = DEFAULT_CHECKPOINT
    numerals: bool = False
    suffixes: tuple[str, ...] = (".musicxml",)
    transpose: str = "auto"
    choir: Choir = field(default_factory=Choir)
    format: InputFormat | None = None


@dataclass(frozen=True)
class Contents:
    """A file's digest, and the tunes in it."""

    digest: str
    tunes: tuple[TuneHeading, ...]


@dataclass(frozen=True)
class TuneTask:
    """A tune to harmonize.

    Parameters
    ----------
    source : Path
        Its file.
    tune : int or None
        Number of the tune in the file; None if it has one.
    target : Path
        Where the result goes, in the first format; of several versions NAME-1, NAME-2 and so on.
    """

    source: Path
    tune: int | None
    target: Path


@dataclass(frozen=True)
class TuneBatch:
    """Tunes to harmonize side by side.

    Parameters
    ----------
    tasks : tuple of TuneTask
        One or more.
    room : int
        Most frames of all of them together, times hypotheses. One that takes more than half of it
        is not put beside others, which would have to wait for it.
    """

    tasks: tuple[TuneTask, ...]
    room: int


@dataclass(frozen=True)
class Written:
    """What was written of a tune.

    Parameters
    ----------
    digest : str
        Of the file that the tune is from.
    outputs : dict of str to str
        Digest of each file that was written, by its name.
    summary : str
        Key, bars, closing cadence and faults, for a reader.
    notices : tuple of str
        What was changed or left out, a line each.
    failure : str
        Which files could not be written, and why; empty if all were.
    """

    digest: str
    outputs: dict[str, str]
    summary: str
    notices: tuple[str, ...]
    failure: str = ""


def digest_of(content: bytes) -> str:
    """SHA-256 of a file's content, in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def list_contents(source: Path, settings: FolderSettings) -> Contents:
    """Read a file's digest and the headings of its tunes.

    Raises
    ------
    ScoreError
        If it cannot be read or has no tune.
    """
    return Contents(digest_of(read_bytes(source)), list_tunes(source, format=settings.format))


def harmonize_batch(
    engine: Engine, settings: FolderSettings, batch: TuneBatch
) -> list[Written | Failure | None]:
    """Harmonize some tunes side by side and write the results.

    Returns
    -------
    list
        For each tune what was written, or why it failed; None if it is too long to be done beside
        the others. At least one is done.
    """
    results: list[Written | Failure | None] = [None] * len(batch.tasks)
    read: dict[int, tuple[str, Score]] = {}
    for index, task in enumerate(batch.tasks):
        try:
            read[index] = _read(settings, task)
        except Exception as error:  # one bad tune never costs another
            results[index] = failure_of(error)
    read = _that_fit(read, batch.room // (settings.options.beam * settings.options.number))
    made = engine.harmonize_all(
        [score for _, score in read.values()], given=settings.voices, options=settings.options
    )
    for (index, (digest, score)), versions in zip(read.items(), made, strict=True):
        try:
            if isinstance(versions, BachbotError):
                raise versions
            results[index] = _write(settings, batch.tasks[index], digest, score, versions)
        except Exception as error:
            results[index] = failure_of(error)
    return results


def _that_fit(read: dict[int, tuple[str, Score]], room: int) -> dict[int, tuple[str, Score]]:
    """The shortest tunes, at least one, that have so many frames together at most."""
    kept: dict[int, tuple[str, Score]] = {}
    left = room
    for index, found in sorted(read.items(), key=lambda item: item[1][1].chorale.frames):
        frames = found[1].chorale.frames
        if kept and (frames > room // 2 or frames > left):
            break
        kept[index] = found
        left -= frames
    return kept


def _read(settings: FolderSettings, task: TuneTask) -> tuple[str, Score]:
    """The digest of a tune's file, and the tune."""
    digest = digest_of(read_bytes(task.source))
    score = load_score(
        task.source,
        format=settings.format,
        key=settings.key,
        voices=settings.voices,
        transpose=settings.transpose,
        tune=task.tune,
        choir=settings.choir,
    )
    return digest, score


def _write(
    settings: FolderSettings,
    task: TuneTask,
    digest: str,
    score: Score,
    found: list[DecodingResult],
) -> Written:
    outcomes: list[Saved] = []
    for files, one in zip(output_files(task.target, settings, len(found)), found, strict=True):
        page = add_roman_numerals(one.score) if settings.numerals else one.score
        outcomes += save_each(page, [(p, format_of(p)) for p in files], settings.layout)
    failure = ""
    try:
        raise_failures(outcomes)
    except OutputError as error:
        if all(fault is not None for _, fault in outcomes):
            raise
        failure = str(error)
    return Written(
        digest,
        {path.name: digest_of(path.read_bytes()) for path, fault in outcomes if fault is None},
        str(found[0].summary),
        # Of many tunes, where phrases are taken to end would be a line for each.
        (
            *map(str, score.notices),
            *(notice for notice in found[0].notices if not notice.startswith(NO_FERMATAS)),
        ),
        failure,
    )


def output_files(target: Path, settings: FolderSettings, number: int) -> list[tuple[Path, ...]]:
    """The files of a tune: for each of its versions, one in each format.

    Parameters
    ----------
    target : Path
        The file of the first format.
    settings : FolderSettings
        The formats.
    number : int
        How many versions there are.
    """
    kinds = [numbered(target.with_suffix(suffix), number) for suffix in settings.suffixes]
    return list(zip(*kinds, strict=True))


def set_up(settings: FolderSettings) -> Callable[[Any], Any]:
    """Load the model in a worker process; the work lists a path's tunes, or harmonizes some."""
    return partial(_work, Engine.load(settings.checkpoint), settings)


def _work(
    engine: Engine, settings: FolderSettings, task: Path | TuneBatch
) -> Contents | list[Written | Failure | None]:
    if isinstance(task, TuneBatch):
        return harmonize_batch(engine, settings, task)
    return list_contents(task, settings)
