"""Validation: nats and accuracy, many tokens at once, by what is given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isnan

import torch
from torch import nn

from bachbot.encoding import FIRST_PITCH, TokenStream
from bachbot.evaluation.losses import Losses, pad_tokens, piece_losses
from bachbot.models.lookahead import Batch, negative_log_likelihood


@dataclass(frozen=True)
class FillTask:
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

FILL_TASKS: dict[str, FillTask] = {
    HARMONY: FillTask("A, T, B given S", (0,)),
    "ATB|S, fermatas unknown": FillTask("A, T, B given S, fermatas unknown", (0,), fermatas=False),
    "S|ATB": FillTask("S given A, T, B", (1, 2, 3)),
    "A|STB": FillTask("A given S, T, B", (0, 2, 3)),
    "T|SAB": FillTask("T given S, A, B", (0, 1, 3)),
    "B|SAT": FillTask("B given S, A, T", (0, 1, 2)),
    "AT|SB": FillTask("A, T given S, B", (0, 3)),
    "SATB": FillTask("all four from nothing", (), fermatas=False),
}
"""What a finished run is measured on."""


@dataclass(frozen=True)
class FillLosses:
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

    def __add__(self, other: "FillLosses") -> "FillLosses":
        return FillLosses(
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


def fill_losses(told: bool) -> Mapping[str, FillTask]:
    """The fillings that a network can be asked for.

    Parameters
    ----------
    told : bool
        Whether it is told of fermatas. If not, none is asked for: they count as given everywhere.
    """
    if told:
        return FILL_TASKS
    return {
        name: replace(filling, fermatas=True)
        for name, filling in FILL_TASKS.items()
        if filling.fermatas or not filling.given
    }


def _rate(amount: float, count: int) -> float:
    return amount / count if count else float("nan")


@torch.no_grad()
def losses(
    model: nn.Module, streams: Sequence[TokenStream], *, batch: int = 32, chunk: int = 256
) -> Losses:
    """Losses of a torch model, each piece run from a zero state.

    Agrees with `bachbot.evaluation.losses.measure` to rounding.

    Parameters
    ----------
    model : nn.Module
        With ``initial_state`` and ``forward`` as `bachbot.models.lstm.LSTMModel`. It runs in
        float32 and in evaluation mode; its mode is put back afterwards.
    streams : sequence of TokenStream
        The pieces.
    batch : int
        How many go side by side.
    chunk : int
        Tokens a call; bounds the memory it takes.
    """
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    total = Losses()
    try:
        ordered = sorted(streams, key=len, reverse=True)
        for start in range(0, len(ordered), batch):
            group = ordered[start : start + batch]
            width = len(group[0]) - 1
            ids = torch.from_numpy(pad_tokens(group)).to(device)  # [B, N]
            negative_log_likelihood = torch.empty(len(group), width, device=device)  # [B, N - 1]
            correct = torch.empty(len(group), width, dtype=torch.bool, device=device)
            state = model.initial_state(len(group))  # type: ignore[operator]
            for at in range(0, width, chunk):
                stop = min(at + chunk, width)
                logits, state = model(ids[:, at:stop], state)  # [B, T, V]
                target = ids[:, at + 1 : stop + 1]  # [B, T]
                scores = logits.float().log_softmax(-1)  # [B, T, V]
                negative_log_likelihood[:, at:stop] = -scores.gather(-1, target[..., None])[..., 0]
                correct[:, at:stop] = logits.argmax(-1) == target
            for stream, n, c in zip(
                group, negative_log_likelihood.cpu().numpy(), correct.cpu().numpy(), strict=True
            ):
                total += piece_losses(stream, n[: len(stream) - 1], c[: len(stream) - 1])
    finally:
        model.train(was_training)
    return total


def asked(works: Batch, filling: FillTask) -> Batch:
    """The same pieces with other cells given.

    Parameters
    ----------
    works : Works
        With their true tokens.
    filling : Filling
        Which.
    """
    given = torch.zeros_like(works.given)
    given[..., list(filling.given)] = True
    fermatas = torch.full_like(works.fermata_given, filling.fermatas)
    return replace(works, given=given, fermata_given=fermatas)


@torch.no_grad()
def fill(model: nn.Module, groups: Sequence[Batch], filling: FillTask) -> FillLosses:
    """What a filling costs a torch model.

    Parameters
    ----------
    model : nn.Module
        A `bachbot.models.lookahead.LookaheadModel`. It runs in float32 and in evaluation mode; its
        mode is put back afterwards.
    groups : sequence of Works
        The pieces, some side by side; what is given of them is of no account.
    filling : Filling
        What to give instead.
    """
    was_training = model.training
    model.eval()
    try:
        return sum((_tally(model, asked(works, filling)) for works in groups), FillLosses())
    finally:
        model.train(was_training)


def _tally(model: nn.Module, works: Batch) -> FillLosses:
    missing = works.missing  # [B, T, 5]
    logits = model(works, missing)  # [B, T, 5, V]
    prices, pauses = negative_log_likelihood(logits, works)  # [B, T, 4], [B, T]
    cells, fermatas = missing[..., 1:], missing[..., 0]
    # Onset and tie of a pitch alternate, the onset first.
    notes = (works.tokens >= FIRST_PITCH) & ((works.tokens - FIRST_PITCH) % 2 == 0)
    onsets = cells & notes
    right = logits[:, :, 1:].argmax(-1) == works.tokens
    return FillLosses(
        frames=int(works.length.sum()),
        cells=int(cells.sum()),
        nats=float(prices[cells].double().sum()),
        pauses=int(fermatas.sum()),
        fermata_nats=float(pauses[fermatas].double().sum()),
        onsets=int(onsets.sum()),
        onsets_correct=int((right & onsets).sum()),
    )
