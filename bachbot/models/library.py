"""What the network makes of the training pieces that go as a frame goes.

Shapes: N cells, K candidates of each, V vocabulary, E embedding, W units of the chain.
"""

import torch
from torch import Tensor, nn

from bachbot.encoding.recall import BOUNDS
from bachbot.models.intervals import TokenEmbedding


class Library(nn.Module):
    """Sums for a cell by the likest frame of the library, and scores for writing what those wrote.

    Parameters
    ----------
    embedding : int
        Numbers that stand for a token (E).
    width : int
        Units that the sums are of (W).
    frames : int
        Of the library. It travels with the weights, so that what is written later is looked up
        where it was learnt.
    """

    def __init__(self, embedding: int, width: int, frames: int) -> None:
        super().__init__()
        self.tune = nn.Embedding(len(BOUNDS) + 1, 8)
        self.past = nn.Embedding(len(BOUNDS) + 1, 8)
        self.sum = nn.Linear(4 * embedding + 16, width, bias=False)
        self.again = nn.Linear(width, 16)
        self.register_buffer("tokens", torch.zeros(frames, 4))

    def lengths(self, tune: Tensor, past: Tensor) -> Tensor:
        """What stands for how long candidates match, [N, K, 16]."""
        return torch.cat([self.tune(tune), self.past(past)], -1)

    def sums(self, tokens: Tensor, lengths: Tensor, embedding: TokenEmbedding) -> Tensor:
        """What the likest candidate adds to the sums of N cells, [N, W]; 0 where there is none.

        Parameters
        ----------
        tokens : Tensor of int64, shape [N, K, 4]
            The candidates' frames; V where there is none.
        lengths : Tensor, shape [N, K, 16]
            From `lengths`.
        embedding : TokenEmbedding
            The network's.
        """
        first = embedding(tokens[:, 0]).flatten(1)
        found = tokens[:, 0, :1] < embedding.token.num_embeddings - 1  # [N, 1]
        return self.sum(torch.cat([first, lengths[:, 0]], -1)) * found

    def followed(self, scores: Tensor, hidden: Tensor, tokens: Tensor, lengths: Tensor) -> Tensor:
        """The scores of N cells, [N, V], with what the candidates did put up.

        Parameters
        ----------
        scores : Tensor, shape [N, V]
        hidden : Tensor, shape [N, W]
            Of the chain.
        tokens : Tensor of int64, shape [N, K]
            What each cell's own voice did there; V where there is none.
        lengths : Tensor, shape [N, K, 16]
            From `lengths`.
        """
        none = scores.shape[1]
        more = torch.einsum("nd,nkd->nk", self.again(hidden), lengths) * (tokens != none)
        return scores.scatter_add(1, tokens.clamp(max=none - 1), more.to(scores.dtype))
