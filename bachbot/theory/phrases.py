"""Where the phrases of a tune end, told from the tune alone.

A listener hears phrase ends by long notes and rests, by the place in the bar where the next phrase
begins, by repeats, and by phrases that are as long as those before (Lerdahl and Jackendoff, *A
generative theory of tonal music*, 1983, chapter 3; Temperley, *The cognition of basic musical
structures*, 2001, chapter 3). All this is a linear score of a whole division of the tune into
phrases; the best division is found by dynamic programming. The weights were learned by an averaged
structured perceptron (Collins, *Discriminative training methods for hidden Markov models*, EMNLP
2002) from the fermatas of the training part, by `tests/theory/fit_phrase_weights.py`.

Shapes: T frames, N notes of the soprano.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import Chorale, Voice
from bachbot.theory.melody import levels

_LONGEST, _SHORTEST = 24, 3
"""Notes of a phrase."""

_NOTE_COUNTS = (4, 6, 8, 10, 13, 17)
"""The least notes of all classes of lengths but the first."""

_OPENING = 3
"""Notes by which a phrase is heard to begin as the tune does."""

END_FEATURES = (
    "end", "length beside the median", "longer than the next", "twice the median", "rest",
    "tonic", "second", "third", "fifth", "downbeat", "middle", "beat", "off the beat",
    "next starts where the tune did in its bar", "next starts as the tune did", "reached by a step",
    "last of a bar", "repeats the note before",
)  # fmt: skip
"""Features of a note that a phrase ends on."""

PHRASE_FEATURES = (
    *(f"from {n} notes" for n in (_SHORTEST, *_NOTE_COUNTS)),
    "two or four bars", "one or three bars", "half a bar over", "other length",
    "as long as the one before", "twice or half as long",
)  # fmt: skip
"""Features of a phrase beside the one before."""

WEIGHTS: dict[str, float] = {
    "end": -2.53,
    "length beside the median": 1.32,
    "longer than the next": 0.51,
    "twice the median": 0.30,
    "rest": 4.00,
    "tonic": 1.26,
    "second": 0.23,
    "third": 0.53,
    "fifth": 0.98,
    "downbeat": -0.25,
    "middle": 0.43,
    "beat": -1.46,
    "off the beat": -1.24,
    "next starts where the tune did in its bar": 0.69,
    "next starts as the tune did": 1.43,
    "reached by a step": 0.33,
    "last of a bar": 0.10,
    "repeats the note before": 0.21,
    "from 3 notes": -1.95,
    "from 4 notes": -1.13,
    "from 6 notes": 0.27,
    "from 8 notes": 1.03,
    "from 10 notes": 0.45,
    "from 13 notes": -0.43,
    "from 17 notes": -0.77,
    "two or four bars": -0.03,
    "one or three bars": -0.69,
    "half a bar over": -0.58,
    "other length": -1.23,
    "as long as the one before": 0.63,
    "twice or half as long": -0.10,
}
"""Weight of each feature, as learned."""


@dataclass(frozen=True, eq=False)
class TuneNotes:
    """The notes of a soprano, with the features of an end after each.

    Parameters
    ----------
    chorale : Chorale
        T frames; its fermatas are not looked at.
    """

    chorale: Chorale

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """First frame of each note, [N]."""
        return np.flatnonzero(self.chorale.onset[:, Voice.SOPRANO])

    @cached_property
    def stops(self) -> NDArray[np.int64]:
        """First frame after each note, [N]."""
        soprano = self.chorale.pitch[:, Voice.SOPRANO]
        change = np.flatnonzero(~self.chorale.tied[:, Voice.SOPRANO])
        ends = np.append(change, len(soprano))
        return ends[np.searchsorted(ends, self.starts, side="right")]

    @cached_property
    def next_starts(self) -> NDArray[np.int64]:
        """First frame of the next note, or of what would follow the piece, [N]."""
        return np.append(self.starts[1:], self.chorale.frames)

    @cached_property
    def end_features(self) -> NDArray[np.float64]:
        """`END_FEATURES` of each note, [N, F]."""
        chorale, starts = self.chorale, self.starts
        length = (self.stops - starts).astype(np.float64)
        median = float(np.median(length))
        following = np.append(length[1:], median)
        pitch = chorale.pitch[starts, Voice.SOPRANO].astype(np.int64)
        degree = (pitch - chorale.key.pitch_class) % 12
        level = levels(chorale)[starts]
        where = np.append(chorale.position, chorale.position[:1])[
            np.minimum(self.next_starts, chorale.frames)
        ]
        came = np.abs(np.diff(pitch, prepend=pitch[:1]))
        columns = [
            np.ones(len(starts)),
            np.clip(np.log2(length / median), -2, 2),
            length > following,
            length >= 2 * median,
            self.next_starts > self.stops,
            degree == 0, degree == 2, np.isin(degree, (3, 4)), degree == 7,
            *(level == n for n in range(4)),
            where == chorale.position[starts[0]],
            self._starts_as_the_tune,
            np.isin(came, (1, 2)),
            where == 0,
            came == 0,
        ]  # fmt: skip
        return np.stack([np.asarray(c, dtype=np.float64) for c in columns], axis=1)

    @cached_property
    def _starts_as_the_tune(self) -> NDArray[np.bool_]:
        """Whether what follows a note has the first intervals and lengths of the tune, [N]."""
        pitch = self.chorale.pitch[self.starts, Voice.SOPRANO].astype(np.int64)
        gaps = self.next_starts - self.starts
        found = np.zeros(len(pitch), dtype=np.bool_)
        for note in range(len(pitch) - _OPENING):
            after = slice(note + 1, note + 1 + _OPENING)
            found[note] = np.array_equal(
                np.diff(pitch[after]), np.diff(pitch[:_OPENING])
            ) and np.array_equal(gaps[after][:-1], gaps[: _OPENING - 1])
        return found

    def phrase_features(self, first: int, last: int, before: int) -> NDArray[np.float64]:
        """`PHRASE_FEATURES` of the phrase of notes `first` to `last`, [F].

        Parameters
        ----------
        first, last : int
            Its first and last note.
        before : int
            The first note of the phrase before it; -1 if there is none.
        """
        out = np.zeros(len(PHRASE_FEATURES))
        out[list(self.features_present(first, last, before))] = 1
        return out

    def features_present(self, first: int, last: int, before: int) -> tuple[int, ...]:
        """Which of `PHRASE_FEATURES` a phrase has.

        Parameters
        ----------
        first, last, before : int
            As `phrase_features` takes them.
        """
        begins = self._begins
        frames = begins[last + 1] - begins[first]
        bar = self.chorale.meter.bar_frames
        bars, over = divmod(frames, bar)
        at = len(_NOTE_COUNTS) + 1
        if not over and bars in (1, 2, 3, 4):
            length = at + bars % 2
        else:
            length = at + (2 if 2 * over == bar else 3)
        found: tuple[int, ...] = (bisect_right(_NOTE_COUNTS, last - first + 1), length)
        if before >= 0:
            earlier = begins[first] - begins[before]
            if frames == earlier:
                found += (at + 4,)
            elif frames in (2 * earlier, earlier / 2):
                found += (at + 5,)
        return found

    @cached_property
    def _begins(self) -> list[int]:
        """Where a phrase from each note on would begin, and where the last one ends, N + 1."""
        return [*map(int, self.starts), self.chorale.frames]


def best_division(
    notes: TuneNotes, ends: NDArray[np.float64], weights: NDArray[np.float64]
) -> list[int]:
    """The division of a tune into phrases with the highest score.

    Parameters
    ----------
    notes : TuneNotes
        N notes, one or more.
    ends : ndarray of float64, shape [N]
        Score of a phrase end after each note.
    weights : ndarray of float64, shape [F]
        Weight of each of `PHRASE_FEATURES`.

    Returns
    -------
    list of int
        The last note of each phrase.
    """
    count = len(notes.starts)
    best: dict[tuple[int, int], tuple[float, int]] = {}
    plain: dict[tuple[int, ...], float] = {}
    for last in range(count):
        shortest = 1 if last + 1 == count else _SHORTEST
        for first in range(max(0, last + 1 - _LONGEST), last + 2 - shortest):
            whole = first == 0
            options = [(0.0, -1)] if whole else []
            options += [(best[begin, first - 1][0], begin)
                        for begin in range(max(0, first - _LONGEST), first)
                        if (begin, first - 1) in best]  # fmt: skip
            for score, before in options:
                present = notes.features_present(first, last, before)
                if present not in plain:
                    plain[present] = float(notes.phrase_features(first, last, before) @ weights)
                total = score + plain[present] + float(ends[last])
                if (first, last) not in best or total > best[first, last][0]:
                    best[first, last] = (total, before)
    closing = {key: value for key, value in best.items() if key[1] == count - 1}
    if not closing:
        return [count - 1]
    first, last = max(closing, key=lambda key: closing[key][0])
    found = []
    while first >= 0 and last >= 0:
        found.append(last)
        before = best[first, last][1]
        first, last = before, first - 1
    return found[::-1]


def predict_phrase_ends(
    chorale: Chorale, words: NDArray[np.float64] | None = None
) -> tuple[int, ...]:
    """Predict where the phrases of a tune end.

    Parameters
    ----------
    chorale : Chorale
        T frames with a soprano. Fermatas and other voices are not looked at.
    words : ndarray of float64, shape [T], optional
        What the words say of an end of the soprano's note in each frame, added to its score: more
        than 0 for punctuation and line ends, less than 0 within a word. Default: no words.

    Returns
    -------
    tuple of int
        Last frame of the last note of each phrase, the final one included; none without a note.
    """
    notes = TuneNotes(chorale)
    if not len(notes.starts):
        return ()
    scores = notes.end_features @ np.array([WEIGHTS[name] for name in END_FEATURES])
    if words is not None:
        scores = scores + words[notes.starts]
    weights = np.array([WEIGHTS[name] for name in PHRASE_FEATURES])
    found = best_division(notes, scores, weights)
    return tuple(int(notes.stops[note]) - 1 for note in found)


def with_phrase_ends(chorale: Chorale, frames: Iterable[int]) -> Chorale:
    """The same piece with a fermata on the soprano's notes that sound in some frames, and no other.

    Parameters
    ----------
    chorale : Chorale
        T frames.
    frames : iterable of int
        0 to T - 1.
    """
    begins = np.append(np.flatnonzero(~chorale.tied[:, Voice.SOPRANO]), chorale.frames)
    fermata = np.zeros(chorale.frames, dtype=np.bool_)
    for frame in frames:
        after = int(np.searchsorted(begins, frame, side="right"))
        fermata[begins[after - 1] : begins[after]] = True
    return replace(chorale, fermata=fermata)
