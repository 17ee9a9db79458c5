"""Units recorded over pieces, beside what theory says of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import Chorale, Given, Voice
from bachbot.encoding import Work
from bachbot.errors import UsageError
from bachbot.evaluation.neurons.concepts import CONCEPTS, PERFECT_OF_CLOSES, Heard, heard
from bachbot.evaluation.neurons.shifts import Recording
from bachbot.runtime import Checkpoint
from bachbot.runtime.activations import activations
from bachbot.runtime.protocol import Model


@dataclass(frozen=True)
class Unit:
    """A unit of a network.

    Parameters
    ----------
    layer : str
        Its layer, as `bachbot.runtime.activations` calls it.
    number : int
        Its place there, from 0.
    """

    layer: str
    number: int

    def __str__(self) -> str:
        return f"{self.layer}, unit {self.number}"


@dataclass(frozen=True, eq=False)
class Recordings:
    """The same units and labels over several pieces.

    Parameters
    ----------
    units : tuple of Unit
        U units, layer by layer.
    concepts : tuple of str
        L labels.
    pieces : tuple of Recording
        P pieces.
    """

    units: tuple[Unit, ...]
    concepts: tuple[str, ...]
    pieces: tuple[Recording, ...]


@dataclass(frozen=True, eq=False)
class Recorded:
    """A model recorded over some pieces.

    Parameters
    ----------
    frames : Recordings
        Every frame, with the labels of `CONCEPTS`.
    closes : Recordings
        The last frame of each phrase alone, with `PERFECT_OF_CLOSES`: what tells a perfect cadence
        from another close, and not from the middle of a phrase.
    """

    frames: Recordings
    closes: Recordings


def record(
    model: Model,
    chorales: Sequence[Chorale],
    *,
    labelled: Sequence[Heard] | None = None,
    given: Iterable[Voice] = (Voice.SOPRANO,),
) -> Recorded:
    """Run a model through pieces as they are, and keep what its units do beside the labels.

    Parameters
    ----------
    model : Model
        A trained model.
    chorales : sequence of Chorale
        P pieces in C major or A minor, one or more.
    labelled : sequence of Heard, optional
        What `heard` says of each, for whoever records several models; worked out unless given.
    given : iterable of Voice
        What a model that looks ahead has read of each piece beforehand, with metre and fermatas.

    Raises
    ------
    UsageError
        If there is no piece, or labels for more or fewer.
    EncodingError
        If a pitch is outside the model's vocabulary.
    """
    if not chorales:
        raise UsageError("no piece came to be recorded: give one or more")
    if labelled and len(labelled) != len(chorales):
        raise UsageError(
            f"{len(chorales)} pieces came with labels for {len(labelled)}: give one set a piece"
        )
    voices = tuple(given)
    works = [Work(c, Given.voices(c.frames, voices)) for c in chorales]
    runs = activations(model, works)
    units = tuple(
        Unit(layer, number) for layer, run in runs[0].items() for number in range(run.shape[1])
    )
    frames, closes = [], []
    labelled = labelled or [heard(chorale) for chorale in chorales]
    for chorale, said, run in zip(chorales, labelled, runs, strict=True):
        whole = np.concatenate(list(run.values()), axis=1)  # [T, U]
        frames.append(Recording(whole, said.labels, chorale.metre.bar_frames))
        closes.append(Recording(whole[said.ends], said.perfect[:, None]))
    return Recorded(
        Recordings(units, CONCEPTS, tuple(frames)),
        Recordings(units, (PERFECT_OF_CLOSES,), tuple(closes)),
    )


def scrambled(checkpoint: Checkpoint, *, seed: int = 0) -> Checkpoint:
    """The same network with the numbers of each weight in another order: one that knows nothing.

    Its units are as large and as slow as a network's are, and hear the same notes; what units of
    a trained network do beyond them has been learnt.

    Parameters
    ----------
    checkpoint : Checkpoint
        A trained model.
    seed : int
        Of the order.
    """
    rng = np.random.default_rng(seed)
    weights: Mapping[str, NDArray[np.float32]] = {
        name: rng.permutation(value.ravel()).reshape(value.shape)
        # In order of name: a file does not give its weights in the same order every time.
        for name, value in sorted(checkpoint.weights.items())
    }
    return replace(checkpoint, weights=weights)
