"""Chance: leads a search elsewhere, so that several harmonisations differ audibly.

Every family of streams but a piece's first has a number of its own for each token of each cell,
drawn from a Gumbel distribution, added to the model's scores: the best path of the perturbed scores
is a draw of a kind, but one that a search has looked ahead for (Papandreou and Yuille,
*Perturb-and-MAP random fields*, ICCV 2011). Families are ranked without it.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Chance:
    """What chance adds to each token, by family, frame and voice.

    Parameters
    ----------
    seed : int
        The same seed gives the same numbers.
    families : int
        Families of each piece (F); family f of any piece has the label p F + f, and the first goes
        without.
    scale : float
        Nats that the numbers are scaled by, 0 or more.
    vocabulary : int
        How many tokens there are (V).
    """

    seed: int
    families: int
    scale: float
    vocabulary: int
    _drawn: dict[tuple[int, int], NDArray[np.float64]] = field(default_factory=dict, repr=False)

    def of(self, frame: int, voice: int, label: NDArray[np.intp]) -> NDArray[np.float64]:
        """What is added to each stream's tokens.

        Parameters
        ----------
        frame, voice : int
            The cell.
        label : ndarray of int, shape [B]
            Family of each stream.

        Returns
        -------
        ndarray of float64, shape [B, V]
            In nats; the same for all streams of a family.
        """
        if (frame, voice) not in self._drawn:
            self._drawn.clear()
            random = np.random.default_rng([self.seed, frame, voice])
            table = self.scale * random.gumbel(size=(self.families, self.vocabulary))
            table[0] = 0
            self._drawn[frame, voice] = table
        return self._drawn[frame, voice][label % self.families]
