"""All rules by name, and the cost of motion that breaks them."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from bachbot.errors import UsageError
from bachbot.theory.rules import tendency
from bachbot.theory.rules import voice_leading as between
from bachbot.theory.rules import voice_leading as lines
from bachbot.theory.rules.rule import Moves, Rule


def sum_fault_costs(
    moves: Moves, weights: Mapping[str, float], *, whole: bool = True
) -> NDArray[np.float64]:
    """Sum the cost of the faults of every motion.

    With `whole` off the cost never decreases as voices become known, so that the cost of one voice
    is the difference that it makes.

    Parameters
    ----------
    moves : Moves
        N motions.
    weights : mapping of str to float
        Cost of one fault, by the name of its rule; rules of weight 0 are skipped.
    whole : bool
        Whether all voices are known, so that rules with `Rule.whole` count too.

    Returns
    -------
    ndarray of float64, shape [N]
        Sum of weight times number of faults.

    Raises
    ------
    UsageError
        If there is no rule of a name.
    """
    total = np.zeros(len(moves))
    for name, weight in weights.items():
        rule = RULES.get(name)
        if rule is None:
            raise UsageError(f"there is no rule '{name}': rules are {', '.join(RULES)}")
        if weight and (whole or not rule.whole):
            total += rule.count(moves) @ np.full(len(rule.voices), weight)
    return total


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        rule.name: rule
        for rule in (
            between.PARALLEL_FIFTHS,
            between.PARALLEL_OCTAVES,
            between.HIDDEN_FIFTHS,
            between.HIDDEN_OCTAVES,
            between.CROSSING,
            between.OVERLAP,
            between.WIDE_SOPRANO_ALTO,
            between.WIDE_ALTO_TENOR,
            lines.OUT_OF_RANGE,
            lines.TRITONE_LEAPS,
            lines.SEVENTH_LEAPS,
            lines.LEAPS_BEYOND_AN_OCTAVE,
            tendency.LEADING_NOTE_UNRESOLVED,
            tendency.LEADING_NOTE_DOUBLED,
            tendency.SEVENTH_UNRESOLVED,
            tendency.LEAP_OUTSIDE_HARMONY,
            tendency.NO_CHORD,
        )
    }
)
"""All rules by name, in the order of reports."""

SUMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "parallels": ("parallel fifths", "parallel octaves"),
        "tritone and seventh leaps": ("tritone leaps", "seventh leaps"),
    }
)
"""Rules that are also reported together: their faults are summed over shared opportunities."""
