"""Features of voices against each other: contrary, similar and parallel motion."""

import numpy as np

from bachbot.chorale import VOICES
from bachbot.evaluation.detection.sight import Features, Sight, share
from bachbot.theory.rules import PAIRS

_THIRDS_AND_SIXTHS = (3, 4, 8, 9)


def motion(sight: Sight) -> Features:
    """By pair: both going the same way, and in thirds or sixths, where both go."""
    moves = sight.moves
    found = {}
    for column, (upper, lower) in enumerate(PAIRS):
        along = moves.along[:, column]
        both = along != 0
        sweet = np.ones(len(moves), dtype=np.bool_)
        for pitch in (moves.before.astype(np.int64), moves.now.astype(np.int64)):
            sweet &= np.isin((pitch[:, upper] - pitch[:, lower]) % 12, _THIRDS_AND_SIXTHS)
        name = f"{upper.label} and {lower.label}"
        found[f"{name}: similar motion, where both move"] = share(along > 0, both)
        found[f"{name}: in thirds or sixths, where both move"] = share(sweet & (along > 0), both)
    return found


def all_one_way(sight: Sight) -> Features:
    """Steps on which all four voices go, and those on which they all go the same way."""
    way = np.sign(sight.moves.interval)
    any_goes = (way != 0).any(axis=1)
    all_go = (way != 0).all(axis=1)
    one_way = np.abs(way.sum(axis=1)) == len(VOICES)
    return {
        "all four move, where any moves": share(all_go, any_goes),
        "all one way, where all four move": share(one_way, all_go),
    }
