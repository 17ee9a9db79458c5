"""What is asked of the engine, and what it gives."""

from dataclasses import dataclass

from bachbot.chorale import Key, Metre
from bachbot.scores import Score


@dataclass(frozen=True, eq=False)
class Arrangement:
    """A finished piece.

    Parameters
    ----------
    score : Score
        Four voices in the key, metre and bars asked for.
    log_probability : float
        Joint log-probability of all its tokens in nats; of what was not given alone where the
        model knew the rest beforehand.
    charged : float
        What its part-writing was charged, in nats: the best has the greatest difference.
    ending : str
        How it ended, in words.
    seed : int
        Seed that makes it again.
    """

    score: Score
    log_probability: float
    charged: float
    ending: str
    seed: int


@dataclass(frozen=True)
class Plan:
    """What a new piece is to be like.

    Parameters
    ----------
    bars : int, optional
        Length in bars; the model ends the piece itself unless given, or, if it has to know
        beforehand, is told one as Bach's are.
    metre : Metre
        Time signature.
    key : Key
        Key of the result.
    prime : Score, optional
        A score of all four voices whose opening is gone on from.
    prime_bars : int
        How many of its bars, a pickup not counted.
    """

    bars: int | None = None
    metre: Metre = Metre()
    key: Key = Key()
    prime: Score | None = None
    prime_bars: int = 2
