"""Features of single voices: how they move, and how far apart they lie."""

from itertools import pairwise

import numpy as np

from bachbot.chorale import REST, VOICES, Voice
from bachbot.evaluation.detection.sight import Features, Sight, mean, share

_OCTAVE = 12
_NEIGHBOURS = tuple(pairwise(VOICES))

# Semitones of a move, the lowest and the highest of each kind.
_SIZES = {
    "half steps": (1, 1),
    "whole steps": (2, 2),
    "thirds": (3, 4),
    "fourths and fifths": (5, 7),
    "wider leaps": (8, 127),
}


def intervals(sight: Sight) -> Features:
    """By voice: moves of each size, moves upwards, and moves that turn back."""
    found = {}
    for voice, notes in sight.notes.items():
        size = np.abs(notes.moves)
        for name, (low, high) in _SIZES.items():
            kind = (size >= low) & (size <= high)
            found[f"{voice.label}: {name}, of moves"] = share(kind, kind.size)
        found[f"{voice.label}: moves up, of moves"] = share(notes.moves > 0, notes.moves.size)
        turns = np.sign(notes.moves[1:]) != np.sign(notes.moves[:-1])
        found[f"{voice.label}: turns, of moves after a move"] = share(turns, turns.size)
    return found


def stillness(sight: Sight) -> Features:
    """By voice: beats, from the second on, that find it on the pitch of the beat before."""
    pitch = sight.chorale.pitch[sight.beats]  # [B, 4]
    same = (pitch[1:] == pitch[:-1]) & (pitch[1:] != REST)
    return {f"{v.label}: on the pitch of the beat before": share(same[:, v], len(same))
            for v in VOICES}  # fmt: skip


def compass(sight: Sight) -> Features:
    """By voice: semitones from its lowest note to its highest, and their standard deviation."""
    found = {}
    for voice, notes in sight.notes.items():
        some = notes.pitch.size > 0
        found[f"{voice.label}: semitones of range"] = (
            float(np.ptp(notes.pitch)) if some else float("nan")
        )
        found[f"{voice.label}: deviation of pitch"] = (
            float(np.std(notes.pitch)) if some else float("nan")
        )
    return found


def spacing(sight: Sight) -> Features:
    """On the beats: mean semitones from a voice down to the next, unisons, close position."""
    pitch = sight.chorale.pitch[sight.beats].astype(np.int64)
    found = {}
    for upper, lower in (*_NEIGHBOURS, (Voice.SOPRANO, Voice.BASS)):
        both = (pitch[:, [upper, lower]] != REST).all(axis=1)
        apart = (pitch[:, upper] - pitch[:, lower])[both]
        found[f"semitones {upper.label} to {lower.label}"] = mean(apart)
        if lower - upper == 1:
            found[f"unisons {upper.label} and {lower.label}"] = share(apart == 0, apart.size)
    upper_three = pitch[:, : Voice.BASS]
    whole = (upper_three != REST).all(axis=1)
    close = upper_three[whole, Voice.SOPRANO] - upper_three[whole, Voice.TENOR] <= _OCTAVE
    found["soprano to tenor within an octave"] = share(close, close.size)
    return found
