"""Answers of the listening test: one, and all of them as columns."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from math import isfinite

import numpy as np
from numpy.typing import NDArray

from bachbot.errors import UsageError

PARTS = 50
"""A clip is as many parts of the same length, each of which is heard or not."""

NOTHING = "0" * PARTS
EVERYTHING = "1" * PARTS

_PARTS = re.compile(rf"[01]{{{PARTS}}}", re.ASCII)
_MOST_PLAYS = 10_000


@dataclass(frozen=True)
class Hearing:
    """What a participant heard of a trial's two clips.

    Parameters
    ----------
    plays_left, plays_right : int
        How often each was started, 0 to 10000.
    heard_left, heard_right : str
        `PARTS` digits from the clip's start to its end, ``1`` for a part that was heard.

    Raises
    ------
    UsageError
        If a value is none of those.
    """

    plays_left: int = 0
    plays_right: int = 0
    heard_left: str = NOTHING
    heard_right: str = NOTHING

    def __post_init__(self) -> None:
        for plays in (self.plays_left, self.plays_right):
            if not 0 <= plays <= _MOST_PLAYS:
                raise UsageError(f"a clip was started {plays} times: give 0 to {_MOST_PLAYS}")
        for heard in (self.heard_left, self.heard_right):
            if not _PARTS.fullmatch(heard):
                raise UsageError(f"what was heard is not {PARTS} digits 0 or 1: give those")

    def merged(self, other: "Hearing") -> "Hearing":
        """What either tells of: it never grows less, whichever comes first or twice."""
        return Hearing(
            max(self.plays_left, other.plays_left),
            max(self.plays_right, other.plays_right),
            _either(self.heard_left, other.heard_left),
            _either(self.heard_right, other.heard_right),
        )

    @property
    def left(self) -> float:
        """How much of the left clip was heard, 0 to 1."""
        return self.heard_left.count("1") / PARTS

    @property
    def right(self) -> float:
        """How much of the right clip was heard, 0 to 1."""
        return self.heard_right.count("1") / PARTS

    @property
    def started(self) -> bool:
        """Whether a clip was started at all."""
        return self.plays_left > 0 or self.plays_right > 0


def _either(one: str, other: str) -> str:
    return "".join("1" if "1" in pair else "0" for pair in zip(one, other, strict=True))


KINDS = ("S", "A", "T", "B", "AT", "ATB", "composition")
"""What was not Bach's in the other clip: one voice, two, three, or the whole piece."""

SIDES = ("left", "right")
"""The clip that is offered first, and the other."""

NOT_TOLD = "not told"

AGES = ("under 18", "18-25", "26-45", "46-60", "over 60", NOT_TOLD)

EXPERIENCES = ("novice", "intermediate", "advanced", "expert", NOT_TOLD)

LONGEST_ID = 100
"""Characters of a participant's or a trial's name."""

_MOST_SECONDS = 86_400.0
_MOST = 10_000

_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|\+00:00)", re.ASCII)


@dataclass(frozen=True)
class Answer:
    """One answer of one participant to one trial.

    Parameters
    ----------
    participant, trial : str
        Opaque names, of 1 to 100 printable characters, no space at either end. A trial is a pair
        of clips.
    kind : str
        One of `KINDS`.
    bach_side, chosen : str
        Which clip was Bach's, and which was taken for his: ``"left"`` or ``"right"``.
    order : int
        Position in the participant's session, 1 to 10000.
    seconds : float
        From the first play to the answer, 0 to 86400.
    plays_left, plays_right : int
        How often each clip was started, 0 to 10000.
    heard_left, heard_right : float
        How much of each clip was heard, 0 to 1; where only "to the end or not" is known, 1 or 0.
    age : str
        One of `AGES`.
    experience : str
        One of `EXPERIENCES`.
    answered_at : datetime
        When, in UTC.

    Raises
    ------
    UsageError
        If a value is none of those.
    """

    participant: str
    trial: str
    kind: str
    bach_side: str
    chosen: str
    order: int
    seconds: float
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
        _check_choice("type", self.kind, KINDS)
        _check_choice("bach_side", self.bach_side, SIDES)
        _check_choice("chosen", self.chosen, SIDES)
        _check_choice("age", self.age, AGES)
        _check_choice("experience", self.experience, EXPERIENCES)
        _check_range("order", self.order, 1, _MOST)
        _check_range("seconds", self.seconds, 0, _MOST_SECONDS)
        _check_range("plays_left", self.plays_left, 0, _MOST)
        _check_range("plays_right", self.plays_right, 0, _MOST)
        _check_range("heard_left", self.heard_left, 0, 1)
        _check_range("heard_right", self.heard_right, 0, 1)
        if self.answered_at.utcoffset() != timedelta(0):
            raise UsageError(f"answered_at is {self.answered_at}: give a moment in UTC")

    @property
    def correct(self) -> bool:
        """Whether Bach's clip was chosen."""
        return self.bach_side == self.chosen


