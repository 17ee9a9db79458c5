"""A few chords that lead from one key to another: a pivot, and the dominant seventh of what comes.

The plan is that of textbooks (Aldwell, Schachter and Cadwallader, *Harmony and Voice Leading*, 4th
edition, chapter 15): a chord of both keys, a predominant of the new one, its dominant. Voices are
found by dynamic programming over the full chords within the ranges.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import Key, Mode
from bachbot.errors import UsageError
from bachbot.theory.harmony import NONE, Quality, chords_of
from bachbot.theory.rules import Moves
from bachbot.theory.rules.table import sum_fault_costs

MOST_CHORDS = 4
"""Most chords of a link."""

_COMPASS = ((60, 79), (55, 72), (48, 67), (40, 62))
"""Lowest and highest pitch of S, A, T, B: within the ranges, where all sing well."""

_WIDEST, _WIDEST_BASS = 12, 19
_KEPT = 150
"""Voicings of a chord that are looked at: those nearest to where the voices come from and go."""

_FAULTS = {
    "parallel fifths": 60.0, "parallel octaves": 60.0, "hidden fifths": 6.0, "hidden octaves": 6.0,
    "overlap": 8.0, "tritone leaps": 6.0, "seventh leaps": 15.0, "leaps beyond an octave": 30.0,
    "leading note unresolved": 20.0, "leading note doubled": 30.0, "seventh unresolved": 20.0,
}  # fmt: skip
_MOTION, _BASS_MOTION, _STATIC = 0.15, 0.05, 1.5
_INVERSION, _DOUBLED_THIRD = (0.0, 0.6, 2.5, 2.0), 1.0

_TRIADS: dict[Mode, tuple[tuple[int, Quality], ...]] = {
    "major": (
        (0, Quality.MAJOR), (2, Quality.MINOR), (4, Quality.MINOR), (5, Quality.MAJOR),
        (7, Quality.MAJOR), (9, Quality.MINOR),
    ),
    "minor": (
        (0, Quality.MINOR), (3, Quality.MAJOR), (5, Quality.MINOR), (7, Quality.MAJOR),
        (8, Quality.MAJOR), (10, Quality.MAJOR),
    ),
}  # fmt: skip
"""Triads of a key, by semitones above its tonic."""

_PREDOMINANTS: dict[Mode, dict[tuple[int, Quality], float]] = {
    "major": {
        (2, Quality.MINOR): 0.0, (5, Quality.MAJOR): 0.0, (2, Quality.MINOR_SEVENTH): 0.5,
        (9, Quality.MINOR): 1.0,
    },
    "minor": {
        (5, Quality.MINOR): 0.0, (2, Quality.HALF_DIMINISHED): 0.5, (8, Quality.MAJOR): 1.0,
    },
}  # fmt: skip


@dataclass(frozen=True)
class LinkChord:
    """A chord that a link may have: root as a pitch class, quality, and its cost."""

    root: int
    quality: Quality
    cost: float = 0.0

    @property
    def classes(self) -> tuple[int, ...]:
        """Pitch classes, the root first."""
        return tuple((self.root + interval) % 12 for interval in self.quality.intervals)


def link_chords(
    last: Sequence[int], first: Sequence[int], old: Key, new: Key, count: int
) -> NDArray[np.int16]:
    """Find chords that lead from the last chord of a passage to the first one of the next.

    Parameters
    ----------
    last, first : sequence of int, length 4
        MIDI pitches of S, A, T, B.
    old, new : Key
        Key of each passage.
    count : int
        Number of chords, 1 to 4. The last one is the dominant seventh of the new key; if the next
        passage begins on a dominant it is a predominant, and if it begins on another degree the
        dominant seventh of that.

    Returns
    -------
    ndarray of int16, shape [count, 4]
        Full chords, with the smallest motion that makes no parallel fifths and octaves.

    Raises
    ------
    UsageError
        If the number is none of these.
    """
    if not 1 <= count <= MOST_CHORDS:
        raise UsageError(f"a link of {count} chords: give 1 to {MOST_CHORDS}")
    begin, end = np.array([last], dtype=np.int16), np.array([first], dtype=np.int16)
    layers = [
        _voicings(options, begin[0], end[0]) for options in _plan(begin, end, old, new, count)
    ]
    layers.append((end, np.zeros(1)))
    before, total = begin, np.zeros(1)
    back: list[NDArray[np.int64]] = []
    for index, (now, own) in enumerate(layers):
        key = old if index == 0 and count > 1 else new
        cost = total[:, None] + _motion(before, now, key) + own[None, :]
        back.append(cost.argmin(axis=0))
        before, total = now, cost.min(axis=0)
    chosen, node = [], 0
    for index in range(count, 0, -1):
        node = int(back[index][node])
        chosen.append(layers[index - 1][0][node])
    return np.array(chosen[::-1], dtype=np.int16)


def _plan(
    last: NDArray[np.int16], first: NDArray[np.int16], old: Key, new: Key, count: int
) -> list[list[LinkChord]]:
    """The chords that each place of the link may have."""
    predominants = [
        LinkChord((new.pitch_class + degree) % 12, quality, cost)
        for (degree, quality), cost in _PREDOMINANTS[new.mode].items()
    ]
    ending = _approach(first, new, predominants)
    if count == 1:
        return [ending]
    plan = [_pivots(last, old, new, predominants)]
    dominant = [LinkChord((new.pitch_class + 7) % 12, Quality.MAJOR)]
    to_dominant = ending[0].quality == Quality.DOMINANT_SEVENTH and (
        ending[0].root == dominant[0].root
    )
    plan += {
        2: [],
        3: [predominants],
        4: [predominants, dominant if to_dominant else predominants],
    }[count]
    return [*plan, ending]


def _approach(first: NDArray[np.int16], new: Key, predominants: list[LinkChord]) -> list[LinkChord]:
    """What the last chord before the next passage may be."""
    chord = chords_of(first, new)
    root, quality = int(chord.root[0]), int(chord.quality[0])
    degree = (root - new.pitch_class) % 12
    dominant = LinkChord((new.pitch_class + 7) % 12, Quality.DOMINANT_SEVENTH)
    if root == NONE or degree in (0, 8, 9):
        return [dominant]
    if degree in (7, 11):
        of_dominant = LinkChord((new.pitch_class + 2) % 12, Quality.DOMINANT_SEVENTH, 0.5)
        return [of_dominant, *predominants]
    if quality in (Quality.MAJOR, Quality.MINOR, Quality.DOMINANT_SEVENTH, Quality.MINOR_SEVENTH):
        return [LinkChord((root + 7) % 12, Quality.DOMINANT_SEVENTH)]
    return [dominant]


def _pivots(
    last: NDArray[np.int16], old: Key, new: Key, predominants: list[LinkChord]
) -> list[LinkChord]:
    """Triads of both keys; without any, predominants, rather with a note of the last chord."""
    here = {((old.pitch_class + degree) % 12, quality) for degree, quality in _TRIADS[old.mode]}
    useful = {(chord.root, chord.quality) for chord in predominants}
    found = []
    for degree, quality in _TRIADS[new.mode]:
        root = (new.pitch_class + degree) % 12
        if (root, quality) in here and degree != 7:
            cost = 0.0 if (root, quality) in useful else 0.7 if degree == 0 else 1.5
            found.append(LinkChord(root, quality, cost))
    if found:
        return found
    sounding = {int(pitch) % 12 for pitch in last[0]}
    return [
        LinkChord(
            one.root, one.quality, one.cost + (2.0 if sounding.isdisjoint(one.classes) else 0)
        )
        for one in predominants
    ]


def _voicings(
    options: list[LinkChord], last: NDArray[np.int16], first: NDArray[np.int16]
) -> tuple[NDArray[np.int16], NDArray[np.float64]]:
    """The voicings of some chords that lie nearest, [N, 4], and what each costs, [N]."""
    found = [one for option in options for one in _voicings_of(option)]
    pitch = np.array([voices for voices, _ in found], dtype=np.int16)
    cost = np.array([own for _, own in found])
    away = np.abs(pitch - last).sum(axis=1) + np.abs(pitch - first).sum(axis=1)
    best = np.argsort(cost + _MOTION * away, kind="stable")[:_KEPT]
    return pitch[best], cost[best]


def _voicings_of(chord: LinkChord) -> Iterator[tuple[tuple[int, ...], float]]:
    """All full chords in four voices without crossings, and what each costs."""
    classes = chord.classes
    choices = [[p for p in range(low, high + 1) if p % 12 in classes] for low, high in _COMPASS]
    for voices in product(*choices):
        soprano, alto, tenor, bass = voices
        if not (soprano >= alto >= tenor >= bass):
            continue
        wide = soprano - alto > _WIDEST or alto - tenor > _WIDEST or tenor - bass > _WIDEST_BASS
        if wide or {p % 12 for p in voices} != set(classes):
            continue
        inversion = classes.index(bass % 12)
        diminished = chord.quality in (Quality.DIMINISHED, Quality.HALF_DIMINISHED)
        third = sum(p % 12 == classes[1] for p in voices) > 1
        cost = chord.cost + _INVERSION[inversion] + _DOUBLED_THIRD * third
        # A diminished chord is heard best over its third.
        yield voices, cost + (1.5 if diminished and inversion == 0 else 0.0)


def _motion(before: NDArray[np.int16], now: NDArray[np.int16], key: Key) -> NDArray[np.float64]:
    """Cost of going from each voicing to each, shape [N, M]."""
    one = np.repeat(before, len(now), axis=0)
    other = np.tile(now, (len(before), 1))
    moves = Moves(one, other, key, np.zeros(len(one), dtype=np.bool_))
    size = np.abs(other - one)
    cost = sum_fault_costs(moves, _FAULTS) + _MOTION * size[:, :3].sum(axis=1)
    cost += _BASS_MOTION * size[:, 3] + _STATIC * (size.sum(axis=1) == 0)
    return cost.reshape(len(before), len(now))
