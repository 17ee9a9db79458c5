"""The overlap of one piece with the training pieces: its longest shared passage and copied bars.

`bachbot.evaluation.novelty.slices` says when two passages or two bars are the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bachbot.chorale import FRAMES_PER_QUARTER, Chorale, Voice
from bachbot.evaluation.novelty.index import Location, TrainingIndex, Voices
from bachbot.evaluation.novelty.slices import VoiceSlices, bar_keys, slice_voices
from bachbot.theory.melody import bars, beat


@dataclass(frozen=True)
class PassageSource:
    """Where in a training piece a passage or a bar is found.

    Parameters
    ----------
    piece : str
        Name of the piece.
    voices : tuple of Voice
        Which of its voices.
    bar : int
        Bar, counted from 1; a pickup is 0.
    beat : float
        Felt beat, counted from 1.
    higher : int
        Semitones by which the copy is higher, both in the keys they were written in.
    """

    piece: str
    voices: Voices
    bar: int
    beat: float
    higher: int

    def to_json(self) -> dict[str, object]:
        """As plain data."""
        voices = [voice.label for voice in self.voices]
        return vars(self) | {"voices": voices}


@dataclass(frozen=True)
class Passage:
    """A passage that a training piece has too.

    Parameters
    ----------
    notes : int
        Length in notes of one voice or in slices of several, 2 or more.
    beats : float
        Quarters from the beginning of the first note to that of the last, whose own length may
        differ.
    bar : int
        Bar in which it begins, counted from 1; a pickup is 0.
    beat : float
        Felt beat on which it begins, counted from 1.
    source : PassageSource
        The first location in the training pieces that has it.
    pieces : int
        Number of training pieces that have it.
    """

    notes: int
    beats: float
    bar: int
    beat: float
    source: PassageSource
    pieces: int

    def to_json(self) -> dict[str, object]:
        """As plain data."""
        return vars(self) | {"source": self.source.to_json()}


@dataclass(frozen=True)
class Overlap:
    """What some voices of one piece share with the training pieces.

    Parameters
    ----------
    longest : Passage or None
        The shared passage with the most notes, of several the one with the most beats, of those
        the first; None if no two notes are shared.
    rhythm_free : Passage or None
        The same for passages whose rhythm may differ.
    mean_notes : float
        Mean length in notes of the longest shared passages that begin on each note but the last; a
        note on which no shared passage begins counts as 0. NaN in a piece of fewer than two notes.
    bars : int
        Number of whole bars.
    copied : tuple of (int, PassageSource)
        The bars that a training piece has too, by bar number, with their first source.
    """

    longest: Passage | None
    rhythm_free: Passage | None
    mean_notes: float
    bars: int
    copied: tuple[tuple[int, PassageSource], ...]

    @property
    def copied_share(self) -> float:
        """Share of the bars that are copied; NaN if there are no bars."""
        return len(self.copied) / self.bars if self.bars else float("nan")

    def to_json(self) -> dict[str, object]:
        """As plain data; undefined values are None."""
        return {
            "longest": None if self.longest is None else self.longest.to_json(),
            "rhythm_free": None if self.rhythm_free is None else self.rhythm_free.to_json(),
            "mean_notes": None if np.isnan(self.mean_notes) else self.mean_notes,
            "bars": self.bars,
            "copied": [{"bar": bar, "source": source.to_json()} for bar, source in self.copied],
        }


def measure_overlap(piece: Chorale, voices: Sequence[Voice], index: TrainingIndex) -> Overlap:
    """Measure the overlap of some voices of a piece with the training pieces.

    Parameters
    ----------
    piece : Chorale
        In any key.
    voices : sequence of Voice
        In score order, one or more.
    index : TrainingIndex
        The training pieces.
    """
    lookup = _Lookup(piece, tuple(voices), index)
    slices = slice_voices(piece, lookup.voices)
    longest, mean_notes = lookup.longest(slices, rhythm_free=False)
    rhythm_free, _ = lookup.longest(slices, rhythm_free=True)
    return Overlap(longest, rhythm_free, mean_notes, *lookup.copied_bars())


class _Lookup:
    """Looks up some voices of a piece in an index."""

    def __init__(self, piece: Chorale, voices: Voices, index: TrainingIndex) -> None:
        self.piece, self.voices, self.index = piece, voices, index
        self.bar_numbers = bars(piece)

    def longest(self, slices: VoiceSlices, *, rhythm_free: bool) -> tuple[Passage | None, float]:
        """The longest shared passage, and the mean length of those that begin on each note."""
        link_index = self.index.links(self.voices, rhythm_free=rhythm_free)
        matches = link_index.match(slices)
        links = matches.length  # [N - 1]
        if not len(links):
            return None, float("nan")
        mean_notes = float(np.where(links > 0, links + 1, 0).mean())
        if not links.any():
            return None, mean_notes
        frames = slices.start[np.arange(len(links)) + links] - slices.start[:-1]
        best = int(np.lexsort((-frames, -links))[0])
        locations = link_index.locations(int(matches.low[best]), int(matches.high[best]))
        frame = int(slices.start[best])
        return Passage(
            notes=int(links[best]) + 1,
            beats=float(frames[best]) / FRAMES_PER_QUARTER,
            bar=int(self.bar_numbers[frame]),
            beat=float(beat(self.piece, frame)),
            source=self._source(locations[0], int(slices.lowest[best])),
            pieces=len({location.piece for location in locations}),
        ), mean_notes

    def copied_bars(self) -> tuple[int, tuple[tuple[int, PassageSource], ...]]:
        """The number of whole bars, and those that are copied."""
        found = list(bar_keys(self.piece, self.voices))
        located = [(start, low, self.index.bar(self.voices, key)) for start, low, key in found]
        return len(found), tuple(
            (int(self.bar_numbers[start]), self._source(location, lowest))
            for start, lowest, location in located
            if location is not None
        )

    def _source(self, location: Location, lowest: int) -> PassageSource:
        train = self.index.pieces[location.piece]
        higher = (lowest - self.piece.transposed_by) - (location.lowest - train.transposed_by)
        return PassageSource(
            train.name, location.voices, *self.index.bar_and_beat(location), higher
        )
