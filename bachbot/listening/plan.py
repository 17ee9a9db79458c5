"""Which trials a participant gets, in which order, and which clip on which side."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from random import Random

from bachbot.errors import UsageError
from bachbot.listening.trials import Trial

FEWEST, MOST = 5, 10
"""Trials of a participant."""


@dataclass(frozen=True)
class Pairing:
    """A trial as one participant meets it.

    Parameters
    ----------
    trial, left, right : str
        Names of the trial and of the clip on each side.
    """

    trial: str
    left: str
    right: str

    def to_json(self) -> dict[str, str]:
        """Plain data, which ``Pairing(**data)`` reads."""
        return asdict(self)

    def side_of(self, clip: str) -> str:
        """On which side a clip is: ``"left"`` or ``"right"``.

        Raises
        ------
        UsageError
            If it is on neither.
        """
        if clip not in (self.left, self.right):
            raise UsageError(f"clip {clip} is not in trial {self.trial}: give the key of this test")
        return "left" if clip == self.left else "right"


def draw(trials: Sequence[Trial], each: int, random: Random) -> tuple[Pairing, ...]:
    """Draw a participant's trials.

    The types come as evenly as there are trials of them, in random order; each pair's sides are
    thrown by themselves.

    Parameters
    ----------
    trials : sequence of Trial
        All trials of the test.
    each : int
        Trials of a participant; all where there are fewer.
    random : Random
        Source of chance; ``random.SystemRandom()`` where nobody is to foresee it.

    Raises
    ------
    UsageError
        If there is no trial, or `each` is below 1.
    """
    if not trials or each < 1:
        raise UsageError(f"{each} of {len(trials)} trials cannot be drawn: give at least 1")
    chosen = _spread(trials, each, random)
    random.shuffle(chosen)
    return tuple(_seated(trial, random) for trial in chosen)


def _spread(trials: Sequence[Trial], each: int, random: Random) -> list[Trial]:
    """One of every type in turn, types and trials shuffled, until there are enough."""
    by_kind = defaultdict(list)
    for trial in random.sample(trials, len(trials)):
        by_kind[trial.kind].append(trial)
    kinds = random.sample(sorted(by_kind), len(by_kind))
    chosen: list[Trial] = []
    while len(chosen) < min(each, len(trials)):
        chosen += [by_kind[kind].pop() for kind in kinds if by_kind[kind]]
    return chosen[:each]


def _seated(trial: Trial, random: Random) -> Pairing:
    left, right = random.sample([clip.id for clip in trial.clips], 2)
    return Pairing(trial.id, left, right)
