"""The lookahead network as it writes: one token at a time, of many sequences.

It computes the same as `bachbot.models.lookahead`, in another order. What is given of a piece is
read once, when the model is bound to it; whatever does not depend on the notes that are written is
computed then as well.

Shapes: P pieces, T frames, B sequences, V vocabulary, H hidden units of the decoder, L its layers,
G units of the encoder in each direction, R numbers read of a frame, W units of the frame decoder,
D distances that are searched back, N frames of the datastore.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from bachbot.encoding import END, FERMATA, FRAME_END, START, FillRequest, Vocabulary
from bachbot.encoding.conditioning import UNKNOWN, Conditioning, encode_conditioning
from bachbot.encoding.copying import (
    choose_copy,
    extend_matches,
    frame_ids,
    given_matches,
)
from bachbot.encoding.copying import no_matches as no_copy_matches
from bachbot.encoding.datastore import MatchLengths
from bachbot.encoding.token_intervals import PITCH_CLASSES, melodic_intervals, pitch_classes
from bachbot.errors import UsageError
from bachbot.runtime.lookahead.config import LookaheadConfig
from bachbot.runtime.lookahead.datastore import QUERY_SIZE, no_matches
from bachbot.runtime.lookahead.encoder import lstm_cell, run_encoder
from bachbot.runtime.lookahead.weights import FoldedWeights
from bachbot.runtime.lstm_runtime import product

_VOICES = np.arange(4)

_BEGIN, _SOPRANO, _END_OF_FRAME = 0, 1, 5
"""Slots of a frame: the fermata or none, S, A, T, B, the frame end."""

_FERMATA = -1
"""Stands for the slot after a FERMATA, which is the soprano's too."""

_RARE = -30.0
"""Log-odds of a fermata that is not given, by a network that reads no fermatas: it writes one only
where a soprano is held under it."""


@dataclass(frozen=True, eq=False)
class LookaheadState:
    """Where B sequences are, and what they remember.

    Parameters
    ----------
    lstm : ndarray, shape [L, 2, B, H]
        State of the layers that read the frames so far, h before c.
    piece, frame, slot : ndarray of int, shape [B]
        Piece of each sequence, the frame that it is in, and what it writes next there.
    tokens : ndarray of int, shape [B, 4]
        Tokens of the frame; V where there is none yet.
    fermata : ndarray of int, shape [B]
        1 under a fermata, if the network reads fermatas; else 0.
    inputs : ndarray, shape [B, W]
        Input of the frame decoder: the sum over all that is known of the frame.
    written : ndarray of int16, shape [B, T, 4]
        Tokens of the frames before.
    copy_matches : ndarray of uint8, shape [B, D]
        How long those match, as in `bachbot.encoding.copying.extend_matches`.
    copied : ndarray of int, shape [B, 4]
        Tokens of the frame that may be copied; V where there is none.
    soprano, past : ndarray of uint8, shape [B, N]
        `bachbot.encoding.datastore.MatchLengths`; N is 0 if there is no datastore.
    """

    lstm: NDArray
    piece: NDArray[np.intp]
    frame: NDArray[np.intp]
    slot: NDArray[np.intp]
    tokens: NDArray[np.int64]
    fermata: NDArray[np.int64]
    inputs: NDArray
    written: NDArray[np.int16]
    copy_matches: NDArray[np.uint8]
    copied: NDArray[np.int64]
    soprano: NDArray[np.uint8]
    past: NDArray[np.uint8]

    def rows(self, rows: NDArray[np.intp]) -> "LookaheadState":
        """The states of some sequences."""
        return LookaheadState(
            self.lstm[:, :, rows],
            *(getattr(self, name)[rows] for name in _PER_SEQUENCE),
        )


_PER_SEQUENCE = [f.name for f in fields(LookaheadState)][1:]
"""Fields of a state whose first axis is that of the sequences."""


