"""Units recorded over pieces, beside what music theory calls each frame."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import Chorale, Given, Voice
from bachbot.encoding import FillRequest
from bachbot.errors import UsageError
from bachbot.evaluation.interpretability.circular_shift import ShiftSample
from bachbot.runtime import Checkpoint
from bachbot.runtime.activations import activations
from bachbot.runtime.protocol import Model
from bachbot.theory.analysis import Harmony, analyze
from bachbot.theory.cadence import closes
from bachbot.theory.numerals import DOM7, MAJ, MIN

CONCEPTS = ("tonic", "dominant seventh", "perfect cadence", "fermata")
"""Names of the labels, in the order of `Heard.labels`."""

PERFECT_OF_CLOSES = "perfect, of all closes"
"""Name of the label of `Heard.perfect`."""

_DOMINANT = 7  # semitones above the tonic


@dataclass(frozen=True, eq=False)
class ConceptLabels:
    """What a piece is labeled with.

    Parameters
    ----------
    labels : ndarray of bool, shape [T, 4]
        By `CONCEPTS`. *Tonic*: the triad on the first degree of the key that is heard at the time,
        major or minor, in any inversion. *Dominant seventh*: the dominant seventh chord on its
        fifth degree, in any inversion; applied ones are left out. *Perfect cadence*: the last
        chord of a phrase that closes on one, to the phrase's end. *Fermata*: a soprano note under
        one. A chord's passing notes and suspensions belong to it.
    ends : ndarray of int64, shape [K]
        Last frame of each phrase.
    perfect : ndarray of bool, shape [K]
        Whether it closes on a perfect cadence.
    """

    labels: NDArray[np.bool_]
    ends: NDArray[np.int64]
    perfect: NDArray[np.bool_]


def concept_labels(chorale: Chorale) -> ConceptLabels:
    """Label a chorale.

    Keys and chords are those of `bachbot.theory.analysis`, closes those of `bachbot.theory.cadence`.

    Parameters
    ----------
    chorale : Chorale
        T frames in the key that its ``key`` says.
    """
    harmonies = analyze(chorale)
    labels = np.zeros((chorale.frames, len(CONCEPTS)), dtype=np.bool_)
    for harmony in harmonies:
        labels[harmony.start : harmony.stop, 0] = _is_tonic(harmony)
        labels[harmony.start : harmony.stop, 1] = _is_dominant_seventh(harmony)
    found = closes(chorale, harmonies)
    for close in found:
        labels[close.frame : close.end + 1, 2] = close.kind == "perfect"
    labels[:, 3] = chorale.fermata
    return ConceptLabels(
        labels,
        np.array([close.end for close in found], dtype=np.int64),
        np.array([close.kind == "perfect" for close in found], dtype=np.bool_),
    )


def _is_tonic(harmony: Harmony) -> bool:
    numeral = harmony.numeral
    return numeral.semitones == 0 and numeral.shape in (MAJ, MIN) and numeral.of is None


def _is_dominant_seventh(harmony: Harmony) -> bool:
    numeral = harmony.numeral
    return numeral.semitones == _DOMINANT and numeral.shape == DOM7 and numeral.of is None


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
    pieces: tuple[ShiftSample, ...]


@dataclass(frozen=True, eq=False)
class ModelRecordings:
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
    labeled: Sequence[ConceptLabels] | None = None,
    given: Iterable[Voice] = (Voice.SOPRANO,),
) -> ModelRecordings:
    """Run a model through pieces as they are, and keep what its units do beside the labels.

    Parameters
    ----------
    model : Model
        A trained model.
    chorales : sequence of Chorale
        P pieces in C major or A minor, one or more.
    labeled : sequence of Heard, optional
        What `concept_labels` says of each, for whoever records several models; worked out unless given.
    given : iterable of Voice
        What a model that looks ahead has read of each piece beforehand, with meter and fermatas.

    Raises
    ------
    UsageError
        If there is no piece, or labels for more or fewer.
    EncodingError
        If a pitch is outside the model's vocabulary.
    """
    if not chorales:
        raise UsageError("no piece came to be recorded: give one or more")
    if labeled and len(labeled) != len(chorales):
        raise UsageError(
            f"{len(chorales)} pieces came with labels for {len(labeled)}: give one set a piece"
        )
    voices = tuple(given)
    works = [FillRequest(c, Given.voices(c.frames, voices)) for c in chorales]
    runs = activations(model, works)
    units = tuple(
        Unit(layer, number) for layer, run in runs[0].items() for number in range(run.shape[1])
    )
    frames, closes = [], []
    labeled = labeled or [concept_labels(chorale) for chorale in chorales]
    for chorale, said, run in zip(chorales, labeled, runs, strict=True):
        whole = np.concatenate(list(run.values()), axis=1)  # [T, U]
        frames.append(ShiftSample(whole, said.labels, chorale.meter.bar_frames))
        closes.append(ShiftSample(whole[said.ends], said.perfect[:, None]))
    return ModelRecordings(
        Recordings(units, CONCEPTS, tuple(frames)),
        Recordings(units, (PERFECT_OF_CLOSES,), tuple(closes)),
    )


def shuffle_weights(checkpoint: Checkpoint, *, seed: int = 0) -> Checkpoint:
    """The same network with the numbers of each weight in another order: one that knows nothing.

    Its units are as large and as slow as a network's are, and hear the same notes; what units of
    a trained network do beyond them has been learned.

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
