"""How much happens in a chorale: notes struck, chords changed, different chords.

A beat here is a quarter, whatever the metre: a chorale moves by quarters. Every figure is found for
each piece and then averaged over the pieces.

onsets a beat
    Notes that begin in alto, tenor and bass, divided by three voices and by the length in quarters.
repeated notes
    Share of the notes that begin in alto, tenor and bass, the first ones left out, whose pitch the
    voice has sounded just before.
leaps
    Share of the same notes that lie a third or more from the note before.
different chords a beat
    Sets of pitch classes that sound on the quarters (on frames whose place in the bar is a multiple
    of a quarter), each counted once, divided by the number of quarters on which anything sounds.
    What octave, order or doubling makes no difference; a suspension is a set of its own.
chord changes a beat
    Quarters, from the second on, whose set is not the set of the quarter before, divided by the
    number of quarters.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, REST, Chorale, Voice
from bachbot.evaluation.bootstrap import Interval, interval_of_mean
from bachbot.theory.harmony import pitch_class_sets

_LOWER = slice(Voice.ALTO, Voice.BASS + 1)
_LOWER_VOICES = 3
_STEP = 2  # semitones


@dataclass(frozen=True, eq=False)
class Figure:
    """One figure over a set of pieces.

    Parameters
    ----------
    values : ndarray of float64, shape [P]
        Of each piece.
    seed : int
        Of the interval's draws.
    """

    values: NDArray[np.float64]
    seed: int = 0

    @property
    def mean(self) -> float:
        """Over the pieces; NaN where there is none."""
        return float(self.values.mean()) if len(self.values) else float("nan")

    @cached_property
    def interval(self) -> Interval:
        """95% interval of the mean, pieces drawn anew."""
        return interval_of_mean(self.values, seed=self.seed)

    def to_json(self) -> dict[str, object]:
        """As plain data; figures that do not exist are None."""
        mean = None if np.isnan(self.mean) else self.mean
        return {"mean": mean, "interval": self.interval.to_json()}


@dataclass(frozen=True)
class Variety:
    """How much happens in a set of chorales. The module's docstring defines the figures.

    Parameters
    ----------
    pieces : int
        How many chorales; those without a note are left out.
    onsets_a_beat : Figure
        Of the lower voices, per voice.
    repeated_notes, leaps : Figure
        Of the lower voices.
    different_chords_a_beat, chord_changes_a_beat : Figure
        Of the sets of pitch classes on the quarters.
    """

    pieces: int
    onsets_a_beat: Figure
    repeated_notes: Figure
    leaps: Figure
    different_chords_a_beat: Figure
    chord_changes_a_beat: Figure

    def to_json(self) -> dict[str, object]:
        """Every figure as plain data."""
        return {
            "pieces": self.pieces,
            "onsets_a_beat": self.onsets_a_beat.to_json(),
            "repeated_notes": self.repeated_notes.to_json(),
            "leaps": self.leaps.to_json(),
            "different_chords_a_beat": self.different_chords_a_beat.to_json(),
            "chord_changes_a_beat": self.chord_changes_a_beat.to_json(),
        }


def measure(chorales: Iterable[Chorale], *, seed: int = 0) -> Variety:
    """Measure a set of chorales.

    Parameters
    ----------
    chorales : iterable of Chorale
        At any pitch.
    seed : int
        Of the intervals' draws.

    Returns
    -------
    Variety
    """
    rows = [row for row in map(_of_piece, chorales) if row is not None]
    table = np.array(rows, dtype=np.float64).reshape(-1, 5)
    return Variety(len(rows), *(Figure(values, seed) for values in table.T))


def _of_piece(chorale: Chorale) -> tuple[float, ...] | None:
    """The five figures of one piece; None where nothing sounds on a quarter."""
    on_quarter = chorale.place % FRAMES_PER_QUARTER == 0
    chords = pitch_class_sets(chorale.pitch[on_quarter])
    chords = chords[chords != 0]
    if not len(chords):
        return None
    quarters = chorale.frames / FRAMES_PER_QUARTER
    pitch, onset = chorale.pitch[:, _LOWER], chorale.onset[:, _LOWER]
    follows = onset[1:] & (pitch[:-1] != REST)
    distance = np.abs(np.diff(pitch, axis=0))[follows]
    notes = max(len(distance), 1)
    return (
        float(onset.sum() / _LOWER_VOICES / quarters),
        float((distance == 0).sum() / notes),
        float((distance > _STEP).sum() / notes),
        len(np.unique(chords)) / len(chords),
        float((chords[1:] != chords[:-1]).sum() / len(chords)),
    )
