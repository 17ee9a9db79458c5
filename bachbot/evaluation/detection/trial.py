"""The two sides of a test: whose each piece is, and which belong together."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbot.errors import UsageError

FEWEST_PAIRS, FEWEST_TUNES = 10, 5


@dataclass(frozen=True, eq=False)
class Trial:
    """P pieces of ours and as many of Bach's, in pairs: piece i and piece P + i.

    Parameters
    ----------
    our_groups, groups : tuple of str, length P
        The tune of each of ours, and of each of Bach's.
    seed : int
        Of everything that is drawn.

    Raises
    ------
    UsageError
        If there are fewer than ten pairs or five tunes, or the sides are not as many.
    """

    our_groups: tuple[str, ...]
    groups: tuple[str, ...]
    seed: int = 0

    def __post_init__(self) -> None:
        pairs, tunes = len(self.groups), len(set(self.groups))
        if len(self.our_groups) != pairs:
            raise UsageError(
                f"{len(self.our_groups)} tunes of ours stand beside {pairs} of Bach's: "
                "give one for each"
            )
        if pairs < FEWEST_PAIRS or tunes < FEWEST_TUNES:
            raise UsageError(
                f"too few pieces to train a detector on ({pairs} a side, on {tunes} "
                f"tune{'s' * (tunes != 1)}): give {FEWEST_PAIRS} or more on {FEWEST_TUNES} or "
                "more tunes"
            )

    @property
    def pairs(self) -> int:
        """How many pairs, P."""
        return len(self.groups)

    @property
    def ours(self) -> NDArray[np.bool_]:
        """Whether each of the 2 P pieces is ours."""
        return np.arange(2 * self.pairs) < self.pairs

    @property
    def all_groups(self) -> tuple[str, ...]:
        """The tune of each of the 2 P pieces."""
        return self.our_groups + self.groups

    def dealt_anew(self, times: int) -> Iterator[NDArray[np.bool_]]:
        """The sides as they might have been: pairs change sides by the toss of a coin.

        All pairs of one of Bach's tunes change at once, for they are too alike to be tossed one
        by one.

        Parameters
        ----------
        times : int
            How often.

        Yields
        ------
        ndarray of bool, shape [2 P]
            Whether each piece is now ours.
        """
        _, group = np.unique(np.asarray(self.groups), return_inverse=True)
        rng = np.random.default_rng(self.seed)
        for _ in range(times):
            stays = rng.random(group.max() + 1)[group] < 0.5
            yield np.concatenate([stays, ~stays])
