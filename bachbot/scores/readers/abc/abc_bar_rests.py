"""Rests of a whole bar in ABC that stand in a bar with notes."""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from bachbot.scores.readers.tune import TuneBar, TuneNote, total_length


class BarRest(NamedTuple):
    """A rest ``Z`` as it was read, and the length of ``z`` there in quarter notes."""

    note: TuneNote
    unit: Fraction


def settle(bar: TuneBar, rests: Sequence[BarRest]) -> bool:
    """Give rests of a whole bar that stand beside notes the lengths that make the bar right.

    Somebody who types ``Z`` there meant ``z``, or the rest of the bar; where the notes fill bars
    by themselves, a bar line is missing, and the rests stay as they are.

    Parameters
    ----------
    bar : TuneBar
        A bar that is complete.
    rests : sequence of BarRest
        Its rests of a whole bar.

    Returns
    -------
    bool
        Whether they were changed.
    """
    own = {id(rest.note) for rest in rests}
    notes = total_length([note for note in bar.notes if id(note) not in own])
    full = Fraction(4 * bar.beats, bar.unit)
    if notes % full == 0:  # also where there is nothing else
        return False
    plain = notes + sum((rest.unit for rest in rests), Fraction(0))
    fills = len(rests) == 1 and notes < full and plain != full
    for rest in rests:
        rest.note.value = full - notes if fills else rest.unit
    return True
