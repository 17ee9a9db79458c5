"""A piece as the measures see it, and what a measure is."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, REST, Chorale, Voice
from bachbot.evaluation.detection.piece_view import PieceView
from bachbot.theory.analysis import Harmony, analyze
from bachbot.theory.cadence import PhraseCadence, phrase_cadences
from bachbot.theory.harmony import Chords, chords_of, pitch_class_sets
from bachbot.theory.melody import phrase_ends

LOWER = (Voice.ALTO, Voice.TENOR, Voice.BASS)
"""The voices that are written under a tune."""

STEPS = (1, 2)
"""Semitones of a melodic step; anything larger is a leap."""

Count = tuple[float, float]
"""What a measure counts in a piece: how often, and out of how many."""


@dataclass(frozen=True, eq=False)
class MusicView(PieceView):
    """A piece with all that measures share, computed on demand. A beat is a quarter.

    Parameters
    ----------
    chorale : Chorale
        T frames, in the key of its ``key``.
    """

    @cached_property
    def full_beats(self) -> NDArray[np.int64]:
        """Frames in which a beat begins and all voices sound."""
        sounds = (self.chorale.pitch != REST).all(axis=1)
        on_beat = self.chorale.position % FRAMES_PER_QUARTER == 0
        beats: NDArray[np.int64] = np.flatnonzero(on_beat & sounds)
        return beats

    @cached_property
    def steps(self) -> NDArray[np.int64]:
        """Frames of each full beat that another one follows, shape [N]."""
        beats = self.full_beats
        return beats[np.isin(beats + FRAMES_PER_QUARTER, beats)]

    @cached_property
    def bound(self) -> NDArray[np.bool_]:
        """Whether no phrase ends between a beat of `steps` and the next, shape [N]."""
        ended = np.cumsum(self.moves.released)
        bound: NDArray[np.bool_] = ended[self.steps] == ended[self.steps + FRAMES_PER_QUARTER]
        return bound

    @cached_property
    def motion(self) -> NDArray[np.int64]:
        """Semitones that each voice moves from each beat of `steps` to the next, shape [N, 4]."""
        pitch = self.chorale.pitch.astype(np.int64)
        motion: NDArray[np.int64] = pitch[self.steps + FRAMES_PER_QUARTER] - pitch[self.steps]
        return motion

    @cached_property
    def chords_here(self) -> Chords:
        """The chord on each beat of `steps`, N chords."""
        return chords_of(self.chorale.pitch[self.steps], self.chorale.key)

    @cached_property
    def chords_next(self) -> Chords:
        """The chord on the beat after each of `steps`, N chords."""
        return chords_of(self.chorale.pitch[self.steps + FRAMES_PER_QUARTER], self.chorale.key)

    @cached_property
    def sets_next(self) -> NDArray[np.int16]:
        """The pitch classes on the beat after each of `steps` as bits, shape [N]."""
        return pitch_class_sets(self.chorale.pitch[self.steps + FRAMES_PER_QUARTER])

    @cached_property
    def harmonies(self) -> list[Harmony]:
        """Its Roman numerals, by `bachbot.theory.analysis`."""
        return analyze(self.chorale)

    @cached_property
    def fermatas(self) -> NDArray[np.int64]:
        """Last frame of each soprano note under a fermata."""
        ends = phrase_ends(self.chorale)
        marked: NDArray[np.int64] = ends[self.chorale.fermata[ends]]
        return marked

    @cached_property
    def cadences(self) -> list[PhraseCadence]:
        """The cadence at each fermata."""
        ends = set(self.fermatas.tolist())
        return [c for c in phrase_cadences(self.chorale, self.harmonies) if c.end in ends]

    @cached_property
    def last_frame(self) -> int:
        """The last frame in which all voices sound; -1 if there is none."""
        sounds = np.flatnonzero((self.chorale.pitch != REST).all(axis=1))
        return int(sounds[-1]) if len(sounds) else -1


CountFunction = Callable[[MusicView], Count]
"""How often something happens in a piece, and out of how many."""


@dataclass(frozen=True)
class Measure:
    """A measure of a piece: a rate that is pooled over pieces.

    Parameters
    ----------
    name : str
        What it counts.
    unit : str
        What its rate is in: ``"% of beats"``, ``"per 100 notes"``.
    per : int
        What the ratio of the two counts is multiplied by.
    count : callable
        From a `MusicView` to the two counts. Both are 0 where the piece offers no chance.
    """

    name: str
    unit: str
    per: int
    count: CountFunction

    def count_in(self, chorale: Chorale) -> Count:
        """How often in a piece, and out of how many."""
        return self.count(MusicView(chorale))