class LookaheadStepper:
    """The network bound to some pieces, as it writes what is missing of them.

    What is given has a probability of 1 and every alternative has 0, since the model knows it
    beforehand; so have the frame ends, and END after the last frame. The joint log-probability of
    a sequence is therefore that of what is missing, given the rest.

    Parameters
    ----------
    config : LookaheadConfig
        Size.
    vocabulary : Vocabulary
        What the token ids mean.
    weights : FoldedWeights
        The network's.
    requests : sequence of FillRequest
        The pieces.

    Attributes
    ----------
    encoded : list of ndarray, shape [P, T, 2 G] each
        Output of each layer of the encoder, from the lowest up; the units that run forwards come
        before those that run backwards.

    Raises
    ------
    EncodingError
        If a given pitch is outside the vocabulary.
    UsageError
        If there is no piece.
    """

    normalized = True

    def __init__(
        self,
        config: LookaheadConfig,
        vocabulary: Vocabulary,
        weights: FoldedWeights,
        requests: Sequence[FillRequest],
    ) -> None:
        if not requests:
            raise UsageError("a model was bound to no piece: give one or more")
        self.vocabulary = vocabulary
        self._config, self._weights = config, weights
        self._use_metadata = config.use_metadata
        self._given = encode_conditioning(requests, vocabulary, use_metadata=self._use_metadata)
        # What is scored: a given fermata costs nothing even if the network reads no fermatas.
        self._fermata = encode_conditioning(requests, vocabulary).fermata  # [P, T]
        none = len(vocabulary)
        self._ahead = given_matches(self._given.tokens, none)  # [P, T, D]
        self._pitch_classes = pitch_classes(none)  # [V + 1]
        # Columns of the product with `FoldedWeights.heads`: of the melodic interval from a voice's
        # last token to each, [V + 1, V]; and of the semitones from each voice's token up to each
        # pitch class, [4, V + 1, 13], `PITCH_CLASSES` where either has no pitch.
        start = none + 1
        self._melodic = start + 4 * (PITCH_CLASSES + 1) + melodic_intervals(none)
        lower = self._pitch_classes[:, None]
        upper = np.arange(PITCH_CLASSES + 1)
        up = np.where(
            (lower < PITCH_CLASSES) & (upper < PITCH_CLASSES),
            (upper - lower) % PITCH_CLASSES,
            PITCH_CLASSES,
        )
        self._harmonic = start + (PITCH_CLASSES + 1) * np.arange(4)[:, None, None] + up
        self._read()

    def _read(self) -> None:
        """Run the encoder, and compute every sum that does not depend on what is written.

        Each piece is read alone: beside a longer one its sums would be rounded differently.
        """
        pieces = [self._read_piece(self._given.piece(p)) for p in range(len(self._given.length))]
        contexts, encoded = zip(*pieces, strict=True)
        self._context = _stacked(contexts)  # [P, T, 4 H + W]
        self._frames = self._context.shape[1]
        self.encoded = [_stacked(layer) for layer in zip(*encoded, strict=True)]

    def _read_piece(self, given: Conditioning) -> tuple[NDArray, list[NDArray]]:
        """What the encoder adds to the decoder's inputs, [T, 4 H + W], and its layers, [T, 2 G]."""
        w = self._weights
        read, encoded = run_encoder(given, w.embeddings, w.encoder)
        x = encoded[-1]
        gates = x @ w.context_gates.T + w.decoder[0][2]  # [1, T, 4 H]
        inputs = x @ w.context_input + read @ w.read_input + w.frame_bias  # [1, T, W]
        tokens, fermatas = w.this_frame
        for voice in range(4):
            inputs += tokens[voice][given.tokens[:, :, voice]]
        inputs += fermatas[given.fermata]
        context = np.concatenate([gates, inputs], axis=2)
        return context[0], [layer[0] for layer in encoded]

    def initial_state(self, batch: int) -> LookaheadState:
        """Make the state before START.

        Parameters
        ----------
        batch : int
            Number of sequences: as many as there are pieces, or any number for the only one.

        Raises
        ------
        UsageError
            If it is another number.
        """
        pieces, frames = self._context.shape[:2]
        if pieces not in (1, batch):
            raise UsageError(f"{batch} sequences cannot write {pieces} pieces: give {pieces}")
        none, w = len(self.vocabulary), self._weights
        matches = w.datastore.start_matches(batch) if w.datastore else no_matches(batch)
        piece = np.arange(batch) if pieces > 1 else np.zeros(batch, dtype=np.intp)
        return LookaheadState(
            lstm=np.zeros((len(w.decoder), 2, batch, self._config.hidden), w.dtype),
            piece=piece,
            frame=np.full(batch, -1),
            slot=np.full(batch, _END_OF_FRAME),
            tokens=np.full((batch, 4), none),
            fermata=np.zeros(batch, dtype=np.int64),
            inputs=np.zeros((batch, len(w.hidden)), w.dtype),
            written=np.zeros((batch, frames, 4), dtype=np.int16),
            copy_matches=no_copy_matches(batch, frames),
            copied=np.full((batch, 4), none),
            soprano=matches.soprano,
            past=matches.past,
        )

    def step(self, ids: NDArray[np.int64], state: LookaheadState) -> tuple[NDArray, LookaheadState]:
        """Read one token of each sequence and score the next.

        Parameters
        ----------
        ids : ndarray of int64, shape [B]
            Token ids.
        state : LookaheadState
            State before them; it is not changed.

        Returns
        -------
        logits : ndarray, shape [B, V]
            Log-probabilities of the next token, up to a constant; minus infinity where it cannot
            follow.
        state : LookaheadState
            State after them.
        """
        begins = (ids == FRAME_END) | (ids == START)
        slot = np.where(begins, _BEGIN, np.where(ids == FERMATA, _FERMATA, state.slot))
        first = slot[0]
        if (slot == first).all():
            return self._step_slot(int(first), ids, state)
        order, logits, states = [], [], []
        for one in np.unique(slot):
            rows = np.flatnonzero(slot == one)
            scored, after = self._step_slot(int(one), ids[rows], state.rows(rows))
            order.append(rows)
            logits.append(scored)
            states.append(after)
        back = np.argsort(np.concatenate(order))
        return np.concatenate(logits)[back], self.join(states).rows(back)

    def select(self, state: LookaheadState, rows: NDArray[np.int64]) -> LookaheadState:
        """Pick the states of some sequences."""
        return state.rows(rows)

    def join(self, states: Sequence[LookaheadState]) -> LookaheadState:
        """Put the states of several batches together as one batch, in order."""
        return LookaheadState(
            np.concatenate([s.lstm for s in states], axis=2),
            *(np.concatenate([getattr(s, name) for s in states]) for name in _PER_SEQUENCE),
        )

    def _step_slot(
        self, slot: int, ids: NDArray[np.int64], state: LookaheadState
    ) -> tuple[NDArray, LookaheadState]:
        """Step sequences that are all in the same slot, which `ids` fill."""
        if slot == _BEGIN:
            return self._begin_frame(state)
        if slot == _FERMATA:
            return self._set_fermata(state)
        voice = slot - 1
        tokens = state.tokens.copy()
        tokens[:, voice] = ids
        table = self._weights.this_frame[0][voice]
        # A given token is in the sum from the beginning of the frame.
        given = self._given.tokens[state.piece, state.frame, voice]
        missing = given == len(self.vocabulary)
        change = table.take(ids, axis=0) - table[-1]
        if not missing.all():
            change *= missing[:, None]
        after = replace(state, tokens=tokens, inputs=state.inputs + change, slot=state.slot + 1)
        if voice == 0:
            free = self._given.fermata[state.piece, state.frame] == UNKNOWN
            after = self._with_fermata(after, free & (state.fermata == 0), 0)
        if voice == 3:
            return self._certain(np.full(len(ids), FRAME_END)), after
        return self._score_voice(voice + 1, after), after

    def _begin_frame(self, state: LookaheadState) -> tuple[NDArray, LookaheadState]:
        """Begin the next frame: read the one before, and score fermata, soprano and END."""
        w, frame = self._weights, state.frame + 1
        over = frame >= self._given.length[state.piece]
        at = state.piece, np.minimum(frame, self._frames - 1)
        context = self._context[at]  # [B, 4 H + W]
        for voice in range(4):
            context += w.last_frame[0][voice].take(state.tokens[:, voice], axis=0)
        context += w.last_frame[1].take(state.fermata, axis=0)
        split = 4 * self._config.hidden
        gates, inputs = context[:, :split], context[:, split:]
        lstm = np.empty_like(state.lstm)
        for layer, (of_input, of_state, bias) in enumerate(w.decoder):
            if layer:
                gates = product(lstm[layer - 1, 0], of_input)
                gates += bias
            gates += product(state.lstm[layer, 0], of_state)
            lstm[layer] = lstm_cell(gates, state.lstm[layer, 1])
        inputs = inputs + product(lstm[-1, 0], w.state_input)
        written, copy_matches, copied, of_copied = self._find_copy(state, frame)
        inputs += of_copied
        matches = MatchLengths(state.soprano, state.past)
        if w.datastore:
            matches = w.datastore.advance(matches, state.tokens, state.frame >= 0)
        after = LookaheadState(
            lstm=lstm,
            piece=state.piece,
            frame=frame,
            slot=np.full(len(frame), _SOPRANO),
            tokens=np.full_like(state.tokens, len(self.vocabulary)),
            fermata=np.where(self._given.fermata[at] == 1, 1, 0),
            inputs=inputs,
            written=written,
            copy_matches=copy_matches,
            copied=copied,
            soprano=matches.soprano,
            past=matches.past,
        )
        logits = self._score_opening(self._fermata[at], after)
        if over.any():
            logits[over] = self._certain(np.full(int(over.sum()), END))
        return logits, after

    def _score_opening(self, fermata: NDArray[np.int64], state: LookaheadState) -> NDArray:
        """Score FERMATA and a soprano without one, [B, V].

        By `fermata` [B] it is given (1), none is (0), or the model decides (`UNKNOWN`).
        """
        free = fermata == UNKNOWN
        without = self._with_fermata(state, free, 0) if self._use_metadata else state
        logits = self._score_voice(0, without)
        if free.any():
            odds = np.full(int(free.sum()), _RARE)
            if self._use_metadata:
                w, rows = self._weights, np.flatnonzero(free)
                some = state if len(rows) == len(free) else state.rows(rows)
                hidden = self._hidden(some, self._known_tokens(some), _BEGIN)
                odds = product(hidden, w.heads[:, FERMATA, None])[:, 0] + w.heads_bias[FERMATA]
                odds = odds.astype(np.float64)
            rest = logits[free].astype(np.float64)
            rest -= np.logaddexp.reduce(rest, axis=1)[:, None] + np.logaddexp(0, odds)[:, None]
            # What the soprano's own scores leave to FERMATA is no soprano's, and not lost: it goes
            # to another token that never comes here.
            rest[:, START] = np.logaddexp(rest[:, START], rest[:, FERMATA])
            rest[:, FERMATA] = -np.logaddexp(0, -odds)
            logits[free] = rest
        given = fermata == 1
        if given.any():
            logits[given] = self._certain(np.full(int(given.sum()), FERMATA))
        return logits

    def _with_fermata(
        self, state: LookaheadState, free: NDArray[np.bool_], fermata: int
    ) -> LookaheadState:
        """The state once it is known whether there is a fermata, where that was free."""
        if not free.any():
            return state
        table = self._weights.this_frame[1]
        change = np.where(free[:, None], table[fermata] - table[UNKNOWN], 0)
        return replace(state, inputs=state.inputs + change)

    def _set_fermata(self, state: LookaheadState) -> tuple[NDArray, LookaheadState]:
        """Read a FERMATA, and score the soprano under it."""
        if self._use_metadata:
            free = self._given.fermata[state.piece, state.frame] == UNKNOWN
            state = self._with_fermata(state, free, 1)
            state = replace(state, fermata=np.ones_like(state.fermata))
        return self._score_voice(0, state), state

    def _score_voice(self, voice: int, state: LookaheadState) -> NDArray:
        """Scores of a voice's token, [B, V]."""
        given = self._given.tokens[state.piece, state.frame % self._frames, voice]
        missing = given == len(self.vocabulary)
        if not missing.any():
            return self._certain(given)
        logits = self._decode_voice(voice, state)
        if not missing.all():
            logits[~missing] = self._certain(given[~missing])
        return logits

    def _find_copy(
        self, state: LookaheadState, frame: NDArray[np.intp]
    ) -> tuple[NDArray[np.int16], NDArray[np.uint8], NDArray[np.int64], NDArray]:
        """What was written, how it matches, the frame that may be copied, and what it adds."""
        w, none = self._weights, len(self.vocabulary)
        written, matches = state.written.copy(), np.zeros_like(state.copy_matches)
        copied = np.full(state.tokens.shape, none)
        lengths = np.zeros((2, len(frame)), dtype=np.int64)
        for at in np.unique(frame).tolist():
            if not 0 < at < written.shape[1]:
                continue
            rows = np.flatnonzero(frame == at)
            written[rows, at - 1] = state.tokens[rows]
            matches[rows] = extend_matches(state.copy_matches[rows], frame_ids(written[rows]), at)
            found = choose_copy(matches[rows], self._ahead[state.piece[rows], at], at)
            lengths[:, rows] = found.past, found.ahead
            tokens = written[rows, at - found.distance]
            copied[rows] = np.where(found.distance[:, None] > 0, tokens, none)
        inputs = w.copy_lengths[0][lengths[0]] + w.copy_lengths[1][lengths[1]]  # [B, W]
        for voice in range(4):
            inputs += w.copied[voice][copied[:, voice]]
        return written, matches, copied, inputs

    def _known_tokens(self, state: LookaheadState) -> NDArray[np.int64]:
        """Tokens of the frame that are known, V where none is, [B, 4]."""
        given = self._given.tokens[state.piece, state.frame % self._frames]
        return np.where(state.tokens == len(self.vocabulary), given, state.tokens)

    def _hidden(self, state: LookaheadState, known: NDArray[np.int64], slot: int) -> NDArray:
        """Hidden layer of the frame decoder where a slot is written, [B, W]."""
        w, none = self._weights, len(self.vocabulary)
        agrees = ((state.copied == known) | (known == none)).all(1) & (state.copied[:, 0] != none)
        hidden = state.inputs + w.slot[slot]
        hidden += w.agreement[agrees.astype(np.intp)]
        np.maximum(hidden, 0, out=hidden)
        out = product(hidden, w.hidden)
        out += hidden
        out += w.hidden_bias
        return np.maximum(out, 0, out=out)

    def _decode_voice(self, voice: int, state: LookaheadState) -> NDArray:
        """Scores of a voice's token by the frame decoder, [B, V]."""
        w, none = self._weights, len(self.vocabulary)
        known = self._known_tokens(state)
        heads = product(self._hidden(state, known, voice + 1), w.heads)
        heads += w.heads_bias
        logits = heads[:, :none]
        before = state.written[np.arange(len(known)), state.frame - 1, voice]
        last = np.where(state.frame > 0, before, none)
        rows = np.arange(len(known))[:, None]
        by_pitch_class = heads[rows[..., None], self._harmonic[_VOICES, known]].sum(1)  # [B, 13]
        logits = logits + by_pitch_class.take(self._pitch_classes[:-1], axis=1)
        logits += heads[rows, self._melodic[last]]
        if w.datastore:
            matches = MatchLengths(state.soprano, state.past)
            neighbors = w.datastore.nearest(matches, state.tokens[:, :voice])
            w.datastore.add_scores(logits, heads[:, -QUERY_SIZE:], neighbors, voice)
        copying = np.flatnonzero(state.copied[:, voice] != none)
        logits[copying, state.copied[copying, voice]] += heads[copying, none]
        return logits

    def _certain(self, tokens: NDArray[np.int64]) -> NDArray:
        """Scores [B, V] of tokens [B] that have no alternative."""
        logits = np.full((len(tokens), len(self.vocabulary)), -np.inf, dtype=self._weights.dtype)
        logits[np.arange(len(tokens)), tokens] = 0
        return logits


def _stacked(pieces: Sequence[NDArray]) -> NDArray:
    """Arrays [T, n] of pieces of several lengths as one, [P, T, n], with zeros after their ends."""
    if len(pieces) == 1:
        return pieces[0][None]
    out = np.zeros((len(pieces), max(map(len, pieces)), pieces[0].shape[1]), pieces[0].dtype)
    for row, piece in zip(out, pieces, strict=True):
        row[: len(piece)] = piece
    return out