def moment(text: str) -> datetime:
    """A moment in UTC from its ISO form, such as ``2026-05-01T12:30:00Z``.

    Raises
    ------
    UsageError
        If the text is none, or is of another time zone.
    """
    try:
        if _STAMP.fullmatch(text):
            return datetime.fromisoformat(text).astimezone(UTC)
    except ValueError:
        pass
    raise UsageError(
        f"answered_at is {shown(text)}: give a moment in UTC such as 2026-05-01T12:30:00Z"
    )


def shown(text: str) -> str:
    """A foreign text made safe for one line of a message."""
    return ascii(text if len(text) <= 40 else text[:37] + "...")


def _check_name(column: str, name: str) -> None:
    if not 1 <= len(name) <= LONGEST_ID or not name.isprintable() or name != name.strip():
        raise UsageError(
            f"{column} is {shown(name)}: give 1 to {LONGEST_ID} printable characters, "
            "no space at either end"
        )


def _check_choice(column: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise UsageError(f"{column} is {shown(value)}: give one of {', '.join(choices)}")


def _check_range(column: str, value: float, low: float, high: float) -> None:
    if not isfinite(value) or not low <= value <= high:
        raise UsageError(f"{column} is {value}: give {low:g} to {high:g}")


LEFT = SIDES[0]


@dataclass(frozen=True, eq=False)
class Answers:
    """N answers, a row each, in the order in which they were handed over.

    The columns are those of `Answer`. A trial is of one type, and a participant of one age and one
    experience, throughout; which side Bach's clip is on may differ from participant to participant.

    Parameters
    ----------
    participant, trial, kind, bach_side, chosen, age, experience : ndarray of str, shape [N]
    order, plays_left, plays_right : ndarray of int64, shape [N]
    seconds, heard_left, heard_right : ndarray of float64, shape [N]
    answered_at : ndarray of datetime64[us], shape [N]
        In UTC.

    Raises
    ------
    UsageError
        If the columns differ in length, or a trial or participant changes.
    """

    participant: NDArray[np.str_]
    trial: NDArray[np.str_]
    kind: NDArray[np.str_]
    bach_side: NDArray[np.str_]
    chosen: NDArray[np.str_]
    order: NDArray[np.int64]
    seconds: NDArray[np.float64]
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
            raise UsageError(f"the columns have lengths {lengths}: give as many of each")
        _check_steady("trial", self.trial, "type", self.kind)
        _check_steady("participant", self.participant, "age", self.age)
        _check_steady("participant", self.participant, "experience", self.experience)

    @classmethod
    def of(cls, rows: Iterable[Answer]) -> "Answers":
        """Columns from rows, each checked already.

        Raises
        ------
        UsageError
            If a trial's type, or a participant's age or experience, changes.
        """
        table = list(rows)
        return cls(**{f.name: _column(f.name, table) for f in fields(Answer)})

    def rows(self) -> Iterator[Answer]:
        """One row after the other."""
        for at in range(len(self)):
            values = {f.name: getattr(self, f.name)[at].item() for f in fields(self)}
            values["answered_at"] = values["answered_at"].replace(tzinfo=UTC)
            yield Answer(**values)

    def where(self, chosen: NDArray[np.bool_]) -> "Answers":
        """Those answers alone that a mask of shape [N] says."""
        return Answers(**{f.name: getattr(self, f.name)[chosen] for f in fields(self)})

    def __len__(self) -> int:
        return len(self.participant)

    @property
    def correct(self) -> NDArray[np.bool_]:
        """Whether Bach's clip was chosen, shape [N]."""
        return self.bach_side == self.chosen

    @property
    def bach_left(self) -> NDArray[np.bool_]:
        """Whether Bach's clip was the left one, shape [N]."""
        return self.bach_side == LEFT

    @property
    def chose_left(self) -> NDArray[np.bool_]:
        """Whether the left clip was chosen, shape [N]."""
        return self.chosen == LEFT

    @property
    def heard(self) -> NDArray[np.float64]:
        """How much was heard of the clip that was heard less, 0 to 1, shape [N]."""
        return np.minimum(self.heard_left, self.heard_right)

    @property
    def participants(self) -> int:
        """How many different people answered."""
        return len(np.unique(self.participant))

    @property
    def trials(self) -> int:
        """How many different trials were answered."""
        return len(np.unique(self.trial))


_TYPES: dict[object, str] = {str: "U", int: "int64", float: "float64", datetime: "datetime64[us]"}
_COLUMN_TYPES = {f.name: np.dtype(_TYPES[f.type]) for f in fields(Answer)}


def _column(name: str, rows: list[Answer]) -> np.ndarray:
    values = [getattr(row, name) for row in rows]
    if name == "answered_at":
        values = [v.replace(tzinfo=None) for v in values]
    return np.array(values, dtype=_COLUMN_TYPES[name])


def _check_steady(what: str, names: np.ndarray, column: str, values: np.ndarray) -> None:
    """Check that a column says the same wherever the name is the same."""
    _, first, which = np.unique(names, return_index=True, return_inverse=True)
    differs = np.flatnonzero(values != values[first][which])
    if len(differs):
        at = int(differs[0])
        before = values[first][which][at]
        raise UsageError(
            f"{what} {shown(str(names[at]))} has {column} '{before}' and '{values[at]}': "
            "give it the same everywhere"
        )
