"""Simulated participants of known skill, to try an analysis or a plan on."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import cycle

import numpy as np

from bachbot.errors import UsageError
from bachbot.listening.answer import AGES, EXPERIENCES, KINDS, SIDES, Answer
from bachbot.listening.answers import Answers
from bachbot.listening.marginal import log_odds

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
