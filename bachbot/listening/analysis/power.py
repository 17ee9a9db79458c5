"""Power analysis: how many participants and trials the next test needs."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import sqrt

from bachbot.errors import UsageError
from bachbot.listening.analysis.mixed_model import log_odds_of, marginal_slope

MAX_NUMBER = 1_000_000
"""Participants or trials beyond which no number is tried."""


@dataclass(frozen=True)
class StudyDesign:
    """Design of a test.

    Parameters
    ----------
    answers_per_participant : int
        1 or more.
    trials : int
        Number of different trials, 2 or more.
    participant_sd, trial_sd : float
        Standard deviations of the random effects in log-odds, 0 or more, as the mixed model
        estimates them.

    Raises
    ------
    UsageError
        If a value is out of range.
    """

    answers_per_participant: int
    trials: int
    participant_sd: float
    trial_sd: float

    def __post_init__(self) -> None:
        if self.answers_per_participant < 1 or self.trials < 2:
            raise UsageError(
                f"a test of {self.answers_per_participant} answers per participant on "
                f"{self.trials} trials has no power: give 1 or more answers on 2 or more trials"
            )
        if self.participant_sd < 0 or self.trial_sd < 0:
            raise UsageError("a standard deviation is below 0: give 0 or more")


@dataclass(frozen=True)
class Power:
    """The size of test that a target power takes.

    Parameters
    ----------
    design : StudyDesign
        Everything but the number of participants.
    proportion : float
        Proportion correct that the test should distinguish from one half.
    target : float
        Probability with which it should do so.
    participants : int or None
        Smallest number that reaches the target; None if no number does.
    max_power : float
        Power with infinitely many participants, which the number of trials limits.
    min_trials : int or None
        Smallest number of trials with which the target can be reached; None if above a million.
    design_effect : float or None
        Ratio of the number of answers to the number that would do if all answers were independent;
        None if no number of participants reaches the target.
    """

    design: StudyDesign
    proportion: float
    target: float
    participants: int | None
    max_power: float
    min_trials: int | None
    design_effect: float | None

    def to_json(self) -> dict[str, object]:
        """Plain data."""
        return {
            "proportion": self.proportion,
            "target": self.target,
            "answers_per_participant": self.design.answers_per_participant,
            "trials": self.design.trials,
            "participant_sd": self.design.participant_sd,
            "trial_sd": self.design.trial_sd,
            "participants": self.participants,
            "max_power": self.max_power,
            "min_trials": self.min_trials,
            "design_effect": self.design_effect,
        }


def plan_power(design: StudyDesign, proportion: float, target: float = 0.8) -> Power:
    """The number of participants that a design needs.

    Parameters
    ----------
    design : StudyDesign
        The test.
    proportion : float
        Proportion correct in the population, above 0, below 1 and not one half.
    target : float
        Power of the two-sided test against one half at the 5% level, above 0.05 and below 1.

    Raises
    ------
    UsageError
        If a value is out of range.
    """
    if not 0.05 < target < 1:
        raise UsageError(f"a power of {target} cannot be planned: give one above 0.05 and below 1")
    if not 0 < proportion < 1 or proportion == 0.5:
        raise UsageError(
            f"a proportion of {proportion} cannot be distinguished from one half: "
            "give another one between 0 and 1"
        )
    participants = _smallest(lambda n: compute_power(design, proportion, n), target)
    independent = replace(design, participant_sd=0.0, trial_sd=0.0)
    baseline = _smallest(lambda n: compute_power(independent, proportion, n), target)
    return Power(
        design=design,
        proportion=proportion,
        target=target,
        participants=participants,
        max_power=compute_power(design, proportion, None),
        min_trials=_smallest(
            lambda n: compute_power(replace(design, trials=n), proportion, None), target
        ),
        design_effect=participants / baseline if participants and baseline else None,
    )


def compute_power(design: StudyDesign, proportion: float, participants: int | None) -> float:
    """Power of the test of the mixed model's intercept against 0, two-sided at the 5% level.

    The variance of the intercept is that of the mean of crossed random effects: the participants'
    variance over participants, the trials' over trials, and the residual variance over answers,
    each answer with the mean of p (1 - p) as its weight (Snijders and Bosker, *Multilevel
    Analysis*, 2nd edition, sections 11.2 and 17.2). The test is Student's t, as in
    `bachbot.listening.analysis.mixed_model`.

    Parameters
    ----------
    design : StudyDesign
        The test.
    proportion : float
        Proportion correct in the population, above 0 and below 1.
    participants : int or None
        1 or more; None for infinitely many.

    Returns
    -------
    float
        0 to 1.
    """
    from scipy.special import ndtr, stdtrit

    sd = sqrt(design.participant_sd**2 + design.trial_sd**2)
    effect = log_odds_of(proportion, sd)
    if participants is None:
        variance = design.trial_sd**2 / design.trials
        degrees = design.trials - 1
    else:
        answers = participants * design.answers_per_participant
        trials = min(design.trials, answers)
        variance = (
            design.participant_sd**2 / participants
            + design.trial_sd**2 / trials
            + 1 / (answers * float(marginal_slope(effect, sd)))
        )
        degrees = max(1, min(participants, trials) - 1)
    if variance == 0:
        return 1.0
    distance, critical = abs(effect) / sqrt(variance), stdtrit(degrees, 0.975)
    return float(ndtr(distance - critical) + ndtr(-distance - critical))


def _smallest(power: Callable[[int], float], target: float) -> int | None:
    """The smallest number from 2 to `MAX_NUMBER` that reaches a power, which never decreases."""
    if power(MAX_NUMBER) < target:
        return None
    low, high = 2, MAX_NUMBER
    while low < high:
        middle = (low + high) // 2
        if power(middle) >= target:
            high = middle
        else:
            low = middle + 1
    return low
