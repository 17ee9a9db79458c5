"""What moves are charged for the rules that they break."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from bachbot.errors import UsageError
from bachbot.theory.rules.moves import Moves
from bachbot.theory.rules.table import RULES


def charge(
    moves: Moves, weights: Mapping[str, float], *, whole: bool = True
) -> NDArray[np.float64]:
    """Charge every move for its faults.

    With `whole` off it never falls as voices become known, so that the charge for one voice is
    the difference that it makes.

    Parameters
    ----------
    moves : Moves
        N of them.
    weights : mapping of str to float
        What one fault costs, by the name of its rule; rules of weight 0 are not looked at.
    whole : bool
        Whether all voices are known, so that `Rule.whole` rules are to be counted too.

    Returns
    -------
    ndarray of float64, shape [N]
        Sum of weight times number of faults.

    Raises
    ------
    UsageError
        If a weight names no rule.
    """
    total = np.zeros(len(moves))
    for name, weight in weights.items():
        rule = RULES.get(name)
        if rule is None:
            raise UsageError(f"there is no rule '{name}': rules are {', '.join(RULES)}")
        if weight and (whole or not rule.whole):
            total += rule.count(moves) @ np.full(len(rule.voices), weight)
    return total
