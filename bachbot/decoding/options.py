"""How to decode, and what comes of it."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

from bachbot.chorale import Chorale
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
    parallels : bool
        Whether parallel fifths, octaves and unisons are let through. The model alone writes many
        times as many as Bach; unless they are asked for, no free voice makes one.

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
    parallels: bool = False

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
        if self.method == "beam" and self.number > self.beam >= 1:
            faults.append(
                f"a beam of {self.beam} has no {self.number} candidates: "
                "widen the beam or ask for fewer"
            )
        if faults:
            raise UsageError("; ".join(faults))


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
    method : str
        How its tokens were chosen.
    seed : int
        Start of the random numbers.
    ending : str
        How it ends, in words.
    """

    chorale: Chorale
    log_probability: float
    method: str
    seed: int
    ending: str
