"""What is given of a piece while the network learns to write the rest.

One network is to compose, to harmonise any set of voices, to fill a hole of bars and to go on from
an opening; so each time it meets a piece, one of these questions is drawn. Training on random
masks is that of Hadjeres and Nielsen, *Anticipation-RNN*, 2018 (https://arxiv.org/abs/1709.06404),
and of Huang and others, *Counterpoint by convolution*, ISMIR 2017 (https://arxiv.org/abs/1903.07227);
the mixture here asks what a user asks.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import VOICES, Given
from bachbot.errors import UsageError

_ALL = len(VOICES)


@dataclass(frozen=True)
class Mixture:
    """How often each question is asked.

    Parameters
    ----------
    soprano, voices, nothing, hole : float
        Shares of the pieces of which the soprano is given; any one, two or three voices; nothing;
        everything but some bars. They add up to 1.
    ending : float
        Share of the holes that last to the end: an opening is gone on with.
    tutti : float
        Share of the holes that are in all voices; the others are in any set of them.
    fermatas : float
        Share of the pieces whose fermatas are given too, all of them.

    Raises
    ------
    UsageError
        If a share cannot be, or the questions do not add up to 1.
    """

    soprano: float = 0.35
    voices: float = 0.40
    nothing: float = 0.10
    hole: float = 0.15
    ending: float = 0.35
    tutti: float = 0.5
    fermatas: float = 0.7

    def __post_init__(self) -> None:
        questions = (self.soprano, self.voices, self.nothing, self.hole)
        every = (*questions, self.ending, self.tutti, self.fermatas)
        if not all(0 <= share <= 1 for share in every) or not np.isclose(sum(questions), 1):
            raise UsageError(
                f"{self} is no mixture: give shares of 0 to 1, of which the first four make 1"
            )

    def with_nothing(self, share: float) -> "Mixture":
        """The same with nothing given in another share of the pieces, the rest in proportion."""
        scale = (1 - share) / (1 - self.nothing)
        others = {name: scale * getattr(self, name) for name in ("soprano", "voices", "hole")}
        return replace(self, nothing=share, **others)


MIXTURE = Mixture()
"""What a run asks: a tune to be harmonised more often than any other voices."""


def draw(
    frames: int,
    starts: NDArray[np.int64],
    random: np.random.Generator,
    mixture: Mixture = MIXTURE,
) -> Given:
    """Choose what is given of a piece.

    Parameters
    ----------
    frames : int
        Frames of the piece (T), 1 or more.
    starts : ndarray of int, shape [bars]
        First frame of each bar, 0 the first of them.
    random : Generator
        Follows from seed, epoch and step.
    mixture : Mixture
        How often what is asked.

    Returns
    -------
    Given
        Of shape [T, 4]; at least one cell is missing.
    """
    asked = random.random()
    if asked < mixture.soprano:
        cells = _voices(frames, 1)
    elif asked < mixture.soprano + mixture.voices:
        cells = _voices(frames, int(random.integers(1, 2**_ALL - 1)))
    elif asked < mixture.soprano + mixture.voices + mixture.nothing:
        cells = _voices(frames, 0)
    else:
        cells = _hole(np.append(starts, frames), random, mixture)
    return Given(cells, bool(random.random() < mixture.fermatas))


def _voices(frames: int, members: int) -> NDArray[np.bool_]:
    """Whole voices given, [T, 4]: those whose bit is set, the soprano's the lowest."""
    chosen = members >> np.arange(_ALL) & 1 > 0  # [4]
    return np.tile(chosen, (frames, 1))


def _hole(
    bars: NDArray[np.int64], random: np.random.Generator, mixture: Mixture
) -> NDArray[np.bool_]:
    """All given but one stretch of bars in one voice or more, [T, 4].

    The bars are told by the frames that they begin in, and the frame after the last one.
    """
    first = int(random.integers(len(bars) - 1))
    last = int(random.integers(first + 1, len(bars)))
    if random.random() < mixture.ending:
        last = len(bars) - 1
    everyone = 2**_ALL - 1
    members = everyone if random.random() < mixture.tutti else int(random.integers(1, everyone + 1))
    given = np.ones((bars[-1], _ALL), dtype=np.bool_)
    given[bars[first] : bars[last]] = ~_voices(1, members)
    return given
