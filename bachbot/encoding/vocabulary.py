"""The vocabulary: what each token id stands for."""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import REST
from bachbot.errors import EncodingError, UsageError

START, END, FRAME_END, FERMATA, REST_TOKEN = range(5)
"""Ids of the five tokens without a pitch; the same in every vocabulary."""

FIRST_PITCH = 5
"""Id of the lowest pitch's onset token."""

NO_PITCH = -2
"""`Vocabulary.pitch_of` of a token that belongs to no voice."""

_SPECIAL = ("START", "END", "|||", "FERMATA", "REST")


@dataclass(frozen=True)
class Vocabulary:
    """All tokens: five special ones, then an onset and a tie for each pitch.

    The encoding is BachBot's (Liang, Gotham, Johnson and Shotton, ISMIR 2017, section 3.1) with
    an explicit rest, so that every frame has exactly four voice tokens.

    Parameters
    ----------
    low, high : int
        Lowest and highest MIDI pitch, both included. The defaults span the ranges of all voices
        (36 to 81) under every transposition to C major or A minor (-5 to 6).

    Raises
    ------
    UsageError
        If the range is empty or leaves 0 to 127.
    """

    low: int = 31
    high: int = 87

    def __post_init__(self) -> None:
        if not 0 <= self.low <= self.high <= 127:
            raise UsageError(
                f"the vocabulary has pitches from {self.low} to {self.high}: "
                "give 0 <= low <= high <= 127"
            )

    def __len__(self) -> int:
        return FIRST_PITCH + 2 * (self.high - self.low + 1)

    @cached_property
    def symbols(self) -> tuple[str, ...]:
        """A readable name for each id, such as ``"(60, True)"``."""
        pairs = (f"({p}, {t})" for p in range(self.low, self.high + 1) for t in (False, True))
        return _SPECIAL + tuple(pairs)

    @cached_property
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that change with any symbol or its id."""
        return hashlib.sha256(json.dumps(self.symbols).encode()).hexdigest()[:16]

    @cached_property
    def pitch_of(self) -> NDArray[np.int16]:
        """MIDI pitch of each id, [V]; -1 for the rest, -2 for tokens that belong to no voice."""
        out = np.full(len(self), NO_PITCH, dtype=np.int16)
        out[REST_TOKEN] = REST
        out[FIRST_PITCH:] = np.arange(2 * (self.high - self.low + 1)) // 2 + self.low
        out.setflags(write=False)
        return out

    @cached_property
    def tied_of(self) -> NDArray[np.bool_]:
        """Whether each id is a tie, shape [V]."""
        out = np.zeros(len(self), dtype=np.bool_)
        out[FIRST_PITCH + 1 :: 2] = True
        out.setflags(write=False)
        return out

    def ids_of(self, pitch: NDArray[np.int16], tied: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Look up the ids of voice tokens.

        Parameters
        ----------
        pitch : ndarray of int, any shape
            MIDI pitches; -1 is a rest.
        tied : ndarray of bool, same shape
            Ties; ignored at a rest.

        Returns
        -------
        ndarray of int64, same shape

        Raises
        ------
        EncodingError
            If a pitch is outside the vocabulary.
        """
        pitch = np.asarray(pitch, dtype=np.int64)
        rest = pitch == REST
        wrong = ~rest & ((pitch < self.low) | (pitch > self.high))
        if wrong.any():
            raise EncodingError(
                f"MIDI pitch {pitch[wrong].flat[0]} is outside the vocabulary's "
                f"{self.low} to {self.high}: move the music by an octave"
            )
        ids = FIRST_PITCH + 2 * (pitch - self.low) + np.asarray(tied, dtype=np.int64)
        return np.where(rest, REST_TOKEN, ids)

    def to_json(self) -> dict[str, object]:
        """Convert to plain data: low, high, fingerprint and symbols."""
        return {
            "low": self.low,
            "high": self.high,
            "fingerprint": self.fingerprint,
            "symbols": list(self.symbols),
        }

    @classmethod
    def from_json(cls, data: object) -> "Vocabulary":
        """Read the plain data that `to_json` makes.

        Raises
        ------
        EncodingError
            If the data is no vocabulary, or its symbols are not those of this version.
        """
        try:
            low, high = data["low"], data["high"]  # type: ignore[index]
            symbols = tuple(data["symbols"])  # type: ignore[index]
            if type(low) is not int or type(high) is not int:
                raise TypeError
            vocabulary = cls(low, high)
        except (TypeError, KeyError, UsageError) as error:
            raise EncodingError(
                "this is no vocabulary: it needs low, high and symbols, as Vocabulary.to_json "
                "writes them"
            ) from error
        if vocabulary.symbols != symbols:
            raise EncodingError(
                "the vocabulary's symbols are not those of this version of bachbot: "
                "use the version that trained the checkpoint, or train it again"
            )
        return vocabulary
