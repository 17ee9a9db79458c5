"""Given chords: whether a decoder keeps them, and how near they bring it to Bach.

Bach's soprano is given, and on every beat the chord that the package's analysis finds in his own
piece (`bachbot.theory.analysis`), with its inversion.

obeyed
    Share of the chords whose beat has only tones of the chord in alto, tenor and bass, and the
    right one in the bass.
with third
    Share of the chords whose third sounds on the beat.
equal pitch
    Share of the frames of alto, tenor and bass whose pitch is Bach's.

Bach's own figures are below 1 where he has suspensions and other non-chord tones on the beat.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bachbot.chorale import FRAMES_PER_QUARTER, REST, Chorale, GivenChord, Voice
from bachbot.evaluation.bootstrap import RateEstimate
from bachbot.evaluation.harmonization import measure as measure_error
from bachbot.theory.analysis import analyze
from bachbot.theory.numerals import SHAPES

_LOWER = (Voice.ALTO, Voice.TENOR, Voice.BASS)


def chords_of(chorale: Chorale) -> tuple[GivenChord, ...]:
    """The chords of a piece on the beats on which it sounds, as the analysis finds them.

    Parameters
    ----------
    chorale : Chorale
        A piece in four parts.
    """
    return tuple(
        GivenChord(
            frame,
            (harmony.key.pitch_class + harmony.numeral.semitones - chorale.key.pitch_class) % 12,
            SHAPES[harmony.numeral.shape].tones,
            (harmony.inversion,),
            text=harmony.text,
        )
        for harmony in analyze(chorale)
        for frame in range(harmony.start, harmony.stop)
        if chorale.position[frame] % FRAMES_PER_QUARTER == 0
        and (chorale.pitch[frame] != REST).any()
    )


@dataclass(frozen=True)
class GivenChordsKept:
    """How a set of pieces keeps given chords. The module's docstring defines the rates.

    Parameters
    ----------
    pieces : int
        Number of pieces.
    obeyed, with_third : RateEstimate
        Over all given chords.
    equal_pitch : RateEstimate
        Over all frames of alto, tenor and bass.
    """

    pieces: int
    obeyed: RateEstimate
    with_third: RateEstimate
    equal_pitch: RateEstimate

    def to_json(self) -> dict[str, object]:
        """Every rate as plain data."""
        names = ("obeyed", "with_third", "equal_pitch")
        return {"pieces": self.pieces} | {name: getattr(self, name).to_json() for name in names}


def measure(
    bach: Sequence[Chorale],
    found: Sequence[Chorale],
    chords: Sequence[Sequence[GivenChord]],
    *,
    seed: int = 0,
) -> GivenChordsKept:
    """Measure how pieces keep the chords that were given for them.

    Parameters
    ----------
    bach, found : sequence of Chorale
        P pieces by Bach, and the same pieces with new lower voices, in the same order and key.
    chords : sequence of sequence of GivenChord
        The chords of each piece.
    seed : int
        Random seed of the bootstrap intervals.

    Raises
    ------
    UsageError
        If the two sets differ in number or length of pieces.
    """
    error = measure_error(bach, found, _LOWER, seed=seed)
    counts = np.array(
        [
            [
                sum(_obeys(piece, chord) for chord in given),
                sum(_has_third(piece, chord) for chord in given),
                len(given),
            ]
            for piece, given in zip(found, chords, strict=True)
        ],
        dtype=np.int64,
    ).reshape(-1, 3)
    obeyed, third = (RateEstimate(counts[:, k], counts[:, 2], seed) for k in range(2))
    return GivenChordsKept(len(found), obeyed, third, error.equal_pitch)


def _above_tonic(chorale: Chorale, frame: int, voices: Sequence[Voice]) -> list[int]:
    """Semitones above the tonic of the notes in a frame, from the lowest up."""
    pitches = sorted(int(chorale.pitch[frame, v]) for v in voices)
    return [(p - chorale.key.pitch_class) % 12 for p in pitches if p != REST]


def _obeys(chorale: Chorale, chord: GivenChord) -> bool:
    lower = _above_tonic(chorale, chord.frame, _LOWER)
    whole = _above_tonic(chorale, chord.frame, tuple(Voice))
    return set(lower) <= set(chord.tones) and (not lower or whole[0] in chord.basses)


def _has_third(chorale: Chorale, chord: GivenChord) -> bool:
    return chord.tones[1] in _above_tonic(chorale, chord.frame, tuple(Voice))
