"""Penalties that are learned: a log-linear score of local features.

Shapes: N candidate tokens.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from bachbot.decoding.context import SearchContext
from bachbot.decoding.penalties.base import Penalty
from bachbot.features import FeatureWeights
from bachbot.features.templates import Keys, beat_keys, frame_keys, line_keys


@dataclass(frozen=True)
class LearnedPenalty(Penalty):
    """The weights of all features that a candidate completes, with the opposite sign.

    Parameters
    ----------
    weight : float
        Factor of all weights; 1 as they were learned.
    features : FeatureWeights
        Weight of each feature in nats.
    """

    features: FeatureWeights = field(repr=False)

    source: ClassVar[str] = "learned: feature counts of decoded pieces moved to Bach's"
    name: ClassVar[str] = "learned features"
    uses_history: ClassVar[bool] = True

    def cost(
        self, context: SearchContext, rows: NDArray[np.intp], tokens: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        """The cost of each candidate, [N]: less than 0 where Bach writes more of it."""
        score = np.zeros(len(rows))
        for where, keys in self.completed(context, rows, tokens):
            score[where] += self.features.score(keys)
        return -self.weight * score

    def completed(
        self, context: SearchContext, rows: NDArray[np.intp], tokens: NDArray[np.intp]
    ) -> Iterator[tuple[NDArray[np.intp] | slice, Keys]]:
        """The features that candidates complete: in their line, their frame, and on their beat.

        Parameters
        ----------
        context, rows, tokens
            As in `cost`.

        Yields
        ------
        ndarray of int, shape [M], or slice
            Which of the N candidates.
        ndarray of int64, shape [M, F]
            Their features.
        """
        notes, history = context.candidates(rows, tokens), context.past
        piece, voice = context.piece[rows], context.voice
        place, minor = context.beat_position[piece], context.minor[piece]
        line = (notes.pitch[:, voice], notes.onset)
        yield slice(None), line_keys(history, rows, voice, line, place, minor)
        done = np.flatnonzero(notes.completes)
        if not len(done):
            return
        onset = context.known_onset[rows[done]]
        onset[:, voice] = notes.onset[done]
        before, now = context.state.previous_pitch[rows[done]], notes.pitch[done]
        yield done, frame_keys(before, now, onset, place[done])
        on = done[place[done] == 0]
        if len(on):
            fermata = context.state.fermata[rows[on]].astype(np.intp)
            fermata += fermata * onset[place[done] == 0, 0]
            where = (fermata, context.beat_strength[piece[on]])
            yield on, beat_keys(history, rows[on], notes.pitch[on], where, minor[on])
