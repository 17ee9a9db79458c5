"""Training data of a model that reads whole pieces: what is given of each piece, and batches."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from bachbot.chorale import VOICES, Chorale, Given
from bachbot.encoding import FIRST_PITCH, FillRequest, Vocabulary, encode_conditioning
from bachbot.encoding.datastore import Datastore, Neighbors, build_datastore, retrieve
from bachbot.errors import TrainingError, UsageError
from bachbot.models.lookahead import Batch
from bachbot.training.config import DataConfig

_ALL = len(VOICES)


@dataclass(frozen=True)
class MaskMixture:
    """How often each kind of mask is sampled. A mask says which cells of a piece are given.

    Parameters
    ----------
    soprano, voices, unconditional, infill : float
        Shares of the pieces in which the soprano is given; any one, two or three voices; nothing;
        everything except some bars. They add up to 1.
    continuation : float
        Share of the infilling masks whose missing bars last until the end of the piece.
    all_voices : float
        Share of the infilling masks in which all voices are missing; in the others it is any set
        of voices.
    fermatas : float
        Share of the pieces of which all fermatas are given too.

    Raises
    ------
    UsageError
        If a share is out of range, or the first four do not add up to 1.
    """

    soprano: float = 0.35
    voices: float = 0.40
    unconditional: float = 0.10
    infill: float = 0.15
    continuation: float = 0.35
    all_voices: float = 0.5
    fermatas: float = 0.7

    def __post_init__(self) -> None:
        kinds = (self.soprano, self.voices, self.unconditional, self.infill)
        shares = (*kinds, self.continuation, self.all_voices, self.fermatas)
        if not all(0 <= share <= 1 for share in shares) or not np.isclose(sum(kinds), 1):
            raise UsageError(
                f"{self} is no mixture: give shares from 0 to 1, the first four with a sum of 1"
            )

    def with_unconditional(self, share: float) -> "MaskMixture":
        """The same mixture with another share of unconditional pieces, the others in proportion."""
        scale = (1 - share) / (1 - self.unconditional)
        others = {name: scale * getattr(self, name) for name in ("soprano", "voices", "infill")}
        return replace(self, unconditional=share, **others)


MIXTURE = MaskMixture()
"""The default mixture: a soprano to be harmonized is sampled more often than other masks."""


def sample_given(
    frames: int,
    bar_starts: NDArray[np.int64],
    random: np.random.Generator,
    mixture: MaskMixture = MIXTURE,
) -> Given:
    """Sample what is given of a piece.

    Parameters
    ----------
    frames : int
        Frames of the piece (T), 1 or more.
    bar_starts : ndarray of int, shape [bars]
        First frame of each bar; the first is 0.
    random : Generator
        Source of randomness.
    mixture : MaskMixture
        How often each kind of mask is sampled.

    Returns
    -------
    Given
        Of shape [T, 4]; at least one cell is missing.
    """
    kind = random.random()
    if kind < mixture.soprano:
        cells = _whole_voices(frames, 1)
    elif kind < mixture.soprano + mixture.voices:
        cells = _whole_voices(frames, int(random.integers(1, 2**_ALL - 1)))
    elif kind < mixture.soprano + mixture.voices + mixture.unconditional:
        cells = _whole_voices(frames, 0)
    else:
        cells = _all_but_some_bars(np.append(bar_starts, frames), random, mixture)
    return Given(cells, bool(random.random() < mixture.fermatas))


def _whole_voices(frames: int, members: int) -> NDArray[np.bool_]:
    """Mask with whole voices given, [T, 4]: those whose bit is set, the soprano's the lowest."""
    chosen = members >> np.arange(_ALL) & 1 > 0  # [4]
    return np.tile(chosen, (frames, 1))


