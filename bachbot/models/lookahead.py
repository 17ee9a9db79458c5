"""A network that reads all that is given of a piece before it writes what is missing.

An encoder, LSTM layers that run over the whole piece both ways, reads the given notes, the place
in the bar, the meter, the fermatas and the mode. A causal LSTM reads the frames that are written so
far beside it, and a feed-forward chain writes the voices of a frame one after the other, each
seeing those above it and every given one. The idea of an encoder of the constraints under a causal
decoder is that of Hadjeres and Nielsen, *Anticipation-RNN*, 2018 (https://arxiv.org/abs/1709.06404);
the chain within a frame is that of Boulanger-Lewandowski, Bengio and Vincent, *Modeling temporal
dependencies in high-dimensional sequences*, ICML 2012, with given voices known beforehand. Tokens
are scored as pitches and as intervals from the notes around them (`bachbot.models.lookahead_layers`), and
an earlier passage that went the same way is shown beside the frame (`bachbot.models.lookahead_layers`).

Shapes: B pieces side by side, T frames, 4 voices, V vocabulary, E embedding, H hidden units of the
decoder, G of the encoder in each direction, W units of the chain.
"""

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from bachbot.encoding import FERMATA
from bachbot.encoding.conditioning import BARS, CLOCK, FAR, MODES, POSITIONS, UNKNOWN
from bachbot.encoding.datastore import MOST_FRAMES
from bachbot.errors import UsageError
from bachbot.models.lookahead_layers import (
    CopyMechanism,
    DatastoreAttention,
    Intervals,
    TokenEmbedding,
)

SLOTS = 5
"""What is written in a frame: the fermata or none, then S, A, T, B."""


@dataclass(frozen=True)
class LookaheadConfig:
    """Size and regularization of the network.

    Parameters
    ----------
    embedding : int
        Numbers that stand for a token (E), 1 or more.
    encoder_layers : int
        Layers of the encoder, each of two directions, 1 to 16.
    encoder : int
        Units of each direction (G), 1 or more.
    layers : int
        Layers of the decoder, 1 to 16.
    hidden : int
        Units of each (H), 1 or more.
    width : int
        Units of the chain that writes a frame (W), 1 or more.
    dropout : float
        Share of outputs set to zero while training, 0 up to but not including 1.
    forgetting : float
        Share of the tokens read by the decoder that are hidden from it while training, 0 up to but
        not including 1.
    told : bool
        Whether place, meter, mode and fermatas are read at all. Without, as suits music of which
        they are not known, whatever comes is taken for unknown, every frame for one that was given
        without a fermata, and a clock that sets out with the piece stands for the place.
    library : int
        Frames of the training pieces that it looks up as it goes (`bachbot.encoding.datastore`), 0 to
        1,048,576; with 0 it looks up nothing.

    Raises
    ------
    UsageError
        If a value cannot be; the message names every fault.
    """

    embedding: int = 48
    encoder_layers: int = 2
    encoder: int = 128
    layers: int = 2
    hidden: int = 256
    width: int = 512
    dropout: float = 0.3
    forgetting: float = 0.05
    told: bool = True
    library: int = 0

    def __post_init__(self) -> None:
        most = {
            "embedding": 4096, "encoder_layers": 16, "encoder": 8192,
            "layers": 16, "hidden": 8192, "width": 8192,
        }  # fmt: skip
        faults = [
            f"{name} is {getattr(self, name)}: give 1 to {bound}"
            for name, bound in most.items()
            if not 1 <= getattr(self, name) <= bound
        ]
        faults += [
            f"{name} is {getattr(self, name)}: give 0 or more, less than 1"
            for name in ("dropout", "forgetting")
            if not 0 <= getattr(self, name) < 1
        ]
        if not 0 <= self.library <= MOST_FRAMES:
            faults.append(f"library is {self.library}: give 0 to {MOST_FRAMES}")
        if faults:
            raise UsageError("; ".join(faults))


@dataclass(frozen=True, eq=False)
class Batch:
    """Pieces side by side, and what is given of them.

    Parameters
    ----------
    tokens : Tensor of int64, shape [B, T, 4]
        What each voice does; of no account after a piece's end.
    given : Tensor of bool, shape [B, T, 4]
        Which of it the encoder reads.
    fermata : Tensor of int64, shape [B, T]
        1 under a fermata, 0 elsewhere.
    fermata_given : Tensor of bool, shape [B, T]
        Where that is told to the encoder.
    position, bar : Tensor of int64, shape [B, T]
        Place in the bar and length of the bar in frames, both from 1; 0 is unknown.
    mode : Tensor of int64, shape [B]
        0 unknown, 1 major, 2 minor.
    length : Tensor of int64, shape [B]
        Frames of each piece.
    library : tuple of Tensor of int64, optional
        What the library has for each cell, as `bachbot.encoding.datastore.Neighbors` has it: tokens of
        shape [B, T, 4, K, 4], `tune` and `past` of shape [B, T, 4, K]. For a network that looks up.
    """

    tokens: Tensor
    given: Tensor
    fermata: Tensor
    fermata_given: Tensor
    position: Tensor
    bar: Tensor
    mode: Tensor
    length: Tensor
    library: tuple[Tensor, Tensor, Tensor] | None = None

    @property
    def missing(self) -> Tensor:
        """What is to be written, bool [B, T, 5]: the fermata, then S, A, T, B."""
        at = torch.arange(self.given.shape[1], device=self.given.device)
        inside = at < self.length[:, None]  # [B, T]
        given = torch.cat([self.fermata_given[..., None], self.given], -1)
        return inside[..., None] & ~given


