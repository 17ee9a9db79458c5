"""The chorale: four voices on a grid of sixteenths."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bachbot.chorale.key import Key
from bachbot.chorale.meter import Meter
from bachbot.errors import EncodingError

REST = -1
"""Pitch of a silent voice."""


def _frozen(array: ArrayLike, dtype: type) -> NDArray[Any]:
    out: NDArray[Any] = np.array(array, dtype=dtype, order="C")
    out.setflags(write=False)
    return out


@dataclass(frozen=True, eq=False)
class Chorale:
    """Four voices on a grid of sixteenths. Immutable; its arrays are read-only.

    Parameters
    ----------
    pitch : ndarray of int16, shape [T, 4]
        MIDI pitch of S, A, T, B in each frame; -1 is a rest.
    tied : ndarray of bool, shape [T, 4]
        True where the voice holds its note from the previous frame, so that no note begins.
    fermata : ndarray of bool, shape [T]
        True in every frame of a soprano note under a fermata.
    meter : Meter
        Time signature and pickup.
    key : Key
        Key in which the pitches are written.
    transposed_by : int
        Semitones by which the piece was transposed from its source.
    name : str
        Source of the piece: a corpus name, a file's stem or a title.
    position : ndarray of int16, shape [T], optional
        Metrical position of each frame: its distance from the bar line, in frames. Default:
        computed from the meter; a piece that changes its meter has to give it.

    Raises
    ------
    EncodingError
        If shapes disagree, a pitch is outside -1 to 127, or a tie joins two different pitches.
    """

    pitch: NDArray[np.int16]
    tied: NDArray[np.bool_]
    fermata: NDArray[np.bool_]
    meter: Meter = field(default_factory=Meter)
    key: Key = field(default_factory=Key)
    transposed_by: int = 0
    name: str = ""
    position: NDArray[np.int16] = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        set_field = object.__setattr__
        set_field(self, "pitch", _frozen(self.pitch, np.int16))
        set_field(self, "tied", _frozen(self.tied, np.bool_))
        set_field(self, "fermata", _frozen(self.fermata, np.bool_))
        position = self.position
        if position is None:
            position = self.meter.positions(len(self.pitch))
        set_field(self, "position", _frozen(position, np.int16))
        self._check()

    def _check(self) -> None:
        frames = len(self.pitch)
        shapes = (self.pitch.shape, self.tied.shape, self.fermata.shape, self.position.shape)
        if shapes != ((frames, 4), (frames, 4), (frames,), (frames,)):
            raise EncodingError(
                "pitch, tied, fermata and position have shapes "
                f"{', '.join(map(str, shapes))}: wanted [T, 4], [T, 4], [T], [T]"
            )
        if frames and not (self.pitch.min() >= -1 and self.pitch.max() <= 127):
            raise EncodingError("a pitch is outside -1 (a rest) to 127: give MIDI pitches")
        previous = np.full_like(self.pitch, REST)
        previous[1:] = self.pitch[:-1]
        wrong = self.tied & ((self.pitch != previous) | (self.pitch == REST))
        if wrong.any():
            frame, voice = np.argwhere(wrong)[0]
            raise EncodingError(
                f"frame {frame}, voice {voice} is tied to a pitch that does not sound in the "
                "previous frame"
            )

    @property
    def frames(self) -> int:
        """Length T in frames of a sixteenth."""
        return len(self.pitch)

    @property
    def onset(self) -> NDArray[np.bool_]:
        """Where a note begins, shape [T, 4]."""
        onset: NDArray[np.bool_] = (self.pitch != REST) & ~self.tied
        return onset

    @property
    def bar_starts(self) -> NDArray[np.int64]:
        """First frame of every bar, a pickup included, shape [bars]."""
        first = np.ones(self.frames, dtype=bool)
        first[1:] = self.position[1:] <= self.position[:-1]
        return np.flatnonzero(first)

    def same_music(self, other: "Chorale") -> bool:
        """Whether both have the same pitches, ties and fermatas."""
        return (
            np.array_equal(self.pitch, other.pitch)
            and np.array_equal(self.tied, other.tied)
            and np.array_equal(self.fermata, other.fermata)
        )

    def transposed(self, semitones: int, key: Key) -> "Chorale":
        """Transpose the music and write it in another key.

        Parameters
        ----------
        semitones : int
            Interval upwards; rests stay rests.
        key : Key
            Key of the result.

        Raises
        ------
        EncodingError
            If a pitch would leave 0 to 127.
        """
        moved = np.where(self.pitch == REST, REST, self.pitch + semitones)
        if ((moved < 0) & (self.pitch != REST)).any():
            raise EncodingError(
                f"{self.name or 'the piece'} would fall below MIDI pitch 0: transpose it by less"
            )
        return replace(self, pitch=moved, key=key, transposed_by=self.transposed_by + semitones)

    def normalized(self, octaves: int = 0) -> "Chorale":
        """Transpose to C major or A minor, by BachBot's table of intervals.

        Parameters
        ----------
        octaves : int
            Octaves by which it is moved up as well.
        """
        return self.transposed(self.key.shift + 12 * octaves, self.key.standard)

    def augmented(self, times: int) -> "Chorale":
        """Multiply every duration (augmentation).

        Parameters
        ----------
        times : int
            Factor, 1 or more. The time signature stays as it is; positions in the bar count
            through the longer bars.
        """
        tied = np.repeat(self.tied, times, axis=0)
        later = np.arange(len(tied)) % times > 0
        tied[later] = np.repeat(self.pitch, times, axis=0)[later] != REST
        return replace(
            self,
            pitch=np.repeat(self.pitch, times, axis=0),
            tied=tied,
            fermata=np.repeat(self.fermata, times),
            position=np.repeat(self.position, times) * times + np.arange(len(tied)) % times,
        )

    def diminished(self, times: int) -> "Chorale":
        """Divide every duration (diminution); the inverse of `augmented`.

        Parameters
        ----------
        times : int
            Divisor, 1 or more; every note must begin and end on a multiple of it.

        Raises
        ------
        EncodingError
            If a note does not fit.
        """
        shorter = replace(
            self,
            pitch=self.pitch[::times],
            tied=self.tied[::times],
            fermata=self.fermata[::times],
            position=self.position[::times] // times,
        )
        if self.frames % times or not shorter.augmented(times).same_music(self):
            raise EncodingError(
                f"a note of {self.name or 'the piece'} is not on a grid of {times} frames: "
                "divide its durations by less"
            )
        return shorter

    def sliced(self, start: int, stop: int) -> "Chorale":
        """Frames `start` to `stop` as a piece; a note held into it becomes an onset."""
        tied = self.tied[start:stop].copy()
        if len(tied):
            tied[0] = False
        return replace(
            self,
            pitch=self.pitch[start:stop],
            tied=tied,
            fermata=self.fermata[start:stop],
            meter=replace(self.meter, pickup=0 if start else self.meter.pickup),
            position=self.position[start:stop],
        )
