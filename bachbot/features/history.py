"""The past of a hypothesis, as far as features look back.

Shapes: B hypotheses, N candidates, K beats.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import REST

NO_INTERVAL = 25
"""Stands for the interval before a voice's second note; others are semitones from -12 to 12, plus
12, larger ones as an octave."""

LONGEST_REPEAT = 9
"""Beats beyond which a repeat counts as just as long."""


@dataclass(frozen=True, slots=True, eq=False)
class MusicHistory:
    """The past of B hypotheses.

    Parameters
    ----------
    intervals : ndarray of int8, shape [B, 4, 3]
        Last three intervals of each voice, the latest last; see `NO_INTERVAL`.
    last : ndarray of int16, shape [B, 4]
        Pitch of each voice in the frame before; -1 in a rest.
    patterns : ndarray of uint8, shape [B, 4, 2]
        Sixteenths at which each voice began a note in the beat before and in the current one; bit
        p is position p.
    beats : ndarray of int16, shape [B, K, 4]
        Pitches on the beats so far.
    repeated_tune, repeated : ndarray of uint8, shape [B, K]
        How many beats in a row, up to the last one, had the soprano, and all voices, of the beats
        up to beat k.
    count : ndarray of int64, shape [B]
        Number of beats so far.
    """

    intervals: NDArray[np.int8]
    last: NDArray[np.int16]
    patterns: NDArray[np.uint8]
    beats: NDArray[np.int16]
    repeated_tune: NDArray[np.uint8]
    repeated: NDArray[np.uint8]
    count: NDArray[np.int64]

    @classmethod
    def start(cls, batch: int, beats: int) -> "MusicHistory":
        """The past of B hypotheses before their first frame.

        Parameters
        ----------
        batch : int
            B.
        beats : int
            The most beats that there will be (K).
        """
        return cls(
            np.full((batch, 4, 3), NO_INTERVAL, dtype=np.int8),
            np.full((batch, 4), REST, dtype=np.int16),
            np.zeros((batch, 4, 2), dtype=np.uint8),
            np.full((batch, beats, 4), REST, dtype=np.int16),
            np.zeros((batch, beats), dtype=np.uint8),
            np.zeros((batch, beats), dtype=np.uint8),
            np.zeros(batch, dtype=np.int64),
        )

    def select(self, rows: NDArray[np.intp]) -> "MusicHistory":
        """A copy of some rows, in this order."""
        return MusicHistory(*(getattr(self, field.name)[rows] for field in fields(self)))

    def last_beats(self, rows: NDArray[np.intp]) -> tuple[NDArray[np.int16], NDArray[np.int16]]:
        """Pitches of the last beat and of the one before, [N, 4] each; -1 where there is none."""
        found = []
        for back in (1, 2):
            at = self.count[rows] - back
            pitch = self.beats[rows, np.maximum(at, 0)]
            found.append(np.where(at[:, np.newaxis] >= 0, pitch, np.int16(REST)))
        return found[0], found[1]

    def repeats(
        self, rows: NDArray[np.intp], now: NDArray[np.int16]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """How a beat repeats earlier ones.

        Of all earlier beats the one counts after which the tune has been the same for longest; of
        several the latest.

        Parameters
        ----------
        rows : ndarray of int, shape [N]
            Hypotheses.
        now : ndarray of int16, shape [N, 4]
            Pitches on the beat.

        Returns
        -------
        tune, before, same : ndarray of int64, shape [N] each
            Beats in a row, this one included, with the earlier soprano; beats in a row before this
            one with all earlier voices; and 1 if this one has them too. At most `LONGEST_REPEAT`.
        """
        most = int(self.count.max(initial=0))
        nothing = np.zeros(len(rows), dtype=np.int64)
        if most < 2:
            return nothing, nothing, nothing
        # Beat k - 1 matched the last one; beat k is compared with this one.
        matches = self.beats[rows, 1:most, 0] == now[:, :1]
        run = np.where(matches, self.repeated_tune[rows, : most - 1].astype(np.int64) + 1, 0)
        at = most - 2 - np.argmax(run[:, ::-1], axis=1)
        every = np.arange(len(rows))
        tune = run[every, at]
        before = self.repeated[rows, at].astype(np.int64)
        same = (self.beats[rows, at + 1] == now).all(axis=1).astype(np.int64)
        return np.minimum(tune, LONGEST_REPEAT), np.minimum(before, LONGEST_REPEAT), same

    def next_frame(
        self,
        pitch: NDArray[np.int16],
        onset: NDArray[np.bool_],
        place: NDArray[np.intp],
    ) -> "MusicHistory":
        """The past once a frame is complete.

        Parameters
        ----------
        pitch, onset : ndarray, shape [B, 4]
            Pitches, and where a note begins.
        place : ndarray of int, shape [B]
            Sixteenth of the beat.
        """
        starts = onset & (pitch != REST)
        first = place == 0
        patterns = self.patterns.copy()
        patterns[first, :, 0], patterns[first, :, 1] = patterns[first, :, 1], 0
        patterns[:, :, 1] |= starts.astype(np.uint8) << place.astype(np.uint8)[:, np.newaxis]
        intervals = self.intervals.copy()
        gone = starts & (self.last != REST)
        step = np.where(gone, np.clip(pitch - self.last, -12, 12) + 12, NO_INTERVAL)
        shifted = np.concatenate([intervals[:, :, 1:], step[:, :, np.newaxis]], axis=2)
        intervals = np.where(starts[:, :, np.newaxis], shifted, intervals).astype(np.int8)
        intervals[pitch == REST] = NO_INTERVAL
        beats, tune, voices, count = self._with_beat(pitch, first)
        return MusicHistory(intervals, pitch.copy(), patterns, beats, tune, voices, count)

    def _with_beat(
        self, pitch: NDArray[np.int16], first: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int16], NDArray[np.uint8], NDArray[np.uint8], NDArray[np.int64]]:
        """Beats, repeats and their number, with another beat in some hypotheses."""
        rows = np.flatnonzero(first)
        if not len(rows):
            return self.beats, self.repeated_tune, self.repeated, self.count
        count = self.count.copy()
        most = int(count[rows].max()) + 1
        beats, tune, voices = self.beats.copy(), self.repeated_tune.copy(), self.repeated.copy()
        past = beats[rows, :most]
        shifted = np.zeros((2, len(rows), most), dtype=np.uint8)
        shifted[0, :, 1:] = tune[rows, : most - 1]
        shifted[1, :, 1:] = voices[rows, : most - 1]
        shifted = np.minimum(shifted, 254) + np.uint8(1)
        there = np.arange(most) < count[rows, np.newaxis]
        equal = (past == pitch[rows, np.newaxis]) & there[:, :, np.newaxis]
        tune[rows, :most] = np.where(equal[:, :, 0], shifted[0], 0)
        voices[rows, :most] = np.where(equal.all(axis=2), shifted[1], 0)
        beats[rows, count[rows]] = pitch[rows]
        count[rows] += 1
        return beats, tune, voices, count
