"""The features of the classifiers: numbers that describe a piece.

Each is a share or a mean, and its name says what it counts. Apart from the range of the voices,
which `bachbot.corpus.jsb.InformationLevel` can exclude, no feature changes when a piece
is transposed, and none grows with a piece's length.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, REST, VOICES, Chorale, Voice
from bachbot.corpus.jsb import InformationLevel
from bachbot.evaluation.detection.piece_view import Features, PieceView, mean, ratio
from bachbot.theory.explanation import tally
from bachbot.theory.harmony import NONE, Quality, chords_of, pitch_class_sets
from bachbot.theory.melody import phrase_ends
from bachbot.theory.rules import PAIRS, RULES

_SIXTEENTH, _EIGHTH, _HALF = 1, 2, 8  # frames

# Semitones of a melodic move, the smallest and the largest of each kind.
_MOVE_SIZES = {
    "half steps": (1, 1),
    "whole steps": (2, 2),
    "thirds": (3, 4),
    "fourths and fifths": (5, 7),
    "wider leaps": (8, 127),
}
_OCTAVE = 12
_ADJACENT_VOICES = tuple(pairwise(VOICES))
_THIRDS_AND_SIXTHS = (3, 4, 8, 9)
_FOURTH_OR_FIFTH = (5, 7)

_INVERSIONS = ("root position", "first inversion", "second inversion", "third inversion")
_TRIADS = (Quality.MAJOR, Quality.MINOR)

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
    "minor": (0, 2, 3, 5, 7, 8, 9, 10, 11),  # both forms of the melodic minor
}


# Rhythm


def note_values(view: PieceView) -> Features:
    """By voice: notes per beat, and the shares of sixteenths, eighths, and halves or longer."""
    found = {}
    for voice, notes in view.notes.items():
        found[f"{voice.label}: notes per beat"] = ratio(len(notes.start), view.length)
        for name, kind in (
            ("sixteenths", notes.length == _SIXTEENTH),
            ("eighths", notes.length == _EIGHTH),
            ("halves or longer", notes.length >= _HALF),
        ):
            found[f"{voice.label}: {name}, of notes"] = ratio(kind, kind.size)
    return found


def syncopation(view: PieceView) -> Features:
    """By voice: notes that begin off the beat, and such notes that are held over the next beat."""
    found = {}
    position = view.chorale.position % FRAMES_PER_QUARTER
    for voice, notes in view.notes.items():
        off = position[notes.start] != 0
        over = off & (position[notes.start] + notes.length > FRAMES_PER_QUARTER)
        found[f"{voice.label}: notes off the beat, of notes"] = ratio(off, off.size)
        found[f"{voice.label}: off the beat and held over the next, of notes"] = ratio(
            over, over.size
        )
    return found


def simultaneous_onsets(view: PieceView) -> Features:
    """Voices with simultaneous onsets, and beats with an onset inside them."""
    onsets = view.chorale.onset.sum(axis=1)  # [T]
    on_beat = view.chorale.position % FRAMES_PER_QUARTER == 0
    on, within = on_beat & (onsets > 0), ~on_beat & (onsets > 0)
    beat_of = np.cumsum(on_beat)
    return {
        "onsets in all four voices, of beats with an onset": ratio(onsets[on] == len(VOICES), on),
        "onset in one voice only, of beats with an onset": ratio(onsets[on] == 1, on),
        "onsets in two voices or more, of onsets off the beat": ratio(onsets[within] >= 2, within),
        "beats with an onset within": ratio(
            len(np.unique(beat_of[within])), len(np.unique(beat_of))
        ),
    }


def repeated_notes(view: PieceView) -> Features:
    """By voice: notes repeated at once on the same pitch. Needs a score."""
    found = {}
    for voice, notes in view.notes.items():
        joined = notes.start[:-1] + notes.length[:-1] == notes.start[1:]
        again = joined & (np.diff(notes.pitch) == 0)
        found[f"{voice.label}: repeated notes, of notes"] = ratio(again, len(notes.start))
    return found


# Single voices


def melodic_intervals(view: PieceView) -> Features:
    """By voice: moves of each size, moves upwards, and changes of direction."""
    found = {}
    for voice, notes in view.notes.items():
        size = np.abs(notes.moves)
        for name, (low, high) in _MOVE_SIZES.items():
            kind = (size >= low) & (size <= high)
            found[f"{voice.label}: {name}, of moves"] = ratio(kind, kind.size)
        found[f"{voice.label}: moves up, of moves"] = ratio(notes.moves > 0, notes.moves.size)
        turns = np.sign(notes.moves[1:]) != np.sign(notes.moves[:-1])
        found[f"{voice.label}: changes of direction, of moves after a move"] = ratio(
            turns, turns.size
        )
    return found


def held_or_repeated_beats(view: PieceView) -> Features:
    """By voice: beats, from the second on, on the same pitch as the beat before."""
    pitch = view.chorale.pitch[view.beats]  # [B, 4]
    same = (pitch[1:] == pitch[:-1]) & (pitch[1:] != REST)
    return {f"{v.label}: on the pitch of the beat before": ratio(same[:, v], len(same))
            for v in VOICES}  # fmt: skip


def voice_ranges(view: PieceView) -> Features:
    """By voice: semitones from the lowest note to the highest, and the standard deviation."""
    found = {}
    for voice, notes in view.notes.items():
        some = notes.pitch.size > 0
        found[f"{voice.label}: semitones of range"] = (
            float(np.ptp(notes.pitch)) if some else float("nan")
        )
        found[f"{voice.label}: deviation of pitch"] = (
            float(np.std(notes.pitch)) if some else float("nan")
        )
    return found


# Voices against each other


def voice_spacing(view: PieceView) -> Features:
    """On the beats: mean semitones from a voice down to the next, unisons, and close position."""
    pitch = view.chorale.pitch[view.beats].astype(np.int64)
    found = {}
    for upper, lower in (*_ADJACENT_VOICES, (Voice.SOPRANO, Voice.BASS)):
        both = (pitch[:, [upper, lower]] != REST).all(axis=1)
        apart = (pitch[:, upper] - pitch[:, lower])[both]
        found[f"semitones {upper.label} to {lower.label}"] = mean(apart)
        if lower - upper == 1:
            found[f"unisons {upper.label} and {lower.label}"] = ratio(apart == 0, apart.size)
    upper_three = pitch[:, : Voice.BASS]
    whole = (upper_three != REST).all(axis=1)
    close = upper_three[whole, Voice.SOPRANO] - upper_three[whole, Voice.TENOR] <= _OCTAVE
    found["soprano to tenor within an octave"] = ratio(close, close.size)
    return found


def similar_and_parallel_motion(view: PieceView) -> Features:
    """By pair of voices, where both move: similar motion, and motion in thirds or sixths."""
    moves = view.moves
    found = {}
    for column, (upper, lower) in enumerate(PAIRS):
        along = moves.along[:, column]
        both = along != 0
        consonant = np.ones(len(moves), dtype=np.bool_)
        for pitch in (moves.before.astype(np.int64), moves.now.astype(np.int64)):
            consonant &= np.isin((pitch[:, upper] - pitch[:, lower]) % 12, _THIRDS_AND_SIXTHS)
        name = f"{upper.label} and {lower.label}"
        found[f"{name}: similar motion, where both move"] = ratio(along > 0, both)
        found[f"{name}: in thirds or sixths, where both move"] = ratio(
            consonant & (along > 0), both
        )
    return found


def motion_in_all_voices(view: PieceView) -> Features:
    """Moves of all four voices at once, and those of them in one direction."""
    way = np.sign(view.moves.interval)
    any_goes = (way != 0).any(axis=1)
    all_go = (way != 0).all(axis=1)
    one_way = np.abs(way.sum(axis=1)) == len(VOICES)
    return {
        "all four move, where any moves": ratio(all_go, any_goes),
        "all in one direction, where all four move": ratio(one_way, all_go),
    }


# Harmony


def chord_qualities_and_inversions(view: PieceView) -> Features:
    """Beats by chord quality, and chords by inversion."""
    chords = view.chords
    beats = len(view.beats)
    found = {f"beats: {q.label}": ratio(chords.quality == q, beats) for q in Quality}
    found["beats: no chord"] = ratio(chords.root == NONE, beats)
    for number, name in enumerate(_INVERSIONS):
        found[f"chords: {name}"] = ratio(chords.inversion == number, chords.root != NONE)
    return found


def root_degrees_and_progressions(view: PieceView) -> Features:
    """Chords by the degree of their root, and successive chords by the move of the root."""
    root = view.chords.root[view.chords.root != NONE].astype(np.int64)
    degree = (root - view.chorale.key.pitch_class) % 12
    moves = np.diff(root) % 12
    changed = moves != 0
    return {
        f"root: {name}": ratio(np.isin(degree, above), degree.size)
        for name, above in _DEGREES.items()
    } | {
        f"root moves {name}": ratio(np.isin(moves, way), changed)
        for name, way in _ROOT_MOVES.items()
    }


def chord_changes(view: PieceView) -> Features:
    """Chord changes from beat to beat and within a beat, and the number of different chords."""
    pitch, beats = view.chorale.pitch, view.beats
    sets = pitch_class_sets(pitch[beats])
    half = beats + FRAMES_PER_QUARTER // 2
    half = half[half < len(pitch)]
    halfway = pitch_class_sets(pitch[half])
    no_chord = (chords_of(pitch[half]).root == NONE) & (halfway != 0)
    return {
        "chord changes per beat": ratio(sets[1:] != sets[:-1], len(sets)),
        "different chords per beat": ratio(len(np.unique(sets)), len(sets)),
        "chord changes within the beat": ratio(halfway != sets[: len(half)], len(half)),
        "halfway through beats: no chord": ratio(no_chord, len(half)),
    }


def notes_outside_the_key(view: PieceView) -> Features:
    """By voice: notes outside the scale of the key; a minor scale has both forms of 6 and 7."""
    key = view.chorale.key
    found = {}
    for voice, notes in view.notes.items():
        outside = ~np.isin((notes.pitch - key.pitch_class) % 12, _SCALES[key.mode])
        found[f"{voice.label}: notes outside the key, of notes"] = ratio(outside, outside.size)
    return found


def triad_doublings(view: PieceView) -> Features:
    """Doubled and missing tones in triads of four voices on the beats."""
    pitch, chords = view.chorale.pitch[view.beats].astype(np.int64), view.chords
    triad = np.isin(chords.quality, _TRIADS) & (pitch != REST).all(axis=1)
    above = (pitch - chords.root.astype(np.int64)[:, None]) % 12
    of_root = (above == 0).sum(axis=1)
    of_third = np.isin(above, (3, 4)).sum(axis=1)
    of_fifth = (above == 7).sum(axis=1)
    at_root, at_third = triad & (chords.inversion == 0), triad & (chords.inversion == 1)
    return {
        "root position: third doubled": ratio(at_root & (of_third > 1), at_root),
        "root position: fifth doubled": ratio(at_root & (of_fifth > 1), at_root),
        "root position: no fifth": ratio(at_root & (of_fifth == 0), at_root),
        "root position: root tripled": ratio(at_root & (of_root > 2), at_root),
        "first inversion: third doubled": ratio(at_third & (of_third > 1), at_third),
        "first inversion: root doubled": ratio(at_third & (of_root > 1), at_third),
    }


def suspensions(view: PieceView) -> Features:
    """By voice: beats on which a held note makes no chord and then moves down by step."""
    pitch = view.chorale.pitch.astype(np.int64)
    beats = view.beats
    clash = (view.chords.root == NONE) & (beats > 0)
    found = {}
    for voice in VOICES:
        line = pitch[:, voice]
        held = (line[beats] == line[beats - 1]) & (line[beats] != REST)
        down = _first_move(line, beats)
        falls = (down == -1) | (down == -2)
        found[f"{voice.label}: suspensions per beat"] = ratio(held & clash & falls, len(beats))
    return found


def _first_move(line: NDArray[np.int64], beats: NDArray[np.int64]) -> NDArray[np.int64]:
    """Semitones to the first different pitch within a beat after each beat; 0 if there is none."""
    found = np.zeros(len(beats), dtype=np.int64)
    for later in range(1, FRAMES_PER_QUARTER + 1):
        there = line[np.minimum(beats + later, len(line) - 1)]
        step = np.where(there == REST, 0, there - line[beats])
        found = np.where(found == 0, step, found)
    return found


def chords_used_once(view: PieceView) -> Features:
    """Share of the different chords on the beats that occur on one beat only."""
    _, counts = np.unique(pitch_class_sets(view.chorale.pitch[view.beats]), return_counts=True)
    return {"chords used once, of different chords": ratio(counts == 1, len(counts))}


# Form


def phrase_lengths_and_endings(view: PieceView) -> Features:
    """Phrase lengths in beats, and the chords under fermatas. Needs a score."""
    chorale = view.chorale
    ends = phrase_ends(chorale)
    ends = ends[chorale.fermata[ends]]
    beats = np.diff(ends) / FRAMES_PER_QUARTER
    at = np.searchsorted(view.beats, ends, side="right") - 1
    at = at[at >= 0]
    chords = view.chords
    bass = view.notes[Voice.BASS]
    note = np.searchsorted(bass.start, ends, side="right") - 1
    note = note[note > 0]
    leap = np.isin(np.abs(bass.pitch[note] - bass.pitch[note - 1]), _FOURTH_OR_FIFTH)
    degree = (chords.root[at].astype(np.int64) - chorale.key.pitch_class) % 12
    read = chords.root[at] != NONE
    return {
        "phrases: beats": mean(beats),
        "phrases: deviation of beats": float(np.std(beats)) if len(beats) else float("nan"),
        "fermatas per beat": ratio(len(ends), view.length),
        "fermatas: root position": ratio(chords.inversion[at] == 0, len(at)),
        "fermatas: on I": ratio(read & (degree == 0), len(at)),
        "fermatas: on V": ratio(read & (degree == 7), len(at)),
        "fermatas: bass moves by a fourth or fifth": ratio(leap, len(note)),
    }


def downbeat_changes(view: PieceView) -> Features:
    """New chords and new bass notes on the first beat of a bar. Needs a score."""
    chorale = view.chorale
    sets = pitch_class_sets(chorale.pitch[view.beats])
    bass = chorale.pitch[view.beats, Voice.BASS]
    first = chorale.position[view.beats[1:]] == 0
    new, moved = sets[1:] != sets[:-1], bass[1:] != bass[:-1]
    return {
        "bars: new chord on the first beat": ratio(new & first, first),
        "bars: new chord on another beat": ratio(new & ~first, ~first),
        "bars: new bass note on the first beat": ratio(moved & first, first),
    }


def repeated_beats(view: PieceView) -> Features:
    """Beats, and runs of beats, whose four pitches occurred before in the piece."""
    slices = [tuple(row) for row in view.chorale.pitch[view.beats].tolist()]
    found = {}
    for n in (1, 2, 4):
        rows = [tuple(slices[i : i + n]) for i in range(len(slices) - n + 1)]
        name = "beats" if n == 1 else f"runs of {n} beats"
        found[f"{name} repeated"] = ratio(len(rows) - len(set(rows)), len(rows))
    return found


_Feature = Callable[[PieceView], Features]

_NOTE_FEATURES: tuple[_Feature, ...] = (
    note_values,
    syncopation,
    simultaneous_onsets,
    melodic_intervals,
    held_or_repeated_beats,
    voice_ranges,
    voice_spacing,
    similar_and_parallel_motion,
    motion_in_all_voices,
    chord_qualities_and_inversions,
    root_degrees_and_progressions,
    chord_changes,
    notes_outside_the_key,
    triad_doublings,
    suspensions,
    chords_used_once,
    repeated_beats,
)
_SCORE_FEATURES: tuple[_Feature, ...] = (
    repeated_notes,
    phrase_lengths_and_endings,
    downbeat_changes,
)
_ABSOLUTE_PITCH_RULES = ("out of range",)


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """The features of a set of pieces.

    Parameters
    ----------
    names : tuple of str, length F
        Names of the features.
    values : ndarray of float64, shape [P, F]
        NaN where a feature is undefined for a piece.
    """

    names: tuple[str, ...]
    values: NDArray[np.float64]


def piece_features(chorale: Chorale, level: InformationLevel) -> Features:
    """Every feature of one piece.

    Parameters
    ----------
    chorale : Chorale
        One frame or more, reduced to the information level.
    level : InformationLevel
        Features that need more information are left out.
    """
    view = PieceView(chorale)
    found: Features = {}
    for feature in _NOTE_FEATURES + (_SCORE_FEATURES if level is InformationLevel.SCORE else ()):
        found |= feature(view)
    return found | _part_writing_faults(chorale, level)


def _part_writing_faults(chorale: Chorale, level: InformationLevel) -> Features:
    """Rate of faults against each part-writing rule."""
    left_out = () if level is InformationLevel.SCORE else _ABSOLUTE_PITCH_RULES
    rules = {name: rule for name, rule in RULES.items() if name not in left_out}
    counts = tally(chorale, rules)
    return {f"rule: {name}": ratio(t.count, t.chances) for name, t in counts.items()}


def feature_table(chorales: Sequence[Chorale], level: InformationLevel) -> FeatureTable:
    """Every feature of each of P pieces, one or more."""
    rows = [piece_features(chorale, level) for chorale in chorales]
    names = tuple(rows[0])
    return FeatureTable(names, np.array([[row[name] for name in names] for row in rows]))
