"""Validation in torch: the figures of `bachbot.evaluation.losses`, many tokens at once."""

from collections.abc import Sequence

import torch
from torch import nn

from bachbot.encoding import TokenStream
from bachbot.evaluation.losses import Losses, padded, tally


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
