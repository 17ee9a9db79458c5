"""Sums of nats over the tokens of chorales, by place in the bar too, and the rates that follow."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import log

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import VOICES, Chorale, Meter, Voice
from bachbot.encoding import SLOT_END, SLOT_FERMATA, SLOT_FRAME_END

_QUARTER = 4  # frames
_COMMON = Meter(4, 4).bar_frames
CELLS = _COMMON + _QUARTER
"""How many cells there are."""

SIXTEENTHS: dict[str, tuple[int, ...]] = {
    f"sixteenth {n + 1} of a quarter": tuple(c for c in range(CELLS) if c % _QUARTER == n)
    for n in range(_QUARTER)
}
QUARTERS: dict[str, tuple[int, ...]] = {
    f"quarter {n + 1} of 4/4": tuple(range(_QUARTER * n, _QUARTER * (n + 1)))
    for n in range(_COMMON // _QUARTER)
}
PLACES: dict[str, tuple[int, ...]] = {
    **SIXTEENTHS,
    **QUARTERS,
    **{f"sixteenth {n + 1} of 4/4": (n,) for n in range(_COMMON)},
}
"""Places by name, and the cells of each. They overlap: do not add one kind to another."""


def cells(chorale: Chorale) -> NDArray[np.int64]:
    """The cell of each frame.

    Parameters
    ----------
    chorale : Chorale
        T frames.

    Returns
    -------
    ndarray of int64, shape [T]
        0 to `CELLS` - 1.
    """
    place = chorale.position.astype(np.int64)
    if (chorale.meter.beats, chorale.meter.unit) != (4, 4):
        return _COMMON + place % _QUARTER
    # A bar that a change of meter made longer than 4/4 has no place of its own there.
    return np.where(place < _COMMON, place, _COMMON + place % _QUARTER)


def unbarred(cell: int) -> int:
    """The cell of a frame whose place in the bar is not known, only its sixteenth."""
    return _COMMON + cell % _QUARTER


KINDS: dict[str, int] = {v.label: int(v) for v in VOICES} | {
    "frame end": SLOT_FRAME_END,
    "fermata": SLOT_FERMATA,
    "end": SLOT_END,
}
"""Kinds of token that are told apart, and the slot of each in a `TokenStream`."""

SHIFT_NATS = log(12)
"""What it costs to say which of the twelve shifts brought a piece to C major or A minor."""


@dataclass(frozen=True)
class Tally:
    """Sums over the tokens of one kind.

    Parameters
    ----------
    tokens, correct : int
        How many there are, and how many of them the model found likeliest.
    nats : float
        Sum of minus log-probabilities.
    onsets, onsets_correct : int
        The same counts over tokens that begin a note.
    """

    tokens: int = 0
    correct: int = 0
    nats: float = 0.0
    onsets: int = 0
    onsets_correct: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.tokens + other.tokens,
            self.correct + other.correct,
            self.nats + other.nats,
            self.onsets + other.onsets,
            self.onsets_correct + other.onsets_correct,
        )

    @property
    def per_token(self) -> float:
        """Nats per token; NaN where there is none."""
        return _rate(self.nats, self.tokens)

    @property
    def per_onset(self) -> float:
        """Nats of every token of this kind per note that begins; NaN where none does."""
        return _rate(self.nats, self.onsets)

    @property
    def accuracy(self) -> float:
        """Share of tokens found likeliest, 0 to 1; NaN where there is none."""
        return _rate(self.correct, self.tokens)

    @property
    def onset_accuracy(self) -> float:
        """The same over tokens that begin a note."""
        return _rate(self.onsets_correct, self.onsets)


@dataclass(frozen=True)
class Losses:
    """What a set of chorales costs a model. The module's docstring defines the units.

    Parameters
    ----------
    pieces, frames : int
        How many chorales, and frames in all.
    kinds : mapping of str to Tally
        Sums by kind of token, by the names of `KINDS`.
    shift_nats : float
        What it costs to say from where the pieces were transposed: see `untransposed`. Part of
        every rate of the whole, and of none by kind.
    cells : mapping of (int, str) to Tally
        Sums by the cell of the bar and the voice's label; empty where places were not told apart,
        and nothing for what no token was in.
    """

    pieces: int = 0
    frames: int = 0
    kinds: Mapping[str, Tally] = field(default_factory=lambda: dict.fromkeys(KINDS, Tally()))
    shift_nats: float = 0.0
    cells: Mapping[tuple[int, str], Tally] = field(default_factory=dict)

    def __add__(self, other: "Losses") -> "Losses":
        kinds = {name: self.kinds[name] + other.kinds[name] for name in KINDS}
        return Losses(
            self.pieces + other.pieces,
            self.frames + other.frames,
            kinds,
            self.shift_nats + other.shift_nats,
            _pooled([*self.cells.items(), *other.cells.items()]),
        )

    def of_voices(self, voices: Iterable[Voice]) -> "Losses":
        """The same of the tokens of some voices alone; whatever else there is costs nothing."""
        kept = {Voice(v).label for v in voices}
        kinds = {name: t if name in kept else Tally() for name, t in self.kinds.items()}
        cells = {(cell, name): t for (cell, name), t in self.cells.items() if name in kept}
        return replace(self, kinds=kinds, cells=cells)

    def untransposed(self) -> "Losses":
        """The same of the pieces as they were before each was brought to C major or A minor.

        A piece in its own key and the pair of its shift and its standardized twin stand for each
        other, so that ln 12 nats, for one shift of twelve, make the price of the one of the other.
        """
        return replace(self, shift_nats=self.pieces * SHIFT_NATS)

    def unbarred(self) -> "Losses":
        """The same of pieces whose meter is not known: of places only the sixteenths are left."""
        moved = [((unbarred(cell), name), t) for (cell, name), t in self.cells.items()]
        return replace(self, cells=_pooled(moved))

    def at(self, place: str) -> dict[str, Tally]:
        """Sums of each voice's tokens at a place, by the voice's label.

        Parameters
        ----------
        position : str
            One of `bachbot.evaluation.tallies.PLACES`.

        Returns
        -------
        dict
            All four voices; those that were not counted there have no token.
        """
        none = Tally()
        return {
            v.label: sum((self.cells.get((c, v.label), none) for c in PLACES[place]), none)
            for v in VOICES
        }

    @property
    def all(self) -> Tally:
        """Sums over every predicted token."""
        return sum(self.kinds.values(), Tally())

    @property
    def voices(self) -> Tally:
        """Sums over the tokens of the four voices."""
        return sum((self.kinds[v.label] for v in VOICES), Tally())

    @property
    def per_token(self) -> float:
        """Nats per predicted token."""
        return _rate(self.all.nats + self.shift_nats, self.all.tokens)

    @property
    def per_frame(self) -> float:
        """Nats of all tokens per frame."""
        return _rate(self.all.nats + self.shift_nats, self.frames)

    @property
    def voices_per_frame(self) -> float:
        """Nats of the voices' tokens per frame."""
        return _rate(self.voices.nats + self.shift_nats, self.frames)

    @property
    def per_onset(self) -> float:
        """Nats of the voices' tokens per note that begins."""
        return _rate(self.voices.nats + self.shift_nats, self.voices.onsets)

    def to_json(self) -> dict[str, object]:
        """Every rate as plain data; figures that do not exist are None."""
        return {
            "pieces": self.pieces,
            "frames": self.frames,
            "tokens": self.all.tokens,
            "onsets": self.voices.onsets,
            "nats_per_token": _plain(self.per_token),
            "nats_per_frame": _plain(self.per_frame),
            "voices_nats_per_frame": _plain(self.voices_per_frame),
            "nats_per_onset": _plain(self.per_onset),
            "shift_nats_per_frame": _plain(_rate(self.shift_nats, self.frames)),
            "accuracy": _plain(self.voices.accuracy),
            "onset_accuracy": _plain(self.voices.onset_accuracy),
            "by_kind": {
                name: {"tokens": tally.tokens, "onsets": tally.onsets, **_rates(tally)}
                for name, tally in self.kinds.items()
            },
            "by_place": {name: _place(self.at(name)) for name in PLACES} if self.cells else {},
        }


def _pooled(
    tallies: Iterable[tuple[tuple[int, str], Tally]],
) -> dict[tuple[int, str], Tally]:
    sums: dict[tuple[int, str], Tally] = {}
    for cell, tally in tallies:
        sums[cell] = sums.get(cell, Tally()) + tally
    return sums


def _rates(tally: Tally) -> dict[str, float | None]:
    return {
        "nats_per_token": _plain(tally.per_token),
        "nats_per_onset": _plain(tally.per_onset),
        "accuracy": _plain(tally.accuracy),
        "onset_accuracy": _plain(tally.onset_accuracy),
    }


def _place(voices: Mapping[str, Tally]) -> dict[str, object]:
    """Rates of the voices at a place; a voice has one token in each frame there."""
    whole = sum(voices.values(), Tally())
    frames = max(t.tokens for t in voices.values())
    return {
        "frames": frames,
        "tokens": whole.tokens,
        "onsets": whole.onsets,
        "nats_per_frame": _plain(_rate(whole.nats, frames)),
        **_rates(whole),
        "by_voice": {name: _rates(tally) for name, tally in voices.items() if tally.tokens},
    }


def _rate(amount: float, count: int) -> float:
    return amount / count if count else float("nan")


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
