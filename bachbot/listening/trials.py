"""The trials of a listening test: pairs of clips, and the file that lists them."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from bachbot.errors import UsageError
from bachbot.listening.answers import KINDS, shown

LARGEST = 16 * 2**20
"""Bytes of a file that is read."""

_ID = re.compile(r"[0-9a-f]{12}", re.ASCII)


def read_bytes(path: Path) -> bytes:
    """The bytes of a file of the test.

    Raises
    ------
    UsageError
        If it cannot be read or is too large.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise UsageError(f"{path} has more than {LARGEST >> 20} MiB: give a smaller file")
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"{path} could not be read ({error.strerror}): give what 'bachbot listen export' wrote"
        ) from error


def parsed(content: bytes) -> object:
    """What a JSON file holds.

    Raises
    ------
    UsageError
        If it is no JSON in UTF-8, or names something twice.
    """
    try:
        return json.loads(content.decode("utf-8"), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise UsageError("it is no JSON in UTF-8: export it again") from error


def check_format(data: object, wanted: str) -> None:
    """See that a file is of a format.

    Raises
    ------
    UsageError
        If it is not.
    """
    found = data.get("format") if isinstance(data, dict) else None
    if found != wanted:
        raise UsageError(
            f"it is of format {shown(str(found))}, this version reads {wanted}: export it again"
        )


def fields_of(data: object, what: str, wanted: Sequence[str]) -> dict[str, object]:
    """An object with exactly these fields.

    Raises
    ------
    UsageError
        If it is none.
    """
    if not isinstance(data, dict) or set(data) != set(wanted):
        raise UsageError(f"{what} does not have just the fields {', '.join(wanted)}: give these")
    return data


def check_id(what: str, name: object) -> str:
    """See that something is a trial's or a clip's name.

    Raises
    ------
    UsageError
        If it is none.
    """
    if not isinstance(name, str) or not _ID.fullmatch(name):
        raise UsageError(f"a {what} is named {shown(str(name))}: give 12 hexadecimal digits")
    return name


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError
    return found


FORMAT = "bachbot-trials-1"
"""Format of the file; another one is refused."""

NAME = "trials.json"
"""Its name in a test's folder."""

CLIPS = "clips"
"""Folder of the clips in it."""

FORMATS = ("wav", "mp3", "ogg", "musicxml", "mid", "png", "svg")
"""What a clip may be there as; its files end in these."""

SOUNDS = FORMATS[:3]
"""Those that are heard."""

MOST_TRIALS = 1000
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*", re.ASCII)
_LONGEST = 3600.0
_LONGEST_TITLE = 200


@dataclass(frozen=True)
class Clip:
    """One of the two clips of a trial.

    Parameters
    ----------
    id : str
        Twelve hexadecimal digits.
    seconds : float
        How long it lasts, above 0 to 3600.
    files : mapping of str to str
        Where it lies from the test's folder on, ``clips/<id>.<format>``, by format: some of
        `FORMATS`, one of `SOUNDS` among them.

    Raises
    ------
    UsageError
        If a value is none of those.
    """

    id: str
    seconds: float
    files: Mapping[str, str]

    def __post_init__(self) -> None:
        check_id("clip", self.id)
        if not isfinite(self.seconds) or not 0 < self.seconds <= _LONGEST:
            raise UsageError(
                f"clip {self.id} lasts {self.seconds} seconds: give above 0 to {_LONGEST:g}"
            )
        for form, path in self.files.items():
            if form not in FORMATS:
                raise UsageError(
                    f"clip {self.id} is there as {shown(form)}: give some of {', '.join(FORMATS)}"
                )
            # Spelled out, so that no path can be anything else than a file of this folder.
            if path != path_of(self.id, form):
                raise UsageError(
                    f"clip {self.id} lies at {shown(path)}: give {path_of(self.id, form)}"
                )
        if not set(self.files) & set(SOUNDS):
            raise UsageError(f"clip {self.id} has no sound: give one of {', '.join(SOUNDS)}")

    def to_json(self) -> dict[str, object]:
        """Plain data."""
        return {"id": self.id, "seconds": self.seconds, "files": dict(self.files)}


@dataclass(frozen=True)
class Trial:
    """Two clips, one of them Bach's.

    Parameters
    ----------
    id : str
        Twelve hexadecimal digits.
    kind : str
        What is not Bach's in the other clip: one of `KINDS`.
    clips : tuple of two Clip
        In an order that tells nothing; equally long, and there in the same formats.

    Raises
    ------
    UsageError
        If that is not so.
    """

    id: str
    kind: str
    clips: tuple[Clip, Clip]

    def __post_init__(self) -> None:
        check_id("trial", self.id)
        if self.kind not in KINDS:
            raise UsageError(
                f"trial {self.id} is of type {shown(self.kind)}: give one of {', '.join(KINDS)}"
            )
        if len(self.clips) != 2:
            raise UsageError(f"trial {self.id} has {len(self.clips)} clips: give two")
        one, other = self.clips
        if one.seconds != other.seconds or set(one.files) != set(other.files):
            raise UsageError(
                f"the clips of trial {self.id} differ in length or formats: give two alike"
            )

    def to_json(self) -> dict[str, object]:
        """Plain data."""
        return {"id": self.id, "type": self.kind, "clips": [c.to_json() for c in self.clips]}


@dataclass(frozen=True)
class Trials:
    """A listening test.

    Parameters
    ----------
    title : str
        1 to 200 printable characters.
    trials : tuple of Trial
        1 to 1000; no trial or clip is there twice.
    language : str
        Of the title, such as ``"en"``.

    Raises
    ------
    UsageError
        If a value is none of those.
    """

    title: str
    trials: tuple[Trial, ...]
    language: str = "en"

    def __post_init__(self) -> None:
        if not 1 <= len(self.title) <= _LONGEST_TITLE or not self.title.isprintable():
            raise UsageError(
                f"the title is {shown(self.title)}: give 1 to {_LONGEST_TITLE} printable characters"
            )
        if not _LANGUAGE.fullmatch(self.language):
            raise UsageError(f"the language is {shown(self.language)}: give one such as en")
        if not 1 <= len(self.trials) <= MOST_TRIALS:
            raise UsageError(f"there are {len(self.trials)} trials: give 1 to {MOST_TRIALS}")
        ids = [t.id for t in self.trials] + [c.id for t in self.trials for c in t.clips]
        if len(set(ids)) < len(ids):
            twice = next(i for i in ids if ids.count(i) > 1)
            raise UsageError(f"{twice} names two trials or clips: give each a name of its own")

    def to_json(self) -> dict[str, object]:
        """Plain data."""
        return {
            "format": FORMAT,
            "title": self.title,
            "language": self.language,
            "trials": [t.to_json() for t in self.trials],
        }

    def spelled(self) -> str:
        """The text of the file; the same trials have the same text."""
        return json.dumps(self.to_json(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def read_trials(folder: Path) -> Trials:
    """Read the trials of a test's folder and see that their files are there.

    Raises
    ------
    UsageError
        If there is no such file, it is too large, no JSON or not as `Trials` wants it, or a clip's
        file is missing or leads out of the folder.
    """
    folder = Path(folder)
    path = folder / NAME
    content = read_bytes(path)
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


def parse_trials(content: bytes) -> Trials:
    """Read trials from the bytes of their file.

    Raises
    ------
    UsageError
        If they are not as `Trials` wants them.
    """
    data = parsed(content)
    check_format(data, FORMAT)
    data = fields_of(data, "the file", ("format", "title", "language", "trials"))
    trials = tuple(_trial(row) for row in _list(data["trials"], "trials", MOST_TRIALS))
    return Trials(_text(data["title"], "title"), trials, _text(data["language"], "language"))


def digest(content: bytes) -> str:
    """SHA-256 of a list of trials, 64 hexadecimal digits: the key holds it."""
    return hashlib.sha256(content).hexdigest()


def path_of(clip: str, form: str) -> str:
    """Where a clip lies from the test's folder on."""
    return f"{CLIPS}/{clip}.{form}"


def _trial(data: object) -> Trial:
    row = fields_of(data, "a trial", ("id", "type", "clips"))
    clips = tuple(_clip(c) for c in _list(row["clips"], "clips", 2))
    return Trial(check_id("trial", row["id"]), _text(row["type"], "type"), clips)  # type: ignore[arg-type]


def _clip(data: object) -> Clip:
    row = fields_of(data, "a clip", ("id", "seconds", "files"))
    seconds, files = row["seconds"], row["files"]
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise UsageError(f"a clip lasts {shown(str(seconds))} seconds: give a number")
    if not isinstance(files, dict) or not all(isinstance(v, str) for v in files.values()):
        raise UsageError("the files of a clip are no names: give one for each format")
    return Clip(check_id("clip", row["id"]), float(seconds), files)


def _list(value: object, what: str, most: int) -> list[object]:
    if not isinstance(value, list) or len(value) > most:
        raise UsageError(f"{what} is no list of at most {most}: give one")
    return value


def _text(value: object, what: str) -> str:
    if not isinstance(value, str):
        raise UsageError(f"the {what} is {shown(str(value))}: give a text")
    return value
