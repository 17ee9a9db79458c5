"""What the penalties of a search charge a piece that is already there.

The piece is gone through as a search does, cell by cell, with its own notes chosen, so that the sum
of all charges is the penalty that a search gives the same piece.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, Chorale, Given, Voice
from bachbot.decoding.constraints import FREE, fill_constraints
from bachbot.decoding.context import SearchContext
from bachbot.decoding.hypotheses import FrameState, SeenChords
from bachbot.decoding.penalties import LearnedPenalty, Penalties, RulePenalty
from bachbot.decoding.penalties.base import Penalty
from bachbot.decoding.penalties.part_writing import given_note_costs
from bachbot.encoding import Vocabulary
from bachbot.features import MusicHistory

_ROW: NDArray[np.intp] = np.zeros(1, dtype=np.intp)


@dataclass(frozen=True)
class Charge:
    """A penalty that applies in a cell.

    Parameters
    ----------
    frame : int
        Its frame.
    name : str
        Name of the penalty.
    nats : float
        What it adds to the cost; negative for a bonus.
    feature : int, optional
        Of a learned one, the key of the feature (`bachbot.features.templates`).
    """

    frame: int
    name: str
    nats: float
    feature: int | None = None


def charges_of(
    chorale: Chorale, given: Given, penalties: Penalties, vocabulary: Vocabulary
) -> list[Charge]:
    """All charges of a piece, in order of time.

    Parameters
    ----------
    chorale : Chorale
        In C major or A minor, T frames.
    given : Given
        Cells that a search would not choose, and what it expects of the others.
    penalties : Penalties
        What is charged.
    vocabulary : Vocabulary
        Its tokens.

    Raises
    ------
    EncodingError
        If a pitch is outside the vocabulary.
    """
    constraints = fill_constraints(chorale, given, vocabulary)
    tokens = vocabulary.ids_of(chorale.pitch, chorale.tied)
    state, seen = FrameState.start(1), SeenChords.empty(1)
    history = MusicHistory.start(1, chorale.frames // FRAMES_PER_QUARTER + 2)
    found: list[Charge] = []
    for frame in range(chorale.frames):
        past = (state, seen, history)
        state.fermata[:] = chorale.fermata[frame]
        for voice in Voice:
            if constraints.token[frame, voice] == FREE:
                cell = SearchContext((constraints,), _ROW, frame, voice, *past)
                found += _of_cell(cell, penalties, tokens[frame, [voice]])
            state.pitch[:, voice] = chorale.pitch[frame, voice]
            state.onset[:, voice] = not chorale.tied[frame, voice]
        whole = SearchContext((constraints,), _ROW, frame, Voice.BASS, *past)
        for penalty in penalties.active:
            if isinstance(penalty, RulePenalty):
                cost = float(given_note_costs([penalty], whole)[0])
                found += [Charge(frame, penalty.name, cost)] if cost else []
        history = history.next_frame(state.pitch, state.onset, whole.beat_position[_ROW])
        state = state.next_frame()
        if constraints.position[frame] % FRAMES_PER_QUARTER == 0:
            seen.add(_ROW, state.previous_pitch)
    return found


def _of_cell(
    context: SearchContext, penalties: Penalties, token: NDArray[np.int64]
) -> Iterator[Charge]:
    for penalty in penalties.active:
        if isinstance(penalty, LearnedPenalty):
            yield from _of_features(context, penalty, token)
        else:
            yield from _of_penalty(context, penalty, token)


def _of_penalty(
    context: SearchContext, penalty: Penalty, token: NDArray[np.int64]
) -> Iterator[Charge]:
    cost = float(penalty.cost(context, _ROW, token)[0])
    if cost:
        yield Charge(context.frame, penalty.name, cost)


def _of_features(
    context: SearchContext, penalty: LearnedPenalty, token: NDArray[np.int64]
) -> Iterator[Charge]:
    for _, keys in penalty.completed(context, _ROW, token):
        weights = penalty.features.weights_of(keys)
        for key, weight in zip(keys.ravel().tolist(), weights.ravel().tolist(), strict=True):
            if weight:
                yield Charge(context.frame, penalty.name, -penalty.weight * weight, key)