def _all_but_some_bars(
    bounds: NDArray[np.int64], random: np.random.Generator, mixture: MaskMixture
) -> NDArray[np.bool_]:
    """Mask with everything given except one stretch of bars in one voice or more, [T, 4].

    The bounds are the first frames of the bars, and the number of frames.
    """
    first = int(random.integers(len(bounds) - 1))
    last = int(random.integers(first + 1, len(bounds)))
    if random.random() < mixture.continuation:
        last = len(bounds) - 1
    every = 2**_ALL - 1
    members = every if random.random() < mixture.all_voices else int(random.integers(1, every + 1))
    given = np.ones((bounds[-1], _ALL), dtype=np.bool_)
    given[bounds[first] : bounds[last]] = ~_whole_voices(1, members)
    return given


@dataclass(frozen=True, eq=False)
class Example:
    """A piece as the network reads it.

    Parameters
    ----------
    tokens : ndarray of int64, shape [T, 4]
        Token of each voice in each frame.
    fermata, position : ndarray of int64, shape [T]
        As in `bachbot.models.lookahead.Batch`.
    bar, mode : int
        Likewise.
    bar_starts : ndarray of int64, shape [bars]
        First frame of each bar.
    neighbors : Neighbors, optional
        What the datastore has for each cell, where there is one.
    """

    tokens: NDArray[np.int64]
    fermata: NDArray[np.int64]
    position: NDArray[np.int64]
    bar: int
    mode: int
    bar_starts: NDArray[np.int64]
    neighbors: Neighbors | None = None

    @property
    def frames(self) -> int:
        """Length T."""
        return len(self.tokens)

    def transposed(self, semitones: int, vocabulary: Vocabulary) -> "Example":
        """The same example transposed up, and its neighbors likewise."""
        if not semitones:
            return self
        neighbors = self.neighbors and self.neighbors.transposed(semitones, len(vocabulary))
        return replace(self, tokens=transpose_ids(self.tokens, semitones), neighbors=neighbors)


def make_example(chorale: Chorale, vocabulary: Vocabulary, *, metadata: bool = True) -> Example:
    """A chorale of one frame or more as arrays.

    Parameters
    ----------
    chorale : Chorale
        In C major or A minor.
    vocabulary : Vocabulary
        Meaning of the token ids.
    metadata : bool
        Whether the model reads meter, mode and fermatas, as in
        `bachbot.encoding.encode_conditioning`.

    Raises
    ------
    EncodingError
        If a pitch is outside the vocabulary.
    """
    # Encoded as a request in which everything is given, so that training reads the same numbers
    # as decoding does.
    request = FillRequest(chorale, Given.voices(chorale.frames, VOICES))
    encoded = encode_conditioning([request], vocabulary, use_metadata=metadata)
    return Example(
        tokens=encoded.tokens[0],
        fermata=encoded.fermata[0],
        position=encoded.position[0],
        bar=int(encoded.bar[0, 0]),
        mode=int(encoded.mode[0]),
        bar_starts=chorale.bar_starts,
    )


def crop(
    example: Example, max_frames: int, random: np.random.Generator, vocabulary: Vocabulary
) -> Example:
    """A random stretch of an example that is too long, starting at the beginning of a bar.

    Parameters
    ----------
    example : Example
        Returned unchanged if it is short enough.
    max_frames : int
        Frames that are kept.
    random : Generator
        Chooses the bar.
    vocabulary : Vocabulary
        Meaning of the token ids.
    """
    if example.frames <= max_frames:
        return example
    bars = example.bar_starts
    start = int(random.choice(bars[bars <= example.frames - max_frames]))
    stop = start + max_frames
    tokens = example.tokens[start:stop].copy()
    # A note that is held over the cut starts at the cut; its onset is the id below the tie's.
    tokens[0] -= vocabulary.tied_of[tokens[0]]
    inside = (bars >= start) & (bars < stop)
    return replace(
        example,
        tokens=tokens,
        fermata=example.fermata[start:stop],
        position=example.position[start:stop],
        bar_starts=bars[inside] - start,
        neighbors=example.neighbors and example.neighbors.sliced(slice(start, stop)),
    )


