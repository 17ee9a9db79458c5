"""Local features of four-part music: what a note, a frame or a beat looks like beside its past.

A feature is an instance of a template, such as "the bass goes down a step after going up one". Its
key is an integer: the template's number, then its parts as digits of mixed radix. Features are
counted in whole pieces (`bachbot.features.counting`) and weighted in a search
(`bachbot.features.weights`) by the same functions, so that both mean the same.

Three functions give the keys of N candidates at once:

line_keys
    A voice's own line: rhythm in the beat, n-grams of one to four intervals, pitch classes.
frame_keys
    Pairs of voices in a sixteenth: how they move, and what sounds above the bass.
beat_keys
    Chords on beats: which, after which, over which bass, at phrase ends, in repeats of the tune.

The templates follow what textbooks teach of a line, of two voices and of chords (Aldwell, Schachter
and Cadwallader, *Harmony and Voice Leading*, 4th edition); n-grams of intervals follow Conklin and
Witten, *Multiple viewpoint systems for music prediction*, JNMR 24, 1995.

Shapes: N candidates.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, REST
from bachbot.features.history import LONGEST_REPEAT, NO_INTERVAL, MusicHistory
from bachbot.theory.harmony import TWO_FORMS, chords_of, pitch_class_sets

ABSENT = -1
"""The key of a feature that does not apply."""

Keys = NDArray[np.int64]
"""Keys of F features of N candidates, shape [N, F]; `ABSENT` where one does not apply."""

_INTERVALS = NO_INTERVAL + 1  # 25 intervals and none
_PATTERNS = 1 << FRAMES_PER_QUARTER
_PLACES = FRAMES_PER_QUARTER
_NO_QUALITY = 11
_QUALITIES = 12
_SETS = 4096
_SHIFT = 52

TEMPLATES: dict[str, tuple[int, ...]] = {
    # A voice's own line: the first part is the voice.
    "rhythm": (4, _PATTERNS, _PATTERNS, _PLACES, 2),
    "interval": (4, _INTERVALS, _PLACES),
    "two intervals": (4, _INTERVALS, _INTERVALS, 2),
    "three intervals": (4, _INTERVALS, _INTERVALS, _INTERVALS),
    "four intervals": (4, _INTERVALS, _INTERVALS, _INTERVALS, _INTERVALS),
    "two pitch classes": (4, 2, 12, 12),
    "three pitch classes": (4, 2, 12, 12, 12),
    # Two voices, and all of them above the bass.
    "two voices move": (6, 12, 12, 3, 3),
    "two voices sound": (6, 12, 2, 2, _PLACES),
    "sonority": (_SETS, _PLACES),
    # Chords on beats.
    "chord": (2, _SETS, 12),
    "chord in the bar": (2, 12, _QUALITIES, 3),
    "two chords": (_SETS, 12, _SETS, 12),
    "spacing": (3, 32),
    "outer motion": (2, 3, 3),
    "motion of all": (3, 3, 3, 3),
    "outer motion and interval": (3, 3, 12),
    "quality": (_QUALITIES, 5, 2),
    "degree": (2, 12, _QUALITIES, 2),
    "root motion": (_QUALITIES, 12, _QUALITIES),
    "two roots": (2, 12, 12),
    "three roots": (2, 12, 12, 12),
    "root motion and inversion": (_QUALITIES, 5, 12, _QUALITIES, 5),
    "held over": (2, 2, 3),
    "cadence": (2, 12, _QUALITIES, 5, 12, _QUALITIES, 5),
    "leading note": (4, _INTERVALS),
    "seventh leaves": (4, _INTERVALS, 2),
    "cross relation": (1,),
    "repeat": (LONGEST_REPEAT + 1, LONGEST_REPEAT + 1, 2),
    "chord leaves": (2, _QUALITIES, 5, 13),
    "phrase end": (2, 2, 3),
    "seventh goes": (2, 12, 13, 2),
}
"""Sizes of the parts of each template, in the order of their numbers."""

_NUMBER = {name: number for number, name in enumerate(TEMPLATES)}
_PAIRS = ((0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3))


STEP_FACTORS: dict[str, float] = {
    "outer motion": 2.0,
    "chord leaves": 1.5,
    "phrase end": 3.0,
    "seventh goes": 2.0,
    "held over": 2.0,
    "cadence": 2.0,
    "leading note": 2.0,
    "seventh leaves": 2.0,
    "cross relation": 2.0,
    "repeat": 5.0,
}
"""By how much faster than others the weights of a template are learned: few others do its work."""


def template_of(key: int) -> str:
    """Name of a feature's template."""
    return list(TEMPLATES)[key >> _SHIFT]


