"""Which answers are excluded from the analysis. Each answer is kept or has one reason."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbot.errors import UsageError
from bachbot.listening.answers import Answers

REPEATED = "repeated trial"
TOO_FAST = "too fast"
NOT_LISTENED = "not listened"
ONE_SIDE = "always the same side"
PARTICIPANT_EXCLUDED = "participant excluded"

REASONS = (REPEATED, TOO_FAST, NOT_LISTENED, ONE_SIDE, PARTICIPANT_EXCLUDED)
"""In order of precedence: the first that applies is the reason of an answer."""


@dataclass(frozen=True)
class ExclusionCriteria:
    """When an answer is excluded.

    The second answer of a participant to the same trial is always excluded.

    Parameters
    ----------
    min_response_time : float
        Seconds from the first play to the answer; a faster answer is excluded. 0 keeps all.
    min_heard : float
        Share of both clips that must have been played, 0 to 1. 0 keeps all.
    same_side_limit : int, optional
        Excludes participants who gave at least this many answers, all on one side. Of those who
        guess, one in sixteen does so with five answers, hence honest participants are excluded
        too. Default: nobody is excluded for this.
    exclude_participants : bool
        Whether a single answer that is too fast or not listened to excludes all answers of its
        participant, as in the original study.

    Raises
    ------
    UsageError
        If a value is out of range.
    """

    min_response_time: float = 5.0
    min_heard: float = 0.5
    same_side_limit: int | None = None
    exclude_participants: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.min_response_time <= 3600:
            raise UsageError(
                f"the minimum response time is {self.min_response_time} s: give 0 to 3600"
            )
        if not 0 <= self.min_heard <= 1:
            raise UsageError(f"the minimum share heard is {self.min_heard}: give 0 to 1")
        if self.same_side_limit is not None and self.same_side_limit < 2:
            raise UsageError(
                f"{self.same_side_limit} answers on the same side show nothing: give 2 or more"
            )

    def describe(self) -> dict[str, str]:
        """Each reason that these criteria can give, in words."""
        texts = {
            REPEATED: "the participant had answered this trial before",
            TOO_FAST: f"less than {self.min_response_time:g} s from the first play to the answer",
            NOT_LISTENED: f"less than {self.min_heard:.0%} of one of the clips was played",
            ONE_SIDE: (
                f"the participant gave {self.same_side_limit} answers or more, all on one side"
            ),
            PARTICIPANT_EXCLUDED: (
                "another answer of the participant was too fast or not listened to"
            ),
        }
        unused = {
            TOO_FAST: self.min_response_time == 0,
            NOT_LISTENED: self.min_heard == 0,
            ONE_SIDE: self.same_side_limit is None,
            PARTICIPANT_EXCLUDED: not self.exclude_participants,
        }
        return {reason: text for reason, text in texts.items() if not unused.get(reason)}


@dataclass(frozen=True, eq=False)
class Exclusions:
    """All answers, and for each the reason why it is excluded, if it is.

    Parameters
    ----------
    answers : Answers
        All N answers.
    reason : ndarray of str, shape [N]
        One of `REASONS`, or empty where the answer is kept.
    criteria : ExclusionCriteria
        The criteria that were applied.

    Raises
    ------
    UsageError
        If there is not one reason for each answer, or one is unknown.
    """

    answers: Answers
    reason: NDArray[np.str_]
    criteria: ExclusionCriteria

    def __post_init__(self) -> None:
        if len(self.reason) != len(self.answers):
            raise UsageError(
                f"{len(self.reason)} reasons for {len(self.answers)} answers: give one for each"
            )
        unknown = set(self.reason.tolist()) - {"", *REASONS}
        if unknown:
            raise UsageError(f"reasons {sorted(unknown)} are unknown: give {', '.join(REASONS)}")

    @property
    def kept(self) -> Answers:
        """The answers that are kept."""
        return self.answers.select(self.reason == "")

    @property
    def excluded(self) -> dict[str, int]:
        """Number of answers excluded for each reason, in the order of `REASONS`."""
        found = Counter(self.reason.tolist())
        return {reason: found[reason] for reason in REASONS}

    def to_json(self) -> dict[str, object]:
        """Numbers of answers and participants before and after, and the criteria."""
        kept = self.kept
        return {
            "answers": len(self.answers),
            "kept": len(kept),
            "excluded": self.excluded,
            "criteria": self.criteria.describe(),
            "participants": self.answers.participants,
            "participants_kept": kept.participants,
        }


def apply_exclusions(answers: Answers, criteria: ExclusionCriteria | None = None) -> Exclusions:
    """Check every answer against the criteria.

    Parameters
    ----------
    answers : Answers
        All answers.
    criteria : ExclusionCriteria, optional
        Default: the default criteria.

    Returns
    -------
    Exclusions
        With as many answers as were given.
    """
    criteria = criteria or ExclusionCriteria()
    repeated = _repeated(answers)
    fast = answers.response_time < criteria.min_response_time
    unheard = answers.min_heard < criteria.min_heard
    applies = {
        REPEATED: repeated,
        TOO_FAST: fast,
        NOT_LISTENED: unheard,
        ONE_SIDE: _one_sided(answers, repeated, criteria.same_side_limit),
        PARTICIPANT_EXCLUDED: (
            _same_participants(answers, (fast | unheard) & ~repeated)
            & criteria.exclude_participants
        ),
    }
    reason = np.full(len(answers), "", dtype=f"<U{max(map(len, REASONS))}")
    for name in REASONS:
        reason[applies[name] & (reason == "")] = name
    return Exclusions(answers, reason, criteria)


def _repeated(answers: Answers) -> NDArray[np.bool_]:
    """Whether the participant had answered the trial at an earlier time, shape [N]."""
    by_time = np.lexsort((answers.position, answers.answered_at))
    pairs = np.stack([_indices(answers.participant), _indices(answers.trial)], axis=1)[by_time]
    _, first = np.unique(pairs, axis=0, return_index=True)
    repeated = np.ones(len(answers), dtype=np.bool_)
    repeated[by_time[first]] = False
    return repeated


def _one_sided(
    answers: Answers, repeated: NDArray[np.bool_], limit: int | None
) -> NDArray[np.bool_]:
    if limit is None:
        return np.zeros(len(answers), dtype=np.bool_)
    participant = _indices(answers.participant)
    total = np.bincount(participant, ~repeated)
    left = np.bincount(participant, ~repeated & answers.chose_left)
    return ((total >= limit) & ((left == 0) | (left == total)))[participant]


def _same_participants(answers: Answers, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """All answers of the participants who gave an answer for which the mask is true."""
    return np.isin(answers.participant, answers.participant[mask])


def _indices(names: NDArray[np.str_]) -> NDArray[np.int64]:
    return np.unique(names, return_inverse=True)[1]
