"""Parts of the lookahead network: token embeddings, intervals, copy mechanism, datastore.

Names of submodules are names of weights (see `bachbot.runtime.lookahead.config`).

Shapes: B pieces, T frames, N cells to be scored, K neighbors of a cell, V vocabulary, E embedding,
W units of the frame decoder.
"""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from bachbot.encoding import FIRST_PITCH
from bachbot.encoding.copying import LENGTH_BOUNDS, find_copies
from bachbot.encoding.token_intervals import (
    MELODIC_INTERVALS,
    PITCH_CLASSES,
    harmonic_intervals,
    melodic_intervals,
)
from bachbot.runtime.lookahead.config import LENGTH_SIZE


class TokenEmbedding(nn.Module):
    """A token as the sum of what it is by itself, its pitch, its pitch class, and onset or tie.

    Parameters
    ----------
    vocabulary : int
        Number of tokens (V); one more id, V, stands for none.
    size : int
        Size of an embedding (E).
    """

    def __init__(self, vocabulary: int, size: int) -> None:
        super().__init__()
        pitches = (vocabulary - FIRST_PITCH) // 2
        self.token = nn.Embedding(vocabulary + 1, size)
        self.pitch = nn.Embedding(pitches, size)
        self.chroma = nn.Embedding(PITCH_CLASSES, size)
        self.tie = nn.Embedding(2, size)
        nn.init.normal_(self.token.weight, std=0.3)

    @property
    def weight(self) -> Tensor:
        """The table of the sums, [V + 1, E]."""
        pitches = len(self.pitch.weight)
        pitch_class = torch.arange(pitches, device=self.chroma.weight.device) % PITCH_CLASSES
        sums = (
            self.pitch.weight[:, None] + self.chroma.weight[pitch_class][:, None] + self.tie.weight
        )  # [P, 2, E]
        return self.token.weight + functional.pad(sums.flatten(0, 1), (0, 0, FIRST_PITCH, 1))

    def forward(self, ids: Tensor) -> Tensor:
        """Embeddings of tokens, [...] to [..., E]."""
        return functional.embedding(ids, self.weight)


class Intervals(nn.Module):
    """Scores of tokens by their intervals from the voice's last note and from the other voices.

    There is a score for each leap and for each interval above each voice, instead of for each pitch
    alone: a fifth is a fifth wherever it starts. Relative positions as in Huang and others, *Music
    Transformer*, ICLR 2019 (https://arxiv.org/abs/1809.04281), in pitch instead of time.

    Parameters
    ----------
    width : int
        Units that the scores are computed from (W).
    vocabulary : int
        Number of tokens (V).
    """

    def __init__(self, width: int, vocabulary: int) -> None:
        super().__init__()
        self.melodic = nn.Linear(width, MELODIC_INTERVALS)
        self.harmonic = nn.Linear(width, 4 * PITCH_CLASSES)
        for layer in (self.melodic, self.harmonic):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
        self._melodic: Tensor
        self._harmonic: Tensor
        for name, table in (
            ("_melodic", melodic_intervals(vocabulary)),
            ("_harmonic", harmonic_intervals(vocabulary)),
        ):
            self.register_buffer(name, torch.from_numpy(np.array(table)), persistent=False)

    def forward(self, hidden: Tensor, last: Tensor, known: Tensor) -> Tensor:
        """Compute what the intervals add to the scores, [N, V].

        Parameters
        ----------
        hidden : Tensor, shape [N, W]
            Of the frame decoder.
        last : Tensor of int64, shape [N]
            The voice's token in the frame before; V for none.
        known : Tensor of int64, shape [N, 4]
            Tokens of the frame that are known by then; V where none is.
        """
        melodic = functional.pad(self.melodic(hidden), (0, 1))  # [N, 52]; 0 where there is no pitch
        scores = melodic.gather(1, self._melodic[last])  # [N, V]
        harmonic = self.harmonic(hidden).unflatten(1, (4, PITCH_CLASSES))  # [N, 4, 12]
        harmonic = functional.pad(harmonic, (0, 1))  # [N, 4, 13]
        for voice in range(4):
            scores = scores + harmonic[:, voice].gather(1, self._harmonic[known[:, voice]])
        return scores


NEIGHBOR_DROPOUT = 0.7
"""Share of the cells that see no neighbors in training: otherwise the rest of the network learns
too little, since it can rely on them."""


