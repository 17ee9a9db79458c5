"""Further distributions in which a style shows: density, harmony, melody and cadences.

Chords are those of `bachbot.theory.analysis`, which accounts for passing notes and suspensions; a
change of position or inversion alone makes no new chord. All distributions but that of onsets are
compared with Bach's pieces of the same mode. A beat is a quarter, as in
`bachbot.evaluation.variety`.
"""

from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from dataclasses import replace
from functools import partial
from itertools import pairwise

import numpy as np

from bachbot.chorale import FRAMES_PER_QUARTER, REST, VOICES, Key, Voice, line_of_fifths
from bachbot.evaluation import variety
from bachbot.evaluation.style.features import Feature, Label, PieceAnalysis, degree_name
from bachbot.theory.analysis import Harmony
from bachbot.theory.numerals import SHAPES

_ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII")


def onsets_per_beat(piece: PieceAnalysis) -> Counter[Label]:
    """Onsets per beat in alto, tenor and bass, one value, as in `bachbot.evaluation.variety`."""
    return Counter(variety.measure([piece.chorale]).onsets_per_beat.values.tolist())


def different_chords_per_beat(piece: PieceAnalysis) -> Counter[Label]:
    """Different chords per beat, one value, as in `bachbot.evaluation.variety`."""
    return Counter(variety.measure([piece.chorale]).different_chords_per_beat.values.tolist())


def harmonic_rhythm(piece: PieceAnalysis) -> Counter[Label]:
    """Lengths of chords in beats; a seventh that is added to a chord makes no new one."""
    return Counter((h.stop - h.start) / FRAMES_PER_QUARTER for h in _joined(piece, _name))


def chord_transitions(piece: PieceAnalysis) -> Counter[Label]:
    """Pairs of successive Roman numerals in one key, without sevenths: ``V > I in major``."""
    return Counter(
        f"{_name(a)} > {_name(b)} in {a.key.mode}"
        for a, b in pairwise(_joined(piece, _name))
        if a.key == b.key and a.stop == b.start
    )


def chord_qualities(piece: PieceAnalysis) -> Counter[Label]:
    """Chords by quality, whatever their length."""
    chords = _joined(piece, lambda harmony: harmony.numeral)
    return Counter(SHAPES[h.numeral.shape].name for h in chords)


def cadence_types(piece: PieceAnalysis) -> Counter[Label]:
    """Phrases by their cadence (`bachbot.theory.cadence`); none without fermatas."""
    return Counter(cadence.kind for cadence in piece.cadences)


def phrase_ending_keys(piece: PieceAnalysis) -> Counter[Label]:
    """Phrases by the key of their ending, relative to the home key: ``V``, ``vi``."""
    home = piece.chorale.key
    return Counter(relative_key_name(cadence.key, home) for cadence in piece.cadences)


def melodic_semitones(piece: PieceAnalysis, voice: Voice) -> Counter[Label]:
    """Melodic intervals of a voice in semitones, upward positive; a repeated note is 0."""
    pitch = piece.chorale.pitch[:, voice].astype(int)
    at = np.flatnonzero(piece.chorale.onset[1:, voice] & (pitch[:-1] != REST)) + 1
    return Counter((pitch[at] - pitch[at - 1]).astype(float).tolist())


def relative_key_name(key: Key, home: Key) -> str:
    """A key as a degree of another, upper case if major and lower case if minor: ``V``, ``vi``."""
    above = line_of_fifths(key.tonic) - line_of_fifths(home.tonic)
    name = degree_name(above, home.mode)
    numeral = _ROMAN[int(name[-1]) - 1]
    return name[:-1] + (numeral if key.mode == "major" else numeral.lower())


def _name(harmony: Harmony) -> str:
    return harmony.numeral.name


def _joined(piece: PieceAnalysis, label: Callable[[Harmony], Hashable]) -> Iterator[Harmony]:
    """The harmonies, with successive ones of equal key and label joined."""
    last: Harmony | None = None
    for harmony in piece.harmonies:
        if last is None:
            last = harmony
        elif (harmony.key, harmony.start, label(harmony)) == (last.key, last.stop, label(last)):
            last = replace(last, stop=harmony.stop)
        else:
            yield last
            last = harmony
    if last is not None:
        yield last


PROFILE_FEATURES: tuple[Feature, ...] = (
    Feature("onsets per beat", "onsets", "ordered", onsets_per_beat, by_mode=False, bin=0.1),
    Feature("different chords per beat", "chords", "ordered", different_chords_per_beat, bin=0.05),
    Feature("harmonic rhythm", "beats", "ordered", harmonic_rhythm),
    Feature("Roman-numeral transitions", "share", "category", chord_transitions),
    Feature("cadence types", "share", "category", cadence_types),
    Feature("chord qualities", "share", "category", chord_qualities),
    *(
        Feature(
            f"{v.label} steps and leaps",
            "semitones",
            "ordered",
            partial(melodic_semitones, voice=v),
        )
        for v in VOICES
    ),
    Feature("keys of phrase ends", "share", "category", phrase_ending_keys),
)
"""The further distributions, in the order of the report."""
