"""The scores of a network for every token that it writes of whole pieces.

Shapes: N tokens of several pieces, V vocabulary.
"""

from dataclasses import dataclass

from torch import Tensor


@dataclass(frozen=True, eq=False)
class TokenScores:
    """What a network expects of each token of some pieces.

    Parameters
    ----------
    logits : Tensor, shape [N, V]
        Unnormalized log-probabilities.
    tokens : Tensor of int64, shape [N]
        The tokens that are there.
    piece, frame : Tensor of int64, shape [N]
        Whose they are, and where.
    """

    logits: Tensor
    tokens: Tensor
    piece: Tensor
    frame: Tensor

    @property
    def log_probability(self) -> Tensor:
        """Log-probability of each token in nats, [N]."""
        scores = self.logits.float().log_softmax(-1)
        return scores.gather(-1, self.tokens[:, None])[:, 0]
