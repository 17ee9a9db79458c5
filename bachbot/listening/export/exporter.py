"""Export of a listening test to a folder that can be sent to people or served as files."""

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
from bachbot.listening.answer_key import AnswerKey, KeyEntry, write_answer_key
from bachbot.listening.answers import AGES, EXPERIENCES, UNDISCLOSED
from bachbot.listening.answers_csv import UNSCORED_HEADER
from bachbot.listening.export.clips import (
    PairRenderer,
    make_clips_folder,
    pair_scores,
    write_clips,
)
from bachbot.listening.export.names import NameGenerator, bach_first
from bachbot.listening.export.pairs import (
    ExcerptSelector,
    Pair,
    PairGenerator,
    allocate_conditions,
    make_pairs,
)
from bachbot.listening.export.request import COMPOSITION, ExportRequest
from bachbot.listening.trials import TRIALS_FILE, Trial, TrialList, trials_digest
from bachbot.runtime import Checkpoint

TITLE = "Which clip is by Bach?"

FILE_TIME = 946_684_800
"""Modification time of all files: the first second of the year 2000 in UTC."""

Progress = Callable[[int, int], None]
"""Called with the number of trials that are done, and of all trials."""

_LINE_WIDTH = 80
_TEMPLATE = "offline.html.j2"
_PREFERRED_FORMATS = ("mp3", "ogg", "wav")
"""Audio formats in the order in which a browser tries them."""

_SECONDS_TO_ANSWER = 15

_AGE_LABELS = {UNDISCLOSED: "I prefer not to say"}
_EXPERIENCE_LABELS = {
    "novice": "I like to listen to music, but do not play an instrument",
    "intermediate": "I play an instrument or sing, but have not studied composition",
    "advanced": "I have studied composition or harmony",
    "expert": "I teach music or do research on it",
    UNDISCLOSED: "I prefer not to say",
}


def export_listening_test(
    folder: Path,
    key: Path,
    pieces: Sequence[Piece],
    checkpoint: Checkpoint,
    request: ExportRequest | None = None,
    *,
    progress: Progress | None = None,
) -> TrialList:
    """Export a listening test, completely or not at all.

    Parameters
    ----------
    folder : Path
        Folder of the test, which must not exist or be empty.
    key : Path
        File of the answer key, which must be outside the folder and not exist.
    pieces : sequence of Piece
        Bach's pieces to choose from, on which the model was not trained.
    checkpoint : Checkpoint
        The model.
    request : ExportRequest, optional
        Default: the default options.
    progress : callable, optional
        Called after each trial.

    Returns
    -------
    TrialList
        As in the folder.

    Raises
    ------
    UsageError
        If the key would be in the folder, the instrument cannot be played, or there are too few
        pieces.
    DecodingError, EncodingError
        If the model cannot harmonize a piece.
    OutputError
        If the folder or the key exists already, or a file cannot be written.
    """
    request = request or ExportRequest()
    folder, key = Path(folder), Path(key)
    check_export_paths(folder, key)
    renderer = PairRenderer(request.sound, request.tempo)
    pairs = _generate_pairs(pieces, checkpoint, request)
    with _atomic_folder(folder) as temporary:
        make_clips_folder(temporary)
        trials, entries, names = [], {}, NameGenerator()
        for number, pair in enumerate(pairs, start=1):
            trial, bach, other = _write_trial(temporary, number, pair, (renderer, names), request)
            trials.append(trial)
            entries[trial.id] = _key_entry(pair, bach, other, checkpoint, request)
            if progress is not None:
                progress(number, len(pairs))
        listed = TrialList(TITLE, tuple(trials))
        content = listed.to_text().encode()
        digest = trials_digest(content)
        page = render_offline_page(listed, digest, request.per_participant)
        (temporary / TRIALS_FILE).write_bytes(content)
        (temporary / "index.html").write_bytes(page.encode())
        (temporary / "README.txt").write_bytes(format_readme(listed, request).encode())
        _set_file_times(temporary)
        # The key is written before the folder: a test without its key would be useless.
        write_answer_key(AnswerKey(digest, request.seed, entries), key)
    return listed


