"""How often two clips were started, and which parts of them were heard."""

import re
from dataclasses import dataclass

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
