"""Validation: losses and accuracy of a torch model, with several pieces side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from math import isnan

import torch
from torch import nn

from bachbot.encoding import FIRST_PITCH, TokenStream
from bachbot.evaluation.losses import Losses, pad_tokens, piece_losses
from bachbot.models.lookahead import Batch, negative_log_likelihood


@dataclass(frozen=True)
class FillTask:
    """A task of filling in voices: what is given of every piece.

    Parameters
    ----------
    label : str
        Name of the task in a table.
    given : tuple of int
        Given voices, 0 to 3 for S, A, T, B.
    fermatas : bool
        Whether the fermatas are given as well.
    """

    label: str
    given: tuple[int, ...]
    fermatas: bool = True


HARMONIZATION = "ATB|S"
"""The task whose loss in nats per frame selects the best weights."""

FILL_TASKS: dict[str, FillTask] = {
    HARMONIZATION: FillTask("A, T, B given S", (0,)),
    "ATB|S, fermatas unknown": FillTask("A, T, B given S, fermatas unknown", (0,), fermatas=False),
    "S|ATB": FillTask("S given A, T, B", (1, 2, 3)),
    "A|STB": FillTask("A given S, T, B", (0, 2, 3)),
    "T|SAB": FillTask("T given S, A, B", (0, 1, 3)),
    "B|SAT": FillTask("B given S, A, T", (0, 1, 2)),
    "AT|SB": FillTask("A, T given S, B", (0, 3)),
    "SATB": FillTask("all four from nothing", (), fermatas=False),
}
"""The tasks that a finished run is measured on."""


def fill_tasks(metadata: bool) -> Mapping[str, FillTask]:
    """The tasks that a network can be measured on.

    Parameters
    ----------
    metadata : bool
        Whether the network reads fermatas. If not, they count as given in every task, so that no
        task asks for them.
    """
    if metadata:
        return FILL_TASKS
    return {
        name: replace(task, fermatas=True)
        for name, task in FILL_TASKS.items()
        if task.fermatas or not task.given
    }


@dataclass(frozen=True)
class FillLosses:
    """Losses of a network on a task of filling in voices.

    Parameters
    ----------
    frames, cells : int
        Frames of the pieces, and missing cells in them. A cell is a voice in a frame.
    nats : float
        Negative log-likelihood of all missing cells.
    fermata_frames : int
        Frames in which it is not given whether there is a fermata.
    fermata_nats : float
        Negative log-likelihood of those.
    onsets, onsets_correct : int
        Notes that begin in missing cells, and how many of them were the most likely token.
    """

    frames: int = 0
    cells: int = 0
    nats: float = 0.0
    fermata_frames: int = 0
    fermata_nats: float = 0.0
    onsets: int = 0
    onsets_correct: int = 0

    def __add__(self, other: "FillLosses") -> "FillLosses":
        return FillLosses(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    @property
    def per_frame(self) -> float:
        """Nats of the missing cells per frame; NaN without a frame."""
        return _ratio(self.nats, self.frames)

    @property
    def per_onset(self) -> float:
        """Nats of the missing cells per note that begins in them; NaN without a note."""
        return _ratio(self.nats, self.onsets)

    @property
    def onset_accuracy(self) -> float:
        """Share of those notes that were the most likely token, 0 to 1; NaN without a note."""
        return _ratio(self.onsets_correct, self.onsets)

    def to_json(self) -> dict[str, float | int | None]:
        """Counts and ratios as plain data; None in place of NaN."""
        ratios = {
            "nats_per_frame": self.per_frame,
            "fermata_nats_per_frame": _ratio(self.fermata_nats, self.fermata_frames),
            "nats_per_onset": self.per_onset,
            "onset_accuracy": self.onset_accuracy,
        }
        plain = {name: None if isnan(value) else value for name, value in ratios.items()}
        return {"frames": self.frames, "cells": self.cells, "onsets": self.onsets, **plain}


def _ratio(amount: float, count: int) -> float:
    return amount / count if count else float("nan")


@torch.no_grad()
def token_losses(
    model: nn.Module, pieces: Sequence[TokenStream], *, batch: int = 32, chunk: int = 256
) -> Losses:
    """Losses of a model that predicts the next token, each piece from a zero state.

    Agrees with `bachbot.evaluation.losses.measure` up to rounding.

    Parameters
    ----------
    model : nn.Module
        With the methods ``initial_state`` and ``forward`` of `bachbot.models.lstm.LSTMModel`. It
        runs in float32 and in evaluation mode; its mode is restored.
    pieces : sequence of TokenStream
        The pieces.
    batch : int
        Pieces that are processed side by side.
    chunk : int
        Tokens per call, which limits the memory used.
    """
    device = next(model.parameters()).device
    was_training = model.training
    model.eval()
    total = Losses()
    try:
        ordered = sorted(pieces, key=len, reverse=True)
        for start in range(0, len(ordered), batch):
            group = ordered[start : start + batch]
            width = len(group[0]) - 1
            ids = torch.from_numpy(pad_tokens(group)).to(device)  # [B, N]
            nats = torch.empty(len(group), width, device=device)  # [B, N - 1]
            correct = torch.empty(len(group), width, dtype=torch.bool, device=device)
            state = model.initial_state(len(group))  # type: ignore[operator]
            for at in range(0, width, chunk):
                stop = min(at + chunk, width)
                logits, state = model(ids[:, at:stop], state)  # [B, T, V]
                target = ids[:, at + 1 : stop + 1]  # [B, T]
                scores = logits.float().log_softmax(-1)  # [B, T, V]
                nats[:, at:stop] = -scores.gather(-1, target[..., None])[..., 0]
                correct[:, at:stop] = logits.argmax(-1) == target
            for piece, n, c in zip(group, nats.cpu().numpy(), correct.cpu().numpy(), strict=True):
                total += piece_losses(piece, n[: len(piece) - 1], c[: len(piece) - 1])
    finally:
        model.train(was_training)
    return total


def with_given(batch: Batch, task: FillTask) -> Batch:
    """The same pieces with the cells given that a task gives."""
    given = torch.zeros_like(batch.given)
    given[..., list(task.given)] = True
    fermatas = torch.full_like(batch.fermata_given, task.fermatas)
    return replace(batch, given=given, fermata_given=fermatas)


@torch.no_grad()
def fill_losses(model: nn.Module, batches: Sequence[Batch], task: FillTask) -> FillLosses:
    """Losses of a model that reads whole pieces on a task of filling in voices.

    Parameters
    ----------
    model : nn.Module
        A `bachbot.models.lookahead.LookaheadModel`. It runs in float32 and in evaluation mode; its
        mode is restored.
    batches : sequence of Batch
        The pieces; their own masks are ignored.
    task : FillTask
        What is given.
    """
    was_training = model.training
    model.eval()
    try:
        return sum((_measure(model, with_given(b, task)) for b in batches), FillLosses())
    finally:
        model.train(was_training)


def _measure(model: nn.Module, batch: Batch) -> FillLosses:
    missing = batch.missing  # [B, T, 5]
    logits = model(batch, missing)  # [B, T, 5, V]
    voice_nats, fermata_nats = negative_log_likelihood(logits, batch)  # [B, T, 4], [B, T]
    cells, fermatas = missing[..., 1:], missing[..., 0]
    # The ids of a pitch's onset and tie alternate, the onset first.
    notes = (batch.tokens >= FIRST_PITCH) & ((batch.tokens - FIRST_PITCH) % 2 == 0)
    onsets = cells & notes
    correct = logits[:, :, 1:].argmax(-1) == batch.tokens
    return FillLosses(
        frames=int(batch.length.sum()),
        cells=int(cells.sum()),
        nats=float(voice_nats[cells].double().sum()),
        fermata_frames=int(fermatas.sum()),
        fermata_nats=float(fermata_nats[fermatas].double().sum()),
        onsets=int(onsets.sum()),
        onsets_correct=int((correct & onsets).sum()),
    )
