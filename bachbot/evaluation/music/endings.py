"""Measures of how phrases and pieces end."""

import numpy as np

from bachbot.chorale import FRAMES_PER_QUARTER, Voice
from bachbot.evaluation.music.view import Count, Measure, MusicView
from bachbot.theory.analysis import Harmony
from bachbot.theory.harmony import NONE, Quality, chords_of
from bachbot.theory.numerals import MAJ

_PREPARES = (7, 11, 5, 2)
"""Roots above the final root of a preparation: dominant, leading note, subdominant, supertonic."""
_FIFTH_DEGREE = 1  # on the line of fifths above the tonic
_SIX_FOUR = 2


def phrygian_cadences(view: MusicView) -> Count:
    """Fermatas on a Phrygian cadence, by `bachbot.theory.cadence`, out of all fermatas."""
    return sum(cadence.kind == "phrygian" for cadence in view.cadences), len(view.cadences)


def unchanged_at_fermatas(view: MusicView) -> Count:
    """Fermatas whose chord has the root of the beat before it, out of all fermatas."""
    chorale, found, total = view.chorale, 0, 0
    onsets = np.flatnonzero(chorale.onset[:, Voice.SOPRANO])
    for end in view.fermatas.tolist():
        first = onsets[onsets <= end][-1:]
        if not first.size or first[0] < FRAMES_PER_QUARTER:
            continue
        pair = chorale.pitch[[first[0] - FRAMES_PER_QUARTER, first[0]]]
        before, now = chords_of(pair, chorale.key).root.tolist()
        total += 1
        found += before == now != NONE
    return found, total


def half_cadences_off_the_root(view: MusicView) -> Count:
    """Phrases that end on a dominant that is no triad in root position, out of those on one.

    The end of the piece does not count. The key is that of the phrase end.
    """
    ends = [c.chords[-1] for c in view.cadences if c.end < view.last_frame]
    dominants = [
        last for last in ends if last.numeral.root == _FIFTH_DEGREE and last.numeral.of is None
    ]
    faults = sum(d.inversion != 0 or d.numeral.shape != MAJ for d in dominants)
    return faults, len(dominants)


def last_chord_not_a_triad(view: MusicView) -> Count:
    """Whether the last chord is no major or minor triad on its root; and one piece."""
    if view.last_frame < 0:
        return 0, 0
    last = chords_of(view.chorale.pitch[[view.last_frame]], view.chorale.key)
    triad = last.quality[0] in (Quality.MAJOR, Quality.MINOR)
    return int(not (triad and last.inversion[0] == 0)), 1


def final_cadence_unprepared(view: MusicView) -> Count:
    """Whether no dominant or subdominant of the last chord precedes it; and one piece.

    They are judged by their roots above its own (`_PREPARES`), so that a tune may end in any mode.
    The same chord in first inversion is no preparation; as a six-four over the fifth it belongs to
    the dominant.
    """
    if view.last_frame < 0:
        return 0, 0
    last = view.harmonies[-1]
    before = [h for h in view.harmonies[:-1] if h.stop <= last.start]
    if not before:
        return 1, 1
    above = (_root(before[-1]) - _root(last)) % 12
    over_fifth = above == 0 and before[-1].inversion == _SIX_FOUR
    return int(above not in _PREPARES and not over_fifth), 1


def _root(harmony: Harmony) -> int:
    return (harmony.key.pitch_class + harmony.numeral.semitones) % 12


ENDINGS = (
    Measure("Phrygian cadences", "% of fermatas", 100, phrygian_cadences),
    Measure("fermata without a change of chord", "% of fermatas", 100, unchanged_at_fermatas),
    Measure("half cadence not on a root-position triad", "% of half cadences", 100,
            half_cadences_off_the_root),
    Measure("last chord not a triad on its root", "% of pieces", 100, last_chord_not_a_triad),
    Measure("final cadence not prepared", "% of pieces", 100, final_cadence_unprepared),
)  # fmt: skip
"""Measures of endings."""
