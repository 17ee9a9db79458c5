"""All answers of a listening test, as columns."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from bachbot.errors import UsageError
from bachbot.listening.answer import SIDES, Answer, shown

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
