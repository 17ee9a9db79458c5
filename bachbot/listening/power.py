"""How many participants the next test needs, to tell a proportion from guessing."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import sqrt

from bachbot.errors import UsageError
from bachbot.listening.marginal import log_odds, marginal_slope

MOST = 1_000_000
"""Participants beyond which none is looked for."""


@dataclass(frozen=True)
class Plan:
    """A test to be held.

    Parameters
    ----------
    answers_each : int
        Answers of one participant, 1 or more.
    trials : int
        Different trials that there are, 2 or more.
    participant_deviation, trial_deviation : float
        Of the two spreads, in log-odds, 0 or more; as the mixed model finds them.

    Raises
    ------
    UsageError
        If a value is out of range.
    """

    answers_each: int
    trials: int
    participant_deviation: float
    trial_deviation: float

    def __post_init__(self) -> None:
        if self.answers_each < 1 or self.trials < 2:
            raise UsageError(
                f"a test of {self.answers_each} answers each on {self.trials} trials cannot be "
                "planned: give 1 or more answers on 2 or more trials"
            )
        if self.participant_deviation < 0 or self.trial_deviation < 0:
            raise UsageError("a spread below 0 cannot be: give deviations of 0 or more")


@dataclass(frozen=True)
class Power:
    """What a plan can tell.

    Parameters
    ----------
    plan : Plan
        Which.
    proportion : float
        That is to be told from one half.
    wanted : float
        Chance of telling it.
    participants : int or None
        Fewest that do; None where no number does.
    ceiling : float
        Chance with any number of participants: the trials are what they are.
    trials_needed : int or None
        Fewest trials with which enough participants could do; None if more than a million.
    design_effect : float or None
        How many times the answers that it takes are those that it would take if all were
        independent; None where no number does.
    """

    plan: Plan
    proportion: float
    wanted: float
    participants: int | None
    ceiling: float
    trials_needed: int | None
    design_effect: float | None

    def to_json(self) -> dict[str, object]:
        """Plain data."""
        return {
            "proportion": self.proportion,
            "wanted": self.wanted,
            "answers_each": self.plan.answers_each,
            "trials": self.plan.trials,
            "participant_deviation": self.plan.participant_deviation,
            "trial_deviation": self.plan.trial_deviation,
            "participants": self.participants,
            "ceiling": self.ceiling,
            "trials_needed": self.trials_needed,
            "design_effect": self.design_effect,
        }


def power_of(plan: Plan, proportion: float, wanted: float = 0.8) -> Power:
    """How many participants a plan needs.

    Parameters
    ----------
    plan : Plan
        The test.
    proportion : float
        Of correct answers in the population, above 0, below 1 and not one half.
    wanted : float
        Chance of telling it from one half, two-sided at 5%; above 0.05 and below 1.

    Raises
    ------
    UsageError
        If a proportion or chance is out of range.
    """
    if not 0.05 < wanted < 1:
        raise UsageError(f"a power of {wanted} cannot be planned for: give 0.05 to 1, neither end")
    if not 0 < proportion < 1 or proportion == 0.5:
        raise UsageError(
            f"a proportion of {proportion} cannot be told from one half by a test: give another "
            "one between 0 and 1"
        )
    found = _fewest(lambda n: chance_of_telling(plan, proportion, n), wanted, 2)
    alone = replace(plan, participant_deviation=0.0, trial_deviation=0.0)
    plain = _fewest(lambda n: chance_of_telling(alone, proportion, n), wanted, 2)
    return Power(
        plan=plan,
        proportion=proportion,
        wanted=wanted,
        participants=found,
        ceiling=chance_of_telling(plan, proportion, None),
        trials_needed=_fewest(lambda n: _ceiling(plan, proportion, n), wanted, 2),
        design_effect=found / plain if found and plain else None,
    )


def chance_of_telling(plan: Plan, proportion: float, participants: int | None) -> float:
    """Chance that the mixed model's intercept is found to differ from 0, two-sided at 5%.

    The intercept's variance is that of the mean of crossed random effects: participants' spread
    over participants, trials' over trials, and an answer's own over answers, each answer worth the
    mean of p (1 - p) (Snijders and Bosker, *Multilevel Analysis*, 2nd edition, sections 11.2 and
    17.2). The test is Student's t, as in `bachbot.listening.mixed`.

    Parameters
    ----------
    plan : Plan
        The test.
    proportion : float
        Of correct answers in the population, above 0 and below 1.
    participants : int or None
        1 or more; None for any number.

    Returns
    -------
    float
        0 to 1.
    """
    from scipy.special import ndtr, stdtrit

    spread = sqrt(plan.participant_deviation**2 + plan.trial_deviation**2)
    shift = log_odds(proportion, spread)
    if participants is None:
        variance = plan.trial_deviation**2 / plan.trials
        degrees = plan.trials - 1
    else:
        answers = participants * plan.answers_each
        heard = min(plan.trials, answers)
        variance = (
            plan.participant_deviation**2 / participants
            + plan.trial_deviation**2 / heard
            + 1 / (answers * float(marginal_slope(shift, spread)))
        )
        degrees = max(1, min(participants, heard) - 1)
    if variance == 0:
        return 1.0
    distance, bar = abs(shift) / sqrt(variance), stdtrit(degrees, 0.975)
    return float(ndtr(distance - bar) + ndtr(-distance - bar))


def _ceiling(plan: Plan, proportion: float, trials: int) -> float:
    return chance_of_telling(replace(plan, trials=trials), proportion, None)


def _fewest(chance: Callable[[int], float], wanted: float, least: int) -> int | None:
    """The smallest number from `least` to `MOST` whose chance is as wanted; it never falls."""
    if chance(MOST) < wanted:
        return None
    low, high = least, MOST
    while low < high:
        middle = (low + high) // 2
        if chance(middle) >= wanted:
            high = middle
        else:
            low = middle + 1
    return low
