"""Validation in torch, many tokens at once.

The figures of `bachbot.evaluation.losses` for a network that hears the past, those of
`bachbot.training.fillings` for one that looks ahead.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import nn

from bachbot.encoding import FIRST_PITCH, TokenStream
from bachbot.evaluation.losses import Losses, padded, tally
from bachbot.models.lookahead import Works, nats
from bachbot.training.fillings import Filled, Filling


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
            ids = torch.from_numpy(padded(group)).to(device)  # [B, N]
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
            for stream, n, c in zip(group, nats.cpu().numpy(), correct.cpu().numpy(), strict=True):
                total += tally(stream, n[: len(stream) - 1], c[: len(stream) - 1])
    finally:
        model.train(was_training)
    return total


def asked(works: Works, filling: Filling) -> Works:
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
def fill(model: nn.Module, groups: Sequence[Works], filling: Filling) -> Filled:
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
        return sum((_tally(model, asked(works, filling)) for works in groups), Filled())
    finally:
        model.train(was_training)


def _tally(model: nn.Module, works: Works) -> Filled:
    missing = works.missing  # [B, T, 5]
    logits = model(works, missing)  # [B, T, 5, V]
    prices, pauses = nats(logits, works)  # [B, T, 4], [B, T]
    cells, fermatas = missing[..., 1:], missing[..., 0]
    # Onset and tie of a pitch alternate, the onset first.
    notes = (works.tokens >= FIRST_PITCH) & ((works.tokens - FIRST_PITCH) % 2 == 0)
    onsets = cells & notes
    right = logits[:, :, 1:].argmax(-1) == works.tokens
    return Filled(
        frames=int(works.length.sum()),
        cells=int(cells.sum()),
        nats=float(prices[cells].double().sum()),
        pauses=int(fermatas.sum()),
        fermata_nats=float(pauses[fermatas].double().sum()),
        onsets=int(onsets.sum()),
        onsets_correct=int((right & onsets).sum()),
    )
