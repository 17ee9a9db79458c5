"""The lookahead network as it writes: one token at a time, of many streams.

Shapes: P pieces, T frames, B streams, V vocabulary, H hidden units of the decoder, L its layers, G
units of the encoder in each direction, W units of the chain, D distances that are looked back over.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from bachbot.encoding import END, FERMATA, FRAME_END, START
from bachbot.encoding import copying as recall
from bachbot.encoding.conditioning import UNKNOWN, FillRequest, encode_conditioning
from bachbot.encoding.datastore import Runs
from bachbot.encoding.token_intervals import CHROMAS, chromas, melodic
from bachbot.errors import UsageError
from bachbot.runtime.lookahead.datastore import AGAIN, no_runs
from bachbot.runtime.lookahead.encoder import cell, run_encoder
from bachbot.runtime.lstm import product

if TYPE_CHECKING:
    from bachbot.runtime.lookahead.model import LookaheadRuntime

_VOICES = np.arange(4)

_BEGIN, _SOPRANO, _END_OF_FRAME = 0, 1, 5
"""Slots of a frame: the fermata or none, S, A, T, B, the frame end."""

_SELDOM = -30.0
"""Log-odds of a fermata that is not given, by a network that is told of none: it sets one only
where a soprano is held on under it."""


@dataclass(frozen=True, eq=False)
class LookaheadState:
    """Where B streams are, and what they remember.

    Parameters
    ----------
    memory : ndarray, shape [L, 2, B, H]
        Of the layers that read the frames so far, h before c.
    piece, frame, slot : ndarray of int, shape [B]
        Piece of each stream, frame that it is in, and what it chooses next there.
    now : ndarray of int, shape [B, 4]
        Tokens of the frame; V where there is none yet.
    pause : ndarray of int, shape [B]
        1 under a fermata, as far as the network is told of them; 0 elsewhere.
    sum : ndarray, shape [B, W]
        What goes into the chain: all that is known of the frame.
    written : ndarray of int16, shape [B, T, 4]
        Tokens of the frames before.
    runs : ndarray of uint8, shape [B, D]
        How long those match, as in `bachbot.encoding.copying.grown`.
    recalled : ndarray of int, shape [B, 4]
        Tokens of the frame that is recalled; V where none is.
    tune, past : ndarray of uint8, shape [B, N]
        `bachbot.encoding.datastore.Runs`, of a network that looks up N frames; N is 0 otherwise.
    """

    memory: NDArray
    piece: NDArray[np.intp]
    frame: NDArray[np.intp]
    slot: NDArray[np.intp]
    now: NDArray[np.int64]
    pause: NDArray[np.int64]
    sum: NDArray
    written: NDArray[np.int16]
    runs: NDArray[np.uint8]
    recalled: NDArray[np.int64]
    tune: NDArray[np.uint8]
    past: NDArray[np.uint8]

    def rows(self, rows: NDArray[np.intp]) -> "LookaheadState":
        """The states of some streams."""
        return LookaheadState(
            self.memory[:, :, rows],
            *(getattr(self, name)[rows] for name in _OF_A_STREAM),
        )


_OF_A_STREAM = [f.name for f in fields(LookaheadState)][1:]
"""Fields of a state of which each row is a stream's."""