def parts_of(key: int) -> tuple[str, tuple[int, ...]]:
    """Name of a feature's template, and its parts."""
    name = template_of(key)
    rest, parts = key & ((1 << _SHIFT) - 1), []
    for size in reversed(TEMPLATES[name]):
        rest, part = divmod(rest, size)
        parts.append(part)
    return name, tuple(reversed(parts))


def describe(key: int) -> str:
    """Name of a feature's template and its parts: ``"interval 3, 11, 0"``."""
    name, parts = parts_of(key)
    return f"{name} {', '.join(map(str, parts))}"


def _encode(name: str, where: NDArray[np.bool_] | None, *parts: NDArray | int) -> NDArray[np.int64]:
    """The keys of a template, `ABSENT` outside `where`, [N]."""
    sizes = TEMPLATES[name]
    key = np.asarray(parts[0], dtype=np.int64)
    for size, part in zip(sizes[1:], parts[1:], strict=True):
        key = key * size + part
    key = key + (_NUMBER[name] << _SHIFT)
    return key if where is None else np.where(where, key, ABSENT)


def line_keys(
    history: MusicHistory,
    rows: NDArray[np.intp],
    voice: int,
    notes: tuple[NDArray[np.int16], NDArray[np.bool_]],
    place: NDArray[np.intp],
    minor: NDArray[np.intp],
) -> Keys:
    """The features that a note, tie or rest completes in its own voice.

    Parameters
    ----------
    history : MusicHistory
        The past of B hypotheses.
    rows : ndarray of int, shape [N]
        Which of them each candidate continues.
    voice : int
        0 to 3.
    notes : pair of ndarray, shape [N] each
        Pitch, -1 for a rest, and whether a note begins.
    place : ndarray of int, shape [N]
        Sixteenth of the beat.
    minor : ndarray of int, shape [N]
        1 in A minor, 0 in C major.

    Returns
    -------
    ndarray of int64, shape [N, 7]
    """
    pitch, onset = notes[0].astype(np.int64), notes[1] & (notes[0] != REST)
    first = place == 0
    before, now = history.patterns[rows, voice].astype(np.int64).T
    before, now = np.where(first, now, before), np.where(first, 0, now)
    i3, i2, i1 = history.intervals[rows, voice].astype(np.int64).T
    last = history.last[rows, voice].astype(np.int64)
    moves = onset & (last != REST)
    interval = np.clip(pitch - last, -12, 12) + 12
    third = last - (i1 - 12)
    known = moves & (i1 != NO_INTERVAL)
    beat = first.astype(np.int64)
    columns = [
        _encode("rhythm", None, voice, before, now, place, onset.astype(np.int64)),
        _encode("interval", moves, voice, interval, place),
        _encode("two intervals", moves, voice, i1, interval, beat),
        _encode("three intervals", moves, voice, i2, i1, interval),
        _encode("four intervals", moves, voice, i3, i2, i1, interval),
        _encode("two pitch classes", moves, voice, minor, last % 12, pitch % 12),
        _encode("three pitch classes", known, voice, minor, third % 12, last % 12, pitch % 12),
    ]
    return np.stack(columns, axis=1)


