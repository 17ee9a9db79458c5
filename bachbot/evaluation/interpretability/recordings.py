"""Recordings of a network's units over pieces, with labels from music theory for each frame."""

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
from bachbot.theory.cadence import phrase_cadences
from bachbot.theory.numerals import DOM7, MAJ, MIN

CONCEPTS = ("tonic", "dominant seventh", "perfect cadence", "fermata")
"""Names of the labels, in the order of the columns of `ConceptLabels.labels`."""

PERFECT_AT_PHRASE_END = "perfect, at phrase ends"
"""Name of the label `ConceptLabels.perfect`."""

_DOMINANT = 7  # semitones above the tonic


@dataclass(frozen=True, eq=False)
class ConceptLabels:
    """The labels of a piece.

    Parameters
    ----------
    labels : ndarray of bool, shape [T, 4]
        By `CONCEPTS`. *Tonic*: the triad on the first degree of the current key, major or minor, in
        any inversion. *Dominant seventh*: the dominant seventh chord on the fifth degree, in any
        inversion, without applied ones. *Perfect cadence*: the last chord of a phrase that ends
        with one, to the end of the phrase. *Fermata*: a soprano note under one. A chord includes
        its passing notes and suspensions.
    ends : ndarray of int64, shape [K]
        Last frame of each phrase.
    perfect : ndarray of bool, shape [K]
        Whether it ends with a perfect cadence.
    """

    labels: NDArray[np.bool_]
    ends: NDArray[np.int64]
    perfect: NDArray[np.bool_]


def concept_labels(chorale: Chorale) -> ConceptLabels:
    """Label a chorale.

    Keys and chords are those of `bachbot.theory.analysis`, cadences those of
    `bachbot.theory.cadence`.

    Parameters
    ----------
    chorale : Chorale
        T frames in the key of its ``key``.
    """
    harmonies = analyze(chorale)
    labels = np.zeros((chorale.frames, len(CONCEPTS)), dtype=np.bool_)
    for harmony in harmonies:
        labels[harmony.start : harmony.stop, 0] = _is_tonic(harmony)
        labels[harmony.start : harmony.stop, 1] = _is_dominant_seventh(harmony)
    cadences = phrase_cadences(chorale, harmonies)
    for cadence in cadences:
        labels[cadence.frame : cadence.end + 1, 2] = cadence.kind == "perfect"
    labels[:, 3] = chorale.fermata
    return ConceptLabels(
        labels,
        np.array([cadence.end for cadence in cadences], dtype=np.int64),
        np.array([cadence.kind == "perfect" for cadence in cadences], dtype=np.bool_),
    )


def _is_tonic(harmony: Harmony) -> bool:
    numeral = harmony.numeral
    return numeral.semitones == 0 and numeral.shape in (MAJ, MIN) and numeral.of is None


def _is_dominant_seventh(harmony: Harmony) -> bool:
    numeral = harmony.numeral
    return numeral.semitones == _DOMINANT and numeral.shape == DOM7 and numeral.of is None


@dataclass(frozen=True)
class NetworkUnit:
    """A unit of a network.

    Parameters
    ----------
    layer : str
        Its layer, by the names of `bachbot.runtime.activations`.
    number : int
        Its index in the layer, from 0.
    """

    layer: str
    number: int

    def __str__(self) -> str:
        return f"{self.layer}, unit {self.number}"


@dataclass(frozen=True, eq=False)
class Recordings:
    """Activations and labels over several pieces.

    Parameters
    ----------
    units : tuple of NetworkUnit
        U units, layer by layer.
    concepts : tuple of str
        L labels.
    pieces : tuple of ShiftSample
        P pieces.
    """

    units: tuple[NetworkUnit, ...]
    concepts: tuple[str, ...]
    pieces: tuple[ShiftSample, ...]


@dataclass(frozen=True, eq=False)
class ModelRecordings:
    """A model recorded over some pieces.

    Parameters
    ----------
    frames : Recordings
        Every frame, with the labels of `CONCEPTS`.
    phrase_ends : Recordings
        The last frame of each phrase alone, with `PERFECT_AT_PHRASE_END`: what distinguishes a
        perfect cadence from another cadence, and not from the middle of a phrase.
    """

    frames: Recordings
    phrase_ends: Recordings


def record(
    model: Model,
    chorales: Sequence[Chorale],
    *,
    labeled: Sequence[ConceptLabels] | None = None,
    given: Iterable[Voice] = (Voice.SOPRANO,),
) -> ModelRecordings:
    """Run a model through pieces with teacher forcing, and record its units.

    Parameters
    ----------
    model : Model
        A trained model.
    chorales : sequence of Chorale
        P pieces in C major or A minor, one or more.
    labeled : sequence of ConceptLabels, optional
        Labels of each piece, to reuse them for several models; default: computed here.
    given : iterable of Voice
        Voices of each piece that a look-ahead model is conditioned on, besides meter and fermatas.

    Raises
    ------
    UsageError
        If there is no piece, or not one set of labels for each piece.
    EncodingError
        If a pitch is outside the model's vocabulary.
    """
    if not chorales:
        raise UsageError("there is no piece to record: give one or more")
    if labeled and len(labeled) != len(chorales):
        raise UsageError(
            f"{len(chorales)} pieces came with labels for {len(labeled)}: give one set for each"
        )
    voices = tuple(given)
    requests = [FillRequest(c, Given.voices(c.frames, voices)) for c in chorales]
    runs = activations(model, requests)
    units = tuple(
        NetworkUnit(layer, number)
        for layer, run in runs[0].items()
        for number in range(run.shape[1])
    )
    frames, phrase_ends = [], []
    labeled = labeled or [concept_labels(chorale) for chorale in chorales]
    for chorale, concepts, run in zip(chorales, labeled, runs, strict=True):
        by_frame = np.concatenate(list(run.values()), axis=1)  # [T, U]
        frames.append(ShiftSample(by_frame, concepts.labels, chorale.meter.bar_frames))
        phrase_ends.append(ShiftSample(by_frame[concepts.ends], concepts.perfect[:, None]))
    return ModelRecordings(
        Recordings(units, CONCEPTS, tuple(frames)),
        Recordings(units, (PERFECT_AT_PHRASE_END,), tuple(phrase_ends)),
    )


def shuffle_weights(checkpoint: Checkpoint, *, seed: int = 0) -> Checkpoint:
    """The same network with the values of each weight shuffled: an untrained baseline.

    Its units have the same scale and the same dynamics and read the same notes; what units of the
    trained network do better has been learned.

    Parameters
    ----------
    checkpoint : Checkpoint
        A trained model.
    seed : int
        Random seed of the order.
    """
    rng = np.random.default_rng(seed)
    weights: Mapping[str, NDArray[np.float32]] = {
        name: rng.permutation(value.ravel()).reshape(value.shape)
        # Sorted by name, because the order of the weights in a file is not fixed.
        for name, value in sorted(checkpoint.weights.items())
    }
    return replace(checkpoint, weights=weights)
