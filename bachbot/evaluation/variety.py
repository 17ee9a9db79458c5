"""Variety: how much happens in a chorale, in onsets and in chords.

A beat is a quarter note whatever the meter, because a chorale moves in quarters. Every statistic is
computed for each piece and then averaged over the pieces.

onsets per beat
    Onsets in alto, tenor and bass, divided by three voices and by the length in beats.
repeated notes
    Share of the notes of alto, tenor and bass that follow a note, not a rest, whose pitch is the
    pitch of that note.
leaps
    Share of the same notes that are a third or more away from the note before.
different chords per beat
    Distinct pitch-class sets on the beats, divided by the number of beats on which anything sounds.
    Octave, order and doubling make no difference; a suspension is a set of its own.
chord changes per beat
    Beats, from the second on, whose pitch-class set differs from that of the beat before, divided
    by the number of beats on which anything sounds.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np

from bachbot.chorale import FRAMES_PER_QUARTER, REST, Chorale, Voice
from bachbot.evaluation.bootstrap import MeanEstimate
from bachbot.theory.harmony import pitch_class_sets

_LOWER = slice(Voice.ALTO, Voice.BASS + 1)
_LOWER_VOICES = 3
_STEP = 2  # semitones: anything larger is a leap


@dataclass(frozen=True)
class Variety:
    """Variety of a set of chorales. The module's docstring defines the statistics.

    Parameters
    ----------
    pieces : int
        Number of chorales; those without a note are left out.
    onsets_per_beat : MeanEstimate
        Per voice, lower voices.
    repeated_notes, leaps : MeanEstimate
        Shares of the notes of the lower voices, 0 to 1.
    different_chords_per_beat, chord_changes_per_beat : MeanEstimate
        Per beat, from pitch-class sets.
    """

    pieces: int
    onsets_per_beat: MeanEstimate
    repeated_notes: MeanEstimate
    leaps: MeanEstimate
    different_chords_per_beat: MeanEstimate
    chord_changes_per_beat: MeanEstimate

    def to_json(self) -> dict[str, object]:
        """Every statistic as plain data."""
        _, *statistics = fields(self)
        return {"pieces": self.pieces} | {
            field.name: getattr(self, field.name).to_json() for field in statistics
        }


def measure(chorales: Iterable[Chorale], *, seed: int = 0) -> Variety:
    """Measure the variety of a set of chorales.

    Parameters
    ----------
    chorales : iterable of Chorale
        In any key.
    seed : int
        Random seed of the bootstrap intervals.

    Returns
    -------
    Variety
    """
    rows = [row for row in map(_measure_piece, chorales) if row is not None]
    table = np.array(rows, dtype=np.float64).reshape(-1, 5)
    return Variety(len(rows), *(MeanEstimate(values, seed) for values in table.T))


def _measure_piece(chorale: Chorale) -> tuple[float, ...] | None:
    """The five statistics of one piece, in the order of `Variety`; None if no beat sounds."""
    on_beat = chorale.position % FRAMES_PER_QUARTER == 0
    chords = pitch_class_sets(chorale.pitch[on_beat])
    chords = chords[chords != 0]
    if not len(chords):
        return None
    beats = chorale.frames / FRAMES_PER_QUARTER
    pitch, onset = chorale.pitch[:, _LOWER], chorale.onset[:, _LOWER]
    follows_a_note = onset[1:] & (pitch[:-1] != REST)
    distance = np.abs(np.diff(pitch, axis=0))[follows_a_note]
    notes = max(len(distance), 1)
    return (
        float(onset.sum() / _LOWER_VOICES / beats),
        float((distance == 0).sum() / notes),
        float((distance > _STEP).sum() / notes),
        len(np.unique(chords)) / len(chords),
        float((chords[1:] != chords[:-1]).sum() / len(chords)),
    )