def frame_keys(
    before: NDArray[np.int16],
    now: NDArray[np.int16],
    onset: NDArray[np.bool_],
    place: NDArray[np.intp],
) -> Keys:
    """The features that a complete frame has.

    Parameters
    ----------
    before, now : ndarray of int16, shape [N, 4]
        Pitches of the frame before and of this one.
    onset : ndarray of bool, shape [N, 4]
        Where a note begins.
    place : ndarray of int, shape [N]
        Sixteenth of the beat.

    Returns
    -------
    ndarray of int64, shape [N, 13]
    """
    past, here = before.astype(np.int64), now.astype(np.int64)
    starts = onset & (now != REST)
    any_start = starts.any(axis=1)
    sounds, sounded = here != REST, past != REST
    direction = np.sign(here - past) + 1
    begins = starts.astype(np.int64)
    columns = []
    for number, (v, w) in enumerate(_PAIRS):
        both = sounds[:, v] & sounds[:, w]
        moved = both & sounded[:, v] & sounded[:, w] & (starts[:, v] | starts[:, w])
        interval, interval_before = (here[:, v] - here[:, w]) % 12, (past[:, v] - past[:, w]) % 12
        columns += [
            _encode("two voices move", moved, number, interval_before, interval,
                    direction[:, v], direction[:, w]),
            _encode("two voices sound", both & any_start, number, interval,
                    begins[:, v], begins[:, w], place),
        ]  # fmt: skip
    whole = sounds.all(axis=1)
    above = np.bitwise_or.reduce(1 << (here - here[:, 3:]) % 12, axis=1)
    columns.append(_encode("sonority", whole & any_start, above, place))
    return np.stack(columns, axis=1)


