"""Penalties that are learned: a log-linear score of local features.

Shapes: N candidate tokens.
"""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from bachbot.decoding.context import SearchContext
from bachbot.decoding.penalties.base import Penalty
from bachbot.features import FeatureWeights
from bachbot.features.templates import beat_keys, frame_keys, line_keys


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
        notes, history = context.candidates(rows, tokens), context.history
        assert history is not None  # the search keeps it for this penalty
        piece, voice = context.piece[rows], context.voice
        place, minor = context.beat_position[piece], context.minor[piece]
        line = line_keys(history, rows, voice, (notes.pitch[:, voice], notes.onset), place, minor)
        score = self.features.score(line)
        done = np.flatnonzero(notes.completes)
        if len(done):
            onset = context.known_onset[rows[done]]
            onset[:, voice] = notes.onset[done]
            before, now = context.state.previous_pitch[rows[done]], notes.pitch[done]
            score[done] += self.features.score(frame_keys(before, now, onset, place[done]))
            on = done[place[done] == 0]
            if len(on):
                fermata = context.state.fermata[rows[on]].astype(np.intp)
                fermata += fermata * onset[place[done] == 0, 0]
                where = (fermata, context.beat_strength[piece[on]])
                keys = beat_keys(history, rows[on], notes.pitch[on], where, minor[on])
                score[on] += self.features.score(keys)
        return -self.weight * score
