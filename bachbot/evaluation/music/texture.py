"""Measures of the voices together: their motion, their order, and what they repeat."""

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, VOICES
from bachbot.evaluation.music.view import LOWER, Count, Measure, MusicView
from bachbot.theory.rules import PAIRS, RULES

_S, _A, _T, _B = VOICES
_OUTER = PAIRS.index((_S, _B))
_LOWER = list(LOWER)
_TUNE = 8 * FRAMES_PER_QUARTER
"""Frames of the shortest passage of the tune that counts as repeated."""


def contrary_motion(view: MusicView) -> Count:
    """Beats reached by contrary motion of the outer voices, out of all but the first of a phrase.

    Motion is from beat to beat; what lies between makes no difference.
    """
    return int((_outer(view) < 0).sum()), int(view.bound.sum())


def similar_motion(view: MusicView) -> Count:
    """Beats reached by the outer voices in one direction, out of all but the first of a phrase."""
    return int((_outer(view) > 0).sum()), int(view.bound.sum())


def _outer(view: MusicView) -> NDArray[np.int64]:
    motion = view.motion[view.bound]
    product: NDArray[np.int64] = motion[:, _S] * motion[:, _B]
    return product


def all_one_way(view: MusicView) -> Count:
    """Of the beats to which all four voices move, those to which all move in one direction."""
    way = np.sign(view.motion)
    moving = (way != 0).all(axis=1)
    return int((np.abs(way.sum(axis=1))[moving] == len(VOICES)).sum()), int(moving.sum())


def parallels(view: MusicView) -> Count:
    """Parallel fifths and octaves, out of pairs of voices that both move; by `RULES`."""
    fifths, octaves = RULES["parallel fifths"], RULES["parallel octaves"]
    faults = fifths.count(view.moves).sum() + octaves.count(view.moves).sum()
    return int(faults), int(fifths.chances(view.moves).sum())


def direct_intervals(view: MusicView) -> Count:
    """Direct fifths and octaves of the outer voices under a leaping soprano; by `RULES`.

    Out of the times both outer voices move within a phrase.
    """
    moves = view.moves
    faults = sum(int(RULES[f"hidden {kind}"].count(moves).sum()) for kind in ("fifths", "octaves"))
    return faults, int((moves.along[:, _OUTER] != 0)[moves.bound[:, 0]].sum())


def tenor_above_alto(view: MusicView) -> Count:
    """Frames in which the tenor is above the alto, out of those in which both sound."""
    return _crossed(view, [PAIRS.index((_A, _T))])


def above_the_tune(view: MusicView) -> Count:
    """Frames in which alto or tenor is above the soprano, out of those in which both can be."""
    return _crossed(view, [PAIRS.index((_S, _A)), PAIRS.index((_S, _T))])


def _crossed(view: MusicView, pairs: list[int]) -> Count:
    sound = view.moves.pairs_sound[:, pairs].any(axis=1)
    return int(view.moves.pairs_crossed[:, pairs].any(axis=1).sum()), int(sound.sum())


def beats_heard_before(view: MusicView) -> Count:
    """Pairs of successive beats whose eight pitches were heard before, out of all such pairs."""
    pitch = view.chorale.pitch
    seen: set[bytes] = set()
    found = 0
    for frame in view.steps.tolist():
        pair = pitch[[frame, frame + FRAMES_PER_QUARTER]].tobytes()
        found += pair in seen
        seen.add(pair)
    return found, len(view.steps)


def repeated_tune(view: MusicView) -> Count:
    """Where the tune repeats, pitches of the lower voices that are those of the first time.

    The tune repeats where eight beats or more of the soprano, from any beat, have the pitches and
    onsets of an earlier passage. Counted are pitches of alto, tenor and bass in each frame.
    """
    chorale = view.chorale
    soprano = np.stack([chorale.pitch[:, _S], chorale.onset[:, _S]], axis=1)
    frames = np.arange(chorale.frames)
    first_time = frames.copy()
    seen: dict[bytes, int] = {}
    for frame in view.beats.tolist():
        window = slice(frame, frame + _TUNE)
        if window.stop > chorale.frames:
            break
        first = seen.setdefault(soprano[window].tobytes(), frame)
        first_time[window] = np.minimum(first_time[window], frames[first : first + _TUNE])
    again = np.flatnonzero(first_time < frames)
    lower = chorale.pitch[:, _LOWER]
    same = lower[again] == lower[first_time[again]]
    return int(same.sum()), same.size


def longest_literal_repeat(view: MusicView) -> Count:
    """Beats of the longest passage that comes again note for note in all voices; and one piece.

    The two passages do not overlap, and each begins on a beat.
    """
    chorale = view.chorale
    numbers: dict[bytes, int] = {}
    cells = [
        numbers.setdefault(chorale.pitch[beat].tobytes() + chorale.onset[beat].tobytes(),
                           len(numbers))
        for beat in (slice(b, b + FRAMES_PER_QUARTER) for b in view.beats.tolist())
    ]  # fmt: skip
    beats = np.array(cells)
    longest = 0
    for apart in range(1, len(beats)):
        run = 0
        for same in (beats[apart:] == beats[:-apart]).tolist():
            run = run + 1 if same else 0
            longest = max(longest, min(run, apart))
    return longest, 1


TEXTURE = (
    Measure("outer voices in contrary motion", "% of beats", 100, contrary_motion),
    Measure("outer voices in similar motion", "% of beats", 100, similar_motion),
    Measure("all voices one way", "% of beats to which all move", 100, all_one_way),
    Measure("parallel fifths and octaves", "per 1000 both-move pairs", 1000, parallels),
    Measure("direct fifths and octaves, leaping soprano", "per 1000 both-move outer pairs", 1000,
            direct_intervals),
    Measure("tenor above alto", "% of time", 100, tenor_above_alto),
    Measure("alto or tenor above the soprano", "% of time", 100, above_the_tune),
    Measure("two beats heard before", "% of pairs of beats", 100, beats_heard_before),
    Measure("repeated tune: lower voices the same", "% of pitches", 100, repeated_tune),
    Measure("longest literal repeat", "beats per piece", 1, longest_literal_repeat),
)  # fmt: skip
"""Measures of the voices together."""
