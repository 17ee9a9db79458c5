"""How to decode, and what comes of it."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

from bachbot.chorale import Chorale
from bachbot.decoding.penalties import DEFAULT_PENALTIES, SAMPLING_PENALTIES, Penalties
from bachbot.errors import UsageError

Method = Literal["beam", "greedy", "sample"]
METHODS: tuple[Method, ...] = get_args(Method)

Progress = Callable[[int, int], None]
"""Told how many frames are done, and of how many."""

_MOST = 1000  # beams or candidates; the time that decoding takes grows with either


@dataclass(frozen=True)
class DecodingOptions:
    """How tokens are chosen.

    Parameters
    ----------
    method : {"beam", "greedy", "sample"}
        Keep the likeliest few, take the likeliest each time, or draw by probability.
    beam : int
        How many are kept, 1 to 1000; of meaning to ``"beam"`` alone.
    temperature : float
        Divides the scores before a draw; above 0 to 10. Below 1 plays safe, above 1 dares.
    top_p : float
        Draw from the likeliest tokens that together have this probability (Holtzman and others,
        *The curious case of neural text degeneration*, ICLR 2020); above 0 to 1.
    seed : int
        Start of the random numbers, 0 or more. The same seed gives the same draws.
    number : int
        How many candidates are wanted, 1 to 1000.
    variety : float
        How far the second and every further candidate of a beam is led elsewhere by chance, in
        nats, 0 to 10: see `bachbot.decoding.strategies`. With 0 they are the beam's next best, which
        differ in a note or two.
    charges : Charges, optional
        What part-writing is charged; the house's own unless given: see `charged`.

    Raises
    ------
    UsageError
        If a value cannot be; the message names every fault.
    """

    method: Method = "beam"
    beam: int = 10
    temperature: float = 1.0
    top_p: float = 1.0
    seed: int = 0
    number: int = 1
    variety: float = 0.3
    charges: Penalties | None = None

    def __post_init__(self) -> None:
        faults = []
        if self.method not in METHODS:
            faults.append(f"the method is '{self.method}': give one of {', '.join(METHODS)}")
        for name, value in (("beam", self.beam), ("number", self.number)):
            if not 1 <= value <= _MOST:
                faults.append(f"{name} is {value}: give 1 to {_MOST}")
        if not (math.isfinite(self.temperature) and 0 < self.temperature <= 10):
            faults.append(f"the temperature is {self.temperature}: give more than 0, up to 10")
        if not 0 < self.top_p <= 1:
            faults.append(f"top-p is {self.top_p}: give more than 0, up to 1")
        if self.seed < 0:
            faults.append(f"the seed is {self.seed}: give 0 or more")
        if self.method == "greedy" and self.number > 1:
            faults.append(
                f"the greedy method has one candidate, not {self.number}: "
                "ask for one, or use beam or sample"
            )
        if not (math.isfinite(self.variety) and 0 <= self.variety <= 10):
            faults.append(f"the variety is {self.variety}: give 0 to 10")
        if self.method == "beam" and not self.led and self.number > self.beam >= 1:
            faults.append(
                f"a beam of {self.beam} has no {self.number} candidates: "
                "widen the beam or ask for fewer"
            )
        if faults:
            raise UsageError("; ".join(faults))

    @property
    def led(self) -> bool:
        """Whether further candidates are led elsewhere by chance."""
        return self.method == "beam" and self.number > 1 and self.variety > 0

    @property
    def charged(self) -> Penalties:
        """What part-writing is charged: what was given, or else what fits the method."""
        if self.charges is not None:
            return self.charges
        return SAMPLING_PENALTIES if self.method == "sample" else DEFAULT_PENALTIES


@dataclass(frozen=True, eq=False)
class Candidate:
    """A piece that was decoded.

    Parameters
    ----------
    chorale : Chorale
        The music, in C major or A minor.
    log_probability : float
        Joint log-probability in nats of its tokens after START, the given ones counted; END's
        too if it was emitted.
    charged : float
        What its part-writing was charged, in nats; candidates are ranked by the difference.
    method : str
        How its tokens were chosen.
    seed : int
        Start of the random numbers.
    ending : str
        How it ends, in words.
    """

    chorale: Chorale
    log_probability: float
    charged: float
    method: str
    seed: int
    ending: str
