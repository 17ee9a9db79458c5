"""The parts of the lookahead network: embeddings by interval, the copy mechanism, the datastore."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from bachbot.encoding import FIRST_PITCH
from bachbot.encoding.copying import BOUNDS, find_copies
from bachbot.encoding.token_intervals import CHROMAS, MELODIC, harmonic, melodic


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


HIDDEN = 0.7
"""Share of the cells that hear of no candidate while training: else the rest of the network learns
too little, since the candidates are there to be leant on."""


class DatastoreAttention(nn.Module):
    """Scores for writing what the frames of the library that go likest wrote.

    What they are is not read otherwise: it would tell the network which training piece it is in.

    Parameters
    ----------
    width : int
        Units that the scores are made of (W).
    frames : int
        Of the library. It travels with the weights, so that what is written later is looked up
        where it was learned.
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


class CopyMechanism(nn.Module):
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
        found = find_copies(tokens.cpu().numpy(), shown.cpu().numpy(), none)
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