def with_neighbors(
    examples: Sequence[Example], datastore: Datastore, vocabulary_size: int
) -> list[Example]:
    """Examples with what a datastore has for them; none of them is in the datastore itself.

    Parameters
    ----------
    examples : sequence of Example
        In the keys of the datastore.
    datastore : Datastore
        Where to look.
    vocabulary_size : int
        Number of tokens (V).
    """
    return [replace(e, neighbors=retrieve(datastore, e.tokens, vocabulary_size)) for e in examples]


def collate(examples: Sequence[Example], given: Sequence[Given], device: torch.device) -> Batch:
    """Examples side by side, padded with zeros.

    Parameters
    ----------
    examples : sequence of Example
        One or more.
    given : sequence of Given
        What is given of each.
    device : torch.device
        Device of the tensors.
    """
    shape = len(examples), max(e.frames for e in examples)

    def padded(rows: Sequence[NDArray]) -> Tensor:
        out = np.zeros((*shape, *rows[0].shape[1:]), dtype=rows[0].dtype)
        for row, values in enumerate(rows):
            out[row, : len(values)] = values
        return torch.from_numpy(out).to(device)

    return Batch(
        tokens=padded([e.tokens for e in examples]),
        given=padded([g.cells for g in given]),
        fermata=padded([e.fermata for e in examples]),
        fermata_given=padded([np.asarray(g.fermatas) for g in given]),
        position=padded([e.position for e in examples]),
        bar=padded([np.full(e.frames, e.bar) for e in examples]),
        mode=torch.tensor([e.mode for e in examples], device=device),
        length=torch.tensor([e.frames for e in examples], device=device),
        neighbors=_collate_neighbors([e.neighbors for e in examples if e.neighbors], padded),
    )


def _collate_neighbors(
    neighbors: Sequence[Neighbors], padded: Callable[[Sequence[NDArray]], Tensor]
) -> tuple[Tensor, Tensor, Tensor] | None:
    if not neighbors:
        return None
    return (
        padded([n.tokens for n in neighbors]),
        padded([n.soprano for n in neighbors]),
        padded([n.past for n in neighbors]),
    )


_LENGTH_NOISE = 30.0
"""Standard deviation, in frames, of the noise that is added to the lengths before pieces are
grouped: the pieces of a batch have similar lengths, but are not the same ones in every epoch."""


