"""Harmonization error: how far the voices that a model writes are from Bach's.

The original's protocol (Liang, Gotham, Johnson and Shotton, ISMIR 2017, section 5.3): some voices
of held-out pieces are masked and filled in anew, the rest given. A token is a voice's pitch and tie
in a frame (a sixteenth).

TER, token error rate
    Share of the masked tokens that differ from Bach's.
FER, frame error rate
    Share of the frames in which any masked token differs.
the same over onsets
    Only the masked tokens with which Bach begins a note, and the frames that have any such.
equal pitch
    Share of the masked tokens whose pitch is Bach's, whatever the ties.

Every share is pooled over the pieces; its interval comes of drawing pieces anew.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import VOICES, Chorale, Voice
from bachbot.errors import UsageError
from bachbot.evaluation.bootstrap import Interval, interval_of_rate

_S, _A, _T, _B = VOICES

MASKS: Mapping[str, tuple[Voice, ...]] = MappingProxyType(
    {"S": (_S,), "A": (_A,), "T": (_T,), "B": (_B,), "AT": (_A, _T), "ATB": (_A, _T, _B)}
)
"""The voices that the original masked, by the name of its column."""

PUBLISHED: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "S": (0.532, 0.532),
        "A": (0.442, 0.442),
        "T": (0.235, 0.235),
        "B": (0.241, 0.241),
        "AT": (0.686, 0.787),
        "ATB": (0.718, 0.878),
    }
)
"""BachBot's own TER and FER by mask. It scored pieces that it may have been trained on, and took
rests, fermatas and the number of notes from the answer."""


@dataclass(frozen=True, eq=False)
class Share:
    """A share pooled over pieces.

    Parameters
    ----------
    counts, chances : ndarray of int64, shape [P]
        Of each piece.
    seed : int
        Of the interval's draws.
    """

    counts: NDArray[np.int64]
    chances: NDArray[np.int64]
    seed: int = 0

    @property
    def rate(self) -> float:
        """0 to 1; NaN where there was no chance."""
        chances = int(self.chances.sum())
        return int(self.counts.sum()) / chances if chances else float("nan")

    @cached_property
    def interval(self) -> Interval:
        """95% interval of the share, pieces drawn anew."""
        return interval_of_rate(self.counts, self.chances, seed=self.seed)

    def to_json(self) -> dict[str, object]:
        """As plain data; figures that do not exist are None."""
        return {
            "count": int(self.counts.sum()),
            "chances": int(self.chances.sum()),
            "rate": None if np.isnan(self.rate) else self.rate,
            "interval": self.interval.to_json(),
        }


@dataclass(frozen=True)
class HarmonizationError:
    """How far a set of pieces is from Bach's. The module's docstring defines the figures.

    Parameters
    ----------
    pieces : int
        How many.
    ter, fer : Share
        Over all masked tokens, and over all frames.
    onset_ter, onset_fer : Share
        Over onsets alone.
    equal_pitch : Share
        Of the masked tokens.
    """

    pieces: int
    ter: Share
    fer: Share
    onset_ter: Share
    onset_fer: Share
    equal_pitch: Share

    def to_json(self) -> dict[str, object]:
        """Every figure as plain data."""
        shares = ("ter", "fer", "onset_ter", "onset_fer", "equal_pitch")
        return {"pieces": self.pieces} | {name: getattr(self, name).to_json() for name in shares}


def measure(
    written: Sequence[Chorale],
    found: Sequence[Chorale],
    masked: Iterable[Voice],
    *,
    seed: int = 0,
) -> HarmonizationError:
    """Compare pieces with Bach's.

    Parameters
    ----------
    written, found : sequence of Chorale
        P pieces of Bach's, and the same with voices of a model's, in the same order and key.
    masked : iterable of Voice
        Voices that are the model's.
    seed : int
        Of the intervals' draws.

    Raises
    ------
    UsageError
        If no voice is masked, or the pieces of both are not as many or as long.
    """
    voices = sorted({int(v) for v in masked})
    if not voices:
        raise UsageError("no voice is masked: name one or more")
    if [c.frames for c in written] != [c.frames for c in found]:
        raise UsageError(
            f"{len(found)} pieces are held against {len(written)} of Bach's, or one is of another "
            "length: as many and as long are wanted"
        )
    pairs = [_of_piece(b, o, voices) for b, o in zip(written, found, strict=True)]
    table = np.array(pairs, dtype=np.int64).reshape(-1, 5, 2)
    shares = [Share(table[:, k, 0], table[:, k, 1], seed) for k in range(5)]
    return HarmonizationError(len(pairs), *shares)


def _of_piece(bach: Chorale, ours: Chorale, voices: list[int]) -> list[tuple[int, int]]:
    """Count and chances of the five shares."""
    other_pitch = bach.pitch[:, voices] != ours.pitch[:, voices]  # [T, n]
    differs = other_pitch | (bach.tied[:, voices] != ours.tied[:, voices])  # [T, n]
    onset = bach.onset[:, voices]  # [T, n]
    wrong = differs & onset
    return [
        (int(differs.sum()), differs.size),
        (int(differs.any(axis=1).sum()), len(differs)),
        (int(wrong.sum()), int(onset.sum())),
        (int(wrong.any(axis=1).sum()), int(onset.any(axis=1).sum())),
        (int((~other_pitch).sum()), other_pitch.size),
    ]
