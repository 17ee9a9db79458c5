"""The training pieces, made ready to look for passages and bars in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import VOICES, Chorale, Voice
from bachbot.errors import UsageError
from bachbot.evaluation.novelty.bars import bars_of
from bachbot.evaluation.novelty.slices import Slices, sliced
from bachbot.evaluation.novelty.suffixes import NOWHERE, Matches, SuffixArray
from bachbot.theory.places import bars, beat

Voices = tuple[Voice, ...]


@dataclass(frozen=True)
class Spot:
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


class Text:
    """Some voices of every piece in a row, as a suffix array of their links.

    Parameters
    ----------
    rows : sequence of (int, Slices)
        The pieces by number, each sliced; a piece may come again with other voices.
    free : bool
        Whether lengths are left out.
    """

    def __init__(self, rows: Sequence[tuple[int, Slices]], *, free: bool) -> None:
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

    def match(self, slices: Slices) -> Matches:
        """From each link of a piece, the longest row of links that a training piece has too."""
        return self._suffixes.match([self._alphabet.get(x, NOWHERE) for x in self._of(slices)])

    def spots(self, low: int, high: int) -> list[Spot]:
        """Where the suffixes from `low` up to `high` in order begin, in order of the pieces."""
        at = self._suffixes.places(low, high)
        which = np.searchsorted(self._begins, at, side="right") - 1
        inside = at - self._begins[which]
        return [self._spot(r, i) for r, i in zip(which.tolist(), inside.tolist(), strict=True)]

    def _spot(self, row: int, slice_: int) -> Spot:
        piece, slices = self._rows[row]
        frame, lowest = int(slices.start[slice_]), int(slices.lowest[slice_])
        return Spot(piece, slices.voices, frame, lowest)

    def _of(self, slices: Slices) -> list[bytes]:
        return slices.free if self._free else slices.links


class Index:
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
        self._texts: dict[tuple[tuple[Voices, ...], bool], Text] = {}
        self._bars: dict[tuple[Voices, ...], dict[bytes, Spot]] = {}

    @classmethod
    def of(cls, train: Sequence[Chorale]) -> "Index":
        """An index of some pieces, at any pitch.

        Raises
        ------
        UsageError
            If there is none.
        """
        return cls(train)

    def text(self, voices: Voices, *, free: bool = False) -> Text:
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
            rows = [(i, sliced(p, v)) for i, p in enumerate(self.pieces) for v in sought]
            self._texts |= {(sought, kind): Text(rows, free=kind) for kind in (False, True)}
        return self._texts[sought, free]

    def bar(self, voices: Voices, key: bytes) -> Spot | None:
        """Where the pieces first have a bar, by its key; None where they have not."""
        sought = _sought_in(voices)
        if sought not in self._bars:
            known: dict[bytes, Spot] = {}
            for number, piece in enumerate(self.pieces):
                for group in sought:
                    for start, lowest, found in bars_of(piece, group):
                        known.setdefault(found, Spot(number, group, start, lowest))
            self._bars[sought] = known
        return self._bars[sought].get(key)

    def place(self, spot: Spot) -> tuple[int, float]:
        """Bar and beat of a place, as the training piece counts them."""
        bar = int(self._counted[spot.piece][spot.frame])
        return bar, float(beat(self.pieces[spot.piece], spot.frame))

    @cached_property
    def _counted(self) -> list[NDArray[np.int64]]:
        return [bars(piece) for piece in self.pieces]


def _sought_in(voices: Voices) -> tuple[Voices, ...]:
    """The groups of voices of a training piece that some voices are looked for in."""
    return tuple((v,) for v in VOICES) if len(voices) == 1 else (voices,)