def check_export_paths(folder: Path, key: Path) -> None:
    """Check that a test and its key can be written, before anything is computed.

    Raises
    ------
    UsageError
        If the key would be in the folder.
    OutputError
        If one of them exists already, or the folder that it would be in does not.
    """
    if key.resolve().is_relative_to(folder.resolve()):
        raise UsageError(
            f"the key {key} would be in {folder}, where participants can read it: "
            "write it elsewhere"
        )
    for path in (folder, key):
        if not path.resolve().parent.is_dir():
            raise OutputError(f"the folder {path.parent} does not exist: create it first")
    if key.exists():
        raise OutputError(f"{key} exists already, maybe as the key of a test: give another name")
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise OutputError(f"{folder} exists already: give the name of a new folder")


def _generate_pairs(
    pieces: Sequence[Piece], checkpoint: Checkpoint, request: ExportRequest
) -> list[Pair]:
    rng = np.random.default_rng([request.seed, 0])
    conditions = allocate_conditions(request.trials, request.conditions, rng)
    generator = PairGenerator(
        checkpoint,
        replace(request.options, seed=request.seed),
        replace(request.composing, seed=request.seed),
    )
    return make_pairs(ExcerptSelector(pieces, request.tempo, rng), conditions, generator)


def _write_trial(
    folder: Path,
    number: int,
    pair: Pair,
    tools: tuple[PairRenderer, NameGenerator],
    request: ExportRequest,
) -> tuple[Trial, str, str]:
    """Write the files of a trial; return it with the names of Bach's clip and the other one."""
    renderer, generator = tools
    scores = pair_scores(pair, f"Chorale {number:02d}")
    samples = renderer.render(pair, scores)
    names = generator.name(), generator.name()
    order = (0, 1) if bach_first() else (1, 0)
    clips = write_clips(
        folder, [names[i] for i in order], [scores[i] for i in order],
        [samples[i] for i in order], request,
    )  # fmt: skip
    trial = Trial(generator.name(), pair.condition, (clips[0], clips[1]))
    return trial, *names


def _key_entry(
    pair: Pair, bach: str, other: str, checkpoint: Checkpoint, request: ExportRequest
) -> KeyEntry:
    options = request.composing if pair.condition == COMPOSITION else request.options
    temperature = f" at {options.temperature:g}" if options.method == "sample" else ""
    width = f" of {options.beam}" if options.method == "beam" else ""
    bars = len(pair.bach.bar_starts)
    return KeyEntry(
        condition=pair.condition,
        bach=bach,
        other=other,
        source=pair.source.removesuffix(".mxl"),
        bars=f"its first {pair.bach.frames} sixteenths, {bars} bars",
        difference=round(pair.difference, 4),
        checkpoint=checkpoint.fingerprint,
        decoder=f"{options.method}{width}{temperature}",
        seed=pair.seed,
    )


@contextmanager
def _atomic_folder(folder: Path) -> Iterator[Path]:
    """A temporary folder, which is renamed to its name if the block succeeds."""
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


def _set_file_times(folder: Path) -> None:
    """Set the same time for all files, which hides the order in which they were written."""
    for path in (*folder.rglob("*"), folder):
        os.utime(path, (FILE_TIME, FILE_TIME))


