"""What the network makes of the earlier frame that a frame is like.

Shapes: B pieces side by side, T frames, V vocabulary, E embedding, N cells, W units of the chain.
"""

import torch
from torch import Tensor, nn

from bachbot.encoding.recall import BOUNDS, recall
from bachbot.models.intervals import TokenEmbedding


class Recall(nn.Module):
    """Sums for a frame by what it recalls, and a score for writing the same again.

    Parameters
    ----------
    embedding : int
        Numbers that stand for a token (E).
    width : int
        Units that the sums are of (W).
    """

    def __init__(self, embedding: int, width: int) -> None:
        super().__init__()
        self.past = nn.Embedding(len(BOUNDS) + 1, 8)
        self.ahead = nn.Embedding(len(BOUNDS) + 1, 8)
        self.sum = nn.Linear(4 * embedding + 16, width, bias=False)
        self.agreed = nn.Embedding(2, width)
        self.again = nn.Linear(width, 1)
        nn.init.zeros_(self.agreed.weight)

    def read(
        self, tokens: Tensor, shown: Tensor, embedding: TokenEmbedding
    ) -> tuple[Tensor, Tensor]:
        """What each frame recalls.

        Parameters
        ----------
        tokens : Tensor of int64, shape [B, T, 4]
            The true tokens.
        shown : Tensor of int64, shape [B, T, 4]
            Those that are given, V elsewhere.
        embedding : TokenEmbedding
            The network's; V stands for none.

        Returns
        -------
        recalled : Tensor of int64, shape [B, T, 4]
            The tokens of the frame that is recalled, V where none is.
        sums : Tensor, shape [B, T, W]
        """
        none = embedding.token.num_embeddings - 1
        found = recall(tokens.cpu().numpy(), shown.cpu().numpy(), none)
        distance, past, ahead = (
            torch.from_numpy(part).to(tokens.device)
            for part in (found.distance, found.past, found.ahead)
        )
        back = torch.arange(tokens.shape[1], device=tokens.device) - distance  # [B, T]
        recalled = tokens.gather(1, back[..., None].expand_as(tokens))
        recalled = recalled.masked_fill(distance[..., None] == 0, none)
        lengths = torch.cat([self.past(past), self.ahead(ahead)], -1)
        return recalled, self.sum(torch.cat([embedding(recalled).flatten(2), lengths], -1))

    def agreement(self, recalled: Tensor, seen: Tensor, none: int) -> Tensor:
        """What it adds to the sums of N cells that the frame has gone the same way so far, [N, W].

        Parameters
        ----------
        recalled, seen : Tensor of int64, shape [N, 4]
            What is recalled, and what is known of the frame by then.
        none : int
            What they hold where there is nothing (V).
        """
        same = ((recalled == seen) | (seen == none)).all(-1) & (recalled[:, 0] != none)
        return self.agreed(same.long())

    def repeated(self, scores: Tensor, hidden: Tensor, recalled: Tensor) -> Tensor:
        """The scores of N cells, [N, V], with what is recalled put up, where anything is.

        Parameters
        ----------
        scores : Tensor, shape [N, V]
        hidden : Tensor, shape [N, W]
            Of the chain.
        recalled : Tensor of int64, shape [N]
            What each cell's own voice did; V where nothing is recalled.
        """
        none = scores.shape[1]
        more = self.again(hidden) * (recalled != none)[:, None]
        at = recalled.clamp(max=none - 1)[:, None]
        return scores.scatter_add(1, at, more.to(scores.dtype))
