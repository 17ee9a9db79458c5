"""The features by which a plain classifier tells two sets of chorales apart."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, REST, VOICES, Chorale, Voice
from bachbot.evaluation.detection.pairing import InformationLevel
from bachbot.evaluation.detection.piece_view import Features, PieceView, mean, share
from bachbot.theory.explanation import tally
from bachbot.theory.harmony import NONE, Quality, chords_of, pitch_class_sets
from bachbot.theory.melody import phrase_ends
from bachbot.theory.rules import PAIRS, RULES

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


def qualities(sight: PieceView) -> Features:
    """Beats by quality of chord, and chords by inversion."""
    chords = sight.chords
    beats = len(sight.beats)
    found = {f"beats: {q.label}": share(chords.quality == q, beats) for q in Quality}
    found["beats: no chord"] = share(chords.root == NONE, beats)
    for number, name in enumerate(_INVERSIONS):
        found[f"chords: {name}"] = share(chords.inversion == number, chords.root != NONE)
    return found


def roots(sight: PieceView) -> Features:
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


def changes(sight: PieceView) -> Features:
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


def chromatic(sight: PieceView) -> Features:
    """By voice: notes outside the scale of the key, both forms of a minor one's degrees in it."""
    key = sight.chorale.key
    found = {}
    for voice, notes in sight.notes.items():
        outside = ~np.isin((notes.pitch - key.pitch_class) % 12, _SCALES[key.mode])
        found[f"{voice.label}: notes outside the key, of notes"] = share(outside, outside.size)
    return found


def doublings(sight: PieceView) -> Features:
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


def suspensions(sight: PieceView) -> Features:
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


def singular(sight: PieceView) -> Features:
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


_FOURTH_OR_FIFTH = (5, 7)


def phrases(sight: PieceView) -> Features:
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


def bars(sight: PieceView) -> Features:
    """New chords and new bass notes on the first beat of bars. Not told in JSB-16th."""
    chorale = sight.chorale
    sets = pitch_class_sets(chorale.pitch[sight.beats])
    bass = chorale.pitch[sight.beats, Voice.BASS]
    first = chorale.position[sight.beats[1:]] == 0
    new, moved = sets[1:] != sets[:-1], bass[1:] != bass[:-1]
    return {
        "bars: new chord on the first beat": share(new & first, first),
        "bars: new chord on another beat": share(new & ~first, ~first),
        "bars: new bass note on the first beat": share(moved & first, first),
    }


def repetition(sight: PieceView) -> Features:
    """Beats, and rows of beats, whose four pitches were heard before."""
    slices = [tuple(row) for row in sight.chorale.pitch[sight.beats].tolist()]
    found = {}
    for many in (1, 2, 4):
        rows = [tuple(slices[i : i + many]) for i in range(len(slices) - many + 1)]
        name = "beats" if many == 1 else f"rows of {many} beats"
        found[f"{name} heard before"] = share(len(rows) - len(set(rows)), len(rows))
    return found


_OCTAVE = 12
_NEIGHBORS = tuple(pairwise(VOICES))

# Semitones of a move, the lowest and the highest of each kind.
_SIZES = {
    "half steps": (1, 1),
    "whole steps": (2, 2),
    "thirds": (3, 4),
    "fourths and fifths": (5, 7),
    "wider leaps": (8, 127),
}


def intervals(sight: PieceView) -> Features:
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


def stillness(sight: PieceView) -> Features:
    """By voice: beats, from the second on, that find it on the pitch of the beat before."""
    pitch = sight.chorale.pitch[sight.beats]  # [B, 4]
    same = (pitch[1:] == pitch[:-1]) & (pitch[1:] != REST)
    return {f"{v.label}: on the pitch of the beat before": share(same[:, v], len(same))
            for v in VOICES}  # fmt: skip


def compass(sight: PieceView) -> Features:
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


def spacing(sight: PieceView) -> Features:
    """On the beats: mean semitones from a voice down to the next, unisons, close position."""
    pitch = sight.chorale.pitch[sight.beats].astype(np.int64)
    found = {}
    for upper, lower in (*_NEIGHBORS, (Voice.SOPRANO, Voice.BASS)):
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


_THIRDS_AND_SIXTHS = (3, 4, 8, 9)


def motion(sight: PieceView) -> Features:
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


def all_one_way(sight: PieceView) -> Features:
    """Steps on which all four voices go, and those on which they all go the same way."""
    way = np.sign(sight.moves.interval)
    any_goes = (way != 0).any(axis=1)
    all_go = (way != 0).all(axis=1)
    one_way = np.abs(way.sum(axis=1)) == len(VOICES)
    return {
        "all four move, where any moves": share(all_go, any_goes),
        "all one way, where all four move": share(one_way, all_go),
    }


