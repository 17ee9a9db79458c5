"""The key of a listening test: which clip of each trial is Bach's. It stays with who gives it."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from bachbot.errors import UsageError
from bachbot.files import write_atomically
from bachbot.listening.answers import KINDS, shown
from bachbot.listening.trials import (
    NAME,
    check_format,
    check_id,
    digest,
    fields_of,
    parsed,
    read_bytes,
)

FORMAT = "bachbot-key-1"
"""Format of the file; another one is refused."""

_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


@dataclass(frozen=True)
class Solution:
    """What is behind one trial.

    Parameters
    ----------
    type : str
        One of `KINDS`.
    bach, other : str
        The clips: Bach's, and the one that is not or not all his.
    source : str
        Bach's piece, as the corpus names it.
    bars : str
        How much of it is heard, in words.
    differs : float
        Share of the frames of the voices that were written anew that differ from Bach's, 0 to 1.
    checkpoint : str
        Fingerprint of the model.
    decoder : str
        How it was decoded, in words.
    seed : int
        Of that decoding.

    Raises
    ------
    UsageError
        If a name or the type cannot be.
    """

    type: str
    bach: str
    other: str
    source: str
    bars: str
    differs: float
    checkpoint: str
    decoder: str
    seed: int

    def __post_init__(self) -> None:
        check_id("clip", self.bach)
        check_id("clip", self.other)
        if self.type not in KINDS:
            raise UsageError(
                f"a trial is of type {shown(str(self.type))}: give one of {', '.join(KINDS)}"
            )
        if self.bach == self.other:
            raise UsageError(f"both clips of a trial are {self.bach}: give two")


@dataclass(frozen=True)
class Solutions:
    """The key of a test.

    Parameters
    ----------
    trials_sha256 : str
        Digest of the trials file that it belongs to.
    seed : int
        Seed of the export, which makes the test again.
    trials : mapping of str to Solution
        By trial.

    Raises
    ------
    UsageError
        If the digest or a trial's name cannot be.
    """

    trials_sha256: str
    seed: int
    trials: Mapping[str, Solution]

    def __post_init__(self) -> None:
        if not isinstance(self.trials_sha256, str) or not _DIGEST.fullmatch(self.trials_sha256):
            raise UsageError("trials_sha256 is no SHA-256: give 64 hexadecimal digits")
        for name in self.trials:
            check_id("trial", name)

    def spelled(self) -> str:
        """The text of the file."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1, ensure_ascii=False) + "\n"

    def check(self, folder: Path) -> None:
        """See that a test's folder is the one that this key belongs to, its list unchanged.

        Raises
        ------
        UsageError
            If it is not, or cannot be read.
        """
        path = Path(folder) / NAME
        if digest(read_bytes(path)) != self.trials_sha256:
            raise UsageError(
                f"{path} is not the file that this key was written for, or was changed since: "
                "give the key of this test"
            )


def write_solutions(solutions: Solutions, path: Path) -> None:
    """Write a key, whole or not at all.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    write_atomically(path, solutions.spelled().encode())


def read_solutions(path: Path, folder: Path | None = None) -> Solutions:
    """Read a key.

    Parameters
    ----------
    path : Path
        As `write_solutions` wrote it.
    folder : Path, optional
        The test that it is to be the key of.

    Raises
    ------
    UsageError
        If it cannot be read, is no key, or belongs to another test.
    """
    path = Path(path)
    content = read_bytes(path)
    try:
        data = parsed(content)
        check_format(data, FORMAT)
        table = fields_of(data, "the key", ("format", *(f.name for f in fields(Solutions))))
        trials = table["trials"]
        if not isinstance(trials, dict):
            raise UsageError("its trials are no table: export it again")
        found = Solutions(
            trials_sha256=table["trials_sha256"],  # type: ignore[arg-type]
            seed=_typed(table["seed"], "seed", int),
            trials={name: _solution(row) for name, row in trials.items()},
        )
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error
    if folder is not None:
        found.check(folder)
    return found


def _solution(data: object) -> Solution:
    row = fields_of(data, "a trial of the key", [f.name for f in fields(Solution)])
    return Solution(**{f.name: _typed(row[f.name], f.name, f.type) for f in fields(Solution)})


def _typed(value: object, what: str, wanted: object):  # type: ignore[no-untyped-def]  # of a field
    whole = isinstance(value, int) and not isinstance(value, bool)
    if wanted is float and (whole or isinstance(value, float)):
        return float(value)  # type: ignore[arg-type]
    if (wanted is int and whole) or (wanted is str and isinstance(value, str)):
        return value
    raise UsageError(f"{what} is {shown(str(value))}: export it again")
