"""Answers of a listening test: one answer, and all answers as columns."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from bachbot.errors import UsageError

CONDITIONS = ("S", "A", "T", "B", "AT", "ATB", "composition")
"""What the model wrote in the clip that is not by Bach: one voice, two, three, or a whole piece."""

LEFT, RIGHT = SIDES = ("left", "right")
"""The clip that is presented first, and the clip that is presented second."""

UNDISCLOSED = "undisclosed"
"""Age or experience of a participant who prefers not to say."""

AGES = ("under 18", "18-25", "26-45", "46-60", "over 60", UNDISCLOSED)
EXPERIENCES = ("novice", "intermediate", "advanced", "expert", UNDISCLOSED)

MAX_ID_LENGTH = 100
"""Characters in the name of a participant or a trial."""

SEGMENTS = 50
"""A clip is divided into this many segments of equal length, each of which is played or not."""

NO_SEGMENTS = "0" * SEGMENTS
ALL_SEGMENTS = "1" * SEGMENTS

_SEGMENTS = re.compile(rf"[01]{{{SEGMENTS}}}", re.ASCII)
_MAX_COUNT = 10_000
_MAX_SECONDS = 86_400.0
_TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|\+00:00)", re.ASCII)


def parse_timestamp(text: str) -> datetime:
    """A time in UTC from its ISO 8601 form, such as ``2026-05-01T12:30:00Z``.

    Raises
    ------
    UsageError
        If the text is not in this form or not in UTC.
    """
    try:
        if _TIMESTAMP.fullmatch(text):
            return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        pass
    raise UsageError(
        f"answered_at is {quoted(text)}: give a time in UTC such as 2026-05-01T12:30:00Z"
    )


def quoted(text: str) -> str:
    """Text of unknown origin, escaped and shortened so that it fits on one line of a message."""
    return ascii(text if len(text) <= 40 else text[:37] + "...")


@dataclass(frozen=True)
class Playback:
    """What a participant has played of the two clips of a trial.

    Parameters
    ----------
    plays_left, plays_right : int
        How often each clip was started, 0 to 10000.
    heard_left, heard_right : str
        `SEGMENTS` digits from the start to the end of the clip, ``1`` for a segment that was
        played.

    Raises
    ------
    UsageError
        If a value is out of range.
    """

    plays_left: int = 0
    plays_right: int = 0
    heard_left: str = NO_SEGMENTS
    heard_right: str = NO_SEGMENTS

    def __post_init__(self) -> None:
        for plays in (self.plays_left, self.plays_right):
            if not 0 <= plays <= _MAX_COUNT:
                raise UsageError(f"a clip was started {plays} times: give 0 to {_MAX_COUNT}")
        for heard in (self.heard_left, self.heard_right):
            if not _SEGMENTS.fullmatch(heard):
                raise UsageError(
                    f"the segments played are not {SEGMENTS} digits 0 or 1: give those"
                )

    def merged(self, other: "Playback") -> "Playback":
        """The union of two reports, so that late or repeated reports never lose anything."""
        return Playback(
            max(self.plays_left, other.plays_left),
            max(self.plays_right, other.plays_right),
            _union(self.heard_left, other.heard_left),
            _union(self.heard_right, other.heard_right),
        )

    @property
    def left(self) -> float:
        """Share of the left clip that was played, 0 to 1."""
        return self.heard_left.count("1") / SEGMENTS

    @property
    def right(self) -> float:
        """Share of the right clip that was played, 0 to 1."""
        return self.heard_right.count("1") / SEGMENTS

    @property
    def started(self) -> bool:
        """Whether at least one clip was started."""
        return self.plays_left > 0 or self.plays_right > 0


def _union(one: str, other: str) -> str:
    return "".join("1" if "1" in pair else "0" for pair in zip(one, other, strict=True))


@dataclass(frozen=True)
class Answer:
    """The answer of one participant to one trial, a two-alternative forced choice.

    Parameters
    ----------
    participant, trial : str
        Opaque names of 1 to 100 printable characters, without a space at either end. A trial is a
        pair of clips.
    condition : str
        One of `CONDITIONS`.
    bach_side, chosen : str
        The side of the clip that is by Bach, and the side that the participant chose: ``"left"``
        or ``"right"``.
    position : int
        Position in the participant's session, 1 to 10000.
    response_time : float
        Seconds from the first play to the answer, 0 to 86400.
    plays_left, plays_right : int
        How often each clip was started, 0 to 10000.
    heard_left, heard_right : float
        Share of each clip that was played, 0 to 1; 1 or 0 where it is only known whether the clip
        was played to the end.
    age : str
        One of `AGES`.
    experience : str
        One of `EXPERIENCES`.
    answered_at : datetime
        In UTC.

    Raises
    ------
    UsageError
        If a value is out of range.
    """

    participant: str
    trial: str
    condition: str
    bach_side: str
    chosen: str
    position: int
    response_time: float
    plays_left: int
    plays_right: int
    heard_left: float
    heard_right: float
    age: str
    experience: str
    answered_at: datetime

    def __post_init__(self) -> None:
        for column in ("participant", "trial"):
            _check_name(column, getattr(self, column))
        for column, allowed in _ALLOWED.items():
            value = getattr(self, column)
            if value not in allowed:
                raise UsageError(f"{column} is {quoted(value)}: give one of {', '.join(allowed)}")
        for column, (low, high) in _RANGES.items():
            value = getattr(self, column)
            if not isfinite(value) or not low <= value <= high:
                raise UsageError(f"{column} is {value}: give {low:g} to {high:g}")
        if self.answered_at.utcoffset() != timedelta(0):
            raise UsageError(f"answered_at is {self.answered_at}: give a time in UTC")

    @property
    def correct(self) -> bool:
        """Whether the participant chose the clip that is by Bach."""
        return self.bach_side == self.chosen


_ALLOWED = {
    "condition": CONDITIONS,
    "bach_side": SIDES,
    "chosen": SIDES,
    "age": AGES,
    "experience": EXPERIENCES,
}

_RANGES: dict[str, tuple[float, float]] = {
    "position": (1, _MAX_COUNT),
    "response_time": (0, _MAX_SECONDS),
    "plays_left": (0, _MAX_COUNT),
    "plays_right": (0, _MAX_COUNT),
    "heard_left": (0, 1),
    "heard_right": (0, 1),
}


def _check_name(column: str, name: str) -> None:
    if not 1 <= len(name) <= MAX_ID_LENGTH or not name.isprintable() or name != name.strip():
        raise UsageError(
            f"{column} is {quoted(name)}: give 1 to {MAX_ID_LENGTH} printable characters, "
            "no space at either end"
        )


@dataclass(frozen=True, eq=False)
class Answers:
    """N answers as columns, in the order in which they were given to the constructor.

    The columns are those of `Answer`. A trial has one condition, and a participant one age and one
    experience, in all rows. The side of Bach's clip may differ from participant to participant.

    Parameters
    ----------
    participant, trial, condition, bach_side, chosen, age, experience : ndarray of str, shape [N]
    position, plays_left, plays_right : ndarray of int64, shape [N]
    response_time, heard_left, heard_right : ndarray of float64, shape [N]
    answered_at : ndarray of datetime64[us], shape [N]
        In UTC.

    Raises
    ------
    UsageError
        If the columns differ in length, or the rows of a trial or participant contradict each
        other.
    """

    participant: NDArray[np.str_]
    trial: NDArray[np.str_]
    condition: NDArray[np.str_]
    bach_side: NDArray[np.str_]
    chosen: NDArray[np.str_]
    position: NDArray[np.int64]
    response_time: NDArray[np.float64]
    plays_left: NDArray[np.int64]
    plays_right: NDArray[np.int64]
    heard_left: NDArray[np.float64]
    heard_right: NDArray[np.float64]
    age: NDArray[np.str_]
    experience: NDArray[np.str_]
    answered_at: NDArray[np.datetime64]

    def __post_init__(self) -> None:
        lengths = {f.name: len(getattr(self, f.name)) for f in fields(self)}
        if len(set(lengths.values())) > 1:
            raise UsageError(f"the columns have lengths {lengths}: give the same number in each")
        _check_constant("trial", self.trial, "condition", self.condition)
        _check_constant("participant", self.participant, "age", self.age)
        _check_constant("participant", self.participant, "experience", self.experience)

    @classmethod
    def from_rows(cls, rows: Iterable[Answer]) -> "Answers":
        """Columns from rows.

        Raises
        ------
        UsageError
            If a trial's condition, or a participant's age or experience, differs between rows.
        """
        table = list(rows)
        return cls(**{f.name: _column(f.name, table) for f in fields(Answer)})

    def rows(self) -> Iterator[Answer]:
        """The answers one by one."""
        for index in range(len(self)):
            values = {f.name: getattr(self, f.name)[index].item() for f in fields(self)}
            values["answered_at"] = values["answered_at"].replace(tzinfo=UTC)
            yield Answer(**values)

    def select(self, mask: NDArray[np.bool_]) -> "Answers":
        """The answers for which a mask of shape [N] is true."""
        return Answers(**{f.name: getattr(self, f.name)[mask] for f in fields(self)})

    def __len__(self) -> int:
        return len(self.participant)

    @property
    def correct(self) -> NDArray[np.bool_]:
        """Whether the clip that is by Bach was chosen, shape [N]."""
        return self.bach_side == self.chosen

    @property
    def bach_left(self) -> NDArray[np.bool_]:
        """Whether the left clip is by Bach, shape [N]."""
        return self.bach_side == LEFT

    @property
    def chose_left(self) -> NDArray[np.bool_]:
        """Whether the left clip was chosen, shape [N]."""
        return self.chosen == LEFT

    @property
    def min_heard(self) -> NDArray[np.float64]:
        """Share played of the clip of which less was played, 0 to 1, shape [N]."""
        return np.minimum(self.heard_left, self.heard_right)

    @property
    def participants(self) -> int:
        """Number of different participants."""
        return len(np.unique(self.participant))

    @property
    def trials(self) -> int:
        """Number of different trials."""
        return len(np.unique(self.trial))


_TYPES: dict[object, str] = {str: "U", int: "int64", float: "float64", datetime: "datetime64[us]"}
_COLUMN_TYPES = {f.name: np.dtype(_TYPES[f.type]) for f in fields(Answer)}


def _column(name: str, rows: list[Answer]) -> np.ndarray:
    values = [getattr(row, name) for row in rows]
    if name == "answered_at":
        values = [v.replace(tzinfo=None) for v in values]
    return np.array(values, dtype=_COLUMN_TYPES[name])


def _check_constant(what: str, names: np.ndarray, column: str, values: np.ndarray) -> None:
    """Check that a column has the same value in all rows of the same name."""
    _, first, inverse = np.unique(names, return_index=True, return_inverse=True)
    differs = np.flatnonzero(values != values[first][inverse])
    if len(differs):
        index = int(differs[0])
        before = values[first][inverse][index]
        raise UsageError(
            f"{what} {quoted(str(names[index]))} has {column} '{before}' and '{values[index]}': "
            "give it the same everywhere"
        )
