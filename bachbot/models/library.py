"""What the network makes of the training pieces that go as a frame goes.

Shapes: N cells, K candidates of each, V vocabulary, W units of the chain.
"""

import torch
from torch import Tensor, nn

from bachbot.encoding.recall import BOUNDS

HIDDEN = 0.7
"""Share of the cells that hear of no candidate while training: else the rest of the network learns
too little, since the candidates are there to be leant on."""


class Library(nn.Module):
    """Scores for writing what the frames of the library that go likest wrote.

    What they are is not read otherwise: it would tell the network which training piece it is in.

    Parameters
    ----------
    width : int
        Units that the scores are made of (W).
    frames : int
        Of the library. It travels with the weights, so that what is written later is looked up
        where it was learnt.
    """

    def __init__(self, width: int, frames: int) -> None:
        super().__init__()
        self.tune = nn.Embedding(len(BOUNDS) + 1, 8)
        self.past = nn.Embedding(len(BOUNDS) + 1, 8)
        self.again = nn.Linear(width, 16)
        self.register_buffer("tokens", torch.zeros(frames, 4))

    def followed(
        self,
        scores: Tensor,
        hidden: Tensor,
        tokens: Tensor,
        runs: tuple[Tensor, Tensor],
    ) -> Tensor:
        """The scores of N cells, [N, V], with what the candidates did put up.

        Parameters
        ----------
        scores : Tensor, shape [N, V]
        hidden : Tensor, shape [N, W]
            Of the chain.
        tokens : Tensor of int64, shape [N, K]
            What each cell's own voice did there; V where there is none.
        runs : tuple of Tensor of int64, shape [N, K]
            How long they match, in the soprano and in all voices: classes of lengths.
        """
        none = scores.shape[1]
        if self.training:
            hide = torch.rand(len(tokens), 1, device=tokens.device) < HIDDEN
            tokens = tokens.masked_fill(hide, none)
        lengths = torch.cat([self.tune(runs[0]), self.past(runs[1])], -1)  # [N, K, 16]
        more = torch.einsum("nd,nkd->nk", self.again(hidden), lengths) * (tokens != none)
        return scores.scatter_add(1, tokens.clamp(max=none - 1), more.to(scores.dtype))
