"""Which answers are left out, and why. Every answer is kept or has one reason."""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbot.errors import UsageError
from bachbot.listening.answers import Answers

AGAIN = "answered again"
TOO_FAST = "too fast"
NOT_HEARD = "not heard"
ONE_SIDE = "always the same side"
WHOLE = "participant left out whole"

REASONS = (AGAIN, TOO_FAST, NOT_HEARD, ONE_SIDE, WHOLE)
"""In the order in which they are asked; the first that fits is the answer's reason."""


@dataclass(frozen=True)
class Rules:
    """What an answer must be to count.

    A participant's second answer to a trial never counts.

    Parameters
    ----------
    fastest : float
        Seconds from the first play to the answer; a shorter one is too fast. 0 lets all through.
    heard : float
        How much of both clips must have been heard, 0 to 1. 0 lets all through.
    one_side : int, optional
        A participant of this many answers or more, all on one side, is left out. One that guesses
        five times does so once in sixteen, so it leaves out honest people too; unset unless given.
    whole : bool
        Leave a participant out whole where one answer was too fast or not heard, as the original's
        test did.

    Raises
    ------
    UsageError
        If a value is out of range.
    """

    fastest: float = 5.0
    heard: float = 0.5
    one_side: int | None = None
    whole: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.fastest <= 3600:
            raise UsageError(f"the fastest answer is {self.fastest} s: give 0 to 3600")
        if not 0 <= self.heard <= 1:
            raise UsageError(f"the share to be heard is {self.heard}: give 0 to 1")
        if self.one_side is not None and self.one_side < 2:
            raise UsageError(
                f"{self.one_side} answers on one side cannot be told from chance: give 2 or more"
            )

    def described(self) -> dict[str, str]:
        """Each reason in words, for those that these rules can give."""
        told = {
            AGAIN: "the participant had answered this trial before",
            TOO_FAST: f"less than {self.fastest:g} s from the first play to the answer",
            NOT_HEARD: f"less than {self.heard:.0%} of one of the clips was heard",
            ONE_SIDE: f"the participant gave {self.one_side} answers or more, all on one side",
            WHOLE: "another answer of the participant was too fast or not heard",
        }
        unused = {
            TOO_FAST: self.fastest == 0,
            NOT_HEARD: self.heard == 0,
            ONE_SIDE: self.one_side is None,
            WHOLE: not self.whole,
        }
        return {reason: words for reason, words in told.items() if not unused.get(reason)}


@dataclass(frozen=True, eq=False)
class Sifted:
    """All answers, and of each whether it counts.

    Parameters
    ----------
    answers : Answers
        All N that came in.
    reason : ndarray of str, shape [N]
        Why each is left out, one of `REASONS`; empty where it is kept.
    rules : Rules
        By which.

    Raises
    ------
    UsageError
        If there are not as many reasons as answers, or one is not known.
    """

    answers: Answers
    reason: NDArray[np.str_]
    rules: Rules

    def __post_init__(self) -> None:
        if len(self.reason) != len(self.answers):
            raise UsageError(
                f"{len(self.reason)} reasons for {len(self.answers)} answers: give one for each"
            )
        strange = set(self.reason.tolist()) - {"", *REASONS}
        if strange:
            raise UsageError(f"reasons {sorted(strange)} are not known: give {', '.join(REASONS)}")

    @property
    def kept(self) -> Answers:
        """The answers that count."""
        return self.answers.where(self.reason == "")

    @property
    def left_out(self) -> dict[str, int]:
        """How many answers each reason took, in the order of `REASONS`; 0 for a rule unused."""
        found = Counter(self.reason.tolist())
        return {reason: found[reason] for reason in REASONS}

    def to_json(self) -> dict[str, object]:
        """Counts in, counts out and why."""
        kept = self.kept
        return {
            "answers": len(self.answers),
            "kept": len(kept),
            "left_out": self.left_out,
            "rules": self.rules.described(),
            "participants": self.answers.participants,
            "participants_kept": kept.participants,
        }


def sift(answers: Answers, rules: Rules | None = None) -> Sifted:
    """Hold every answer against the rules.

    Parameters
    ----------
    answers : Answers
        As they came in.
    rules : Rules, optional
        The usual ones unless given.

    Returns
    -------
    Sifted
        With as many answers as came in.
    """
    rules = rules or Rules()
    again = _again(answers)
    fast = answers.seconds < rules.fastest
    unheard = answers.heard < rules.heard
    hits = {
        AGAIN: again,
        TOO_FAST: fast,
        NOT_HEARD: unheard,
        ONE_SIDE: _on_one_side(answers, again, rules.one_side),
        WHOLE: _of_the_same(answers, (fast | unheard) & ~again) & rules.whole,
    }
    reason = np.full(len(answers), "", dtype=f"<U{max(map(len, REASONS))}")
    for name in REASONS:
        reason[hits[name] & (reason == "")] = name
    return Sifted(answers, reason, rules)


def _again(answers: Answers) -> NDArray[np.bool_]:
    """Answers to a trial that the participant had answered before, by the clock."""
    ranked = np.lexsort((answers.order, answers.answered_at))
    pairs = np.stack([_numbered(answers.participant), _numbered(answers.trial)], axis=1)[ranked]
    _, first = np.unique(pairs, axis=0, return_index=True)
    again = np.ones(len(answers), dtype=np.bool_)
    again[ranked[first]] = False
    return again


def _on_one_side(answers: Answers, again: NDArray[np.bool_], many: int | None) -> NDArray[np.bool_]:
    if many is None:
        return np.zeros(len(answers), dtype=np.bool_)
    who = _numbered(answers.participant)
    given = np.bincount(who, ~again)
    left = np.bincount(who, ~again & answers.chose_left)
    return ((given >= many) & ((left == 0) | (left == given)))[who]


def _of_the_same(answers: Answers, hit: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Every answer of whoever gave one that was hit."""
    return np.isin(answers.participant, answers.participant[hit])


def _numbered(names: NDArray[np.str_]) -> NDArray[np.int64]:
    return np.unique(names, return_inverse=True)[1]
