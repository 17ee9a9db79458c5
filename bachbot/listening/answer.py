"""One answer of the listening test: which of two clips somebody took for Bach's."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import isfinite

from bachbot.errors import UsageError

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
