"""Baselines: the frame before, repeated, and n-grams, on the terms of `bachbot.evaluation.losses`."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import REST, VOICES, Chorale, Voice
from bachbot.encoding import (
    END,
    FERMATA,
    FIRST_PITCH,
    FRAME_END,
    REST_TOKEN,
    SLOT_END,
    SLOT_FERMATA,
    SLOT_FRAME_END,
    Vocabulary,
    encode,
)
from bachbot.errors import UsageError
from bachbot.evaluation import ngrams
from bachbot.evaluation.losses import Losses, missing_voices, piece_losses

_QUARTER = 4  # frames
_NOWHERE = _QUARTER  # the sixteenth of the frame before the first


@dataclass(frozen=True, eq=False)
class FrameRepetition:
    """The baseline with its chances.

    Parameters
    ----------
    vocabulary : Vocabulary
        What the tokens mean.
    hold : ndarray of float64, shape [4, 2, 4]
        That a voice goes on as it did: by voice, whether it rested, and sixteenth.
    fresh : ndarray of float64, shape [4, V]
        What a voice does that does not hold on: notes and a rest. Each row sums to 1.
    fermata : ndarray of float64, shape [2, 4]
        Of a fermata: by whether the frame before has one, and sixteenth.
    end : ndarray of float64, shape [5]
        Of the end: by the sixteenth of the frame that is over; the last where there is none yet.
    """

    vocabulary: Vocabulary
    hold: NDArray[np.float64]
    fresh: NDArray[np.float64]
    fermata: NDArray[np.float64]
    end: NDArray[np.float64]

    def probabilities(self, chorale: Chorale) -> NDArray[np.float64]:
        """The chance of every token at every place after START, given those before it.

        Parameters
        ----------
        chorale : Chorale
            The piece, of N tokens.

        Returns
        -------
        ndarray of float64, shape [N - 1, V]
            Each row sums to 1.

        Raises
        ------
        EncodingError
            If a pitch is outside the vocabulary.
        """
        stream = encode(chorale, self.vocabulary)
        slot, frame = stream.voice[1:], stream.frame[1:]
        frame = np.where(slot == SLOT_END, chorale.frames, frame)
        sixteenth = _sixteenths(chorale)  # [T + 1]
        found = np.zeros((len(slot), len(self.vocabulary)))
        found[slot == SLOT_FRAME_END, FRAME_END] = 1
        for voice in VOICES:
            here = np.flatnonzero(slot == voice)
            found[here] = self._voice(voice, chorale, sixteenth)[frame[here]]
        # What opens a frame may be its soprano, a fermata or the end; one row has all three.
        opens = np.flatnonzero(np.diff(frame, prepend=-1) > 0)
        first = np.flatnonzero(np.isin(slot, (SLOT_FERMATA, SLOT_END)))
        found[first] = self._voice(VOICES[0], chorale, sixteenth)[frame[first]]
        self._open(found, opens, chorale, sixteenth)
        return found

    def _voice(
        self, voice: int, chorale: Chorale, sixteenth: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """What a voice may do in each frame and after the last, shape [T + 1, V]."""
        fresh, before = self.fresh[voice], chorale.pitch[:, voice]
        found = np.tile(fresh, (chorale.frames + 1, 1))
        rested = before == REST
        hold = self.hold[voice, rested.astype(int), sixteenth[1:]]  # [T]
        after = found[1:]
        after[rested, REST_TOKEN] = 0
        after[rested] /= 1 - fresh[REST_TOKEN]
        after *= 1 - hold[:, None]
        after[np.arange(chorale.frames), self.vocabulary.ids_of(before, ~rested)] += hold
        return found

    def _open(
        self,
        found: NDArray[np.float64],
        rows: NDArray[np.int64],
        chorale: Chorale,
        sixteenth: NDArray[np.int64],
    ) -> None:
        """Set the end and a fermata beside the soprano, in the rows that open a frame."""
        end = self.end[_before(sixteenth, _NOWHERE)]  # [T + 1]
        before = np.concatenate([[0], chorale.fermata.astype(int)])  # [T + 1]
        fermata = self.fermata[before, sixteenth]  # [T + 1]
        found[rows] *= ((1 - end) * (1 - fermata))[:, None]
        found[rows, END] = end
        found[rows, FERMATA] = (1 - end) * fermata


def fit_frame_repetition(chorales: Sequence[Chorale], vocabulary: Vocabulary) -> FrameRepetition:
    """Count how often pieces hold on, and what they do where they do not.

    Parameters
    ----------
    chorales : sequence of Chorale
        What to learn from, in C major or A minor.
    vocabulary : Vocabulary
        What the tokens mean.

    Raises
    ------
    EncodingError
        If a pitch is outside the vocabulary.
    """
    holds, fermatas = np.full((2, 4, 2, 4), 0.5), np.full((2, 2, 4), 0.5)  # yes or no comes first
    ends = np.full((2, _NOWHERE + 1), 0.5)
    fresh = np.zeros((4, len(vocabulary)))
    fresh[:, REST_TOKEN] = fresh[:, FIRST_PITCH::2] = 0.5
    for chorale in chorales:
        sixteenth = _sixteenths(chorale)  # [T + 1]
        rested = (chorale.pitch[:-1] == REST).astype(int)  # [T - 1, 4], the frame before
        held = np.where(rested, chorale.pitch[1:] == REST, chorale.tied[1:])
        now = sixteenth[1:-1, None]  # [T - 1, 1]
        np.add.at(holds, (held.astype(int), np.arange(4), rested, now), 1)
        ids = vocabulary.ids_of(chorale.pitch, chorale.tied)
        begun = np.concatenate([np.ones((min(1, chorale.frames), 4), dtype=np.bool_), ~held])
        np.add.at(fresh, (np.nonzero(begun)[1], ids[begun]), 1)
        fermata = chorale.fermata.astype(int)
        np.add.at(fermatas, (fermata, _before(fermata, 0), sixteenth[:-1]), 1)
        ended = np.arange(chorale.frames + 1) == chorale.frames
        np.add.at(ends, (ended.astype(int), _before(sixteenth, _NOWHERE)), 1)
    return FrameRepetition(
        vocabulary,
        hold=holds[1] / holds.sum(axis=0),
        fresh=fresh / fresh.sum(axis=1, keepdims=True),
        fermata=fermatas[1] / fermatas.sum(axis=0),
        end=ends[1] / ends.sum(axis=0),
    )


def _sixteenths(chorale: Chorale) -> NDArray[np.int64]:
    """Sixteenth of the quarter of each frame, and of the one that would come next, [T + 1]."""
    places = chorale.position.astype(np.int64)
    following = places[-1:] + 1 if chorale.frames else np.zeros(1, dtype=np.int64)
    return np.concatenate([places, following]) % _QUARTER


def _before(values: NDArray[np.int64], first: int) -> NDArray[np.int64]:
    """Of each frame the value of the one before, and of the first one ``first``."""
    return np.concatenate([[first], values[:-1]])


class Baseline(Protocol):
    """Anything that foretells a piece token by token."""

    @property
    def vocabulary(self) -> Vocabulary:
        """What the tokens mean."""
        ...

    def probabilities(self, chorale: Chorale) -> NDArray[np.float64]:
        """The chance of every token at every place after START, given those before it.

        Parameters
        ----------
        chorale : Chorale
            The piece, of N tokens.

        Returns
        -------
        ndarray of float64, shape [N - 1, V]
            Each row sums to 1.
        """
        ...


def baselines(
    train: Sequence[Chorale], vocabulary: Vocabulary | None = None, *, highest: int = ngrams.HIGHEST
) -> dict[str, Baseline]:
    """Every baseline, fitted.

    Parameters
    ----------
    train : sequence of Chorale
        The training part of the split that they are to be measured on, in C major or A minor.
    vocabulary : Vocabulary, optional
        What the tokens mean; the usual one unless given.
    highest : int
        The highest order of the n-grams, 1 or more.

    Returns
    -------
    dict
        ``"repeat the frame"``, ``"1-gram"``, ``"2-gram"`` and so on.

    Raises
    ------
    UsageError
        If there is no piece to learn from, or the highest order is below 1.
    EncodingError
        If a pitch is outside the vocabulary.
    """
    vocabulary = vocabulary or Vocabulary()
    if not train:
        raise UsageError("the baselines have no piece to learn from: give one or more")
    models = ngrams.fit(train, vocabulary, highest)
    return {
        "repeat the frame": fit_frame_repetition(train, vocabulary),
        **{f"{order}-gram": model for order, model in enumerate(models, 1)},
    }


def measure_baseline(
    baseline: Baseline,
    chorales: Iterable[Chorale],
    given: Iterable[Voice] = (),
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Losses:
    """Losses of a baseline, of the same kind as `bachbot.evaluation.losses.measure`'s.

    Parameters
    ----------
    baseline : Baseline
        Which.
    chorales : iterable of Chorale
        In C major or A minor.
    given : iterable of Voice
        Voices that are given. Where there are any, only the tokens of the others are counted, each
        given all tokens before it.
    progress : callable, optional
        Called with the pieces done and all pieces.

    Returns
    -------
    Losses

    Raises
    ------
    UsageError
        If all four voices are given.
    EncodingError
        If a pitch is outside the vocabulary.
    """
    voices, pieces, total = tuple(given), tuple(chorales), Losses()
    left = missing_voices(voices)
    for number, piece in enumerate(pieces, 1):
        stream = encode(piece, baseline.vocabulary)
        chances, target = baseline.probabilities(piece), stream.ids[1:]  # [N - 1, V], [N - 1]
        nats = -np.log(chances[np.arange(len(target)), target])
        total += piece_losses(stream, nats, chances.argmax(axis=1) == target, piece)
        if progress is not None:
            progress(number, len(pieces))
    return total.of_voices(left) if voices else total