def render_offline_page(trials: TrialList, digest: str, per_participant: int) -> str:
    """The page of the test as HTML, which works without a server and a network.

    Parameters
    ----------
    trials : TrialList
        The test. It is part of the page, because browsers do not let a page that is opened as a
        file read other files.
    digest : str
        Distinguishes the test from others of which the same browser has answers.
    per_participant : int
        Maximum number of trials of a participant.
    """
    # Imported here because most commands render no page.
    from jinja2 import Environment, StrictUndefined

    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(
        files("bachbot.listening.export").joinpath(_TEMPLATE).read_text(encoding="utf-8")
    )
    number = min(per_participant, len(trials.trials))
    data = {
        "test": digest[:16],
        "per_participant": number,
        "columns": list(UNSCORED_HEADER),
        "trials": [
            {
                "id": trial.id,
                "condition": trial.condition,
                "clips": [
                    {
                        "id": clip.id,
                        "seconds": clip.seconds,
                        "sounds": [clip.files[f] for f in _PREFERRED_FORMATS if f in clip.files],
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
        data=data,
        ages=[(age, _AGE_LABELS.get(age, age)) for age in AGES],
        experiences=[(e, _EXPERIENCE_LABELS[e]) for e in EXPERIENCES],
        minutes=_session_minutes(trials, number),
    )


def _session_minutes(trials: TrialList, number: int) -> int:
    """Approximate duration of a session in which each clip is played once."""
    mean = sum(2 * t.clips[0].seconds for t in trials.trials) / len(trials.trials)
    return max(1, round(number * (mean + _SECONDS_TO_ANSWER) / 60))


def format_readme(trials: TrialList, request: ExportRequest) -> str:
    """The README of the folder: how to use it, and what may be done with it.

    Parameters
    ----------
    trials : TrialList
        The test.
    request : ExportRequest
        How it was made. Neither its seed nor its model is mentioned.
    """
    count = len(trials.trials)
    parts = [
        f" {trials.title}\n {'=' * len(trials.title)}",
        f"A listening test of {count} {'trial' if count == 1 else 'trials'}. Each is a pair of "
        "clips of four-part chorales. One clip is by Johann Sebastian Bach. In the other, a "
        "program wrote one or more of the four voices, or all of them.",
        "HOW TO USE IT",
        "Open index.html in any browser. It does not use the network: the folder works from a "
        "disk or a memory stick, as an archive sent by mail, or on a web server. At the end the "
        "participant downloads answers.csv and gives it to the organizer of the test; nothing is "
        "sent automatically. Several people can take the test one after the other on the same "
        "device. The file then contains the answers of all of them.",
        "The answer key says which clips are by Bach. It was written next to this folder, not "
        "into it. Do not give it to participants. With it:",
        "    bachbot listen score answers.csv --key KEY.json -o scored.csv\n"
        "    bachbot listen analyze scored.csv",
        "WHAT THE TWO CLIPS OF A PAIR HAVE IN COMMON",
        f"Key, bars, a strict tempo ({request.tempo:g} quarter notes per minute), instrument, "
        "loudness (ITU-R BS.1770-4), duration to the sample, and the same short gap before "
        "repeated notes. Both hold the same fermatas. If the program wrote the whole piece, only "
        "the last chord has a fermata. A harmonization is played from the beginning of the piece "
        "to the end of a phrase; a composition is played as a whole.",
        "CONTENTS",
        _list_contents(request),
        "WHAT MAY BE DONE WITH IT",
        "Bach's music is in the public domain. The notes of his chorales are from the corpus of "
        "music21 (the copy of whoever made this test), whose license does not allow its encodings "
        "to be redistributed. "
        + (
            "This folder contains recordings of them and no encodings."
            if request.audio_only
            else "The MusicXML and MIDI files in clips/ are made from these encodings, and so are "
            "the pictures. Keep them to yourself, or make the folder with --audio-only, which "
            "leaves them out, before you send or publish it."
        ),
    ]
    return "\n\n".join(p if p.startswith(" ") else fill(p, _LINE_WIDTH) for p in parts) + "\n"


def _list_contents(request: ExportRequest) -> str:
    audio = " and ".join(form.upper() for form in request.formats)
    scores = "" if request.audio_only else ", and as MusicXML, MIDI and engraving (PNG, SVG)"
    return (
        f"index.html is the test, trials.json the list of its trials, clips/ has each clip as "
        f"{audio}{scores}. File names are random, and all files have the same date."
    )
