"""The training index: finds passages and bars in the training pieces, in any key."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import VOICES, Chorale, Voice
from bachbot.errors import UsageError
from bachbot.evaluation.novelty.slices import VoiceSlices, bar_keys, slice_voices
from bachbot.evaluation.novelty.suffix_array import SEPARATOR, Matches, SuffixArray
from bachbot.theory.melody import bars, beat

Voices = tuple[Voice, ...]


@dataclass(frozen=True)
class Location:
    """A position in a training piece.

    Parameters
    ----------
    piece : int
        Index of the piece, from 0.
    voices : tuple of Voice
        Which of its voices.
    frame : int
        Frame in the piece.
    lowest : int
        MIDI pitch of the lowest of these voices there.
    """

    piece: int
    voices: Voices
    frame: int
    lowest: int


class LinkIndex:
    """The links of some voices of every piece in one suffix array.

    Parameters
    ----------
    rows : sequence of (int, VoiceSlices)
        Index and slices of each piece; a piece may occur again with other voices.
    rhythm_free : bool
        Whether to use links without lengths.
    """

    def __init__(self, rows: Sequence[tuple[int, VoiceSlices]], *, rhythm_free: bool) -> None:
        self._rows, self._rhythm_free = rows, rhythm_free
        self._alphabet: dict[bytes, int] = {}
        symbols: list[int] = []
        starts = []
        for _, slices in rows:
            starts.append(len(symbols))
            symbols += [
                self._alphabet.setdefault(link, len(self._alphabet)) for link in self._links(slices)
            ]
            symbols.append(SEPARATOR)
        self._starts = np.array(starts, dtype=np.int64)
        self._suffixes = SuffixArray(symbols)

    def match(self, slices: VoiceSlices) -> Matches:
        """From each link of a piece, the longest run of links that a training piece has too."""
        return self._suffixes.match([self._alphabet.get(x, SEPARATOR) for x in self._links(slices)])

    def locations(self, low: int, high: int) -> list[Location]:
        """Where the suffixes of rank `low` up to `high` begin, in order of the pieces."""
        offsets = self._suffixes.offsets(low, high)
        rows = np.searchsorted(self._starts, offsets, side="right") - 1
        inside = offsets - self._starts[rows]
        return [self._location(r, i) for r, i in zip(rows.tolist(), inside.tolist(), strict=True)]

    def _location(self, row: int, index: int) -> Location:
        piece, slices = self._rows[row]
        return Location(piece, slices.voices, int(slices.start[index]), int(slices.lowest[index]))

    def _links(self, slices: VoiceSlices) -> list[bytes]:
        return slices.rhythm_free_links if self._rhythm_free else slices.links


class TrainingIndex:
    """Training pieces, indexed to find passages and bars in them. The index is built on demand.

    A single voice is looked up in all four voices, because a melody in another voice is the same
    melody; several voices are looked up in the same voices.

    Parameters
    ----------
    pieces : sequence of Chorale
        One or more, in any key.

    Attributes
    ----------
    pieces : tuple of Chorale
        The training pieces.

    Raises
    ------
    UsageError
        If there is no piece.
    """

    def __init__(self, pieces: Sequence[Chorale]) -> None:
        self.pieces = tuple(pieces)
        if not self.pieces:
            raise UsageError("there is no training piece to look for passages in: give one or more")
        self._links: dict[tuple[tuple[Voices, ...], bool], LinkIndex] = {}
        self._bars: dict[tuple[Voices, ...], dict[bytes, Location]] = {}

    def links(self, voices: Voices, *, rhythm_free: bool = False) -> LinkIndex:
        """The index of the pieces' links in which passages of some voices are looked up.

        Parameters
        ----------
        voices : tuple of Voice
            In score order.
        rhythm_free : bool
            Whether to use links without lengths.
        """
        groups = _groups_to_search(voices)
        if (groups, rhythm_free) not in self._links:
            rows = [(i, slice_voices(p, v)) for i, p in enumerate(self.pieces) for v in groups]
            self._links |= {
                (groups, kind): LinkIndex(rows, rhythm_free=kind) for kind in (False, True)
            }
        return self._links[groups, rhythm_free]

    def bar(self, voices: Voices, key: bytes) -> Location | None:
        """The first location of a bar in the pieces, by its key; None if they do not have it."""
        groups = _groups_to_search(voices)
        if groups not in self._bars:
            first: dict[bytes, Location] = {}
            for number, piece in enumerate(self.pieces):
                for group in groups:
                    for start, lowest, found in bar_keys(piece, group):
                        first.setdefault(found, Location(number, group, start, lowest))
            self._bars[groups] = first
        return self._bars[groups].get(key)

    def bar_and_beat(self, location: Location) -> tuple[int, float]:
        """Bar and beat of a location, as the training piece counts them."""
        bar = int(self._bar_numbers[location.piece][location.frame])
        return bar, float(beat(self.pieces[location.piece], location.frame))

    @cached_property
    def _bar_numbers(self) -> list[NDArray[np.int64]]:
        return [bars(piece) for piece in self.pieces]


def _groups_to_search(voices: Voices) -> tuple[Voices, ...]:
    """The groups of voices of a training piece in which some voices are looked up."""
    return tuple((v,) for v in VOICES) if len(voices) == 1 else (voices,)
