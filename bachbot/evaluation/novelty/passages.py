"""The longest passage that a piece shares with a training piece, and the bars that it has of one.

Definitions: `bachbot.evaluation.novelty.index` says when passages are the same,
`bachbot.evaluation.novelty.index` when bars are.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bachbot.chorale import FRAMES_PER_QUARTER, Chorale, Voice
from bachbot.evaluation.novelty.index import (
    Location,
    TrainingIndex,
    Voices,
    VoiceSlices,
    bar_keys,
    slice_voices,
)
from bachbot.theory.melody import bars, beat


@dataclass(frozen=True)
class PassageSource:
    """Where in a training piece something is found.

    Parameters
    ----------
    piece : str
        Its name.
    voices : tuple of Voice
        Which of its voices.
    bar : int
        As it counts them: from 1, a pickup 0.
    beat : float
        Felt beat from 1.
    higher : int
        Semitones that the copy stands above it, both in the keys they were written in.
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
        Notes of one voice or slices of several, 2 or more.
    beats : float
        Quarters from the first one's beginning to the last one's: how long the last may be held
        is free.
    bar : int
        Where it begins in the piece: the bar, from 1 on, a pickup 0.
    beat : float
        Felt beat from 1.
    source : Source
        The first place in the training pieces that has it.
    pieces : int
        How many training pieces have it.
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
        The passage of most notes, of several the one that lasts longest, of those the first; None
        where no two notes are shared.
    free : Passage or None
        The same with all lengths left out.
    usual : float
        Notes of the longest shared passage from each note on, the last note left out, averaged;
        0 where none of two begins. NaN in a piece of fewer than two.
    bars : int
        Whole bars that the piece has.
    copied : tuple of (int, Source)
        Those of them that a training piece has too, by number, and its first place there.
    """

    longest: Passage | None
    free: Passage | None
    usual: float
    bars: int
    copied: tuple[tuple[int, PassageSource], ...]

    @property
    def copied_share(self) -> float:
        """Share of the bars that are copied; NaN where there is none."""
        return len(self.copied) / self.bars if self.bars else float("nan")

    def to_json(self) -> dict[str, object]:
        """As plain data; figures that do not exist are None."""
        return {
            "longest": None if self.longest is None else self.longest.to_json(),
            "free": None if self.free is None else self.free.to_json(),
            "usual": None if np.isnan(self.usual) else self.usual,
            "bars": self.bars,
            "copied": [{"bar": bar, "source": source.to_json()} for bar, source in self.copied],
        }


def measure_overlap(piece: Chorale, voices: Sequence[Voice], index: TrainingIndex) -> Overlap:
    """Hold some voices of a piece against the training pieces.

    Parameters
    ----------
    piece : Chorale
        At any pitch.
    voices : sequence of Voice
        In score order, one or more.
    index : Index
        The training pieces.
    """
    held = _Held(piece, tuple(voices), index)
    slices = slice_voices(piece, held.voices)
    longest, usual = held.longest(slices, free=False)
    free, _ = held.longest(slices, free=True)
    return Overlap(longest, free, usual, *held.copied())


class _Held:
    """A piece held against an index."""

    def __init__(self, piece: Chorale, voices: Voices, index: TrainingIndex) -> None:
        self.piece, self.voices, self.index = piece, voices, index
        self.numbers = bars(piece)

    def longest(self, slices: VoiceSlices, *, free: bool) -> tuple[Passage | None, float]:
        """The longest shared passage, and the mean of those from every note on."""
        text = self.index.text(self.voices, free=free)
        matches = text.match(slices)
        links = matches.length  # [N - 1]
        if not len(links):
            return None, float("nan")
        usual = float(np.where(links > 0, links + 1, 0).mean())
        if not links.any():
            return None, usual
        lasts = slices.start[np.arange(len(links)) + links] - slices.start[:-1]
        at = int(np.lexsort((-lasts, -links))[0])
        spots = text.spots(int(matches.low[at]), int(matches.high[at]))
        frame = int(slices.start[at])
        return Passage(
            notes=int(links[at]) + 1,
            beats=float(lasts[at]) / FRAMES_PER_QUARTER,
            bar=int(self.numbers[frame]),
            beat=float(beat(self.piece, frame)),
            source=self._source(spots[0], int(slices.lowest[at])),
            pieces=len({spot.piece for spot in spots}),
        ), usual

    def copied(self) -> tuple[int, tuple[tuple[int, PassageSource], ...]]:
        """How many whole bars there are, and those that are copied."""
        found = list(bar_keys(self.piece, self.voices))
        spots = [(s, low, self.index.bar(self.voices, key)) for s, low, key in found]
        return len(found), tuple(
            (int(self.numbers[start]), self._source(spot, lowest))
            for start, lowest, spot in spots
            if spot is not None
        )

    def _source(self, spot: Location, lowest: int) -> PassageSource:
        train = self.index.pieces[spot.piece]
        higher = (lowest - self.piece.transposed_by) - (spot.lowest - train.transposed_by)
        return PassageSource(train.name, spot.voices, *self.index.position(spot), higher)
