"""A baseline that repeats the frame before: what must be beaten before anything else.

It knows the grammar of a token stream, and the sixteenth of the quarter that each frame lies on
(place in the bar modulo 4), but of the music only the frame before. With chances counted in
training pieces, half a time added to each choice (Krichevsky and Trofimov, IEEE Transactions on
Information Theory 27, 1981):

- A voice that sounded holds its note on with a chance by voice and sixteenth. Otherwise it begins
  a note or rests, with chances by voice alone.
- A voice that rested rests on with another such chance. Otherwise it begins a note, with the same
  chances less that of a rest. In the first frame there is nothing to hold.
- A frame has a fermata with a chance by sixteenth and by whether the frame before has one.
- The piece ends with a chance by the sixteenth of its last frame.
- After the bass the frame ends.

The sixteenth of a frame that would have come where a piece ends is one after its last frame's.

Shapes: T frames, N tokens, V vocabulary.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import REST, VOICES, Chorale
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

_QUARTER = 4  # frames
_NOWHERE = _QUARTER  # the sixteenth of the frame before the first


@dataclass(frozen=True, eq=False)
class RepeatTheFrame:
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

    def chances(self, chorale: Chorale) -> NDArray[np.float64]:
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


def fit(chorales: Sequence[Chorale], vocabulary: Vocabulary) -> RepeatTheFrame:
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
    return RepeatTheFrame(
        vocabulary,
        hold=holds[1] / holds.sum(axis=0),
        fresh=fresh / fresh.sum(axis=1, keepdims=True),
        fermata=fermatas[1] / fermatas.sum(axis=0),
        end=ends[1] / ends.sum(axis=0),
    )


def _sixteenths(chorale: Chorale) -> NDArray[np.int64]:
    """Sixteenth of the quarter of each frame, and of the one that would come next, [T + 1]."""
    places = chorale.place.astype(np.int64)
    following = places[-1:] + 1 if chorale.frames else np.zeros(1, dtype=np.int64)
    return np.concatenate([places, following]) % _QUARTER


def _before(values: NDArray[np.int64], first: int) -> NDArray[np.int64]:
    """Of each frame the value of the one before, and of the first one ``first``."""
    return np.concatenate([[first], values[:-1]])
