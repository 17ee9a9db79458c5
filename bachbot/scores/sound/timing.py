"""When each note of a score is played: fermatas, breaths, ritardando, repeated notes."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bachbot.errors import OutputError, ScoreError, UsageError
from bachbot.scores.performance import Passage, Performance
from bachbot.scores.score import Sounding

_MAX_SECONDS = 30 * 60.0
_GAP = 0.1
"""Seconds between the end of a note and its repetition on the same pitch."""
_FERMATA_FACTOR = 1.8
"""Lengthening of the last quarter of a note under a fermata."""
_BREATH = 0.15
"""Seconds of silence after a fermata."""
_RITARDANDO_QUARTERS = 4.0
"""Quarter notes at the end over which the tempo falls."""
_FINAL_TEMPO = 0.75
"""Tempo at the end, as a fraction of the tempo before."""
_SHORTEST = 0.09
"""Seconds that a detached note sounds at least."""


@dataclass(frozen=True)
class PlayedNote:
    """A note with its times in seconds.

    Parameters
    ----------
    voice : int
        0 to 3 for S, A, T, B.
    pitch : int
        MIDI pitch.
    start, stop : float
        When the key is pressed and released, in seconds from the beginning.
    gain : float
        Factor of its amplitude.
    """

    voice: int
    pitch: int
    start: float
    stop: float
    gain: float = 1.0


def perform(soundings: Sequence[Sounding], *, tempo: float | Performance) -> list[PlayedNote]:
    """Compute when each note is played.

    Parameters
    ----------
    soundings : sequence of Sounding
        At least one, in any order.
    tempo : float or Performance
        Quarter notes per minute, above 0; or the tempo, articulation and loudness of passages.

    Returns
    -------
    list of PlayedNote
        Sorted by voice, then by time.

    Raises
    ------
    UsageError
        If the tempo is out of range.
    ScoreError
        If the score has no notes.
    OutputError
        If the piece lasts longer than half an hour.
    """
    if not isinstance(tempo, Performance) and not (np.isfinite(tempo) and tempo > 0):
        raise UsageError(
            f"a tempo of {tempo} cannot be played: give quarter notes per minute, above 0"
        )
    notes = sorted(
        (n for n in soundings if n.length > 0), key=lambda n: (n.voice, n.start, n.pitch)
    )
    if not notes:
        raise ScoreError("the score has no notes to play: give one that has some")
    times = tempo_map(notes, tempo)
    if times.end > _MAX_SECONDS:
        raise OutputError(
            f"the piece lasts {times.end / 60:.0f} minutes and sound files at most "
            f"{_MAX_SECONDS / 60:.0f}: use a faster tempo, or write .mid"
        )
    ends = [float(n.start + n.length) for n in notes]
    starts = times.at([float(n.start) for n in notes])
    stops = times.at(ends) - np.array([_BREATH if end in times.breaths else 0 for end in ends])
    stops = _separate_repeated_notes(notes, starts, stops)
    passages = [_passage(tempo, note) for note in notes]
    stops = _detach(starts, stops, np.array([passage.legato for passage in passages]))
    return [
        PlayedNote(note.voice, note.pitch, float(start), float(stop), passage.gain)
        for note, start, stop, passage in zip(notes, starts, stops, passages, strict=True)
    ]


_AS_WRITTEN = Passage()


def _passage(tempo: float | Performance, note: Sounding) -> Passage:
    """The passage of a note; a tempo alone leaves articulation and loudness as they are."""
    return tempo.at(note.start) if isinstance(tempo, Performance) else _AS_WRITTEN


def _detach(
    starts: NDArray[np.float64], stops: NDArray[np.float64], legato: NDArray[np.float64]
) -> NDArray[np.float64]:
    """End notes early, by the share of their length that sounds, but none before `_SHORTEST`."""
    lengths = stops - starts
    share = np.maximum(lengths * legato, np.minimum(lengths, _SHORTEST))
    return np.where(legato < 1, starts + share, stops)


@dataclass(frozen=True, eq=False)
class TempoMap:
    """When each place of the music is reached.

    Parameters
    ----------
    quarters, seconds : ndarray of float, shape [points]
        Places in quarter notes and their times; linear in between.
    breaths : set of float
        Places at which a fermata ends.
    """

    quarters: NDArray[np.float64]
    seconds: NDArray[np.float64]
    breaths: frozenset[float]

    @property
    def end(self) -> float:
        """Time of the end in seconds."""
        return float(self.seconds[-1])

    def at(self, quarters: Sequence[float]) -> NDArray[np.float64]:
        """Times of some places in seconds."""
        return np.interp(quarters, self.quarters, self.seconds)


def tempo_map(notes: Sequence[Sounding], tempo: float | Performance) -> TempoMap:
    """Find when each place is reached: fermatas are held, and the end slows down.

    Parameters
    ----------
    notes : sequence of Sounding
        At least one, in any order.
    tempo : float or Performance
        Quarter notes per minute, above 0; or those of passages.
    """
    end = max(float(n.start + n.length) for n in notes)
    held = [(float(n.start), float(n.start + n.length)) for n in notes if n.fermata]
    last = max(float(n.start) for n in notes)
    ritardando = min(_RITARDANDO_QUARTERS, last / 4)
    if isinstance(tempo, Performance):
        # Only the last passage slows down.
        ritardando = min(ritardando, max(0.0, last - float(tempo.passages[-1].start)))
    grid = np.linspace(last - ritardando, last, 17)
    marks = {0.0, end, *(max(a, b - 1) for a, b in held), *(b for _, b in held)}
    if isinstance(tempo, Performance):
        marks |= {float(p.start) for p in tempo.passages if p.start < end}
    quarters = np.unique(np.concatenate([grid, sorted(marks)]))
    middles = (quarters[1:] + quarters[:-1]) / 2
    speed = np.ones(len(middles))
    for start, stop in held:
        speed[(middles > max(start, stop - 1)) & (middles < stop)] = 1 / _FERMATA_FACTOR
    if ritardando > 0:
        share = np.clip((middles - (last - ritardando)) / ritardando, 0, 1)
        speed *= 1 - (1 - _FINAL_TEMPO) * share
    pace = (
        np.array([tempo.at(middle).tempo for middle in middles])
        if isinstance(tempo, Performance)
        else tempo
    )
    steps = np.diff(quarters) * 60 / pace / speed
    # A breath comes before the next note; the last fermata needs none.
    breaths = {stop for _, stop in held if stop < end}
    steps[np.isin(quarters[1:], list(breaths))] += _BREATH
    return TempoMap(quarters, np.concatenate([[0.0], np.cumsum(steps)]), frozenset(breaths))


def _separate_repeated_notes(
    notes: Sequence[Sounding], starts: NDArray[np.float64], stops: NDArray[np.float64]
) -> NDArray[np.float64]:
    """End a note early if its voice repeats the same pitch at once."""
    stops = stops.copy()
    for index, (note, following) in enumerate(pairwise(notes)):
        repeated = (note.voice, note.pitch) == (following.voice, following.pitch)
        if repeated and starts[index + 1] - stops[index] < _GAP:
            stops[index] = _early(starts[index], stops[index], starts[index + 1])
    # In chords other notes are between a note and its repetition.
    begun = {(note.voice, note.pitch, note.start): index for index, note in enumerate(notes)}
    for index, note in enumerate(notes):
        again = begun.get((note.voice, note.pitch, note.start + note.length))
        if again is not None and again > index + 1 and starts[again] - stops[index] < _GAP:
            stops[index] = _early(starts[index], stops[index], starts[again])
    return stops


def _early(start: float, stop: float, again: float) -> float:
    """Where a note ends that is repeated; a very short one keeps half of its length."""
    return max(again - _GAP, (start + stop) / 2)