class PieceDataset:
    """The training pieces, grouped into new batches for every epoch.

    Pieces of similar length share a batch, and every batch is full, for which a few pieces occur
    twice in an epoch. Each time, a piece may be transposed, is cropped to the largest length, and
    what is given of it is sampled. All of it follows from seed, epoch and step alone.

    Parameters
    ----------
    chorales : sequence of Chorale
        The training part, in C major or A minor.
    data : DataConfig
        Batch size and transposition.
    vocabulary : Vocabulary
        Meaning of the token ids.
    seed : int
        Seed of batches, transposition, crops and masks.
    max_frames : int
        Longest stretch of a piece that is read at once.
    unconditional_share : float
        Share of the pieces of which nothing is given, 0 to 1.
    metadata : bool
        Whether the model reads meter, mode and fermatas. If not, fermatas count as given.
    use_datastore : bool
        Whether the model retrieves from the training pieces; each retrieves from all others.

    Attributes
    ----------
    datastore : Datastore or None
        The pieces themselves, with `use_datastore`.
    tokens : int
        Cells of all pieces.
    steps : int
        Batches, and so steps, per epoch.

    Raises
    ------
    TrainingError
        If there is no piece, or one without a frame.
    """

    def __init__(
        self,
        chorales: Sequence[Chorale],
        data: DataConfig,
        vocabulary: Vocabulary,
        *,
        seed: int,
        max_frames: int,
        unconditional_share: float = MIXTURE.unconditional,
        metadata: bool = True,
        use_datastore: bool = False,
    ) -> None:
        if not chorales or not all(c.frames for c in chorales):
            raise TrainingError(
                "the training part is empty or holds an empty piece: "
                "run 'bachbot corpus prepare --force'"
            )
        examples = [make_example(c, vocabulary, metadata=metadata) for c in chorales]
        self.datastore: Datastore | None = None
        if use_datastore:
            store = self.datastore = Datastore(build_datastore([e.tokens for e in examples]))
            examples = [
                replace(e, neighbors=retrieve(store, e.tokens, len(vocabulary), own))
                for e, own in zip(examples, store.piece_slices, strict=True)
            ]
        self._examples = examples
        self._data, self._vocabulary, self._seed = data, vocabulary, seed
        self._max_frames, self._metadata = max_frames, metadata
        self._mixture = MIXTURE.with_unconditional(unconditional_share)
        self._order: tuple[int, NDArray[np.int64]] | None = None
        self.tokens = sum(e.tokens.size for e in examples)
        self.steps = math.ceil(len(examples) / data.batch_size)

    def batch(self, epoch: int, step: int) -> list[tuple[Example, Given]]:
        """The examples of a step and what is given of each, the same at every call.

        Parameters
        ----------
        epoch, step : int
            Counted from 0, the step within the epoch.
        """
        if self._order is None or self._order[0] != epoch:
            self._order = epoch, self._sample_batches(epoch)
        # From 1, since NumPy ignores zeros at the end of a seed.
        random = np.random.default_rng([self._seed, epoch, step + 1])
        return [self._augment(self._examples[i], random) for i in self._order[1][step]]

    def _sample_batches(self, epoch: int) -> NDArray[np.int64]:
        """The pieces of every step, [steps, batch_size]."""
        random = np.random.default_rng([self._seed, epoch])
        count, size = len(self._examples), self.steps * self._data.batch_size
        chosen = np.append(np.arange(count), random.integers(count, size=size - count))
        lengths = np.array([e.frames for e in self._examples])[chosen]
        order = chosen[np.argsort(lengths + random.normal(scale=_LENGTH_NOISE, size=size))]
        return random.permutation(order.reshape(self.steps, self._data.batch_size))

    def _augment(self, example: Example, random: np.random.Generator) -> tuple[Example, Given]:
        shift = sample_transposition(example.tokens, random, self._data, self._vocabulary)
        example = example.transposed(shift, self._vocabulary)
        example = crop(example, self._max_frames, random, self._vocabulary)
        given = sample_given(example.frames, example.bar_starts, random, self._mixture)
        if not self._metadata:
            # Fermatas that the model does not read are not scored either.
            given = replace(given, fermatas=True)
        return example, given


def sample_transposition(
    ids: NDArray[np.int64], random: np.random.Generator, data: DataConfig, vocabulary: Vocabulary
) -> int:
    """Sample by how many semitones a piece is transposed up; 0 leaves it as it is.

    Parameters
    ----------
    ids : ndarray of int64, any shape
        Its token ids.
    random : Generator
        Decides whether it is transposed, and how far.
    data : DataConfig
        Share of the pieces that are transposed, and the largest transposition.
    vocabulary : Vocabulary
        No note leaves its range.
    """
    if not data.transpose_share or random.random() >= data.transpose_share:
        return 0
    notes = ids[ids >= FIRST_PITCH]
    last = len(vocabulary) - 1
    # A semitone is two ids, onset and tie; the limits keep all notes inside the vocabulary.
    down = min(data.max_semitones, (int(notes.min()) - FIRST_PITCH) // 2)
    up = min(data.max_semitones, (last - int(notes.max())) // 2)
    return int(random.integers(-down, up + 1))


def transpose_ids(ids: NDArray[np.int64], semitones: int) -> NDArray[np.int64]:
    """Token ids of the same notes, transposed up."""
    return ids + 2 * semitones * (ids >= FIRST_PITCH)