class DatastoreAttention(nn.Module):
    """Scores for writing what the nearest neighbors in the datastore wrote.

    The neighbors' tokens are not read otherwise: they would tell the network which training piece
    it is in.

    Parameters
    ----------
    width : int
        Units that the scores are computed from (W).
    frames : int
        Frames of the datastore, which is saved with the weights, so that what is written later
        retrieves from the pieces that it was trained on.
    """

    def __init__(self, width: int, frames: int) -> None:
        super().__init__()
        self.soprano = nn.Embedding(len(LENGTH_BOUNDS) + 1, LENGTH_SIZE)
        self.past = nn.Embedding(len(LENGTH_BOUNDS) + 1, LENGTH_SIZE)
        self.query = nn.Linear(width, 2 * LENGTH_SIZE)
        self.register_buffer("tokens", torch.zeros(frames, 4))

    def add_scores(
        self, scores: Tensor, hidden: Tensor, tokens: Tensor, lengths: tuple[Tensor, Tensor]
    ) -> Tensor:
        """Add to the scores of N cells, [N, V], for the tokens that their neighbors have.

        Parameters
        ----------
        scores : Tensor, shape [N, V]
            Scores so far.
        hidden : Tensor, shape [N, W]
            Of the frame decoder.
        tokens : Tensor of int64, shape [N, K]
            Token of the cell's own voice in each neighbor; V where there is none.
        lengths : tuple of Tensor of int64, shape [N, K]
            How long the soprano and all voices match: classes of lengths.
        """
        none = scores.shape[1]
        if self.training:
            hide = torch.rand(len(tokens), 1, device=tokens.device) < NEIGHBOR_DROPOUT
            tokens = tokens.masked_fill(hide, none)
        keys = torch.cat([self.soprano(lengths[0]), self.past(lengths[1])], -1)  # [N, K, 16]
        bonus = torch.einsum("nd,nkd->nk", self.query(hidden), keys) * (tokens != none)  # [N, K]
        return scores.scatter_add(1, tokens.clamp(max=none - 1), bonus.to(scores.dtype))


class CopyMechanism(nn.Module):
    """What the earlier frame whose context matches best adds to a frame, and a score for copying.

    Parameters
    ----------
    embedding : int
        Size of a token's embedding (E).
    width : int
        Units of the frame decoder (W).
    """

    def __init__(self, embedding: int, width: int) -> None:
        super().__init__()
        self.past = nn.Embedding(len(LENGTH_BOUNDS) + 1, LENGTH_SIZE)
        self.ahead = nn.Embedding(len(LENGTH_BOUNDS) + 1, LENGTH_SIZE)
        self.sum = nn.Linear(4 * embedding + 2 * LENGTH_SIZE, width, bias=False)
        self.agreed = nn.Embedding(2, width)
        self.again = nn.Linear(width, 1)
        nn.init.zeros_(self.agreed.weight)

    def find(
        self, tokens: Tensor, given: Tensor, embedding: TokenEmbedding
    ) -> tuple[Tensor, Tensor]:
        """Find the frame that each frame may copy.

        Parameters
        ----------
        tokens : Tensor of int64, shape [B, T, 4]
            The true tokens.
        given : Tensor of int64, shape [B, T, 4]
            Those that are given, V elsewhere.
        embedding : TokenEmbedding
            The network's; V stands for none.

        Returns
        -------
        copied : Tensor of int64, shape [B, T, 4]
            The tokens of that frame, V where there is none.
        inputs : Tensor, shape [B, T, W]
            What it adds to the input of the frame decoder.
        """
        none = embedding.token.num_embeddings - 1
        found = find_copies(tokens.cpu().numpy(), given.cpu().numpy(), none)
        distance, past, ahead = (
            torch.from_numpy(part).to(tokens.device)
            for part in (found.distance, found.past, found.ahead)
        )  # [B, T] each
        source = torch.arange(tokens.shape[1], device=tokens.device) - distance  # [B, T]
        copied = tokens.gather(1, source[..., None].expand_as(tokens))  # [B, T, 4]
        copied = copied.masked_fill(distance[..., None] == 0, none)
        lengths = torch.cat([self.past(past), self.ahead(ahead)], -1)  # [B, T, 16]
        return copied, self.sum(torch.cat([embedding(copied).flatten(2), lengths], -1))

    def agreement(self, copied: Tensor, known: Tensor, none: int) -> Tensor:
        """Compute what is added if the frame agrees with the copied one so far, [N, W].

        Parameters
        ----------
        copied, known : Tensor of int64, shape [N, 4]
            Tokens of the copied frame, and those of this frame that are known by then.
        none : int
            What they hold where there is no token (V).
        """
        agrees = ((copied == known) | (known == none)).all(-1) & (copied[:, 0] != none)  # [N]
        return self.agreed(agrees.long())

    def add_scores(self, scores: Tensor, hidden: Tensor, copied: Tensor) -> Tensor:
        """Add to the scores of N cells, [N, V], for the token that may be copied.

        Parameters
        ----------
        scores : Tensor, shape [N, V]
            Scores so far.
        hidden : Tensor, shape [N, W]
            Of the frame decoder.
        copied : Tensor of int64, shape [N]
            Token of the cell's own voice in the copied frame; V where there is none.
        """
        none = scores.shape[1]
        bonus = self.again(hidden) * (copied != none)[:, None]  # [N, 1]
        at = copied.clamp(max=none - 1)[:, None]
        return scores.scatter_add(1, at, bonus.to(scores.dtype))
