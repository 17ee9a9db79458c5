"""A listening test written to a folder that can be mailed, or put where files are served."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from textwrap import fill

import numpy as np

from bachbot.corpus.store import Piece
from bachbot.errors import OutputError, UsageError
from bachbot.listening.answer_key import Solution, Solutions, write_solutions
from bachbot.listening.answers import AGES, EXPERIENCES, NOT_TOLD
from bachbot.listening.answers_csv import RAW_HEADER
from bachbot.listening.export.clips import Stage, make_folder, pages, write_clips
from bachbot.listening.export.pairs import (
    Chooser,
    Pair,
    Writer,
    bach_first,
    clip_names,
    shares,
    trial_name,
    written,
)
from bachbot.listening.export.request import ExportRequest
from bachbot.listening.trials import NAME, Trial, Trials, digest
from bachbot.runtime import Checkpoint

_WIDTH = 80


def notice(trials: Trials, request: ExportRequest) -> str:
    """What the folder is, how it is used, and what may be done with it.

    Parameters
    ----------
    trials : Trials
        The test.
    request : ExportRequest
        How it was made; neither its seed nor its model is told.
    """
    count = len(trials.trials)
    parts = [
        f" {trials.title}\n {'=' * len(trials.title)}",
        f"A listening test of {count} {'trial' if count == 1 else 'trials'}. Each is a pair of "
        "clips of four-part chorales, one by Johann Sebastian Bach, one in which one or more of "
        "the four voices, or all of them, were written by a program.",
        "HOW TO RUN IT",
        "Open index.html in any browser. It asks nothing of the network: the folder works from a "
        "disk or a memory stick, sent as an archive, or put where files are served. At the end the "
        "participant downloads answers.csv and hands it to whoever gives the test; nothing is sent "
        "by itself. Several people may take it one after the other on one device: the file then "
        "holds all their answers.",
        "Which clip is Bach's is in a key, a file that was written beside this folder, not in it. "
        "Keep it apart. With it:",
        "    bachbot listen score answers.csv --key KEY.json -o scored.csv\n"
        "    bachbot listen analyze scored.csv",
        "WHAT THE TWO CLIPS OF A PAIR SHARE",
        f"Key, bars, tempo ({request.tempo:g} quarter notes a minute, strictly), instrument, "
        "loudness (ITU-R BS.1770-4), length to the sample, and how notes are struck again: as they "
        "are written on either side, with the same short gap. A fermata is held alike on both "
        "sides; where the whole piece is the program's only the last chord is held, and no other "
        "fermata is written, on either side. A harmonization is heard from the beginning of the "
        "piece to the end of a phrase, a composition whole.",
        "WHAT IS IN IT",
        _contents(request),
        "WHAT MAY BE DONE WITH IT",
        "Bach's music is free. The notes of his chorales were taken from the corpus of music21 "
        "(the copy of whoever made this test), whose license does not let its encodings be passed "
        "on. "
        + (
            "This folder holds recordings of them and no encoding."
            if request.audio_only
            else "The MusicXML and MIDI files in clips/ are made of these encodings, and so are "
            "the pictures: keep them to yourself, or make the folder with --audio-only, which "
            "leaves them out, before you mail or publish it."
        ),
    ]
    return "\n\n".join(p if p.startswith(" ") else fill(p, _WIDTH) for p in parts) + "\n"


def _contents(request: ExportRequest) -> str:
    sounds = " and ".join(form.upper() for form in request.formats)
    pages = "" if request.audio_only else ", as MusicXML, as MIDI and engraved (PNG, SVG)"
    return (
        f"index.html is the test, trials.json the list of its trials, clips/ each clip as {sounds}"
        f"{pages}. Names are chance, and every file bears the same date."
    )


_TEMPLATE = "offline.html.j2"

_FIRST = ("mp3", "ogg", "wav")
"""Which sound a browser is offered first."""

_WORDS = {
    "novice": "I like to listen to music, but do not play an instrument",
    "intermediate": "I play an instrument or sing, but have not studied composition",
    "advanced": "I have studied composition or harmony",
    "expert": "I teach music or do research in it",
    NOT_TOLD: "I would rather not tell",
}


def page(trials: Trials, test: str, each: int) -> str:
    """The page in HTML: it stands alone, and asks nothing of the network.

    Parameters
    ----------
    trials : Trials
        The test; it is written into the page, for a browser lets no page read the file beside it.
    test : str
        What tells this test from others that the same browser has answers of.
    each : int
        Most trials of a participant.
    """
    # Loaded here: most commands write no page.
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(
        files("bachbot.listening").joinpath(_TEMPLATE).read_text(encoding="utf-8")
    )
    setting = {
        "test": test[:16],
        "each": min(each, len(trials.trials)),
        "columns": list(RAW_HEADER),
        "trials": [
            {
                "id": trial.id,
                "type": trial.kind,
                "clips": [
                    {
                        "id": clip.id,
                        "seconds": clip.seconds,
                        "sounds": [clip.files[f] for f in _FIRST if f in clip.files],
                    }
                    for clip in trial.clips
                ],
            }
            for trial in trials.trials
        ],
    }
    return template.render(
        title=trials.title,
        language=trials.language,
        setting=setting,
        ages=[(age, _WORDS.get(age, age)) for age in AGES],
        experiences=[(e, _WORDS[e]) for e in EXPERIENCES],
        minutes=_minutes(trials, setting["each"]),  # type: ignore[arg-type]
    )


def _minutes(trials: Trials, each: int) -> int:
    """About how long it takes: every clip heard once, and some seconds to think."""
    mean = sum(2 * t.clips[0].seconds for t in trials.trials) / len(trials.trials)
    return max(1, round(each * (mean + 15) / 60))


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
