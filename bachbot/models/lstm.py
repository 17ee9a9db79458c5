"""BachBot's network: an embedding, a stack of LSTM layers and a projection onto the tokens.

Liang, Gotham, Johnson and Shotton, *Automatic stylistic composition of Bach chorales with deep
LSTM*, ISMIR 2017 (https://archives.ismir.net/ismir2017/paper/000156.pdf); the LSTM is that of
Hochreiter and Schmidhuber (1997) with a forget gate.

Shapes: B pieces side by side, T tokens, V vocabulary, E embedding, H hidden units, L layers.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from bachbot.errors import UsageError


@dataclass(frozen=True)
class LSTMConfig:
    """Size and regularization of the network.

    Parameters
    ----------
    embedding : int
        Numbers that stand for a token (E), 1 or more.
    layers : int
        LSTM layers (L), 1 to 16.
    hidden : int
        Units a layer (H), 1 or more.
    dropout : float
        Share of each layer's outputs set to zero while training, 0 up to but not including 1.
    batch_norm : bool
        Whether each layer's output is batch-normalized (Ioffe and Szegedy, 2015), as the
        original's was. Statistics are taken over all B T tokens of a chunk.

    Raises
    ------
    UsageError
        If a value cannot be; the message names every fault.
    """

    embedding: int = 32
    layers: int = 3
    hidden: int = 256
    dropout: float = 0.3
    batch_norm: bool = False

    def __post_init__(self) -> None:
        faults = [
            f"{name} is {value}: give 1 to {most}"
            for name, value, most in (
                ("embedding", self.embedding, 4096),
                ("layers", self.layers, 16),
                ("hidden", self.hidden, 8192),
            )
            if not 1 <= value <= most
        ]
        if not 0 <= self.dropout < 1:
            faults.append(f"dropout is {self.dropout}: give 0 or more, less than 1")
        if faults:
            raise UsageError("; ".join(faults))


class LSTMModel(nn.Module):
    """Next-token scores of a stacked LSTM.

    Each layer is a module of its own, so that normalization and dropout stand between layers and
    after the last, as in the original.

    Parameters
    ----------
    config : LSTMConfig
        Size.
    vocabulary : int
        How many tokens there are (V).
    """

    def __init__(self, config: LSTMConfig, vocabulary: int) -> None:
        super().__init__()
        self.config = config
        inputs = [config.embedding] + [config.hidden] * (config.layers - 1)
        self.embedding = nn.Embedding(vocabulary, config.embedding)
        self.lstm = nn.ModuleList(nn.LSTM(n, config.hidden, batch_first=True) for n in inputs)
        self.norm = nn.ModuleList(
            nn.BatchNorm1d(config.hidden) for _ in inputs if config.batch_norm
        )
        self.output = nn.Linear(config.hidden, vocabulary)
        with torch.no_grad():
            for name, value in self.lstm.named_parameters():
                if name.endswith("bias_ih_l0"):
                    # Forget gates that begin open (Jozefowicz and others, 2015); the gates lie
                    # in the order i, f, g, o.
                    value[config.hidden : 2 * config.hidden] = 1.0

    def initial_state(self, batch: int) -> Tensor:
        """A state that remembers nothing: zeros of shape [L, 2, B, H], h before c."""
        weight = self.output.weight
        return weight.new_zeros(self.config.layers, 2, batch, self.config.hidden)

    def forward(self, ids: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Score the token after each token.

        Parameters
        ----------
        ids : Tensor of int64, shape [B, T]
            Token ids.
        state : Tensor, shape [L, 2, B, H]
            State before the first of them, as `initial_state` or this method gives it.

        Returns
        -------
        logits : Tensor, shape [B, T, V]
            Unnormalized log-probabilities of the next token.
        state : Tensor, shape [L, 2, B, H]
            State after the last.
        """
        x = self.embedding(ids)  # [B, T, E]
        after = []
        for index, layer in enumerate(self.lstm):
            h, c = state[index].unsqueeze(1)  # [1, B, H] each
            x, (h, c) = layer(x, (h.contiguous(), c.contiguous()))  # [B, T, H]
            after.append(torch.stack([h[0], c[0]]))  # [2, B, H]
            if self.config.batch_norm:
                x = self.norm[index](x.flatten(0, 1)).view_as(x)  # [B, T, H]
            x = functional.dropout(x, self.config.dropout, self.training)  # [B, T, H]
        return self.output(x), torch.stack(after).to(state.dtype)  # [B, T, V], [L, 2, B, H]
