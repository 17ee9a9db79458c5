"""Features of form: phrases and how they close, the bar, what comes again."""

import numpy as np

from bachbot.chorale import FRAMES_PER_QUARTER, Voice
from bachbot.evaluation.detection.sight import Features, Sight, mean, share
from bachbot.theory.harmony import NONE, pitch_class_sets
from bachbot.theory.melody import phrase_ends

_FOURTH_OR_FIFTH = (5, 7)


def phrases(sight: Sight) -> Features:
    """Length of phrases in beats, and the chords under fermatas. Not told in JSB-16th."""
    chorale = sight.chorale
    ends = phrase_ends(chorale)
    ends = ends[chorale.fermata[ends]]
    beats = np.diff(ends) / FRAMES_PER_QUARTER
    at = np.searchsorted(sight.beats, ends, side="right") - 1
    at = at[at >= 0]
    chords = sight.chords
    bass = sight.notes[Voice.BASS]
    note = np.searchsorted(bass.start, ends, side="right") - 1
    note = note[note > 0]
    leap = np.isin(np.abs(bass.pitch[note] - bass.pitch[note - 1]), _FOURTH_OR_FIFTH)
    degree = (chords.root[at].astype(np.int64) - chorale.key.pitch_class) % 12
    read = chords.root[at] != NONE
    return {
        "phrases: beats": mean(beats),
        "phrases: deviation of beats": float(np.std(beats)) if len(beats) else float("nan"),
        "fermatas a beat": share(len(ends), sight.length),
        "fermatas: root position": share(chords.inversion[at] == 0, len(at)),
        "fermatas: on I": share(read & (degree == 0), len(at)),
        "fermatas: on V": share(read & (degree == 7), len(at)),
        "fermatas: bass comes by a fourth or fifth": share(leap, len(note)),
    }


def bars(sight: Sight) -> Features:
    """New chords and new bass notes on the first beat of bars. Not told in JSB-16th."""
    chorale = sight.chorale
    sets = pitch_class_sets(chorale.pitch[sight.beats])
    bass = chorale.pitch[sight.beats, Voice.BASS]
    first = chorale.place[sight.beats[1:]] == 0
    new, moved = sets[1:] != sets[:-1], bass[1:] != bass[:-1]
    return {
        "bars: new chord on the first beat": share(new & first, first),
        "bars: new chord on another beat": share(new & ~first, ~first),
        "bars: new bass note on the first beat": share(moved & first, first),
    }


def repetition(sight: Sight) -> Features:
    """Beats, and rows of beats, whose four pitches were heard before."""
    slices = [tuple(row) for row in sight.chorale.pitch[sight.beats].tolist()]
    found = {}
    for many in (1, 2, 4):
        rows = [tuple(slices[i : i + many]) for i in range(len(slices) - many + 1)]
        name = "beats" if many == 1 else f"rows of {many} beats"
        found[f"{name} heard before"] = share(len(rows) - len(set(rows)), len(rows))
    return found