class LookaheadModel(nn.Module):
    """Scores of what stands in every cell, from all that is given and all that was written before.

    Parameters
    ----------
    config : LookaheadConfig
        Size.
    vocabulary : int
        How many tokens there are (V).
    """

    def __init__(self, config: LookaheadConfig, vocabulary: int) -> None:
        super().__init__()
        self.config = config
        self.vocabulary = vocabulary
        e, g, h, w = config.embedding, config.encoder, config.hidden, config.width
        self.embedding = TokenEmbedding(vocabulary, e)
        self.position = nn.Embedding(POSITIONS, 32)
        self.bar = nn.Embedding(BARS, 16)
        self.mode = nn.Embedding(MODES, 8)
        self.pause = nn.Embedding(3, 16)
        self.ends = nn.Embedding(2 * (FAR + 1), 8)
        read = 4 * e + 32 + 16 + 8 + 16 + 8 + 8
        inputs = [read] + [2 * g] * (config.encoder_layers - 1)
        self.ahead = nn.ModuleList(nn.LSTM(n, g, batch_first=True) for n in inputs)
        self.back = nn.ModuleList(nn.LSTM(n, g, batch_first=True) for n in inputs)
        inputs = [4 * e + 16 + 2 * g] + [h] * (config.layers - 1)
        self.lstm = nn.ModuleList(nn.LSTM(n, h, batch_first=True) for n in inputs)
        self.frame = nn.Linear(h + 2 * g + read + 4 * e + 16, w)
        self.known = nn.Linear(4 * e + 16, w, bias=False)
        self.slot = nn.Embedding(SLOTS, w)
        self.chain = nn.Linear(w, w)
        self.output = nn.Linear(w, vocabulary)
        self.intervals = Intervals(w, vocabulary)
        self.recall = CopyMechanism(e, w)
        self.library = DatastoreAttention(w, config.library) if config.library else None
        with torch.no_grad():
            for name, value in self.named_parameters():
                if name.endswith("bias_ih_l0"):
                    size = len(value) // 4
                    value[size : 2 * size] = 1.0  # forget gates that begin open

    def forward(self, works: Batch, wanted: Tensor | None = None) -> Tensor:
        """Score what stands in every cell.

        Parameters
        ----------
        works : Works
            The pieces, with their true tokens.
        wanted : Tensor of bool, shape [B, T, 5], optional
            Slots that are scored, such as `Works.missing`: the chain is most of the work. All
            unless given.

        Returns
        -------
        logits : Tensor, shape [B, T, 5, V]
            Unnormalized log-probabilities; slot 0 holds in the column of FERMATA the log-odds of a
            fermata, slots 1 to 4 are S, A, T, B. Zeros where none are wanted.
        """
        drop = self.config.dropout
        if not self.config.told:
            works = unconditional(works)
        none = self.vocabulary
        shown = works.tokens.masked_fill(~works.given, none)
        read, context = self._encode(works, shown)
        recalled, of_recalled = self.recall.read(works.tokens, shown, self.embedding)
        last = before = functional.pad(works.tokens, (0, 0, 1, 0), value=none)[:, :-1]  # [B, T, 4]
        if self.training and self.config.forgetting:
            hide = torch.rand(before.shape, device=before.device) < self.config.forgetting
            before = before.masked_fill(hide, none)
        paused = functional.pad(works.fermata, (1, 0))[:, :-1]  # [B, T]
        past = torch.cat([self.embedding(before).flatten(2), self.pause(paused)], -1)
        x = torch.cat([past, context], -1)
        for layer in self.lstm:
            x, _ = layer(x)
            x = functional.dropout(x, drop, self.training)
        base = self.frame(torch.cat([x, context, read, past], -1)) + of_recalled  # [B, T, W]
        if wanted is None:
            wanted = torch.ones_like(works.given[..., :1]).expand(-1, -1, SLOTS)
        piece, frame, slot = at = wanted.nonzero(as_tuple=True)  # [N] each
        seen = self._seen(works, at)  # [N, 4]
        recalled = recalled[piece, frame]
        now = self.known(self._known(works, at, seen)) + self.slot(slot).to(base.dtype)
        now = now + self.recall.agreement(recalled, seen, none)
        hidden = functional.relu(base[piece, frame] + now)  # [N, W]
        hidden = functional.dropout(hidden, drop, self.training)
        hidden = functional.relu(hidden + self.chain(hidden))
        hidden = functional.dropout(hidden, drop, self.training)
        # A fermata is of no voice: as of one that has no last note and recalls nothing.
        own = (slot - 1).clamp(min=0)[:, None]
        of_voice = slot > 0
        last = last[piece, frame].gather(1, own)[:, 0].where(of_voice, none)
        recalled = recalled.gather(1, own)[:, 0].where(of_voice, none)
        above = seen.where(of_voice[:, None], none)
        scores = self.output(hidden) + self.intervals(hidden, last, above)  # [N, V]
        scores = self.recall.repeated(scores, hidden, recalled)
        if self.library is not None:
            assert works.library is not None
            theirs, tune, past = (part[piece, frame, own[:, 0]] for part in works.library)
            theirs = theirs.gather(2, own[:, None].expand(-1, theirs.shape[1], 1))[..., 0]  # [N, K]
            theirs = theirs.where(of_voice[:, None], none)
            scores = self.library.followed(scores, hidden, theirs, (tune, past))
        return scores.new_zeros(*wanted.shape, none).index_put(at, scores)

    def _encode(self, works: Batch, shown: Tensor) -> tuple[Tensor, Tensor]:
        """What is given, [B, T, R], and what was made of it over the whole piece, [B, T, 2 G]."""
        frames = shown.shape[1]
        at = torch.arange(frames, device=shown.device).expand(len(shown), frames)  # [B, T]
        left = (works.length[:, None] - 1 - at).clamp(min=0)
        pause = works.fermata.masked_fill(~works.fermata_given, UNKNOWN)
        mode = self.mode(works.mode)[:, None].expand(-1, frames, -1)
        read = torch.cat(
            [
                self.embedding(shown).flatten(2),
                self.position(works.position),
                self.bar(works.bar),
                mode,
                self.pause(pause),
                self.ends((at // 4).clamp(max=FAR)),
                self.ends((left // 4).clamp(max=FAR) + FAR + 1),
            ],
            -1,
        )  # [B, T, R]
        # Each piece turned round within its own length, so that no padding is read.
        turned = torch.where(at < works.length[:, None], left, at)
        x = read
        for ahead, back in zip(self.ahead, self.back, strict=True):
            forth, _ = ahead(x)
            again, _ = back(x.gather(1, turned[..., None].expand_as(x)))
            again = again.gather(1, turned[..., None].expand_as(again))
            x = functional.dropout(
                torch.cat([forth, again], -1), self.config.dropout, self.training
            )
        return read, x

    def _seen(self, works: Batch, at: tuple[Tensor, ...]) -> Tensor:
        """Which tokens of a frame are known when each of N slots is written, [N, 4]; else V.

        Where they are is told by piece, frame and slot, [N] each.
        """
        *where, slot = at
        voice = torch.arange(4, device=slot.device)
        seen = (voice < slot[:, None] - 1) | works.given[*where]  # [N, 4]
        return works.tokens[*where].masked_fill(~seen, self.vocabulary)

    def _known(self, works: Batch, at: tuple[Tensor, ...], seen: Tensor) -> Tensor:
        """All that is known of a frame when each of N slots is written, [N, 4 E + 16]."""
        *where, slot = at
        told = (slot > 0) | works.fermata_given[*where]  # [N]
        pause = works.fermata[*where].masked_fill(~told, UNKNOWN)
        return torch.cat([self.embedding(seen).flatten(1), self.pause(pause)], -1)


def unconditional(works: Batch) -> Batch:
    """Pieces as a network hears them that is told the notes alone.

    The same numbers as `bachbot.encoding.encode_conditioning` gives a network that is not told.
    """
    clock = torch.arange(works.position.shape[1], device=works.position.device) % CLOCK + 1
    return replace(
        works,
        fermata=torch.zeros_like(works.fermata),
        fermata_given=torch.ones_like(works.fermata_given),
        position=clock.expand_as(works.position),
        bar=torch.zeros_like(works.bar),
        mode=torch.zeros_like(works.mode),
    )


def negative_log_likelihood(logits: Tensor, works: Batch) -> tuple[Tensor, Tensor]:
    """What each cell and each fermata cost.

    Parameters
    ----------
    logits : Tensor, shape [B, T, 5, V]
        From `LookaheadModel`.
    works : Works
        The pieces.

    Returns
    -------
    cells : Tensor, shape [B, T, 4]
        Minus log-probability of each voice's token, given ones counted as any other.
    fermatas : Tensor, shape [B, T]
        Of the fermata, or of there being none.
    """
    logits = logits.float()
    voices = logits[:, :, 1:]
    cells = functional.cross_entropy(
        voices.flatten(0, 2), works.tokens.flatten(), reduction="none"
    ).view(works.tokens.shape)
    fermatas = functional.binary_cross_entropy_with_logits(
        logits[:, :, 0, FERMATA], works.fermata.float(), reduction="none"
    )
    return cells, fermatas
