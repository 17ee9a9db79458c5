"""Training pieces of a network that reads whole pieces: what is given of each, as arrays, in batches."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bachbot.chorale import VOICES, Chorale, Given
from bachbot.corpus.store import PreparedCorpus
from bachbot.encoding import FillRequest, Vocabulary, encode_conditioning
from bachbot.encoding.datastore import Datastore, Neighbors, build_datastore, retrieve
from bachbot.errors import TrainingError, UsageError
from bachbot.models.lookahead import Batch
from bachbot.training.config import TrainingConfig, changed
from bachbot.training.token_batches import drawn_shift, moved

_ALL = len(VOICES)


@dataclass(frozen=True)
class Mixture:
    """How often each question is asked.

    Parameters
    ----------
    soprano, voices, nothing, hole : float
        Shares of the pieces of which the soprano is given; any one, two or three voices; nothing;
        everything but some bars. They add up to 1.
    ending : float
        Share of the holes that last to the end: an opening is gone on with.
    tutti : float
        Share of the holes that are in all voices; the others are in any set of them.
    fermatas : float
        Share of the pieces whose fermatas are given too, all of them.

    Raises
    ------
    UsageError
        If a share cannot be, or the questions do not add up to 1.
    """

    soprano: float = 0.35
    voices: float = 0.40
    nothing: float = 0.10
    hole: float = 0.15
    ending: float = 0.35
    tutti: float = 0.5
    fermatas: float = 0.7

    def __post_init__(self) -> None:
        questions = (self.soprano, self.voices, self.nothing, self.hole)
        every = (*questions, self.ending, self.tutti, self.fermatas)
        if not all(0 <= share <= 1 for share in every) or not np.isclose(sum(questions), 1):
            raise UsageError(
                f"{self} is no mixture: give shares of 0 to 1, of which the first four make 1"
            )

    def with_nothing(self, share: float) -> "Mixture":
        """The same with nothing given in another share of the pieces, the rest in proportion."""
        scale = (1 - share) / (1 - self.nothing)
        others = {name: scale * getattr(self, name) for name in ("soprano", "voices", "hole")}
        return replace(self, nothing=share, **others)


MIXTURE = Mixture()
"""What a run asks: a tune to be harmonized more often than any other voices."""


def draw(
    frames: int,
    starts: NDArray[np.int64],
    random: np.random.Generator,
    mixture: Mixture = MIXTURE,
) -> Given:
    """Choose what is given of a piece.

    Parameters
    ----------
    frames : int
        Frames of the piece (T), 1 or more.
    starts : ndarray of int, shape [bars]
        First frame of each bar, 0 the first of them.
    random : Generator
        Follows from seed, epoch and step.
    mixture : Mixture
        How often what is asked.

    Returns
    -------
    Given
        Of shape [T, 4]; at least one cell is missing.
    """
    asked = random.random()
    if asked < mixture.soprano:
        cells = _voices(frames, 1)
    elif asked < mixture.soprano + mixture.voices:
        cells = _voices(frames, int(random.integers(1, 2**_ALL - 1)))
    elif asked < mixture.soprano + mixture.voices + mixture.nothing:
        cells = _voices(frames, 0)
    else:
        cells = _hole(np.append(starts, frames), random, mixture)
    return Given(cells, bool(random.random() < mixture.fermatas))


def _voices(frames: int, members: int) -> NDArray[np.bool_]:
    """Whole voices given, [T, 4]: those whose bit is set, the soprano's the lowest."""
    chosen = members >> np.arange(_ALL) & 1 > 0  # [4]
    return np.tile(chosen, (frames, 1))


def _hole(
    bars: NDArray[np.int64], random: np.random.Generator, mixture: Mixture
) -> NDArray[np.bool_]:
    """All given but one stretch of bars in one voice or more, [T, 4].

    The bars are told by the frames that they begin in, and the frame after the last one.
    """
    first = int(random.integers(len(bars) - 1))
    last = int(random.integers(first + 1, len(bars)))
    if random.random() < mixture.ending:
        last = len(bars) - 1
    everyone = 2**_ALL - 1
    members = everyone if random.random() < mixture.tutti else int(random.integers(1, everyone + 1))
    given = np.ones((bars[-1], _ALL), dtype=np.bool_)
    given[bars[first] : bars[last]] = ~_voices(1, members)
    return given


_SHUFFLE = 30.0
"""Standard deviation, in frames, of what is added to the lengths before pieces are put together:
a batch holds pieces of like length, but not the same ones every epoch."""


