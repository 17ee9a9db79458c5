"""BachBot's network: an embedding, a stack of LSTM layers and a projection onto the tokens.

Liang, Gotham, Johnson and Shotton, *Automatic stylistic composition of Bach chorales with deep
LSTM*, ISMIR 2017 (https://archives.ismir.net/ismir2017/paper/000156.pdf); the LSTM is that of
Hochreiter and Schmidhuber (1997) with a forget gate.

Shapes: B pieces side by side, T tokens, V vocabulary, E embedding, H hidden units, L layers.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from bachbot.runtime.lstm_runtime import LSTMConfig

__all__ = ["LSTMConfig", "LSTMModel"]


class LSTMModel(nn.Module):
    """Next-token scores of a stacked LSTM.

    Each layer is a module of its own, so that normalization and dropout come between layers and
    after the last, as in the original.

    Parameters
    ----------
    config : LSTMConfig
        Size.
    vocabulary : int
        Number of tokens (V).
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
                    # Forget gates start open (Jozefowicz and others, 2015); the gates are in the
                    # order input, forget, cell, output.
                    value[config.hidden : 2 * config.hidden] = 1.0

    def initial_state(self, batch: int) -> Tensor:
        """Zeros of shape [L, 2, B, H], h before c."""
        weight = self.output.weight
        return weight.new_zeros(self.config.layers, 2, batch, self.config.hidden)

    def forward(self, ids: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Score the token after each token.

        Parameters
        ----------
        ids : Tensor of int64, shape [B, T]
            Token ids.
        state : Tensor, shape [L, 2, B, H]
            State before the first of them, from `initial_state` or from this method.

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
