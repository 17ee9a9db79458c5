"""Measures of chords and of what is dissonant. Chords are those that sound on the beats.

They are read by `bachbot.theory.harmony`; secondary dominants and the resolution of sevenths and
leading notes are judged from one beat to the next, so that a piece that modulates is judged alike.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, REST, VOICES, Voice
from bachbot.evaluation.music.view import LOWER, STEPS, Count, Measure, MusicView
from bachbot.theory.harmony import NONE, TWO_FORMS, Quality, chords_of, seventh_goes_astray
from bachbot.theory.rules import RULES

_DOMINANTS = (Quality.MAJOR, Quality.DOMINANT_SEVENTH)
_DOWN_A_FIFTH = 5  # semitones up to the next root, modulo 12
_THIRDS = (3, 4, 8, 9)

_SCALES = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 10, 11)}
"""Semitones above the tonic of what is not chromatic; in minor with the leading note."""

_RELATIVE = {"major": 0, "minor": 3}
"""Semitones from a tonic up to that of the major key with the same signature."""

_ALWAYS_DISSONANT = (1, 2, 6, 10, 11)  # semitones, modulo 12
_FOURTH = 5


def sevenths_astray(view: MusicView) -> Count:
    """Dominant sevenths on a beat that lead nowhere on the next beat, out of all of them."""
    astray = seventh_goes_astray(view.chords_here, view.sets_next)
    sevenths = view.chords_here.quality == Quality.DOMINANT_SEVENTH
    return int(astray.sum()), int(sevenths.sum())


def leading_notes_that_rise(view: MusicView) -> Count:
    """Leading notes in alto and tenor that rise a half step, out of all of them.

    A leading note is the third of a major triad or dominant seventh whose root moves down a fifth
    to the next beat.
    """
    here = view.chords_here
    falls = _falling_dominants(view)
    found, total = 0, 0
    for voice in (Voice.ALTO, Voice.TENOR):
        leads = falls & (view.chorale.pitch[view.steps, voice] % 12 == here.third)
        total += int(leads.sum())
        found += int((view.motion[leads, voice] == 1).sum())
    return found, total


def _root_moves(view: MusicView) -> NDArray[np.int64]:
    """Semitones up to the next root, modulo 12, from each beat; -1 without two chords; [N]."""
    here, there = view.chords_here.root.astype(np.int64), view.chords_next.root.astype(np.int64)
    return np.where((here != NONE) & (there != NONE), (there - here) % 12, NONE)


def _falling_dominants(view: MusicView) -> NDArray[np.bool_]:
    """Which beats have a major triad or dominant seventh whose root moves down a fifth, [N]."""
    dominant = np.isin(view.chords_here.quality, _DOMINANTS)
    falling: NDArray[np.bool_] = dominant & (_root_moves(view) == _DOWN_A_FIFTH)
    return falling


def roots_by_third(view: MusicView) -> Count:
    """Changes of root from beat to beat by a third, up or down, out of all changes of root."""
    return _root_motion(view, _THIRDS)


def roots_down_a_fifth(view: MusicView) -> Count:
    """Changes of root from beat to beat down a fifth or up a fourth, out of all changes of root."""
    return _root_motion(view, (_DOWN_A_FIFTH,))


def _root_motion(view: MusicView, intervals: tuple[int, ...]) -> Count:
    moves = _root_moves(view)
    return int(np.isin(moves, intervals).sum()), int((moves > 0).sum())


def secondary_dominants(view: MusicView) -> Count:
    """Chromatic dominants that move down a fifth, out of all changes of root.

    Chromatic is a major triad or dominant seventh whose third or seventh is not in the scale of the
    home key, in minor with the leading note.
    """
    key, here = view.chorale.key, view.chords_here
    falls = _falling_dominants(view)
    third_in = np.isin((here.third - key.pitch_class) % 12, _SCALES[key.mode])
    seventh_in = np.isin((here.seventh - key.pitch_class) % 12, _SCALES[key.mode])
    chromatic = ~third_in | (~seventh_in & (here.seventh != NONE))
    return int((falls & chromatic).sum()), int((_root_moves(view) > 0).sum())


def same_over_the_bar_line(view: MusicView) -> Count:
    """Bar lines over which root and bass stay, out of those between two beats."""
    here, there = view.chords_here, view.chords_next
    downbeat = view.chorale.position[view.steps + FRAMES_PER_QUARTER] == 0
    same = (_root_moves(view) == 0) & (here.bass == there.bass)
    return int((same & downbeat).sum()), int(downbeat.sum())


def held_over_the_bar_line(view: MusicView) -> Count:
    """Bar lines over which alto, tenor and bass keep their pitches, out of all.

    They are held or struck again. Only bar lines before and after which all voices sound count.
    """
    pitch, starts = view.chorale.pitch, view.chorale.bar_starts
    starts = starts[starts > 0]
    sounds = ((pitch[starts] != REST) & (pitch[starts - 1] != REST)).all(axis=1)
    held = (pitch[starts] == pitch[starts - 1])[:, list(LOWER)].all(axis=1)
    return int((held & sounds).sum()), int(sounds.sum())


def without_third(view: MusicView) -> Count:
    """Beats with a bare fifth or unison, out of those with a chord."""
    quality = chords_of(view.chorale.pitch[view.full_beats], view.chorale.key).quality
    return int((quality == Quality.OPEN).sum()), int((quality != NONE).sum())


def leading_notes_unresolved(view: MusicView) -> Count:
    """Leading notes of the home key that neither rise nor, in an inner voice, fall a third.

    By ``leading note unresolved`` of `RULES`.
    """
    return _broken(view, "leading note unresolved")


def leading_notes_doubled(view: MusicView) -> Count:
    """Frames with a doubled leading note, out of all with a dominant; by `RULES`."""
    return _broken(view, "leading note doubled")


def _broken(view: MusicView, name: str) -> Count:
    rule = RULES[name]
    return int(rule.count(view.moves).sum()), int(rule.chances(view.moves).sum())


def cross_relations(view: MusicView) -> Count:
    """Successive onsets with two forms of one note in two voices, out of all in a phrase.

    None if the voice that had the first form moves to the second itself.
    """
    chorale = view.chorale
    pitch = chorale.pitch.astype(np.int64)
    tonic = chorale.key.pitch_class + _RELATIVE[chorale.key.mode]
    ended = np.cumsum(view.moves.released)
    events = np.flatnonzero(chorale.onset.any(axis=1))
    found, total = 0, 0
    for before, now in pairwise(events.tolist()):
        if ended[before] != ended[now]:
            continue
        total += 1
        found += any(
            TWO_FORMS[(pitch[before, one] - tonic) % 12, (pitch[now, other] - tonic) % 12]
            and (pitch[now, one] - pitch[now, other]) % 12
            for one in VOICES
            for other in VOICES
            if one != other
            and pitch[now, other] != pitch[before, other]
            and REST not in (pitch[before, one], pitch[now, other])
        )
    return found, total


def tied_suspensions(view: MusicView) -> Count:
    """Notes of the lower voices held over a beat, dissonant there, that resolve a step down.

    Dissonant is a second, seventh or tritone with any voice, and a fourth above the bass. They
    resolve within a beat. Out of all full beats.
    """
    chorale, found = view.chorale, 0
    pitch = chorale.pitch.astype(np.int64)
    for voice in LOWER:
        for frame in view.full_beats[chorale.tied[view.full_beats, voice]].tolist():
            later = np.flatnonzero(chorale.onset[frame : frame + FRAMES_PER_QUARTER + 1, voice])
            if later.size and pitch[frame, voice] - pitch[frame + later[0], voice] in STEPS:
                apart = pitch[frame, voice] - pitch[frame]
                fourth = voice != Voice.BASS and apart[Voice.BASS] % 12 == _FOURTH
                found += bool(np.isin(np.abs(apart) % 12, _ALWAYS_DISSONANT).any() or fourth)
    return found, len(view.full_beats)


HARMONY = (
    Measure("dominant sevenths astray", "% of them", 100, sevenths_astray),
    Measure("leading notes in alto and tenor that rise", "% of them", 100, leading_notes_that_rise),
    Measure("leading notes unresolved", "% of them", 100, leading_notes_unresolved),
    Measure("leading notes doubled", "% of dominant frames", 100, leading_notes_doubled),
    Measure("tied suspensions", "per 100 beats", 100, tied_suspensions),
    Measure("cross relations", "per 1000 events", 1000, cross_relations),
    Measure("chords without a third", "% of chords", 100, without_third),
    Measure("same root and bass over the bar line", "% of bar lines", 100, same_over_the_bar_line),
    Measure("lower voices held over the bar line", "% of bar lines", 100, held_over_the_bar_line),
    Measure("root motion by a third", "% of changes", 100, roots_by_third),
    Measure("root motion down a fifth", "% of changes", 100, roots_down_a_fifth),
    Measure("secondary dominants", "% of changes", 100, secondary_dominants),
)
"""Measures of chords and dissonances."""