@dataclass(frozen=True, eq=False)
class Example:
    """A piece as the network reads it.

    Parameters
    ----------
    tokens : ndarray of int64, shape [T, 4]
        What each voice does.
    fermata, position : ndarray of int64, shape [T]
        As in `bachbot.models.lookahead.Batch`.
    bar, mode : int
        Likewise.
    starts : ndarray of int64, shape [bars]
        First frame of each bar.
    likest : Likest, optional
        What the library has for each cell, where there is one.
    """

    tokens: NDArray[np.int64]
    fermata: NDArray[np.int64]
    position: NDArray[np.int64]
    bar: int
    mode: int
    starts: NDArray[np.int64]
    likest: Neighbors | None = None

    @property
    def frames(self) -> int:
        """Length T."""
        return len(self.tokens)

    def transposed(self, semitones: int, vocabulary: Vocabulary) -> "Example":
        """The same so many semitones up, and what the library has for it."""
        if not semitones:
            return self
        likest = self.likest and self.likest.transposed(semitones, len(vocabulary))
        return replace(self, tokens=moved(self.tokens, semitones), likest=likest)


def example(chorale: Chorale, vocabulary: Vocabulary, *, heard: bool = True) -> Example:
    """A chorale of one frame or more as arrays.

    Parameters
    ----------
    chorale : Chorale
        In C major or A minor.
    vocabulary : Vocabulary
        What the tokens mean.
    heard : bool
        Whether meter, mode and fermatas are told, as in `bachbot.encoding.encode_conditioning`.

    Raises
    ------
    EncodingError
        If a pitch is outside the vocabulary.
    """
    # What is told of a piece that is given whole: stepping reads the same numbers.
    work = FillRequest(chorale, Given.voices(chorale.frames, VOICES))
    told = encode_conditioning([work], vocabulary, use_metadata=heard)
    return Example(
        tokens=told.tokens[0],
        fermata=told.fermata[0],
        position=told.position[0],
        bar=int(told.bar[0, 0]),
        mode=int(told.mode[0]),
        starts=chorale.bar_starts,
    )


def crop(piece: Example, most: int, random: np.random.Generator, vocabulary: Vocabulary) -> Example:
    """A stretch of a piece that is too long, from the beginning of a bar on.

    Parameters
    ----------
    piece : Sheet
        Comes back as it is if it is short enough.
    most : int
        Frames that are kept.
    random : Generator
        Chooses the bar.
    vocabulary : Vocabulary
        What the tokens mean.
    """
    if piece.frames <= most:
        return piece
    start = int(random.choice(piece.starts[piece.starts <= piece.frames - most]))
    stop = start + most
    tokens = piece.tokens[start:stop].copy()
    # A note held into it begins anew; its onset is the id below.
    tokens[0] -= vocabulary.tied_of[tokens[0]]
    inside = (piece.starts >= start) & (piece.starts < stop)
    return replace(
        piece,
        tokens=tokens,
        fermata=piece.fermata[start:stop],
        position=piece.position[start:stop],
        starts=piece.starts[inside] - start,
        likest=piece.likest and piece.likest.sliced(slice(start, stop)),
    )


def consulted(pieces: Sequence[Example], library: Datastore, none: int) -> list[Example]:
    """Pieces that are not of the library, with what it has for them.

    Parameters
    ----------
    pieces : sequence of Sheet
        In the keys that the library is in.
    library : Library
        Where to look.
    none : int
        How many tokens there are (V).
    """
    return [replace(p, likest=retrieve(library, p.tokens, none)) for p in pieces]


def collate(pieces: Sequence[Example], given: Sequence[Given], device: torch.device) -> Batch:
    """Pieces side by side, filled up with zeros.

    Parameters
    ----------
    pieces : sequence of Sheet
        One or more.
    given : sequence of Given
        What is given of each.
    device : torch.device
        Where the tensors go.
    """
    shape = len(pieces), max(p.frames for p in pieces)

    def padded(rows: Sequence[NDArray]) -> Tensor:
        out = np.zeros((*shape, *rows[0].shape[1:]), dtype=rows[0].dtype)
        for row, values in enumerate(rows):
            out[row, : len(values)] = values
        return torch.from_numpy(out).to(device)

    return Batch(
        tokens=padded([p.tokens for p in pieces]),
        given=padded([g.cells for g in given]),
        fermata=padded([p.fermata for p in pieces]),
        fermata_given=padded([np.asarray(g.fermatas) for g in given]),
        position=padded([p.position for p in pieces]),
        bar=padded([np.full(p.frames, p.bar) for p in pieces]),
        mode=torch.tensor([p.mode for p in pieces], device=device),
        length=torch.tensor([p.frames for p in pieces], device=device),
        neighbors=_abreast([p.likest for p in pieces if p.likest is not None], padded),
    )


