"""The trials of a listening test: pairs of clips, and the file that lists them."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from bachbot.errors import UsageError
from bachbot.listening.answers import CONDITIONS, quoted

FORMAT = "bachbot-trials-2"
"""Format of the file that lists the trials; files of other formats are rejected."""

TRIALS_FILE = "trials.json"
"""Name of that file in the folder of a test."""

CLIPS_FOLDER = "clips"
"""Name of the folder of clips in the folder of a test."""

CLIP_FORMATS = ("wav", "mp3", "ogg", "musicxml", "mid", "png", "svg")
"""Formats in which a clip may be available; also the suffixes of its files."""

AUDIO_FORMATS = CLIP_FORMATS[:3]
"""Those of them that are sound."""

MAX_TRIALS = 1000
MAX_FILE_BYTES = 16 * 2**20
"""Size of the largest list of trials or answer key that is read."""

_ID = re.compile(r"[0-9a-f]{12}", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", re.ASCII)
_MAX_SECONDS = 3600.0
_MAX_TITLE_LENGTH = 200


@dataclass(frozen=True)
class Clip:
    """One of the two clips of a trial.

    Parameters
    ----------
    id : str
        Twelve hexadecimal digits.
    seconds : float
        Duration, above 0 to 3600.
    files : mapping of str to str
        Paths by format, relative to the folder of the test: ``clips/<id>.<format>``. Formats are
        some of `CLIP_FORMATS`, at least one of `AUDIO_FORMATS` among them.

    Raises
    ------
    UsageError
        If a value is out of range.
    """

    id: str
    seconds: float
    files: Mapping[str, str]

    def __post_init__(self) -> None:
        check_id("clip", self.id)
        if not isfinite(self.seconds) or not 0 < self.seconds <= _MAX_SECONDS:
            raise UsageError(
                f"clip {self.id} lasts {self.seconds} seconds: give above 0 to {_MAX_SECONDS:g}"
            )
        for suffix, path in self.files.items():
            if suffix not in CLIP_FORMATS:
                raise UsageError(
                    f"clip {self.id} has the format {quoted(suffix)}: give some of "
                    f"{', '.join(CLIP_FORMATS)}"
                )
            # Only this one path is allowed, so that none can lead out of the folder.
            if path != clip_path(self.id, suffix):
                raise UsageError(
                    f"clip {self.id} has the path {quoted(path)}: give {clip_path(self.id, suffix)}"
                )
        if not set(self.files) & set(AUDIO_FORMATS):
            raise UsageError(f"clip {self.id} has no sound: give one of {', '.join(AUDIO_FORMATS)}")

    def to_json(self) -> dict[str, object]:
        """Plain data."""
        return {"id": self.id, "seconds": self.seconds, "files": dict(self.files)}


@dataclass(frozen=True)
class Trial:
    """A pair of clips, one of which is by Bach.

    Parameters
    ----------
    id : str
        Twelve hexadecimal digits.
    condition : str
        What the model wrote in the other clip: one of `CONDITIONS`.
    clips : tuple of two Clip
        In random order; of the same duration and in the same formats.

    Raises
    ------
    UsageError
        If a value is out of range or the clips differ.
    """

    id: str
    condition: str
    clips: tuple[Clip, Clip]

    def __post_init__(self) -> None:
        check_id("trial", self.id)
        if self.condition not in CONDITIONS:
            raise UsageError(
                f"trial {self.id} has the condition {quoted(self.condition)}: give one of "
                f"{', '.join(CONDITIONS)}"
            )
        if len(self.clips) != 2:
            raise UsageError(f"trial {self.id} has {len(self.clips)} clips: give two")
        one, other = self.clips
        if one.seconds != other.seconds or set(one.files) != set(other.files):
            raise UsageError(
                f"the clips of trial {self.id} differ in duration or formats: give two alike"
            )

    def to_json(self) -> dict[str, object]:
        """Plain data."""
        clips = [clip.to_json() for clip in self.clips]
        return {"id": self.id, "condition": self.condition, "clips": clips}


@dataclass(frozen=True)
class TrialList:
    """All trials of a listening test.

    Parameters
    ----------
    title : str
        1 to 200 printable characters.
    trials : tuple of Trial
        1 to 1000, with different names for all trials and clips.
    language : str
        Language of the title, such as ``"en"``.

    Raises
    ------
    UsageError
        If a value is out of range.
    """

    title: str
    trials: tuple[Trial, ...]
    language: str = "en"

    def __post_init__(self) -> None:
        if not 1 <= len(self.title) <= _MAX_TITLE_LENGTH or not self.title.isprintable():
            raise UsageError(
                f"the title is {quoted(self.title)}: "
                f"give 1 to {_MAX_TITLE_LENGTH} printable characters"
            )
        if not _LANGUAGE.fullmatch(self.language):
            raise UsageError(f"the language is {quoted(self.language)}: give one such as en")
        if not 1 <= len(self.trials) <= MAX_TRIALS:
            raise UsageError(f"there are {len(self.trials)} trials: give 1 to {MAX_TRIALS}")
        ids = [t.id for t in self.trials] + [c.id for t in self.trials for c in t.clips]
        if len(set(ids)) < len(ids):
            twice = next(i for i in ids if ids.count(i) > 1)
            raise UsageError(f"two trials or clips are named {twice}: give each its own name")

    def to_json(self) -> dict[str, object]:
        """Plain data."""
        return {
            "format": FORMAT,
            "title": self.title,
            "language": self.language,
            "trials": [t.to_json() for t in self.trials],
        }

    def to_text(self) -> str:
        """The text of the file; equal lists have equal texts."""
        return json.dumps(self.to_json(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def read_trials(folder: Path) -> TrialList:
    """Read the trials of a test and check that the files of their clips exist.

    Raises
    ------
    UsageError
        If the list is missing, too large or not valid, or the file of a clip is missing or outside
        the folder.
    """
    folder = Path(folder)
    path = folder / TRIALS_FILE
    content = read_test_file(path)
    try:
        trials = parse_trials(content)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error
    inside = folder.resolve()
    for clip in (c for t in trials.trials for c in t.clips):
        for name in clip.files.values():
            found = (folder / name).resolve()
            if not found.is_relative_to(inside) or not found.is_file():
                raise UsageError(f"{path}: there is no file {name} in {folder}: export it again")
    return trials


def parse_trials(content: bytes) -> TrialList:
    """Parse the bytes of a list of trials.

    Raises
    ------
    UsageError
        If they are not a valid list of trials.
    """
    data = parse_json(content)
    check_format(data, FORMAT)
    data = check_fields(data, "the file", ("format", "title", "language", "trials"))
    trials = tuple(_parse_trial(row) for row in _list(data["trials"], "trials", MAX_TRIALS))
    return TrialList(_text(data["title"], "title"), trials, _text(data["language"], "language"))


def trials_digest(content: bytes) -> str:
    """SHA-256 of a list of trials, 64 hexadecimal digits, by which the answer key refers to it."""
    return hashlib.sha256(content).hexdigest()


def clip_path(clip: str, suffix: str) -> str:
    """Path of a clip, relative to the folder of the test."""
    return f"{CLIPS_FOLDER}/{clip}.{suffix}"


def _parse_trial(data: object) -> Trial:
    row = check_fields(data, "a trial", ("id", "condition", "clips"))
    clips = tuple(_parse_clip(c) for c in _list(row["clips"], "clips", 2))
    return Trial(check_id("trial", row["id"]), _text(row["condition"], "condition"), clips)  # type: ignore[arg-type]


def _parse_clip(data: object) -> Clip:
    row = check_fields(data, "a clip", ("id", "seconds", "files"))
    seconds, files = row["seconds"], row["files"]
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise UsageError(f"a clip lasts {quoted(str(seconds))} seconds: give a number")
    if not isinstance(files, dict) or not all(isinstance(v, str) for v in files.values()):
        raise UsageError("the files of a clip are not a table of paths: give one path per format")
    return Clip(check_id("clip", row["id"]), float(seconds), files)


def _list(value: object, what: str, longest: int) -> list[object]:
    if not isinstance(value, list) or len(value) > longest:
        raise UsageError(f"{what} is not a list of at most {longest}: give one")
    return value


def _text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise UsageError(f"the {what} is {quoted(str(value))}: give a text")
    return value


def read_test_file(path: Path) -> bytes:
    """The bytes of a list of trials or an answer key.

    Raises
    ------
    UsageError
        If the file cannot be read or is too large.
    """
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise UsageError(
                f"{path} has more than {MAX_FILE_BYTES >> 20} MiB: give a smaller file"
            )
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{path} could not be read ({error.strerror}): give what 'bachbot listen export' wrote"
        ) from error


def parse_json(content: bytes) -> object:
    """Parse JSON in UTF-8 and reject names that occur twice in one object.

    Raises
    ------
    UsageError
        If it is not such JSON.
    """
    try:
        return json.loads(content.decode("utf-8"), object_pairs_hook=_without_duplicates)
    except (ValueError, RecursionError) as error:
        raise UsageError("it is not valid JSON in UTF-8: export it again") from error


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError
    return found


def check_format(data: object, expected: str) -> None:
    """Check the format that a file states.

    Raises
    ------
    UsageError
        If it is another one.
    """
    found = data.get("format") if isinstance(data, dict) else None
    if found != expected:
        raise UsageError(
            f"it has the format {quoted(str(found))}, but this version of bachbot reads "
            f"{expected}: export it again"
        )


def check_fields(data: object, what: str, expected: Sequence[str]) -> dict[str, object]:
    """Check that some data is an object with exactly the expected fields, and return it.

    Raises
    ------
    UsageError
        If it is not.
    """
    if not isinstance(data, dict) or set(data) != set(expected):
        raise UsageError(
            f"{what} does not have exactly the fields {', '.join(expected)}: give these"
        )
    return data


def check_id(what: str, name: object) -> str:
    """Check that something is a valid name of a trial or clip, and return it.

    Raises
    ------
    UsageError
        If it is not.
    """
    if not isinstance(name, str) or not _ID.fullmatch(name):
        raise UsageError(f"a {what} is named {quoted(str(name))}: give 12 hexadecimal digits")
    return name
