"""Baselines that a model must beat: frame repetition and n-grams, measured as models are.

A baseline is left-to-right and has no conditioning: given voices help it only up to the current
token. Its losses are those of `bachbot.evaluation.losses`.

Frame repetition knows the grammar of a token stream and the sixteenth of the quarter of each frame
(metrical position modulo 4), but of the music only the frame before. Its probabilities are counted
in training pieces, with half a count added to each alternative (Krichevsky and Trofimov, IEEE
Transactions on Information Theory 27, 1981):

- A voice that sounded continues its note with a probability by voice and sixteenth. Otherwise it
  begins a note or rests, with probabilities by voice alone.
- A voice that rested continues to rest with another such probability. Otherwise it begins a note,
  with the same probabilities without that of a rest. In the first frame there is nothing to
  continue.
- A frame has a fermata with a probability by sixteenth and by whether the frame before has one.
- The piece ends with a probability by the sixteenth of its last frame.
- After the bass the frame ends.

The sixteenth of the frame after a piece is one more than that of its last frame.

Shapes: T frames, N tokens, V vocabulary.
"""

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
_NO_FRAME = _QUARTER  # in place of the sixteenth of the frame before the first


class Baseline(Protocol):
    """A model that gives the probabilities of the tokens of a whole piece at once."""

    @property
    def vocabulary(self) -> Vocabulary:
        """Meaning of the token ids."""
        ...

    def probabilities(self, chorale: Chorale) -> NDArray[np.float64]:
        """Probability of every token at every position after START, given the tokens before it.

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
        ...


def fit_baselines(
    train: Sequence[Chorale], vocabulary: Vocabulary | None = None, *, highest: int = ngrams.HIGHEST
) -> dict[str, Baseline]:
    """Fit every baseline.

    Parameters
    ----------
    train : sequence of Chorale
        Training pieces in C major or A minor, of the split that the baselines are measured on.
    vocabulary : Vocabulary, optional
        Meaning of the token ids; default: the default vocabulary.
    highest : int
        Highest order of the n-grams, 1 or more.

    Returns
    -------
    dict
        ``"repeat the frame"``, ``"1-gram"``, ``"2-gram"`` and so on.

    Raises
    ------
    UsageError
        If there is no training piece, or the highest order is below 1.
    EncodingError
        If a pitch is outside the vocabulary.
    """
    vocabulary = vocabulary or Vocabulary()
    if not train:
        raise UsageError("the baselines have no piece to learn from: give one or more")
    models = ngrams.fit_ngrams(train, vocabulary, highest)
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
    """Measure the losses of a baseline, as `bachbot.evaluation.losses.measure` those of a model.

    Parameters
    ----------
    baseline : Baseline
        The baseline.
    chorales : iterable of Chorale
        In C major or A minor.
    given : iterable of Voice
        Voices that are given. If there are any, only the tokens of the others are counted, each
        predicted from all tokens before it.
    progress : callable, optional
        Called with the pieces done and their number.

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
    counted = missing_voices(voices)
    for number, piece in enumerate(pieces, 1):
        stream = encode(piece, baseline.vocabulary)
        probabilities, target = baseline.probabilities(piece), stream.ids[1:]  # [N - 1, V], [N - 1]
        nats = -np.log(probabilities[np.arange(len(target)), target])
        total += piece_losses(stream, nats, probabilities.argmax(axis=1) == target, piece)
        if progress is not None:
            progress(number, len(pieces))
    return total.of_voices(counted) if voices else total