def _abreast(
    found: Sequence[Neighbors], padded: Callable[[Sequence[NDArray]], Tensor]
) -> tuple[Tensor, Tensor, Tensor] | None:
    if not found:
        return None
    return (
        padded([f.tokens for f in found]),
        padded([f.soprano for f in found]),
        padded([f.past for f in found]),
    )


def with_library(config: TrainingConfig, corpus: PreparedCorpus) -> TrainingConfig:
    """The config of a network that looks up the training pieces, with room for them.

    Parameters
    ----------
    config : TrainingConfig
        Comes back as it is if nothing is looked up.
    corpus : PreparedCorpus
        What it is trained on.
    """
    if not config.lookup:
        return config
    frames = 1 + sum(c.frames + 1 for c in corpus.part("train", config.split))
    return changed(config, {"datastore_frames": frames})


class PieceDataset:
    """The training pieces, put together anew for every epoch.

    Pieces of like length go into a batch, and every batch is full, for which a few pieces are
    heard twice in an epoch. Each time, a piece may be transposed, is cut to the longest that is
    read at once, and is given in part. All of it follows from seed, epoch and step alone.

    Parameters
    ----------
    chorales : sequence of Chorale
        The training part, in C major or A minor.
    config : TrainingConfig
        Batch, longest stretch, seed and transposition; of kind ``"lookahead"``.
    vocabulary : Vocabulary
        What the ids mean.

    Attributes
    ----------
    library : Library or None
        The pieces themselves, where the config has them looked up; each finds all but itself.
    tokens : int
        Cells of all pieces.
    steps : int
        Batches, and so steps, an epoch.

    Raises
    ------
    TrainingError
        If there is no piece, or one without a frame.
    """

    def __init__(
        self, chorales: Sequence[Chorale], config: TrainingConfig, vocabulary: Vocabulary
    ) -> None:
        if not chorales or not all(c.frames for c in chorales):
            raise TrainingError(
                f"the training part of the split by {config.split} is empty, or a piece in it is: "
                "run 'bachbot corpus prepare --force'"
            )
        self._heard = getattr(config.model, "use_metadata", True)
        self._pieces = [example(c, vocabulary, heard=self._heard) for c in chorales]
        self.library = (
            Datastore(build_datastore([p.tokens for p in self._pieces])) if config.lookup else None
        )
        if self.library is not None:
            self._pieces = [
                replace(p, likest=retrieve(self.library, p.tokens, len(vocabulary), own))
                for p, own in zip(self._pieces, self.library.piece_slices, strict=True)
            ]
        self._config, self._vocabulary = config, vocabulary
        self._mixture = MIXTURE.with_nothing(config.nothing)
        self._order: tuple[int, NDArray[np.int64]] | None = None
        self.tokens = sum(p.tokens.size for p in self._pieces)
        self.steps = math.ceil(len(chorales) / config.batch)

    def batch(self, epoch: int, step: int) -> list[tuple[Example, Given]]:
        """The pieces of a step and what is given of each, the same at every call.

        Parameters
        ----------
        epoch, step : int
            Counted from 0, the step within the epoch.
        """
        if self._order is None or self._order[0] != epoch:
            self._order = epoch, self._dealt(epoch)
        # From 1, since a seed of zeros is that of none.
        random = np.random.default_rng([self._config.seed, epoch, step + 1])
        return [self._heard_as(self._pieces[i], random) for i in self._order[1][step]]

    def _dealt(self, epoch: int) -> NDArray[np.int64]:
        """The pieces of every step, [steps, batch]."""
        random = np.random.default_rng([self._config.seed, epoch])
        count, places = len(self._pieces), self.steps * self._config.batch
        chosen = np.append(np.arange(count), random.integers(count, size=places - count))
        lengths = np.array([p.frames for p in self._pieces])[chosen]
        order = chosen[np.argsort(lengths + random.normal(scale=_SHUFFLE, size=places))]
        return random.permutation(order.reshape(self.steps, self._config.batch))

    def _heard_as(self, piece: Example, random: np.random.Generator) -> tuple[Example, Given]:
        config = self._config
        shift = drawn_shift(piece.tokens, random, config, self._vocabulary)
        piece = piece.transposed(shift, self._vocabulary)
        piece = crop(piece, config.chunk, random, self._vocabulary)
        given = draw(piece.frames, piece.starts, random, self._mixture)
        if not self._heard:
            # Fermatas that are not told are not scored either.
            given = replace(given, fermatas=True)
        return piece, given