class LookaheadStepper:
    """The network as it writes what is missing of some pieces.

    What is given has a probability of 1 and everything else there has none, since the model knows
    it beforehand; so have the frame ends, and END after the last frame. The joint log-probability
    of a stream is therefore that of what is missing, given the rest.

    Parameters
    ----------
    model : LookaheadModel
        The weights.
    works : sequence of Work
        The pieces.

    Attributes
    ----------
    encoded : list of ndarray, shape [P, T, 2 G] each
        What each layer of the encoder made of what is given, from the lowest up; the units that
        run forwards come before those that run back.
    """

    def __init__(self, model: "LookaheadRuntime", works: Sequence[FillRequest]) -> None:
        if not works:
            raise UsageError("a model was bound to no piece: give one or more")
        self.vocabulary = model.vocabulary
        self._model = model
        self._told = encode_conditioning(works, model.vocabulary, heard=model.told)
        # What the scores go by: a given fermata costs a network nothing that is told of none.
        self._fermata = encode_conditioning(works, model.vocabulary).pause  # [P, T]
        none = len(self.vocabulary)
        self._ahead = recall.ahead_runs(self._told.shown, none)  # [P, T, D]
        self._chromas = chromas(none)  # [V + 1]
        # Columns of the chain's last product: of the way from a voice's last token to each, [V + 1,
        # V]; and of the semitones from each voice's token up to each pitch class, [4, V + 1, 13],
        # `CHROMAS` where either has none.
        above = none + 1
        self._ways = above + 4 * (CHROMAS + 1) + melodic(none)
        ref = self._chromas[:, None]
        classes = np.arange(CHROMAS + 1)
        up = np.where((ref < CHROMAS) & (classes < CHROMAS), (classes - ref) % CHROMAS, CHROMAS)
        self._up = above + (CHROMAS + 1) * np.arange(4)[:, None, None] + up
        self._read()

    def _read(self) -> None:
        """The encoder, and every sum that does not depend on what is written."""
        m, told = self._model, self._told
        read, self.encoded = run_encoder(told, m.tables, m.encoder)
        x = self.encoded[-1]
        gates = x @ m.context_gates.T + m.layers[0][2]  # [P, T, 4 H]
        sums = x @ m.context_sum + read @ m.read_sum + m.frame_bias  # [P, T, W]
        tokens, pauses = m.known_sum
        for voice in range(4):
            sums += tokens[voice][told.shown[:, :, voice]]
        sums += pauses[told.pause]
        self._context = np.concatenate([gates, sums], axis=2)  # [P, T, 4 H + W]
        self._frames = sums.shape[1]

    def initial_state(self, batch: int) -> LookaheadState:
        """The state of so many streams before START.

        Parameters
        ----------
        batch : int
            As many as there are pieces, or any number of streams of the only one.

        Raises
        ------
        UsageError
            If it is another number.
        """
        pieces, frames = self._context.shape[:2]
        if pieces not in (1, batch):
            raise UsageError(f"{batch} streams cannot set out in {pieces} pieces: give {pieces}")
        none = len(self.vocabulary)
        runs = self._model.shelf.begun(batch) if self._model.shelf else no_runs(batch)
        piece = np.arange(batch) if pieces > 1 else np.zeros(batch, dtype=np.intp)
        return LookaheadState(
            memory=np.zeros(
                (len(self._model.layers), 2, batch, self._model.hidden), self._model.dtype
            ),
            piece=piece,
            frame=np.full(batch, -1),
            slot=np.full(batch, _END_OF_FRAME),
            now=np.full((batch, 4), none),
            pause=np.zeros(batch, dtype=np.int64),
            sum=np.zeros((batch, len(self._model.chain)), self._model.dtype),
            written=np.zeros((batch, frames, 4), dtype=np.int16),
            runs=recall.no_runs(batch, frames),
            recalled=np.full((batch, 4), none),
            tune=runs.tune,
            past=runs.past,
        )

    def step(self, ids: NDArray[np.int64], state: LookaheadState) -> tuple[NDArray, LookaheadState]:
        """Read one token of each stream and score the next.

        Parameters
        ----------
        ids : ndarray of int64, shape [B]
            Token ids.
        state : LookaheadState
            State before them; it is not changed.

        Returns
        -------
        logits : ndarray, shape [B, V]
            Log-probabilities of the next token, up to a constant; minus infinity where there is
            no other way.
        state : LookaheadState
            State after them.
        """
        begins = (ids == FRAME_END) | (ids == START)
        kind = np.where(begins, 0, np.where(ids == FERMATA, -1, state.slot))
        first = kind[0]
        if (kind == first).all():
            return self._alike(int(first), ids, state)
        order, logits, states = [], [], []
        for one in np.unique(kind):
            rows = np.flatnonzero(kind == one)
            scored, after = self._alike(int(one), ids[rows], state.rows(rows))
            order.append(rows)
            logits.append(scored)
            states.append(after)
        back = np.argsort(np.concatenate(order))
        return np.concatenate(logits)[back], self.join(states).rows(back)

    def select(self, state: LookaheadState, rows: NDArray[np.int64]) -> LookaheadState:
        """The states of some streams."""
        return state.rows(rows)

    def join(self, states: Sequence[LookaheadState]) -> LookaheadState:
        """The states of several batches as one batch, in their order."""
        return LookaheadState(
            np.concatenate([s.memory for s in states], axis=2),
            *(np.concatenate([getattr(s, name) for s in states]) for name in _OF_A_STREAM),
        )

    def _alike(
        self, kind: int, ids: NDArray[np.int64], state: LookaheadState
    ) -> tuple[NDArray, LookaheadState]:
        """A step of streams that are all in the same slot."""
        if kind == 0:
            return self._begin(state)
        if kind == -1:
            return self._pause(state)
        voice = kind - 1
        now = state.now.copy()
        now[:, voice] = ids
        table = self._model.known_sum[0][voice]
        # A given token is in the sum from the beginning of the frame.
        shown = self._told.shown[state.piece, state.frame, voice]
        missing = shown == len(self.vocabulary)
        change = table.take(ids, axis=0) - table[-1]
        if not missing.all():
            change *= missing[:, None]
        total = state.sum + change
        after = replace(state, now=now, sum=total, slot=state.slot + 1)
        if voice == 0:
            free = self._told.pause[state.piece, state.frame] == UNKNOWN
            after = self._unpaused(after, free & (state.pause == 0), 0)
        if voice == 3:
            return self._sure(np.full(len(ids), FRAME_END)), after
        return self._voice(voice + 1, after), after

    def _begin(self, state: LookaheadState) -> tuple[NDArray, LookaheadState]:
        """The next frame: read the one before, and score fermata, soprano and END."""
        m, frame = self._model, state.frame + 1
        over = frame >= self._told.length[state.piece]
        at = state.piece, np.minimum(frame, self._frames - 1)
        heard = self._context[at]  # [B, 4 H + W]
        for voice in range(4):
            heard += m.past[0][voice].take(state.now[:, voice], axis=0)
        heard += m.past[1].take(state.pause, axis=0)
        gates, total = heard[:, : 4 * m.hidden], heard[:, 4 * m.hidden :]
        memory = np.empty_like(state.memory)
        for layer, (of_input, of_state, bias) in enumerate(m.layers):
            if layer:
                gates = product(memory[layer - 1, 0], of_input)
                gates += bias
            gates += product(state.memory[layer, 0], of_state)
            memory[layer] = cell(gates, state.memory[layer, 1])
        total = total + product(memory[-1, 0], m.state_sum)
        written, runs, recalled, of_recalled = self._recall(state, frame)
        total += of_recalled
        looked = Runs(state.tune, state.past)
        if m.shelf:
            looked = m.shelf.gone_on(looked, state.now, state.frame >= 0)
        after = LookaheadState(
            memory=memory,
            piece=state.piece,
            frame=frame,
            slot=np.full(len(frame), _SOPRANO),
            now=np.full_like(state.now, len(self.vocabulary)),
            pause=np.where(self._told.pause[at] == 1, 1, 0),
            sum=total,
            written=written,
            runs=runs,
            recalled=recalled,
            tune=looked.tune,
            past=looked.past,
        )
        logits = self._opening(self._fermata[at], after)
        if over.any():
            logits[over] = self._sure(np.full(int(over.sum()), END))
        return logits, after

    def _opening(self, fermata: NDArray[np.int64], state: LookaheadState) -> NDArray:
        """Scores of FERMATA and of a soprano without one.

        By `fermata` it is given, 1, or none is, 0, or it is for the model to say, `UNKNOWN`.
        """
        free = fermata == UNKNOWN
        without = self._unpaused(state, free, 0) if self._model.told else state
        logits = self._voice(0, without)
        if free.any():
            odds = np.full(int(free.sum()), _SELDOM)
            if self._model.told:
                m, rows = self._model, np.flatnonzero(free)
                some = state if len(rows) == len(free) else state.rows(rows)
                hidden = self._hidden(some, self._seen(some), _BEGIN)
                odds = hidden @ m.heads[:, FERMATA] + m.heads_bias[FERMATA]
                odds = odds.astype(np.float64)
            rest = logits[free].astype(np.float64)
            rest -= np.logaddexp.reduce(rest, axis=1)[:, None] + np.logaddexp(0, odds)[:, None]
            # What the soprano's own scores leave to FERMATA is no soprano's, and not lost: it goes
            # to another token that never comes here.
            rest[:, START] = np.logaddexp(rest[:, START], rest[:, FERMATA])
            rest[:, FERMATA] = -np.logaddexp(0, -odds)
            logits[free] = rest
        paused = fermata == 1
        if paused.any():
            logits[paused] = self._sure(np.full(int(paused.sum()), FERMATA))
        return logits

    def _unpaused(
        self, state: LookaheadState, free: NDArray[np.bool_], pause: int
    ) -> LookaheadState:
        """The state once it is known whether there is a fermata, where that was free."""
        if not free.any():
            return state
        table = self._model.known_sum[1]
        return replace(
            state, sum=state.sum + np.where(free[:, None], table[pause] - table[UNKNOWN], 0)
        )

    def _pause(self, state: LookaheadState) -> tuple[NDArray, LookaheadState]:
        if self._model.told:
            free = self._told.pause[state.piece, state.frame] == UNKNOWN
            state = self._unpaused(state, free, 1)
            state = replace(state, pause=np.ones_like(state.pause))
        return self._voice(0, state), state

    def _voice(self, voice: int, state: LookaheadState) -> NDArray:
        """Scores of a voice's token."""
        shown = self._told.shown[state.piece, state.frame % self._frames, voice]
        missing = shown == len(self.vocabulary)
        if not missing.any():
            return self._sure(shown)
        logits = self._chain(state, voice + 1)
        if not missing.all():
            logits[~missing] = self._sure(shown[~missing])
        return logits

    def _recall(
        self, state: LookaheadState, frame: NDArray[np.intp]
    ) -> tuple[NDArray[np.int16], NDArray[np.uint8], NDArray[np.int64], NDArray]:
        """What was written, how it matches, what is recalled, and what it adds to the sums."""
        m, none = self._model, len(self.vocabulary)
        written, runs = state.written.copy(), np.zeros_like(state.runs)
        recalled = np.full(state.now.shape, none)
        lengths = np.zeros((2, len(frame)), dtype=np.int64)
        for at in np.unique(frame).tolist():
            if not 0 < at < written.shape[1]:
                continue
            rows = np.flatnonzero(frame == at)
            written[rows, at - 1] = state.now[rows]
            runs[rows] = recall.grown(state.runs[rows], recall.codes(written[rows]), at)
            found = recall.choose(runs[rows], self._ahead[state.piece[rows], at], at)
            lengths[:, rows] = found.past, found.ahead
            then = written[rows, at - found.distance]
            recalled[rows] = np.where(found.distance[:, None] > 0, then, none)
        sums = m.length_sums[0][lengths[0]] + m.length_sums[1][lengths[1]]
        for voice in range(4):
            sums += m.recalled_sum[voice][recalled[:, voice]]
        return written, runs, recalled, sums

    def _seen(self, state: LookaheadState) -> NDArray[np.int64]:
        """Tokens of the frame that are known, V where none is, [B, 4]."""
        shown = self._told.shown[state.piece, state.frame % self._frames]
        return np.where(state.now == len(self.vocabulary), shown, state.now)

    def _hidden(self, state: LookaheadState, seen: NDArray[np.int64], slot: int) -> NDArray:
        """The chain's units where a slot is written, [B, W]."""
        m, none = self._model, len(self.vocabulary)
        agreed = ((state.recalled == seen) | (seen == none)).all(1) & (state.recalled[:, 0] != none)
        hidden = state.sum + m.slot[slot]
        hidden += m.agreed[agreed.astype(np.intp)]
        np.maximum(hidden, 0, out=hidden)
        out = product(hidden, m.chain)
        out += hidden
        out += m.chain_bias
        return np.maximum(out, 0, out=out)

    def _chain(self, state: LookaheadState, slot: int) -> NDArray:
        """Scores of what is written in a voice's slot."""
        m, none = self._model, len(self.vocabulary)
        seen = self._seen(state)
        heads = product(self._hidden(state, seen, slot), m.heads)
        heads += m.heads_bias
        logits = heads[:, :none]
        voice = slot - 1
        before = state.written[np.arange(len(seen)), state.frame - 1, voice]
        last = np.where(state.frame > 0, before, none)
        streams = np.arange(len(seen))[:, None]
        by_chroma = heads[streams[..., None], self._up[_VOICES, seen]].sum(1)  # [B, 13]
        logits = logits + by_chroma.take(self._chromas[:-1], axis=1)
        logits += heads[streams, self._ways[last]]
        if m.shelf:
            found = m.shelf.likest(Runs(state.tune, state.past), state.now[:, :voice])
            m.shelf.follow(logits, heads[:, -AGAIN:], found, voice)
        rows = np.flatnonzero(state.recalled[:, voice] != none)
        logits[rows, state.recalled[rows, voice]] += heads[rows, none]
        return logits

    def _sure(self, tokens: NDArray[np.int64]) -> NDArray:
        """Scores of what cannot be otherwise."""
        logits = np.full((len(tokens), len(self.vocabulary)), -np.inf, dtype=self._model.dtype)
        logits[np.arange(len(tokens)), tokens] = 0
        return logits