_SIXTEENTH, _EIGHTH, _HALF = 1, 2, 8


def note_values(sight: PieceView) -> Features:
    """By voice: notes a beat, and the shares of sixteenths, eighths, and halves or longer."""
    found = {}
    for voice, notes in sight.notes.items():
        found[f"{voice.label}: notes a beat"] = share(len(notes.start), sight.length)
        for name, kind in (
            ("sixteenths", notes.length == _SIXTEENTH),
            ("eighths", notes.length == _EIGHTH),
            ("halves or longer", notes.length >= _HALF),
        ):
            found[f"{voice.label}: {name}, of notes"] = share(kind, kind.size)
    return found


def off_the_beat(sight: PieceView) -> Features:
    """By voice: notes that begin off the beat; beats that such a note is held over."""
    found = {}
    place = sight.chorale.position % FRAMES_PER_QUARTER
    for voice, notes in sight.notes.items():
        off = place[notes.start] != 0
        over = off & (place[notes.start] + notes.length > FRAMES_PER_QUARTER)
        found[f"{voice.label}: notes off the beat, of notes"] = share(off, off.size)
        found[f"{voice.label}: held over a beat from off it, of notes"] = share(over, over.size)
    return found


def together(sight: PieceView) -> Features:
    """How many voices strike at once, and how many beats something moves within."""
    struck = sight.chorale.onset.sum(axis=1)  # [T]
    on_beat = sight.chorale.position % FRAMES_PER_QUARTER == 0
    on, within = on_beat & (struck > 0), ~on_beat & (struck > 0)
    beat_of = np.cumsum(on_beat)
    return {
        "all four strike, of beats struck": share(struck[on] == len(VOICES), on),
        "one voice alone strikes, of beats struck": share(struck[on] == 1, on),
        "two or more move, of strikes off the beat": share(struck[within] >= 2, within),
        "beats with a note within": share(len(np.unique(beat_of[within])), len(np.unique(beat_of))),
    }


def repeated(sight: PieceView) -> Features:
    """By voice: notes struck again on the pitch before. Not told in JSB-16th."""
    found = {}
    for voice, notes in sight.notes.items():
        joined = notes.start[:-1] + notes.length[:-1] == notes.start[1:]
        again = joined & (np.diff(notes.pitch) == 0)
        found[f"{voice.label}: repeated notes, of notes"] = share(again, len(notes.start))
    return found


_OF_ALL: tuple[Callable[[PieceView], Features], ...] = (
    note_values, off_the_beat, together,
    intervals, stillness, compass, spacing,
    motion, all_one_way,
    qualities, roots, changes, chromatic, doublings,
    suspensions, singular,
    repetition,
)  # fmt: skip

_OF_SCORES: tuple[Callable[[PieceView], Features], ...] = (repeated, phrases, bars)

_AT_PITCH = ("out of compass",)
"""Rules that ask where a piece is sung."""


@dataclass(frozen=True, eq=False)
class Table:
    """The features of a set of pieces.

    Parameters
    ----------
    names : tuple of str
        Of the F features.
    values : ndarray of float64, shape [P, F]
        NaN where a piece gave no chance to tell.
    """

    names: tuple[str, ...]
    values: NDArray[np.float64]


def features_of(chorale: Chorale, telling: InformationLevel) -> Features:
    """Every feature of one piece.

    Parameters
    ----------
    chorale : Chorale
        As `Telling.told` gives it; at least one frame.
    telling : Telling
        What it tells: features of what it does not are left out.
    """
    sight = PieceView(chorale)
    found: Features = {}
    for feature in _OF_ALL + (_OF_SCORES if telling is InformationLevel.SCORE else ()):
        found |= feature(sight)
    return found | _faults(chorale, telling)


def table_of(chorales: Sequence[Chorale], telling: InformationLevel) -> Table:
    """Every feature of each of P pieces, one or more."""
    rows = [features_of(chorale, telling) for chorale in chorales]
    names = tuple(rows[0])
    return Table(names, np.array([[row[name] for name in names] for row in rows]))


def _faults(chorale: Chorale, telling: InformationLevel) -> Features:
    """Faults of each part-writing rule for each chance of its unit."""
    left_out = () if telling is InformationLevel.SCORE else _AT_PITCH
    rules = {name: rule for name, rule in RULES.items() if name not in left_out}
    counts = tally(chorale, rules)
    return {f"rule: {name}": share(t.count, t.chances) for name, t in counts.items()}
