"""The answer key of a listening test: which clip of each trial is by Bach.

Only the organizer of the test has it; it is never in the folder that participants can read.
"""

import hashlib
import json
import re
import warnings
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from bachbot.errors import BachbotWarning, UsageError
from bachbot.files import write_atomically
from bachbot.listening.answers import CONDITIONS, quoted
from bachbot.listening.trials import (
    TRIALS_FILE,
    check_fields,
    check_format,
    check_id,
    parse_json,
    read_test_file,
    trials_digest,
)
from bachbot.serving.private_files import warn_of_shared_files

KEY_FORMAT = "bachbot-key-2"
"""Format of the file; files of other formats are rejected."""

_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True)
class KeyEntry:
    """The answer to one trial, and how its clips were made.

    Parameters
    ----------
    condition : str
        One of `CONDITIONS`.
    bach, other : str
        Names of the clips: the one that is by Bach, and the one with voices by the model.
    source : str
        Name of Bach's piece in the corpus.
    bars : str
        The part of the piece that is played, in words.
    difference : float
        Share of the frames of the generated voices that differ from Bach's, 0 to 1.
    checkpoint : str
        Fingerprint of the model.
    decoder : str
        Method of decoding, in words.
    seed : int
        Random seed of the decoding.

    Raises
    ------
    UsageError
        If a name or the condition is not valid.
    """

    condition: str
    bach: str
    other: str
    source: str
    bars: str
    difference: float
    checkpoint: str
    decoder: str
    seed: int

    def __post_init__(self) -> None:
        check_id("clip", self.bach)
        check_id("clip", self.other)
        if self.condition not in CONDITIONS:
            raise UsageError(
                f"a trial has the condition {quoted(str(self.condition))}: give one of "
                f"{', '.join(CONDITIONS)}"
            )
        if self.bach == self.other:
            raise UsageError(f"both clips of a trial are {self.bach}: give two different ones")


@dataclass(frozen=True)
class AnswerKey:
    """The answer key of a test.

    Parameters
    ----------
    trials_sha256 : str
        Digest of the list of trials that the key belongs to.
    seed : int
        Random seed of the export; with it the same pairs can be made again.
    trials : mapping of str to KeyEntry
        By the name of the trial.

    Raises
    ------
    UsageError
        If the digest or the name of a trial is not valid.
    """

    trials_sha256: str
    seed: int
    trials: Mapping[str, KeyEntry]

    def __post_init__(self) -> None:
        if not isinstance(self.trials_sha256, str) or not _DIGEST.fullmatch(self.trials_sha256):
            raise UsageError("trials_sha256 is not a SHA-256 digest: give 64 hexadecimal digits")
        for name in self.trials:
            check_id("trial", name)

    def to_text(self) -> str:
        """The text of the file."""
        data = {"format": KEY_FORMAT, **asdict(self)}
        return json.dumps(data, indent=1, ensure_ascii=False) + "\n"

    def check(self, folder: Path) -> None:
        """Check that this is the key of the test in a folder, and the list of trials unchanged.

        Raises
        ------
        UsageError
            If it is not, or the list cannot be read.
        """
        path = Path(folder) / TRIALS_FILE
        if trials_digest(read_test_file(path)) != self.trials_sha256:
            raise UsageError(
                f"this key belongs to another test than {path}, or that file has been changed: "
                "give the key of this test"
            )


def write_answer_key(key: AnswerKey, path: Path) -> None:
    """Write an answer key, completely or not at all, so that only its owner can read it.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    write_atomically(path, key.to_text().encode(), private=True)


def read_answer_key(path: Path, folder: Path | None = None) -> AnswerKey:
    """Read an answer key.

    Parameters
    ----------
    path : Path
        As `write_answer_key` wrote it.
    folder : Path, optional
        The test that the key must belong to.

    Warns
    -----
    BachbotWarning
        If other users can read the file, or the names of the clips tell the answers.

    Raises
    ------
    UsageError
        If the file cannot be read, is not a valid key, or belongs to another test.
    """
    path = Path(path)
    content = read_test_file(path)
    try:
        data = parse_json(content)
        check_format(data, KEY_FORMAT)
        table = check_fields(data, "the key", ("format", *(f.name for f in fields(AnswerKey))))
        trials = table["trials"]
        if not isinstance(trials, dict):
            raise UsageError("the trials are not a table by name: export it again")
        key = AnswerKey(
            trials_sha256=table["trials_sha256"],  # type: ignore[arg-type]
            seed=_checked(table["seed"], "seed", int),
            trials={name: _parse_entry(row) for name, row in trials.items()},
        )
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error
    if folder is not None:
        key.check(folder)
    warn_of_shared_files("the answer key", [path])
    if names_follow_seed(key):
        message = (
            f"{path}: the names of the clips tell the answers, because an earlier version of "
            "bachbot made them from the seed: export a new test before anybody takes this one"
        )
        warnings.warn(message, BachbotWarning, stacklevel=2)
    return key


def names_follow_seed(key: AnswerKey) -> bool:
    """Whether the names of the clips are hashes of the seed, as those of earlier versions were.

    Whoever tries the likely seeds on the names, which are public, then knows all answers.
    """
    text = b"1 first"
    first = hashlib.blake2b(text, digest_size=6, key=str(key.seed).encode()).hexdigest()
    return any(entry.bach == first for entry in key.trials.values())


def _parse_entry(data: object) -> KeyEntry:
    row = check_fields(data, "a trial of the key", [f.name for f in fields(KeyEntry)])
    return KeyEntry(**{f.name: _checked(row[f.name], f.name, f.type) for f in fields(KeyEntry)})


def _checked(value: object, what: str, expected: object):  # type: ignore[no-untyped-def]
    """A value of JSON, if it is of the type of its field."""
    integer = isinstance(value, int) and not isinstance(value, bool)
    if expected is float and (integer or isinstance(value, float)):
        return float(value)  # type: ignore[arg-type]
    if (expected is int and integer) or (expected is str and isinstance(value, str)):
        return value
    raise UsageError(f"{what} is {quoted(str(value))}: export it again")
