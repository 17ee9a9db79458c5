"""The training pieces, made ready to look for passages and bars in them, in whatever key."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import REST, VOICES, Chorale, Voice
from bachbot.errors import UsageError
from bachbot.evaluation.novelty.suffix_array import NOWHERE, Matches, SuffixArray
from bachbot.theory.melody import bars, beat

_SILENT = -128  # semitones above the lowest part that no voice can have


def bar_keys(chorale: Chorale, voices: Sequence[Voice]) -> Iterator[tuple[int, int, bytes]]:
    """The bars of some voices, each as a key that is equal for bars of the same music.

    The same are bars in which the same notes sound in every frame, all so many semitones higher or
    lower, and begin in the same frames: a note that is held into the bar is not one that is struck
    on its first beat. What comes before and after makes no difference.

    Left out are the pickup, a last bar that ends before its bar line, and bars in which none of the
    voices sounds: they are short, and alike in many pieces.

    Parameters
    ----------
    chorale : Chorale
        T frames, at any pitch.
    voices : sequence of Voice
        One or more, in score order.

    Yields
    ------
    start : int
        First frame.
    lowest : int
        MIDI pitch that all is told from: of the first chord's lowest part (the bass, or where it
        rests the tenor, and so on).
    key : bytes
        What the bar holds.
    """
    columns = [int(v) for v in voices]
    pitch, onset = chorale.pitch[:, columns], chorale.onset[:, columns]
    ends = [*chorale.bar_starts, chorale.frames]
    for start, stop in pairwise(ends):
        cut = stop == chorale.frames and stop - start < chorale.meter.bar_frames
        notes = pitch[start:stop]
        if cut or chorale.position[start] > 0 or (notes == REST).all():
            continue
        first = notes[np.flatnonzero((notes != REST).any(axis=1))[0]]
        lowest = int(first[first != REST][-1])
        above = np.where(notes == REST, _SILENT, notes - lowest).astype(np.int16)
        yield int(start), lowest, above.tobytes() + onset[start:stop].tobytes()


@dataclass(frozen=True, eq=False)
class VoiceSlices:
    """Some voices of a piece, sliced.

    Parameters
    ----------
    voices : tuple of Voice
        Which, in score order.
    start : ndarray of int64, shape [N]
        First frame of each slice.
    lowest : ndarray of int16, shape [N]
        MIDI pitch of the lowest part that sounds there.
    links : list of bytes
        N - 1 links (none where N is 0), equal where the music is.
    free : list of bytes
        The same without lengths.
    """

    voices: tuple[Voice, ...]
    start: NDArray[np.int64]
    lowest: NDArray[np.int16]
    links: list[bytes]
    free: list[bytes]


def slice_voices(chorale: Chorale, voices: Sequence[Voice]) -> VoiceSlices:
    """Slice some voices of a piece.

    Parameters
    ----------
    chorale : Chorale
        T frames, at any pitch.
    voices : sequence of Voice
        V voices in score order, one or more.
    """
    columns = [int(v) for v in voices]
    pitch, onset = chorale.pitch[:, columns], chorale.onset[:, columns]
    start = np.flatnonzero(onset.any(axis=1))
    if not len(start):
        return VoiceSlices(tuple(voices), start, np.zeros(0, np.int16), [], [])
    chord = pitch[start]  # [N, V]
    last = len(columns) - 1 - np.argmax(chord[:, ::-1] != REST, axis=1)
    lowest = chord[np.arange(len(chord)), last]
    above = np.where(chord == REST, _SILENT, chord - lowest[:, None])
    what = np.concatenate([above, onset[start]], axis=1)  # [N, 2V]
    lasts = np.diff(start, append=chorale.frames)[:, None]
    # No note begins within a slice: a voice sounds from its beginning on or not at all.
    sounds = np.add.reduceat(pitch != REST, start, axis=0, dtype=np.int64)  # [N, V]
    free = np.concatenate([what[:-1], what[1:], np.diff(lowest)[:, None]], axis=1)
    links = np.concatenate([free, lasts[:-1], sounds[:-1]], axis=1)
    return VoiceSlices(tuple(voices), start, lowest, _rows(links), _rows(free))


def _rows(array: NDArray) -> list[bytes]:
    """Each row as bytes."""
    small = np.ascontiguousarray(array, dtype=np.int16)
    return [row.tobytes() for row in small]


Voices = tuple[Voice, ...]


@dataclass(frozen=True)
class Location:
    """A place in a piece.

    Parameters
    ----------
    piece : int
        Which of the pieces, from 0 on.
    voices : tuple of Voice
        Which of its voices.
    frame : int
        Frame in it.
    lowest : int
        MIDI pitch of the lowest of these voices there.
    """

    piece: int
    voices: Voices
    frame: int
    lowest: int


class LinkIndex:
    """Some voices of every piece in a row, as a suffix array of their links.

    Parameters
    ----------
    rows : sequence of (int, Slices)
        The pieces by number, each sliced; a piece may come again with other voices.
    free : bool
        Whether lengths are left out.
    """

    def __init__(self, rows: Sequence[tuple[int, VoiceSlices]], *, free: bool) -> None:
        self._rows, self._free = rows, free
        self._alphabet: dict[bytes, int] = {}
        symbols: list[int] = []
        begins = []
        for _, slices in rows:
            begins.append(len(symbols))
            symbols += [
                self._alphabet.setdefault(link, len(self._alphabet)) for link in self._of(slices)
            ]
            symbols.append(NOWHERE)
        self._begins = np.array(begins, dtype=np.int64)
        self._suffixes = SuffixArray(symbols)

    def match(self, slices: VoiceSlices) -> Matches:
        """From each link of a piece, the longest row of links that a training piece has too."""
        return self._suffixes.match([self._alphabet.get(x, NOWHERE) for x in self._of(slices)])

    def spots(self, low: int, high: int) -> list[Location]:
        """Where the suffixes from `low` up to `high` in order begin, in order of the pieces."""
        at = self._suffixes.places(low, high)
        which = np.searchsorted(self._begins, at, side="right") - 1
        inside = at - self._begins[which]
        return [self._spot(r, i) for r, i in zip(which.tolist(), inside.tolist(), strict=True)]

    def _spot(self, row: int, slice_: int) -> Location:
        piece, slices = self._rows[row]
        frame, lowest = int(slices.start[slice_]), int(slices.lowest[slice_])
        return Location(piece, slices.voices, frame, lowest)

    def _of(self, slices: VoiceSlices) -> list[bytes]:
        return slices.free if self._free else slices.links


class TrainingIndex:
    """Training pieces to look for passages and bars in. What is not asked for is not built.

    A single voice is looked for in all four voices, for a tune is the same tune in another voice;
    several voices are looked for in the same voices.

    Attributes
    ----------
    pieces : tuple of Chorale
        The training pieces.
    """

    def __init__(self, pieces: Sequence[Chorale]) -> None:
        self.pieces = tuple(pieces)
        if not self.pieces:
            raise UsageError("there is no training piece to look for passages in: give one or more")
        self._texts: dict[tuple[tuple[Voices, ...], bool], LinkIndex] = {}
        self._bars: dict[tuple[Voices, ...], dict[bytes, Location]] = {}

    @classmethod
    def of(cls, train: Sequence[Chorale]) -> "TrainingIndex":
        """An index of some pieces, at any pitch.

        Raises
        ------
        UsageError
            If there is none.
        """
        return cls(train)

    def text(self, voices: Voices, *, free: bool = False) -> LinkIndex:
        """The pieces' links, to look for passages of some voices in.

        Parameters
        ----------
        voices : tuple of Voice
            In score order.
        free : bool
            Whether lengths are left out.
        """
        sought = _sought_in(voices)
        if (sought, free) not in self._texts:
            rows = [(i, slice_voices(p, v)) for i, p in enumerate(self.pieces) for v in sought]
            self._texts |= {(sought, kind): LinkIndex(rows, free=kind) for kind in (False, True)}
        return self._texts[sought, free]

    def bar(self, voices: Voices, key: bytes) -> Location | None:
        """Where the pieces first have a bar, by its key; None where they have not."""
        sought = _sought_in(voices)
        if sought not in self._bars:
            known: dict[bytes, Location] = {}
            for number, piece in enumerate(self.pieces):
                for group in sought:
                    for start, lowest, found in bar_keys(piece, group):
                        known.setdefault(found, Location(number, group, start, lowest))
            self._bars[sought] = known
        return self._bars[sought].get(key)

    def position(self, spot: Location) -> tuple[int, float]:
        """Bar and beat of a place, as the training piece counts them."""
        bar = int(self._counted[spot.piece][spot.frame])
        return bar, float(beat(self.pieces[spot.piece], spot.frame))

    @cached_property
    def _counted(self) -> list[NDArray[np.int64]]:
        return [bars(piece) for piece in self.pieces]


def _sought_in(voices: Voices) -> tuple[Voices, ...]:
    """The groups of voices of a training piece that some voices are looked for in."""
    return tuple((v,) for v in VOICES) if len(voices) == 1 else (voices,)