def beat_keys(
    history: MusicHistory,
    rows: NDArray[np.intp],
    now: NDArray[np.int16],
    where: tuple[NDArray[np.intp], NDArray[np.intp]],
    minor: NDArray[np.intp],
) -> Keys:
    """The features that a complete frame on a beat has.

    Parameters
    ----------
    history : MusicHistory
        The past of B hypotheses.
    rows : ndarray of int, shape [N]
        Which of them each candidate continues.
    now : ndarray of int16, shape [N, 4]
        Pitches on the beat.
    where : pair of ndarray of int, shape [N] each
        2 where a fermata begins, 1 where it lasts, else 0; and the strength of the beat: 0 for the
        first of a bar, 1 for the middle of a bar of four, 2 for others.
    minor : ndarray of int, shape [N]
        1 in A minor, 0 in C major.

    Returns
    -------
    ndarray of int64, shape [N, F]
    """
    fermata, strength = np.minimum(where[0], 1), where[1]
    before, before_that = history.last_beats(rows)
    here, past = now.astype(np.int64), before.astype(np.int64)
    sounds = (here != REST).all(axis=1)
    linked = sounds & (past != REST).all(axis=1)
    chord, earlier = _named(now), _named(before)
    first = _named(before_that)[0]
    known = linked & (chord[0] < 12) & (earlier[0] < 12)
    steps = here - past
    way = np.sign(steps) + 1
    sets, sets_before = (pitch_class_sets(p).astype(np.int64) for p in (now, before))
    bass, bass_before = here[:, 3] % 12, past[:, 3] % 12
    root, quality, inversion = chord
    motion = (root - earlier[0]) % 12
    gap = np.clip((here[:, :3] - here[:, 1:]) // np.array([2, 2, 3]) + 4, 0, 31)
    same_root, same_bass = (root == earlier[0]).astype(np.int64), (steps[:, 3] == 0).astype(int)
    at_end = known & (fermata == 1)
    to = np.where(root < 12, motion, 12)
    seventh = linked & ((earlier[1] == 4) | (earlier[1] == 8))
    columns = [
        _encode("chord", sounds, minor, sets, bass),
        _encode("chord in the bar", sounds & (root < 12), minor, root, quality, strength),
        _encode("two chords", linked, sets_before, bass_before, sets, bass),
        *(_encode("spacing", sounds, pair, gap[:, pair]) for pair in range(3)),
        _encode("outer motion", linked, 0, way[:, 0], way[:, 3]),
        _encode("outer motion", linked, 1, way[:, 1], way[:, 2]),
        _encode("motion of all", linked, *way.T),
        _encode("outer motion and interval", linked, way[:, 0], way[:, 3],
                (here[:, 0] - here[:, 3]) % 12),
        _encode("quality", sounds, quality, inversion, fermata),
        _encode("degree", sounds & (root < 12), minor, root, quality, fermata),
        _encode("root motion", known, earlier[1], motion, quality),
        _encode("two roots", known, minor, earlier[0], root),
        _encode("three roots", known & (first < 12), minor, first, earlier[0], root),
        _encode("root motion and inversion", known, earlier[1], earlier[2], motion, quality,
                inversion),
        _encode("chord leaves", linked & (earlier[0] < 12), minor, earlier[1], earlier[2],
                to),
        _encode("phrase end", linked & (where[0] == 2), same_root, same_bass, strength),
        _encode("seventh goes", seventh, minor, earlier[0], to, same_bass),
        _encode("held over", known, same_root, same_bass, strength),
        _encode("cadence", at_end, minor, *earlier, root, quality, inversion),
        *_resolutions(steps, past, earlier, motion, known),
        *_cross_relations(here, past, linked),
        _repeat(history, rows, now, linked),
    ]  # fmt: skip
    return np.stack(columns, axis=1)


def _named(pitch: NDArray[np.int16]) -> Sequence[NDArray[np.int64]]:
    """Root, quality and inversion of chords, as digits: 12, 11 and 4 where there is none."""
    found = chords_of(pitch)
    whole = (pitch != REST).all(axis=1) & (found.root >= 0)
    return (
        np.where(whole, found.root, 12).astype(np.int64),
        np.where(whole, found.quality, _NO_QUALITY).astype(np.int64),
        np.where(whole, found.inversion, 4).astype(np.int64),
    )


def _resolutions(
    steps: NDArray[np.int64],
    past: NDArray[np.int64],
    earlier: Sequence[NDArray[np.int64]],
    motion: NDArray[np.int64],
    known: NDArray[np.bool_],
) -> list[NDArray[np.int64]]:
    """Where third and seventh of a chord go that falls a fifth: one feature each a voice."""
    root, quality, _ = earlier
    dominant = known & ((quality == 0) | (quality == 4)) & (motion == 5)
    interval = np.clip(steps, -12, 12) + 12
    leading, seventh = (root + 4) % 12, (root + 10) % 12
    changes = (motion != 0).astype(np.int64)
    columns = []
    for voice in range(4):
        tone = past[:, voice] % 12
        is_third, is_seventh = dominant & (tone == leading), known & (quality == 4)
        columns += [
            _encode("leading note", is_third, voice, interval[:, voice]),
            _encode("seventh leaves", is_seventh & (tone == seventh), voice, interval[:, voice],
                    changes),
        ]  # fmt: skip
    return columns


def _cross_relations(
    here: NDArray[np.int64], past: NDArray[np.int64], linked: NDArray[np.bool_]
) -> list[NDArray[np.int64]]:
    """A note and its chromatic neighbor in two voices on neighboring beats, for each two voices."""
    columns = []
    for u, v in ((a, b) for a in range(4) for b in range(4) if a != b):
        crossed = TWO_FORMS[past[:, u] % 12, here[:, v] % 12] & linked
        columns.append(_encode("cross relation", crossed, np.zeros(len(here), dtype=np.int64)))
    return columns


def _repeat(
    history: MusicHistory,
    rows: NDArray[np.intp],
    now: NDArray[np.int16],
    linked: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """Whether the lower voices are as they were when the tune was the same before."""
    tune, all_voices, same = history.repeats(rows, now)
    return _encode("repeat", linked & (tune > 1), tune, all_voices, same)
