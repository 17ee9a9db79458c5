"""How well a network that looks ahead writes what is missing: nats and accuracy, by what is given.

Teacher-forced: every missing cell is predicted from what is given of the whole piece, from all that
stands in the frames before and from the voices above it in its own frame. By the chain rule the
nats of all missing cells are the price of the whole filling; a cell is a voice in a frame.

Units:

per frame
    Nats of the missing cells, divided by the number of frames (sixteenths) of the pieces.
fermatas per frame
    Nats of the choice whether there is a fermata, divided by the frames in which that is not given.
per onset
    Nats of the missing cells divided by the notes that begin in them.

Accuracy is the share of the notes beginning in missing cells whose token is the likeliest of all.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import isnan


@dataclass(frozen=True)
class Filling:
    """What is given, over whole pieces.

    Parameters
    ----------
    label : str
        What to call it in a table.
    given : tuple of int
        Voices, 0 to 3 for S, A, T, B.
    fermatas : bool
        Whether the fermatas are given as well.
    """

    label: str
    given: tuple[int, ...]
    fermatas: bool = True


HARMONY = "ATB|S"
"""The filling whose nats a frame choose the best weights."""

FILLINGS: dict[str, Filling] = {
    HARMONY: Filling("A, T, B given S", (0,)),
    "ATB|S, fermatas unknown": Filling("A, T, B given S, fermatas unknown", (0,), fermatas=False),
    "S|ATB": Filling("S given A, T, B", (1, 2, 3)),
    "A|STB": Filling("A given S, T, B", (0, 2, 3)),
    "T|SAB": Filling("T given S, A, B", (0, 1, 3)),
    "B|SAT": Filling("B given S, A, T", (0, 1, 2)),
    "AT|SB": Filling("A, T given S, B", (0, 3)),
    "SATB": Filling("all four from nothing", (), fermatas=False),
}
"""What a finished run is measured on."""


@dataclass(frozen=True)
class Filled:
    """What it costs a network to write what is missing. The module's docstring defines the units.

    Parameters
    ----------
    frames, cells : int
        Frames of the pieces, and cells that are missing in them.
    nats : float
        Of all missing cells.
    pauses : int
        Frames in which it is not given whether there is a fermata.
    fermata_nats : float
        Of those.
    onsets, onsets_correct : int
        Notes that begin in missing cells, and how many of them were found likeliest.
    """

    frames: int = 0
    cells: int = 0
    nats: float = 0.0
    pauses: int = 0
    fermata_nats: float = 0.0
    onsets: int = 0
    onsets_correct: int = 0

    def __add__(self, other: "Filled") -> "Filled":
        return Filled(
            self.frames + other.frames,
            self.cells + other.cells,
            self.nats + other.nats,
            self.pauses + other.pauses,
            self.fermata_nats + other.fermata_nats,
            self.onsets + other.onsets,
            self.onsets_correct + other.onsets_correct,
        )

    @property
    def per_frame(self) -> float:
        """Nats of the missing cells a frame; NaN without a frame."""
        return _rate(self.nats, self.frames)

    @property
    def per_onset(self) -> float:
        """The same for each note that begins in them."""
        return _rate(self.nats, self.onsets)

    @property
    def onset_accuracy(self) -> float:
        """Share of those notes found likeliest, 0 to 1."""
        return _rate(self.onsets_correct, self.onsets)

    def to_json(self) -> dict[str, float | int | None]:
        """Every rate as plain data; figures that do not exist are None."""
        rates = {
            "nats_per_frame": self.per_frame,
            "fermata_nats_per_frame": _rate(self.fermata_nats, self.pauses),
            "nats_per_onset": self.per_onset,
            "onset_accuracy": self.onset_accuracy,
        }
        plain = {name: None if isnan(value) else value for name, value in rates.items()}
        return {"frames": self.frames, "cells": self.cells, "onsets": self.onsets, **plain}


def fillings(told: bool) -> Mapping[str, Filling]:
    """The fillings that a network can be asked for.

    Parameters
    ----------
    told : bool
        Whether it is told of fermatas. If not, none is asked for: they count as given everywhere.
    """
    if told:
        return FILLINGS
    return {
        name: replace(filling, fermatas=True)
        for name, filling in FILLINGS.items()
        if filling.fermatas or not filling.given
    }


def _rate(amount: float, count: int) -> float:
    return amount / count if count else float("nan")
