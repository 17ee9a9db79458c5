"""Totals of the negative log-likelihood over the tokens of chorales, and the rates from them.

All likelihoods are natural logarithms, so every rate is in nats. The units:

per token
    The negative log-likelihood of all predicted tokens divided by their number: the voices' tokens,
    fermatas, frame ends and END. START is never predicted.
per frame
    The same sum divided by the number of frames (sixteenths): the cost of the whole piece, four
    voices together.
voices per frame
    Only that of the four voices' tokens, divided by the number of frames. The choice *not* to write
    a fermata is part of the soprano's token.
per onset
    That of all the voices' tokens, ties and rests as well as notes, divided by the number of notes
    that begin. A tie has a cost because a note might have begun instead, so ties are part of the
    cost of the notes.

Accuracy is top-1 accuracy over the voices' tokens: the share whose most likely token, out of the
whole vocabulary, is the right one. Onset accuracy is the same over tokens that begin a note.

By metrical position only the voices' tokens are counted. Most of the cost of a chorale is at its
onsets, and these depend on two things: which sixteenth of a quarter a frame is, in any meter, and
which quarter of the bar, counted in 4/4 alone, the meter of nine chorales in ten. Every frame
belongs to one of twenty metrical cells: 0 to 15 by its position in a bar of 4/4, or, in any other
meter, 16 plus the sixteenth of the quarter, counted from the bar line.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import log

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import VOICES, Chorale, Meter, Voice
from bachbot.encoding import SLOT_END, SLOT_FERMATA, SLOT_FRAME_END

_QUARTER = 4  # frames
_COMMON_TIME = Meter(4, 4).bar_frames
CELLS = _COMMON_TIME + _QUARTER
"""Number of metrical cells."""

SIXTEENTHS: dict[str, tuple[int, ...]] = {
    f"sixteenth {n + 1} of a quarter": tuple(c for c in range(CELLS) if c % _QUARTER == n)
    for n in range(_QUARTER)
}
QUARTERS: dict[str, tuple[int, ...]] = {
    f"quarter {n + 1} of 4/4": tuple(range(_QUARTER * n, _QUARTER * (n + 1)))
    for n in range(_COMMON_TIME // _QUARTER)
}
POSITIONS: dict[str, tuple[int, ...]] = {
    **SIXTEENTHS,
    **QUARTERS,
    **{f"sixteenth {n + 1} of 4/4": (n,) for n in range(_COMMON_TIME)},
}
"""Metrical positions by name, with the cells of each. The three groups overlap."""

TOKEN_KINDS: dict[str, int] = {v.label: int(v) for v in VOICES} | {
    "frame end": SLOT_FRAME_END,
    "fermata": SLOT_FERMATA,
    "end": SLOT_END,
}
"""Kinds of token that are counted separately, and the slot of each in a `TokenStream`."""

TRANSPOSITION_NATS = log(12)
"""Cost of saying which of twelve transpositions brought a piece to C major or A minor."""


def metrical_cells(chorale: Chorale) -> NDArray[np.int64]:
    """The metrical cell of each frame.

    Parameters
    ----------
    chorale : Chorale
        T frames.

    Returns
    -------
    ndarray of int64, shape [T]
        0 to `CELLS` - 1.
    """
    position = chorale.position.astype(np.int64)
    if (chorale.meter.beats, chorale.meter.unit) != (4, 4):
        return _COMMON_TIME + position % _QUARTER
    # A bar that a change of meter made longer than 4/4 has positions that 4/4 lacks.
    return np.where(position < _COMMON_TIME, position, _COMMON_TIME + position % _QUARTER)


def _cell_without_bar(cell: int) -> int:
    """The cell of a frame of which only the sixteenth of the quarter is known."""
    return _COMMON_TIME + cell % _QUARTER


@dataclass(frozen=True)
class TokenTotals:
    """Totals over some tokens.

    Parameters
    ----------
    tokens, correct : int
        Number of tokens, and of those that the model found most likely.
    nats : float
        Sum of their negative log-likelihoods.
    onsets, onsets_correct : int
        The same numbers over the tokens that begin a note.
    """

    tokens: int = 0
    correct: int = 0
    nats: float = 0.0
    onsets: int = 0
    onsets_correct: int = 0

    def __add__(self, other: "TokenTotals") -> "TokenTotals":
        return TokenTotals(
            self.tokens + other.tokens,
            self.correct + other.correct,
            self.nats + other.nats,
            self.onsets + other.onsets,
            self.onsets_correct + other.onsets_correct,
        )

    @property
    def per_token(self) -> float:
        """Nats per token; NaN if there are none."""
        return _rate(self.nats, self.tokens)

    @property
    def per_onset(self) -> float:
        """Nats of all these tokens per note that begins; NaN if none does."""
        return _rate(self.nats, self.onsets)

    @property
    def accuracy(self) -> float:
        """Top-1 accuracy, 0 to 1; NaN if there are no tokens."""
        return _rate(self.correct, self.tokens)

    @property
    def onset_accuracy(self) -> float:
        """Top-1 accuracy over the tokens that begin a note; NaN if none does."""
        return _rate(self.onsets_correct, self.onsets)


@dataclass(frozen=True)
class Losses:
    """Losses of a model on a set of chorales. The module's docstring defines the units.

    Parameters
    ----------
    pieces, frames : int
        Number of chorales, and of their frames.
    kinds : mapping of str to TokenTotals
        Totals by kind of token, by the names of `TOKEN_KINDS`.
    transposition_nats : float
        Cost of the transpositions: see `with_transposition_cost`. Part of every rate over all
        tokens or all voices, and of none by kind.
    cells : mapping of (int, str) to TokenTotals
        Totals by metrical cell and label of the voice; only for cells that have any token, and
        empty if metrical positions were not counted.
    """

    pieces: int = 0
    frames: int = 0
    kinds: Mapping[str, TokenTotals] = field(
        default_factory=lambda: dict.fromkeys(TOKEN_KINDS, TokenTotals())
    )
    transposition_nats: float = 0.0
    cells: Mapping[tuple[int, str], TokenTotals] = field(default_factory=dict)

    def __add__(self, other: "Losses") -> "Losses":
        kinds = {name: self.kinds[name] + other.kinds[name] for name in TOKEN_KINDS}
        return Losses(
            self.pieces + other.pieces,
            self.frames + other.frames,
            kinds,
            self.transposition_nats + other.transposition_nats,
            _pool([*self.cells.items(), *other.cells.items()]),
        )

    def of_voices(self, voices: Iterable[Voice]) -> "Losses":
        """The losses on the tokens of some voices alone; all other tokens are left out."""
        kept = {Voice(v).label for v in voices}
        kinds = {name: t if name in kept else TokenTotals() for name, t in self.kinds.items()}
        cells = {(cell, name): t for (cell, name), t in self.cells.items() if name in kept}
        return replace(self, kinds=kinds, cells=cells)

    def with_transposition_cost(self) -> "Losses":
        """The losses on the pieces in their own keys, before transposition to C major or A minor.

        A piece in its own key corresponds to a normalized piece and one of twelve transpositions,
        so its cost is that of the normalized piece plus ln 12 nats.
        """
        return replace(self, transposition_nats=self.pieces * TRANSPOSITION_NATS)

    def without_bar_positions(self) -> "Losses":
        """The losses on pieces whose meter is not known: only the sixteenth of each frame is."""
        moved = [((_cell_without_bar(cell), name), t) for (cell, name), t in self.cells.items()]
        return replace(self, cells=_pool(moved))

    def at_position(self, position: str) -> dict[str, TokenTotals]:
        """Totals of each voice's tokens at a metrical position, by the label of the voice.

        Parameters
        ----------
        position : str
            A name in `POSITIONS`.

        Returns
        -------
        dict
            All four voices; a voice that was not counted there has no tokens.
        """
        none = TokenTotals()
        return {
            v.label: sum((self.cells.get((c, v.label), none) for c in POSITIONS[position]), none)
            for v in VOICES
        }

    @property
    def total(self) -> TokenTotals:
        """Totals over every predicted token."""
        return sum(self.kinds.values(), TokenTotals())

    @property
    def voices(self) -> TokenTotals:
        """Totals over the tokens of the four voices."""
        return sum((self.kinds[v.label] for v in VOICES), TokenTotals())

    @property
    def per_token(self) -> float:
        """Nats per predicted token."""
        return _rate(self.total.nats + self.transposition_nats, self.total.tokens)

    @property
    def per_frame(self) -> float:
        """Nats of all tokens per frame."""
        return _rate(self.total.nats + self.transposition_nats, self.frames)

    @property
    def voices_per_frame(self) -> float:
        """Nats of the voices' tokens per frame."""
        return _rate(self.voices.nats + self.transposition_nats, self.frames)

    @property
    def per_onset(self) -> float:
        """Nats of the voices' tokens per note that begins."""
        return _rate(self.voices.nats + self.transposition_nats, self.voices.onsets)

    def to_json(self) -> dict[str, object]:
        """Every rate as plain data; undefined rates are None."""
        return {
            "pieces": self.pieces,
            "frames": self.frames,
            "tokens": self.total.tokens,
            "onsets": self.voices.onsets,
            "nats_per_token": _plain(self.per_token),
            "nats_per_frame": _plain(self.per_frame),
            "voices_nats_per_frame": _plain(self.voices_per_frame),
            "nats_per_onset": _plain(self.per_onset),
            "transposition_nats_per_frame": _plain(_rate(self.transposition_nats, self.frames)),
            "accuracy": _plain(self.voices.accuracy),
            "onset_accuracy": _plain(self.voices.onset_accuracy),
            "by_kind": {
                name: {"tokens": totals.tokens, "onsets": totals.onsets, **_rates(totals)}
                for name, totals in self.kinds.items()
            },
            "by_position": (
                {name: _position_json(self.at_position(name)) for name in POSITIONS}
                if self.cells
                else {}
            ),
        }


def _pool(
    items: Iterable[tuple[tuple[int, str], TokenTotals]],
) -> dict[tuple[int, str], TokenTotals]:
    sums: dict[tuple[int, str], TokenTotals] = {}
    for cell, totals in items:
        sums[cell] = sums.get(cell, TokenTotals()) + totals
    return sums


def _rates(totals: TokenTotals) -> dict[str, float | None]:
    return {
        "nats_per_token": _plain(totals.per_token),
        "nats_per_onset": _plain(totals.per_onset),
        "accuracy": _plain(totals.accuracy),
        "onset_accuracy": _plain(totals.onset_accuracy),
    }


def _position_json(voices: Mapping[str, TokenTotals]) -> dict[str, object]:
    """Rates of the voices at a position, where each voice has one token in each frame."""
    together = sum(voices.values(), TokenTotals())
    frames = max(t.tokens for t in voices.values())
    return {
        "frames": frames,
        "tokens": together.tokens,
        "onsets": together.onsets,
        "nats_per_frame": _plain(_rate(together.nats, frames)),
        **_rates(together),
        "by_voice": {name: _rates(totals) for name, totals in voices.items() if totals.tokens},
    }


def _rate(amount: float, count: int) -> float:
    return amount / count if count else float("nan")


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
