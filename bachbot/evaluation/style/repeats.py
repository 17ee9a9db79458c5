"""Sequences that a voice sings more than once.

The definition is that of "Bach or Mock", after Hsu, Liu and Chen, "Discovering nontrivial repeating
patterns in music data" (IEEE Transactions on Multimedia 3(3), 2001): a sequence of two notes or
more, begun with a note's (or a rest's) beginning and ended anywhere on the grid, that is found
twice or more at the same pitches and in the same rhythm; one that is only ever found as a part of
a longer one is not counted.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from bachbot.chorale import REST, VOICES, Chorale, Voice
from bachbot.evaluation.style.feature import Label, Reading

_HOLD = -2
_LEAST_NOTES = 2


def repeated_sequences(reading: Reading) -> Counter[Label]:
    """How often repeated sequences of each length are found, all voices together.

    Returns
    -------
    Counter
        By length in sixteenths; 0 alone, once, where nothing is repeated.
    """
    found: Counter[Label] = Counter()
    for voice in VOICES:
        for length, times in _repeats(_events(reading.chorale, voice)):
            found[float(length)] += times
    return found or Counter({0.0: 1})


def _events(chorale: Chorale, voice: Voice) -> list[int]:
    """A voice as one number a frame: a pitch, -1 where a rest begins, -2 where either goes on."""
    pitch = chorale.pitch[:, voice]
    goes_on = chorale.tied[:, voice].copy()
    goes_on[1:] |= (pitch[1:] == REST) & (pitch[:-1] == REST)
    return np.where(goes_on, _HOLD, pitch).tolist()


def _repeats(events: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Length and number of occurrences of every sequence that counts.

    Places that begin alike are kept together and told apart frame by frame as they grow; a group
    that does not fall apart at the next frame, or that is always preceded by one same note, is
    part of a longer sequence found as often.
    """
    starts = [frame for frame, event in enumerate(events) if event != _HOLD]
    before = {b: tuple(events[a:b]) for a, b in pairwise(starts)}
    groups = list(_parted(events, starts, 0))
    length = 1
    while groups:
        grown = []
        for group in groups:
            parts = list(_parted(events, group, length))
            first = group[0]
            notes = length - events[first : first + length].count(_HOLD)
            whole = len(parts) == 1 and len(parts[0]) == len(group)
            preceded = {before.get(place) for place in group}
            led = len(preceded) == 1 and None not in preceded
            if notes >= _LEAST_NOTES and not whole and not led:
                yield length, len(group)
            grown += parts
        groups = grown
        length += 1


def _parted(events: Sequence[int], places: Sequence[int], length: int) -> Iterator[list[int]]:
    """Places that go on alike after so many frames, where there are two or more."""
    parts: defaultdict[int, list[int]] = defaultdict(list)
    for place in places:
        if place + length < len(events):
            parts[events[place + length]].append(place)
    return (part for part in parts.values() if len(part) > 1)
