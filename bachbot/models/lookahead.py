"""A network that reads all that is given of a piece before it writes what is missing.

An encoder, LSTM layers that run over the whole piece in both directions, reads the given notes, the
metrical position, the meter, the fermatas and the mode. A causal LSTM, the decoder, reads the
frames written so far beside the encoder's output, and a feed-forward frame decoder writes the
voices of a frame one after the other, each seeing those above it and every given one. An encoder of
the constraints under a causal decoder is the idea of Hadjeres and Nielsen, *Anticipation-RNN*, 2018
(https://arxiv.org/abs/1709.06404); the frame decoder is that of Boulanger-Lewandowski, Bengio and
Vincent, *Modeling temporal dependencies in high-dimensional sequences*, ICML 2012
(https://arxiv.org/abs/1206.6392), with given voices known beforehand. Tokens are scored as pitches
and as intervals, an earlier passage that matches may be copied, and the nearest neighbors in a
datastore of the training pieces may be followed (`bachbot.models.lookahead_layers`).

Shapes: B pieces side by side, T frames, 4 voices, V vocabulary, E embedding, H hidden units of the
decoder, G of the encoder in each direction, R numbers read of a frame, W units of the frame
decoder, N cells to be scored.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from bachbot.encoding import FERMATA
from bachbot.encoding.conditioning import (
    BARS,
    CLOCK_FRAMES,
    MAX_BEATS,
    MODES,
    POSITIONS,
    UNKNOWN,
)
from bachbot.models.lookahead_layers import (
    CopyMechanism,
    DatastoreAttention,
    Intervals,
    TokenEmbedding,
)
from bachbot.runtime.lookahead.config import (
    BAR_SIZE,
    ENDS_SIZE,
    FERMATA_SIZE,
    MODE_SIZE,
    POSITION_SIZE,
    SLOTS,
    LookaheadConfig,
)

__all__ = [
    "Batch",
    "LookaheadConfig",
    "LookaheadModel",
    "negative_log_likelihood",
    "without_metadata",
]


@dataclass(frozen=True, eq=False)
class Batch:
    """Pieces side by side, and what is given of them.

    Parameters
    ----------
    tokens : Tensor of int64, shape [B, T, 4]
        Tokens of each voice; ignored after a piece's end.
    given : Tensor of bool, shape [B, T, 4]
        Which of them the encoder reads.
    fermata : Tensor of int64, shape [B, T]
        1 under a fermata, 0 elsewhere.
    fermata_given : Tensor of bool, shape [B, T]
        Where the encoder reads it.
    position, bar : Tensor of int64, shape [B, T]
        Metrical position and length of the measure in frames, both from 1; 0 is unknown.
    mode : Tensor of int64, shape [B]
        0 unknown, 1 major, 2 minor.
    length : Tensor of int64, shape [B]
        Frames of each piece.
    neighbors : tuple of Tensor of int64, optional
        What the datastore has for each cell, as in `bachbot.encoding.datastore.Neighbors`: tokens
        of shape [B, T, 4, K, 4], `soprano` and `past` of shape [B, T, 4, K]. For a network that has
        a datastore.
    """

    tokens: Tensor
    given: Tensor
    fermata: Tensor
    fermata_given: Tensor
    position: Tensor
    bar: Tensor
    mode: Tensor
    length: Tensor
    neighbors: tuple[Tensor, Tensor, Tensor] | None = None

    @property
    def missing(self) -> Tensor:
        """What is to be written, bool [B, T, 5]: the fermata, then S, A, T, B."""
        at = torch.arange(self.given.shape[1], device=self.given.device)
        inside = at < self.length[:, None]  # [B, T]
        given = torch.cat([self.fermata_given[..., None], self.given], -1)  # [B, T, 5]
        return inside[..., None] & ~given


class LookaheadModel(nn.Module):
    """Scores every cell from all that is given and all that was written before it.

    Names of submodules are names of weights (see `bachbot.runtime.lookahead.config`).

    Parameters
    ----------
    config : LookaheadConfig
        Size.
    vocabulary : int
        Number of tokens (V); the id V stands for no token.
    """

    def __init__(self, config: LookaheadConfig, vocabulary: int) -> None:
        super().__init__()
        self.config = config
        self.vocabulary = vocabulary
        e, g, h, w = config.embedding, config.encoder, config.hidden, config.width
        self.embedding = TokenEmbedding(vocabulary, e)
        self.place = nn.Embedding(POSITIONS, POSITION_SIZE)
        self.bar = nn.Embedding(BARS, BAR_SIZE)
        self.mode = nn.Embedding(MODES, MODE_SIZE)
        self.pause = nn.Embedding(3, FERMATA_SIZE)
        self.ends = nn.Embedding(2 * (MAX_BEATS + 1), ENDS_SIZE)
        inputs = [config.read_size] + [2 * g] * (config.encoder_layers - 1)
        self.ahead = nn.ModuleList(nn.LSTM(n, g, batch_first=True) for n in inputs)
        self.back = nn.ModuleList(nn.LSTM(n, g, batch_first=True) for n in inputs)
        inputs = [config.frame_size + 2 * g] + [h] * (config.layers - 1)
        self.lstm = nn.ModuleList(nn.LSTM(n, h, batch_first=True) for n in inputs)
        self.frame = nn.Linear(h + 2 * g + config.read_size + config.frame_size, w)
        self.known = nn.Linear(config.frame_size, w, bias=False)
        self.slot = nn.Embedding(SLOTS, w)
        self.chain = nn.Linear(w, w)
        self.output = nn.Linear(w, vocabulary)
        self.intervals = Intervals(w, vocabulary)
        self.recall = CopyMechanism(e, w)
        frames = config.datastore_frames
        self.datastore = DatastoreAttention(w, frames) if frames else None
        with torch.no_grad():
            for name, value in self.named_parameters():
                if name.endswith("bias_ih_l0"):
                    size = len(value) // 4
                    value[size : 2 * size] = 1.0  # forget gates start open

    def forward(self, batch: Batch, wanted: Tensor | None = None) -> Tensor:
        """Score every cell.

        Parameters
        ----------
        batch : Batch
            The pieces, with their true tokens.
        wanted : Tensor of bool, shape [B, T, 5], optional
            Slots that are scored, such as `Batch.missing`, since the frame decoder is most of the
            cost (default: all).

        Returns
        -------
        logits : Tensor, shape [B, T, 5, V]
            Unnormalized log-probabilities; slot 0 holds in the column of FERMATA the log-odds of a
            fermata, slots 1 to 4 are S, A, T, B. Zeros where none are wanted.
        """
        if not self.config.use_metadata:
            batch = without_metadata(batch)
        none = self.vocabulary
        given = batch.tokens.masked_fill(~batch.given, none)  # [B, T, 4]
        read, context = self._encode(batch, given)  # [B, T, R], [B, T, 2 G]
        copied, of_copied = self.recall.find(batch.tokens, given, self.embedding)
        last = functional.pad(batch.tokens, (0, 0, 1, 0), value=none)[:, :-1]  # [B, T, 4]
        base = self._decode(batch, last, read, context) + of_copied  # [B, T, W]
        if wanted is None:
            wanted = torch.ones_like(batch.given[..., :1]).expand(-1, -1, SLOTS)
        piece, frame, slot = at = wanted.nonzero(as_tuple=True)  # [N] each
        known = self._known_tokens(batch, at)  # [N, 4]
        copied = copied[piece, frame]  # [N, 4]
        inputs = self.known(self._known_frame(batch, at, known)) + self.slot(slot).to(base.dtype)
        inputs = base[piece, frame] + (inputs + self.recall.agreement(copied, known, none))
        hidden = self._dropout(functional.relu(inputs))  # [N, W]
        hidden = self._dropout(functional.relu(hidden + self.chain(hidden)))  # [N, W]
        # A fermata belongs to no voice: it has no last note and copies nothing.
        voice = (slot - 1).clamp(min=0)[:, None]  # [N, 1]
        of_voice = slot > 0  # [N]
        last = last[piece, frame].gather(1, voice)[:, 0].where(of_voice, none)  # [N]
        copied = copied.gather(1, voice)[:, 0].where(of_voice, none)  # [N]
        known = known.where(of_voice[:, None], none)  # [N, 4]
        scores = self.output(hidden) + self.intervals(hidden, last, known)  # [N, V]
        scores = self.recall.add_scores(scores, hidden, copied)
        if self.datastore is not None:
            assert batch.neighbors is not None
            tokens, *lengths = (part[piece, frame, voice[:, 0]] for part in batch.neighbors)
            own = voice[:, None].expand(-1, tokens.shape[1], 1)  # [N, K, 1]
            tokens = tokens.gather(2, own)[..., 0].where(of_voice[:, None], none)  # [N, K]
            scores = self.datastore.add_scores(scores, hidden, tokens, (lengths[0], lengths[1]))
        return scores.new_zeros(*wanted.shape, none).index_put(at, scores)

    def _dropout(self, x: Tensor) -> Tensor:
        return functional.dropout(x, self.config.dropout, self.training)

    def _encode(self, batch: Batch, given: Tensor) -> tuple[Tensor, Tensor]:
        """Read what is given, [B, T, R], and encode it over the whole piece, [B, T, 2 G]."""
        frames = given.shape[1]
        at = torch.arange(frames, device=given.device).expand(len(given), frames)  # [B, T]
        left = (batch.length[:, None] - 1 - at).clamp(min=0)  # [B, T]
        fermata = batch.fermata.masked_fill(~batch.fermata_given, UNKNOWN)  # [B, T]
        read = torch.cat(
            [
                self.embedding(given).flatten(2),
                self.place(batch.position),
                self.bar(batch.bar),
                self.mode(batch.mode)[:, None].expand(-1, frames, -1),
                self.pause(fermata),
                self.ends((at // 4).clamp(max=MAX_BEATS)),
                self.ends((left // 4).clamp(max=MAX_BEATS) + MAX_BEATS + 1),
            ],
            -1,
        )  # [B, T, R]
        # Each piece is reversed within its own length, so that no padding is read.
        reversal = torch.where(at < batch.length[:, None], left, at)[..., None]  # [B, T, 1]
        x = read
        for ahead, back in zip(self.ahead, self.back, strict=True):
            forwards, _ = ahead(x)  # [B, T, G]
            backwards, _ = back(x.gather(1, reversal.expand_as(x)))  # [B, T, G]
            backwards = backwards.gather(1, reversal.expand_as(backwards))
            x = self._dropout(torch.cat([forwards, backwards], -1))  # [B, T, 2 G]
        return read, x

    def _decode(self, batch: Batch, last: Tensor, read: Tensor, context: Tensor) -> Tensor:
        """Read the frames written so far: the input of the frame decoder, [B, T, W]."""
        if self.training and self.config.token_dropout:
            hide = torch.rand(last.shape, device=last.device) < self.config.token_dropout
            last = last.masked_fill(hide, self.vocabulary)
        fermata = functional.pad(batch.fermata, (1, 0))[:, :-1]  # [B, T]
        past = torch.cat([self.embedding(last).flatten(2), self.pause(fermata)], -1)
        x = torch.cat([past, context], -1)  # [B, T, 4 E + 16 + 2 G]
        for layer in self.lstm:
            x, _ = layer(x)  # [B, T, H]
            x = self._dropout(x)
        return self.frame(torch.cat([x, context, read, past], -1))

    def _known_tokens(self, batch: Batch, at: tuple[Tensor, ...]) -> Tensor:
        """Tokens of a frame that are known when each of N slots is written, [N, 4]; else V.

        `at` is piece, frame and slot, [N] each.
        """
        *frame, slot = at
        voice = torch.arange(4, device=slot.device)
        known = (voice < slot[:, None] - 1) | batch.given[*frame]  # [N, 4]
        return batch.tokens[*frame].masked_fill(~known, self.vocabulary)

    def _known_frame(self, batch: Batch, at: tuple[Tensor, ...], known: Tensor) -> Tensor:
        """All that is known of a frame when each of N slots is written, [N, 4 E + 16]."""
        *frame, slot = at
        fermata_known = (slot > 0) | batch.fermata_given[*frame]  # [N]
        fermata = batch.fermata[*frame].masked_fill(~fermata_known, UNKNOWN)  # [N]
        return torch.cat([self.embedding(known).flatten(1), self.pause(fermata)], -1)


def without_metadata(batch: Batch) -> Batch:
    """Pieces as a network reads them that uses no metadata.

    The same numbers as those of `bachbot.encoding.encode_conditioning` without metadata.
    """
    frames = batch.position.shape[1]
    clock = torch.arange(frames, device=batch.position.device) % CLOCK_FRAMES + 1  # [T]
    return replace(
        batch,
        fermata=torch.zeros_like(batch.fermata),
        fermata_given=torch.ones_like(batch.fermata_given),
        position=clock.expand_as(batch.position),
        bar=torch.zeros_like(batch.bar),
        mode=torch.zeros_like(batch.mode),
    )


def negative_log_likelihood(logits: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    """Negative log-likelihood of each cell and each fermata, in nats.

    Parameters
    ----------
    logits : Tensor, shape [B, T, 5, V]
        From `LookaheadModel`.
    batch : Batch
        The pieces.

    Returns
    -------
    cells : Tensor, shape [B, T, 4]
        Of each voice's token, given or not.
    fermatas : Tensor, shape [B, T]
        Of the fermata, or of there being none.
    """
    logits = logits.float()
    voices = logits[:, :, 1:]  # [B, T, 4, V]
    cells = functional.cross_entropy(
        voices.flatten(0, 2), batch.tokens.flatten(), reduction="none"
    ).view(batch.tokens.shape)
    fermatas = functional.binary_cross_entropy_with_logits(
        logits[:, :, 0, FERMATA], batch.fermata.float(), reduction="none"
    )
    return cells, fermatas