@dataclass(frozen=True, eq=False)
class FrameRepetition:
    """The frame repetition baseline.

    Parameters
    ----------
    vocabulary : Vocabulary
        Meaning of the token ids.
    hold : ndarray of float64, shape [4, 2, 4]
        Probability that a voice continues: by voice, whether it rested, and sixteenth.
    begin : ndarray of float64, shape [4, V]
        Probabilities of the onsets and the rest of a voice that does not continue; rows sum to 1.
    fermata : ndarray of float64, shape [2, 4]
        Probability of a fermata: by whether the frame before has one, and sixteenth.
    end : ndarray of float64, shape [5]
        Probability of the end: by the sixteenth of the frame before; the last entry is for an
        empty piece.
    """

    vocabulary: Vocabulary
    hold: NDArray[np.float64]
    begin: NDArray[np.float64]
    fermata: NDArray[np.float64]
    end: NDArray[np.float64]

    def probabilities(self, chorale: Chorale) -> NDArray[np.float64]:
        """Probabilities of the tokens of a whole piece; see `Baseline.probabilities`."""
        stream = encode(chorale, self.vocabulary)
        slot, frame = stream.voice[1:], stream.frame[1:]
        frame = np.where(slot == SLOT_END, chorale.frames, frame)
        sixteenth = _sixteenths(chorale)  # [T + 1]
        out = np.zeros((len(slot), len(self.vocabulary)))
        out[slot == SLOT_FRAME_END, FRAME_END] = 1
        for voice in VOICES:
            rows = np.flatnonzero(slot == voice)
            out[rows] = self._voice(voice, chorale, sixteenth)[frame[rows]]
        # The first token of a frame is a fermata, the end or the soprano's.
        opening = np.flatnonzero(np.diff(frame, prepend=-1) > 0)
        other = np.flatnonzero(np.isin(slot, (SLOT_FERMATA, SLOT_END)))
        out[other] = self._voice(VOICES[0], chorale, sixteenth)[frame[other]]
        self._add_fermata_and_end(out, opening, chorale, sixteenth)
        return out

    def _voice(
        self, voice: int, chorale: Chorale, sixteenth: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Probabilities of a voice's token in each frame and after the last, shape [T + 1, V]."""
        begin, before = self.begin[voice], chorale.pitch[:, voice]
        out = np.tile(begin, (chorale.frames + 1, 1))
        rested = before == REST
        hold = self.hold[voice, rested.astype(int), sixteenth[1:]]  # [T]
        after = out[1:]
        after[rested, REST_TOKEN] = 0
        after[rested] /= 1 - begin[REST_TOKEN]
        after *= 1 - hold[:, None]
        after[np.arange(chorale.frames), self.vocabulary.ids_of(before, ~rested)] += hold
        return out

    def _add_fermata_and_end(
        self,
        out: NDArray[np.float64],
        rows: NDArray[np.int64],
        chorale: Chorale,
        sixteenth: NDArray[np.int64],
    ) -> None:
        """Add the end and a fermata to the rows of the first token of a frame, in place."""
        end = self.end[_shifted(sixteenth, _NO_FRAME)]  # [T + 1]
        before = np.concatenate([[0], chorale.fermata.astype(int)])  # [T + 1]
        fermata = self.fermata[before, sixteenth]  # [T + 1]
        out[rows] *= ((1 - end) * (1 - fermata))[:, None]
        out[rows, END] = end
        out[rows, FERMATA] = (1 - end) * fermata


def fit_frame_repetition(chorales: Sequence[Chorale], vocabulary: Vocabulary) -> FrameRepetition:
    """Fit the frame repetition baseline by counting.

    Parameters
    ----------
    chorales : sequence of Chorale
        Training pieces in C major or A minor.
    vocabulary : Vocabulary
        Meaning of the token ids.

    Raises
    ------
    EncodingError
        If a pitch is outside the vocabulary.
    """
    # The first axis is no and yes.
    holds, fermatas = np.full((2, 4, 2, 4), 0.5), np.full((2, 2, 4), 0.5)
    ends = np.full((2, _NO_FRAME + 1), 0.5)
    begin = np.zeros((4, len(vocabulary)))
    begin[:, REST_TOKEN] = begin[:, FIRST_PITCH::2] = 0.5
    for chorale in chorales:
        sixteenth = _sixteenths(chorale)  # [T + 1]
        rested = (chorale.pitch[:-1] == REST).astype(int)  # [T - 1, 4], the frame before
        held = np.where(rested, chorale.pitch[1:] == REST, chorale.tied[1:])
        now = sixteenth[1:-1, None]  # [T - 1, 1]
        np.add.at(holds, (held.astype(int), np.arange(4), rested, now), 1)
        ids = vocabulary.ids_of(chorale.pitch, chorale.tied)
        begins = np.concatenate([np.ones((min(1, chorale.frames), 4), dtype=np.bool_), ~held])
        np.add.at(begin, (np.nonzero(begins)[1], ids[begins]), 1)
        fermata = chorale.fermata.astype(int)
        np.add.at(fermatas, (fermata, _shifted(fermata, 0), sixteenth[:-1]), 1)
        ended = np.arange(chorale.frames + 1) == chorale.frames
        np.add.at(ends, (ended.astype(int), _shifted(sixteenth, _NO_FRAME)), 1)
    return FrameRepetition(
        vocabulary,
        hold=holds[1] / holds.sum(axis=0),
        begin=begin / begin.sum(axis=1, keepdims=True),
        fermata=fermatas[1] / fermatas.sum(axis=0),
        end=ends[1] / ends.sum(axis=0),
    )


def _sixteenths(chorale: Chorale) -> NDArray[np.int64]:
    """Sixteenth of the quarter of each frame and of the one after the last, shape [T + 1]."""
    position = chorale.position.astype(np.int64)
    following = position[-1:] + 1 if chorale.frames else np.zeros(1, dtype=np.int64)
    return np.concatenate([position, following]) % _QUARTER


def _shifted(values: NDArray[np.int64], first: int) -> NDArray[np.int64]:
    """For each frame the value of the frame before, and ``first`` for the first one."""
    return np.concatenate([[first], values[:-1]])
