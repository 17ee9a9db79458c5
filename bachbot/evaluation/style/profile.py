"""Further distributions that a style shows in: how dense the music is, its chords and its closes.

Chords are those that `bachbot.theory.analysis` hears, over what passing notes and suspensions do; a
change of position alone makes no new chord. All but onsets are held against Bach's pieces of the
same mode. A beat is a quarter, as in `bachbot.evaluation.variety`.
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


def onsets_a_beat(reading: PieceAnalysis) -> Counter[Label]:
    """The piece's onsets a beat in alto, tenor and bass, as `variety` has them."""
    return Counter(variety.measure([reading.chorale]).onsets_a_beat.values.tolist())


def different_chords_a_beat(reading: PieceAnalysis) -> Counter[Label]:
    """The piece's different chords a beat, as `variety` has them."""
    return Counter(variety.measure([reading.chorale]).different_chords_a_beat.values.tolist())


def harmonic_rhythm(reading: PieceAnalysis) -> Counter[Label]:
    """Chords by how many beats they last; a seventh that joins a chord makes no new one."""
    return Counter((h.stop - h.start) / FRAMES_PER_QUARTER for h in _joined(reading, _name))


def chord_transitions(reading: PieceAnalysis) -> Counter[Label]:
    """Pairs of Roman numerals, sevenths aside, that follow in one key: ``V > I in major``."""
    return Counter(
        f"{_name(a)} > {_name(b)} in {a.key.mode}"
        for a, b in pairwise(_joined(reading, _name))
        if a.key == b.key and a.stop == b.start
    )


def chord_qualities(reading: PieceAnalysis) -> Counter[Label]:
    """Chords by what they are made of, however long."""
    chords = _joined(reading, lambda harmony: harmony.numeral)
    return Counter(SHAPES[h.numeral.shape].name for h in chords)


def cadence_types(reading: PieceAnalysis) -> Counter[Label]:
    """Phrases by how they close (`bachbot.theory.cadence`); none without fermatas."""
    return Counter(close.kind for close in reading.closes)


def phrase_end_keys(reading: PieceAnalysis) -> Counter[Label]:
    """Phrases by the key that they end in, told from the home key: ``V``, ``vi``."""
    home = reading.chorale.key
    return Counter(relative_key_name(close.key, home) for close in reading.closes)


def melodic_semitones(reading: PieceAnalysis, voice: Voice) -> Counter[Label]:
    """Steps and leaps of a voice in semitones, upward positive; a note sung again is 0."""
    pitch = reading.chorale.pitch[:, voice].astype(int)
    at = np.flatnonzero(reading.chorale.onset[1:, voice] & (pitch[:-1] != REST)) + 1
    return Counter((pitch[at] - pitch[at - 1]).astype(float).tolist())


def relative_key_name(key: Key, home: Key) -> str:
    """A key as a degree of another: large for major, small for minor, such as ``V`` or ``bVI``."""
    above = line_of_fifths(key.tonic) - line_of_fifths(home.tonic)
    name = degree_name(above, home.mode)
    numeral = _ROMAN[int(name[-1]) - 1]
    return name[:-1] + (numeral if key.mode == "major" else numeral.lower())


def _name(harmony: Harmony) -> str:
    return harmony.numeral.name


def _joined(reading: PieceAnalysis, label: Callable[[Harmony], Hashable]) -> Iterator[Harmony]:
    """The harmonies, neighbors of one key that are told alike made one."""
    last: Harmony | None = None
    for harmony in reading.harmonies:
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
    Feature("onsets a beat", "onsets", "ordered", onsets_a_beat, by_mode=False, bin=0.1),
    Feature("different chords a beat", "chords", "ordered", different_chords_a_beat, bin=0.05),
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
    Feature("keys of phrase ends", "share", "category", phrase_end_keys),
)
"""The further distributions, in the order in which they are told."""
