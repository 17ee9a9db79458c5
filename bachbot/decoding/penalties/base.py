"""What a penalty is."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from bachbot.decoding.context import SearchContext


@dataclass(frozen=True)
class Penalty(ABC):
    """A penalty or bonus for candidate tokens.

    Parameters
    ----------
    weight : float
        Nats for each time that it applies. A penalty adds its weight to the cost of a token, a
        bonus subtracts it. With 0 it has no effect.

    Attributes
    ----------
    source : str
        Where the rule comes from.
    uses_history : bool
        Whether it reads `SearchContext.history`, which the search keeps only where one does.
    """

    weight: float

    source: ClassVar[str]
    uses_history: ClassVar[bool] = False

    @property
    @abstractmethod
    def name(self) -> str:
        """Its name, by which its weight is set, fitted and reported."""

    @abstractmethod
    def cost(
        self, context: SearchContext, rows: NDArray[np.intp], tokens: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """The cost of candidate tokens.

        Parameters
        ----------
        context : SearchContext
            The cell that is filled next.
        rows, tokens : ndarray of int, shape [N]
            The hypotheses that the tokens would continue, and the tokens: notes or rests of a
            voice that is not given.

        Returns
        -------
        ndarray of float64, shape [N]
            In nats; negative for a bonus.
        """
