"""Harmonization error: how far the voices that a model writes are from Bach's.

The original's protocol (Liang, Gotham, Johnson and Shotton, ISMIR 2017, section 5.3): some voices
of held-out pieces are masked and written by the model, the rest are given. A token is a voice's
pitch and tie in a frame (a sixteenth).

TER, token error rate
    Share of the masked tokens that differ from Bach's.
FER, frame error rate
    Share of the frames in which any masked token differs.
onset TER, onset FER
    The same over the masked tokens with which Bach begins a note, and the frames that have any.
equal pitch
    Share of the masked tokens whose pitch is Bach's, whether tied or not.

Every rate is pooled over the pieces, with a 95% bootstrap interval over pieces.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from bachbot.chorale import VOICES, Chorale, Voice
from bachbot.errors import UsageError
from bachbot.evaluation.bootstrap import RateEstimate

_S, _A, _T, _B = VOICES

MASKS: Mapping[str, tuple[Voice, ...]] = MappingProxyType(
    {"S": (_S,), "A": (_A,), "T": (_T,), "B": (_B,), "AT": (_A, _T), "ATB": (_A, _T, _B)}
)
"""The sets of masked voices in the paper, by the name of its column."""

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
"""TER and FER of the paper, by mask. It scored pieces that the model may have been trained on, and
took rests, fermatas and the number of notes from the reference."""


@dataclass(frozen=True)
class HarmonizationError:
    """How far a set of pieces is from Bach's. The module's docstring defines the rates.

    Parameters
    ----------
    pieces : int
        Number of pieces.
    ter, fer : RateEstimate
        Over all masked tokens, and over all frames.
    onset_ter, onset_fer : RateEstimate
        Over onsets alone.
    equal_pitch : RateEstimate
        Over all masked tokens.
    """

    pieces: int
    ter: RateEstimate
    fer: RateEstimate
    onset_ter: RateEstimate
    onset_fer: RateEstimate
    equal_pitch: RateEstimate

    def to_json(self) -> dict[str, object]:
        """Every rate as plain data."""
        names = ("ter", "fer", "onset_ter", "onset_fer", "equal_pitch")
        return {"pieces": self.pieces} | {name: getattr(self, name).to_json() for name in names}


def measure(
    reference: Sequence[Chorale],
    generated: Sequence[Chorale],
    masked: Iterable[Voice],
    *,
    seed: int = 0,
) -> HarmonizationError:
    """Compare pieces with Bach's.

    Parameters
    ----------
    reference, generated : sequence of Chorale
        P pieces by Bach, and the same pieces with some voices written by a model, in the same
        order and key.
    masked : iterable of Voice
        The voices that the model wrote.
    seed : int
        Random seed of the bootstrap intervals.

    Returns
    -------
    HarmonizationError

    Raises
    ------
    UsageError
        If no voice is masked, or the two sets differ in number or length of pieces.
    """
    voices = sorted({int(v) for v in masked})
    _validate(reference, generated, voices)
    rows = [_count_piece(r, g, voices) for r, g in zip(reference, generated, strict=True)]
    table = np.array(rows, dtype=np.int64).reshape(-1, 5, 2)
    rates = [RateEstimate(table[:, k, 0], table[:, k, 1], seed) for k in range(5)]
    return HarmonizationError(len(rows), *rates)


def _validate(
    reference: Sequence[Chorale], generated: Sequence[Chorale], voices: list[int]
) -> None:
    if not voices:
        raise UsageError("no voice is masked: name one or more")
    if len(reference) != len(generated):
        raise UsageError(
            f"{len(generated)} generated pieces cannot be compared with {len(reference)} of "
            "Bach's: give the same pieces in both sets"
        )
    for bach, ours in zip(reference, generated, strict=True):
        if bach.frames != ours.frames:
            raise UsageError(
                f"{bach.name or 'a piece'} has {bach.frames} frames in Bach's version and "
                f"{ours.frames} in the generated one: give versions of equal length"
            )


def _count_piece(bach: Chorale, ours: Chorale, voices: list[int]) -> list[tuple[int, int]]:
    """Count and total of each of the five rates, in the order of `HarmonizationError`."""
    pitch_differs = bach.pitch[:, voices] != ours.pitch[:, voices]  # [T, n]
    differs = pitch_differs | (bach.tied[:, voices] != ours.tied[:, voices])  # [T, n]
    onset = bach.onset[:, voices]  # [T, n]
    onset_differs = differs & onset
    return [
        (int(differs.sum()), differs.size),
        (int(differs.any(axis=1).sum()), len(differs)),
        (int(onset_differs.sum()), int(onset.sum())),
        (int(onset_differs.any(axis=1).sum()), int(onset.any(axis=1).sum())),
        (int((~pitch_differs).sum()), pitch_differs.size),
    ]
