"""Features of harmony: the chords on the beats, their order, doublings and suspensions.

What `bachbot.theory.harmony` reads: a suspension or a passing note makes no chord.
"""

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, REST, VOICES
from bachbot.evaluation.detection.sight import Features, Sight, share
from bachbot.theory.harmony import NONE, Quality, chords_of, pitch_class_sets

_INVERSIONS = ("root position", "first inversion", "second inversion", "third inversion")

# Semitones between successive roots, and of a root above the tonic.
_ROOT_MOVES = {
    "down a fifth": (5,), "up a fifth": (7,), "up a step": (1, 2), "down a step": (10, 11),
    "up a third": (3, 4), "down a third": (8, 9), "a tritone": (6,),
}  # fmt: skip
_DEGREES = {
    "I": (0,), "II": (2,), "III": (3, 4), "IV": (5,), "V": (7,), "VI": (8, 9), "VII": (10, 11),
    "no degree": (1, 6),
}  # fmt: skip
_SCALES = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 9, 10, 11),  # melodic, both ways
}
_TRIADS = (Quality.MAJOR, Quality.MINOR)


def qualities(sight: Sight) -> Features:
    """Beats by quality of chord, and chords by inversion."""
    chords = sight.chords
    beats = len(sight.beats)
    found = {f"beats: {q.label}": share(chords.quality == q, beats) for q in Quality}
    found["beats: no chord"] = share(chords.root == NONE, beats)
    for number, name in enumerate(_INVERSIONS):
        found[f"chords: {name}"] = share(chords.inversion == number, chords.root != NONE)
    return found


def roots(sight: Sight) -> Features:
    """Chords by degree of their root, and successive ones by the move from root to root."""
    root = sight.chords.root[sight.chords.root != NONE].astype(np.int64)
    degree = (root - sight.chorale.key.pitch_class) % 12
    moves = np.diff(root) % 12
    changed = moves != 0
    return {
        f"root: {name}": share(np.isin(degree, above), degree.size)
        for name, above in _DEGREES.items()
    } | {
        f"root moves {name}": share(np.isin(moves, way), changed)
        for name, way in _ROOT_MOVES.items()
    }


def changes(sight: Sight) -> Features:
    """How often chords change: from beat to beat, within a beat; how many are different."""
    pitch, beats = sight.chorale.pitch, sight.beats
    sets = pitch_class_sets(pitch[beats])
    half = beats + FRAMES_PER_QUARTER // 2
    half = half[half < len(pitch)]
    halfway = pitch_class_sets(pitch[half])
    unread = (chords_of(pitch[half]).root == NONE) & (halfway != 0)
    return {
        "chord changes a beat": share(sets[1:] != sets[:-1], len(sets)),
        "different chords a beat": share(len(np.unique(sets)), len(sets)),
        "chord changes within the beat": share(halfway != sets[: len(half)], len(half)),
        "halfway through beats: no chord": share(unread, len(half)),
    }


def chromatic(sight: Sight) -> Features:
    """By voice: notes outside the scale of the key, both forms of a minor one's degrees in it."""
    key = sight.chorale.key
    found = {}
    for voice, notes in sight.notes.items():
        outside = ~np.isin((notes.pitch - key.pitch_class) % 12, _SCALES[key.mode])
        found[f"{voice.label}: notes outside the key, of notes"] = share(outside, outside.size)
    return found


def doublings(sight: Sight) -> Features:
    """What is doubled or lacking in triads of four voices on the beats."""
    pitch, chords = sight.chorale.pitch[sight.beats].astype(np.int64), sight.chords
    triad = np.isin(chords.quality, _TRIADS) & (pitch != REST).all(axis=1)
    above = (pitch - chords.root.astype(np.int64)[:, None]) % 12
    of_root = (above == 0).sum(axis=1)
    of_third = np.isin(above, (3, 4)).sum(axis=1)
    of_fifth = (above == 7).sum(axis=1)
    at_root, at_third = triad & (chords.inversion == 0), triad & (chords.inversion == 1)
    return {
        "root position: third doubled": share(at_root & (of_third > 1), at_root),
        "root position: fifth doubled": share(at_root & (of_fifth > 1), at_root),
        "root position: no fifth": share(at_root & (of_fifth == 0), at_root),
        "root position: root tripled": share(at_root & (of_root > 2), at_root),
        "first inversion: third doubled": share(at_third & (of_third > 1), at_third),
        "first inversion: root doubled": share(at_third & (of_root > 1), at_third),
    }


def suspensions(sight: Sight) -> Features:
    """By voice: beats on which it is held into what is no chord, and then goes a step down."""
    pitch = sight.chorale.pitch.astype(np.int64)
    beats = sight.beats
    clash = (sight.chords.root == NONE) & (beats > 0)
    found = {}
    for voice in VOICES:
        line = pitch[:, voice]
        held = (line[beats] == line[beats - 1]) & (line[beats] != REST)
        down = _first_move(line, beats)
        falls = (down == -1) | (down == -2)
        found[f"{voice.label}: suspensions a beat"] = share(held & clash & falls, len(beats))
    return found


def singular(sight: Sight) -> Features:
    """How many of the different chords on the beats are heard on one beat alone."""
    _, counts = np.unique(pitch_class_sets(sight.chorale.pitch[sight.beats]), return_counts=True)
    return {"chords heard once, of different ones": share(counts == 1, len(counts))}


def _first_move(line: NDArray[np.int64], beats: NDArray[np.int64]) -> NDArray[np.int64]:
    """Semitones to the first other pitch within a beat from each beat; 0 where there is none."""
    found = np.zeros(len(beats), dtype=np.int64)
    for later in range(1, FRAMES_PER_QUARTER + 1):
        there = line[np.minimum(beats + later, len(line) - 1)]
        step = np.where(there == REST, 0, there - line[beats])
        found = np.where(found == 0, step, found)
    return found
