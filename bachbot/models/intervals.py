"""Tokens as pitches among pitches: what is learnt of one holds for those beside it.

Shapes: V vocabulary, E embedding, N cells, W units of the chain.
"""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from bachbot.encoding import FIRST_PITCH
from bachbot.encoding.intervals import CHROMAS, MELODIC, harmonic, melodic


class TokenEmbedding(nn.Module):
    """A token as the sum of what it is by itself, its pitch, its pitch class, and onset or tie.

    Parameters
    ----------
    vocabulary : int
        How many tokens there are (V); one more, V, stands for none.
    size : int
        Numbers that stand for a token (E).
    """

    def __init__(self, vocabulary: int, size: int) -> None:
        super().__init__()
        pitches = (vocabulary - FIRST_PITCH) // 2
        self.token = nn.Embedding(vocabulary + 1, size)
        self.pitch = nn.Embedding(pitches, size)
        self.chroma = nn.Embedding(CHROMAS, size)
        self.tie = nn.Embedding(2, size)
        nn.init.normal_(self.token.weight, std=0.3)

    @property
    def weight(self) -> Tensor:
        """The table of the sums, [V + 1, E]."""
        pitches = len(self.pitch.weight)
        sums = (
            self.pitch.weight[:, None]
            + self.chroma.weight[torch.arange(pitches, device=self.chroma.weight.device) % CHROMAS][
                :, None
            ]
            + self.tie.weight
        )  # [P, 2, E]
        return self.token.weight + functional.pad(sums.flatten(0, 1), (0, 0, FIRST_PITCH, 1))

    def forward(self, ids: Tensor) -> Tensor:
        """Embeddings of tokens, [..., E]."""
        return functional.embedding(ids, self.weight)


class Intervals(nn.Module):
    """Scores of tokens by how far they are from the voice's last note and from the other voices.

    A score for each leap and for each interval above each voice, instead of for each pitch alone:
    a fifth is a fifth from wherever it is taken. Relative positions as in Huang and others, *Music
    Transformer*, ICLR 2019 (https://arxiv.org/abs/1809.04281), in pitch instead of time.

    Parameters
    ----------
    width : int
        Units that the scores are made of (W).
    vocabulary : int
        How many tokens there are (V).
    """

    def __init__(self, width: int, vocabulary: int) -> None:
        super().__init__()
        self.melodic = nn.Linear(width, MELODIC)
        self.harmonic = nn.Linear(width, 4 * CHROMAS)
        for layer in (self.melodic, self.harmonic):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        self._melodic: Tensor
        self._harmonic: Tensor
        for name, table in (("_melodic", melodic(vocabulary)), ("_harmonic", harmonic(vocabulary))):
            self.register_buffer(name, torch.from_numpy(np.array(table)), persistent=False)

    def forward(self, hidden: Tensor, last: Tensor, seen: Tensor) -> Tensor:
        """What the intervals add to the scores.

        Parameters
        ----------
        hidden : Tensor, shape [N, W]
            Of the chain.
        last : Tensor of int64, shape [N]
            What the voice did in the frame before; V for nothing.
        seen : Tensor of int64, shape [N, 4]
            What is known of the frame by then; V where nothing is.

        Returns
        -------
        Tensor, shape [N, V]
        """
        ways = functional.pad(self.melodic(hidden), (0, 1))  # zero for what has no pitch
        scores = ways.gather(1, self._melodic[last])
        above = functional.pad(self.harmonic(hidden).unflatten(1, (4, CHROMAS)), (0, 1))
        for voice in range(4):
            scores = scores + above[:, voice].gather(1, self._harmonic[seen[:, voice]])
        return scores
