"""Simulated participants, to test an analysis on."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import cycle

import numpy as np

from bachbot.errors import UsageError
from bachbot.listening.analysis.mixed_model import log_odds_of
from bachbot.listening.answers import AGES, CONDITIONS, EXPERIENCES, SIDES, Answer, Answers

ORIGINAL_SESSION = ("single", "AT", "ATB", "composition", "composition")
"""The five trials of the original study; the single voice is random."""

_SINGLE_VOICES = ("S", "A", "T", "B")
_START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Population:
    """Participants and trials of a simulated test.

    Parameters
    ----------
    participants : int
        1 or more.
    accuracy : float
        Proportion correct in the population of participants and trials when nobody guesses, above
        0 and below 1.
    session : tuple of str
        Conditions of a participant's trials: of `CONDITIONS`, or ``"single"`` for one of the first
        four. Their order is random.
    trials_per_condition : int
        A participant has no trial twice unless a session takes more than these.
    participant_sd, trial_sd : float
        Standard deviations of ability and of difficulty, in log-odds.
    left_bias : float
        Preference of all participants for the left clip, in log-odds; below 0 for the right one.
    guess_rate : float
        Share of answers that are guesses, 0 to 1; the bias applies to them too.
    learning : float
        Change with each trial of the session, in log-odds.
    dropout_rate : float
        Probability of leaving after each trial, 0 to 1.
    fast_rate, unheard_rate : float
        Shares of answers that are too fast, and of those given without playing both clips, 0 to 1.
        Both are guesses.
    condition_effects : dict of str to float
        How much easier a condition is, in log-odds. Default: 0.

    Raises
    ------
    UsageError
        If a value is out of range.
    """

    participants: int
    accuracy: float = 0.5
    session: tuple[str, ...] = ORIGINAL_SESSION
    trials_per_condition: int = 8
    participant_sd: float = 0.0
    trial_sd: float = 0.0
    left_bias: float = 0.0
    guess_rate: float = 0.0
    learning: float = 0.0
    dropout_rate: float = 0.0
    fast_rate: float = 0.0
    unheard_rate: float = 0.0
    condition_effects: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        faults = []
        if self.participants < 1 or self.trials_per_condition < 1 or not self.session:
            faults.append("participants, trials and the session must be 1 or more")
        if not 0 < self.accuracy < 1:
            faults.append(f"the accuracy is {self.accuracy}: give one above 0 and below 1")
        if self.participant_sd < 0 or self.trial_sd < 0:
            faults.append("standard deviations must be 0 or more")
        rates = (self.guess_rate, self.dropout_rate, self.fast_rate, self.unheard_rate)
        if not all(0 <= rate <= 1 for rate in rates):
            faults.append("rates must be 0 to 1")
        if (set(self.session) - {"single"} | set(self.condition_effects)) - set(CONDITIONS):
            faults.append(f"conditions must be of {', '.join(CONDITIONS)}")
        if faults:
            raise UsageError("such a population cannot be simulated: " + "; ".join(faults))


def simulate_answers(population: Population, rng: np.random.Generator) -> Answers:
    """Answers of a simulated population.

    Parameters
    ----------
    population : Population
        Participants and trials.
    rng : numpy.random.Generator
        The same state gives the same answers.
    """
    sd = np.hypot(population.participant_sd, population.trial_sd)
    base = log_odds_of(population.accuracy, float(sd))
    ease = {
        condition: base
        + population.condition_effects.get(condition, 0.0)
        + population.trial_sd * rng.normal(size=population.trials_per_condition)
        for condition in CONDITIONS
    }
    return Answers.from_rows(
        row
        for number in range(population.participants)
        for row in _simulate_session(population, number, ease, rng)
    )


def _simulate_session(
    population: Population, number: int, ease: dict[str, np.ndarray], rng: np.random.Generator
) -> Iterator[Answer]:
    ability = population.participant_sd * rng.normal()
    age, experience = str(rng.choice(AGES)), str(rng.choice(EXPERIENCES))
    start = _START + timedelta(minutes=number)
    session = [_SINGLE_VOICES[rng.integers(4)] if c == "single" else c for c in population.session]
    trials = {
        condition: cycle(rng.permutation(population.trials_per_condition))
        for condition in dict.fromkeys(session)
    }
    for step, index in enumerate(rng.permutation(len(session))):
        condition = session[index]
        trial = int(next(trials[condition]))
        fast = rng.random() < population.fast_rate
        unheard = rng.random() < population.unheard_rate
        guess = fast or unheard or rng.random() < population.guess_rate
        ability_odds = float(ease[condition][trial]) + ability + population.learning * step
        odds = 0.0 if guess else ability_odds
        bach = int(rng.integers(2))
        # Log-odds of answering "left": ability if Bach is on the left, and the bias in any case.
        left_odds = population.left_bias + (odds if bach == 0 else -odds)
        chosen = 0 if rng.random() < 1 / (1 + np.exp(-left_odds)) else 1
        response_time = 1 + rng.random() if fast else 20 + 20 * rng.random()
        yield Answer(
            participant=f"p{number:06d}",
            trial=f"{condition}-{trial}",
            condition=condition,
            bach_side=SIDES[bach],
            chosen=SIDES[chosen],
            position=step + 1,
            response_time=response_time,
            plays_left=1,
            plays_right=0 if unheard else 1,
            heard_left=1.0,
            heard_right=0.0 if unheard else 1.0,
            age=age,
            experience=experience,
            answered_at=start + timedelta(seconds=50 * (step + 1)),
        )
        if rng.random() < population.dropout_rate:
            return
