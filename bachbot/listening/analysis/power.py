"""How many participants the next test needs, and simulated ones to try an analysis on."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import cycle
from math import sqrt

import numpy as np

from bachbot.errors import UsageError
from bachbot.listening.analysis.mixed_model import log_odds, marginal_slope
from bachbot.listening.answers import AGES, EXPERIENCES, KINDS, SIDES, Answer, Answers

SESSION = ("single", "AT", "ATB", "composition", "composition")
"""The original's five questions; the single voice is drawn."""

_SINGLE = ("S", "A", "T", "B")
_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Crowd:
    """Who takes the test, and what the test is like.

    Parameters
    ----------
    participants : int
        1 or more.
    skill : float
        Proportion that the population gets right on the population of trials when it does not
        guess, above 0 and below 1.
    session : tuple of str
        Types of a participant's trials: of `KINDS`, or ``"single"`` for one of the first four. They
        come in random order.
    trials_a_kind : int
        How many trials of each type there are to draw from; a participant hears none twice while
        there are enough.
    participant_deviation, trial_deviation : float
        Spreads of ear and of difficulty, in log-odds.
    leaning : float
        Log-odds by which everybody prefers the left clip; below 0 the right.
    guesses : float
        Share of answers given without listening, 0 to 1; they lean as all others do.
    learning : float
        Log-odds gained with each trial of the session.
    drops : float
        Chance of leaving after each trial, 0 to 1.
    hasty, unheard : float
        Shares of answers given too fast, and without hearing both clips, 0 to 1. Whoever does so
        guesses.
    kind_effects : dict of str to float
        Log-odds by which a type is easier than the skill says; those not named, by nothing.

    Raises
    ------
    UsageError
        If a value is out of range.
    """

    participants: int
    skill: float = 0.5
    session: tuple[str, ...] = SESSION
    trials_a_kind: int = 8
    participant_deviation: float = 0.0
    trial_deviation: float = 0.0
    leaning: float = 0.0
    guesses: float = 0.0
    learning: float = 0.0
    drops: float = 0.0
    hasty: float = 0.0
    unheard: float = 0.0
    kind_effects: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        faults = []
        if self.participants < 1 or self.trials_a_kind < 1 or not self.session:
            faults.append("participants, trials and the session must be 1 or more")
        if not 0 < self.skill < 1:
            faults.append(f"the skill is {self.skill}: give 0 to 1, neither end")
        if self.participant_deviation < 0 or self.trial_deviation < 0:
            faults.append("deviations must be 0 or more")
        if not all(0 <= s <= 1 for s in (self.guesses, self.drops, self.hasty, self.unheard)):
            faults.append("shares must be 0 to 1")
        if (set(self.session) - {"single"} | set(self.kind_effects)) - set(KINDS):
            faults.append(f"types must be of {', '.join(KINDS)}")
        if faults:
            raise UsageError("no such crowd can be: " + "; ".join(faults))


def simulate(crowd: Crowd, rng: np.random.Generator) -> Answers:
    """Answers of a crowd.

    Parameters
    ----------
    crowd : Crowd
        Who.
    rng : numpy.random.Generator
        Draws everything; the same state gives the same answers.
    """
    spread = np.hypot(crowd.participant_deviation, crowd.trial_deviation)
    base = log_odds(crowd.skill, float(spread))
    ease = {
        kind: base
        + crowd.kind_effects.get(kind, 0.0)
        + crowd.trial_deviation * rng.normal(size=crowd.trials_a_kind)
        for kind in KINDS
    }
    return Answers.of(
        row for number in range(crowd.participants) for row in _session(crowd, number, ease, rng)
    )


def _session(
    crowd: Crowd, number: int, ease: dict[str, np.ndarray], rng: np.random.Generator
) -> Iterator[Answer]:
    ear = crowd.participant_deviation * rng.normal()
    age, experience = str(rng.choice(AGES)), str(rng.choice(EXPERIENCES))
    begin = _BEGIN + timedelta(minutes=number)
    kinds = [_SINGLE[rng.integers(4)] if k == "single" else k for k in crowd.session]
    decks = {kind: cycle(rng.permutation(crowd.trials_a_kind)) for kind in dict.fromkeys(kinds)}
    for place, at in enumerate(rng.permutation(len(kinds))):
        kind = kinds[at]
        card = int(next(decks[kind]))
        hasty, unheard = rng.random() < crowd.hasty, rng.random() < crowd.unheard
        guess = hasty or unheard or rng.random() < crowd.guesses
        odds = 0.0 if guess else float(ease[kind][card]) + ear + crowd.learning * place
        bach = int(rng.integers(2))
        # Towards the left: by what is heard if Bach is there, and by the leaning anyway.
        toward = crowd.leaning + (odds if bach == 0 else -odds)
        chosen = 0 if rng.random() < 1 / (1 + np.exp(-toward)) else 1
        seconds = 1 + rng.random() if hasty else 20 + 20 * rng.random()
        yield Answer(
            participant=f"p{number:06d}",
            trial=f"{kind}-{card}",
            kind=kind,
            bach_side=SIDES[bach],
            chosen=SIDES[chosen],
            order=place + 1,
            seconds=seconds,
            plays_left=1,
            plays_right=0 if unheard else 1,
            heard_left=1.0,
            heard_right=0.0 if unheard else 1.0,
            age=age,
            experience=experience,
            answered_at=begin + timedelta(seconds=50 * (place + 1)),
        )
        if rng.random() < crowd.drops:
            return


MOST = 1_000_000
"""Participants beyond which none is looked for."""


@dataclass(frozen=True)
class StudyDesign:
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

    plan: StudyDesign
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


def power_of(plan: StudyDesign, proportion: float, wanted: float = 0.8) -> Power:
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


def chance_of_telling(plan: StudyDesign, proportion: float, participants: int | None) -> float:
    """Chance that the mixed model's intercept is found to differ from 0, two-sided at 5%.

    The intercept's variance is that of the mean of crossed random effects: participants' spread
    over participants, trials' over trials, and an answer's own over answers, each answer worth the
    mean of p (1 - p) (Snijders and Bosker, *Multilevel Analysis*, 2nd edition, sections 11.2 and
    17.2). The test is Student's t, as in `bachbot.listening.analysis.mixed_model`.

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


def _ceiling(plan: StudyDesign, proportion: float, trials: int) -> float:
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
