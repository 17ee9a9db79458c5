"""The lookahead network in NumPy, one token at a time, without torch.

The same sums as ``bachbot.models.lookahead`` in another order. What a piece gives is read once,
when the model is bound to it; what of each frame does not depend on the notes that are written is
worked out then as well. The embeddings, which only ever meet a matrix, are multiplied into tables.

Shapes: P pieces, T frames, B streams, V vocabulary, H hidden units of the decoder, G of the encoder
in each direction, R numbers that tell what is given in a frame, W units of the chain.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import DTypeLike, NDArray

from bachbot.encoding import END, FERMATA, FRAME_END, START, Vocabulary
from bachbot.encoding.told import FAR, UNTOLD, Told, Work, tell
from bachbot.errors import UsageError
from bachbot.runtime.checkpoint import Checkpoint

_INPUT, _FORGET, _CELL, _OUTPUT = range(4)  # torch's order of the gates
_ORDER = (_INPUT, _FORGET, _OUTPUT, _CELL)  # ours: the three sigmoids side by side

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
    """

    memory: NDArray
    piece: NDArray[np.intp]
    frame: NDArray[np.intp]
    slot: NDArray[np.intp]
    now: NDArray[np.int64]
    pause: NDArray[np.int64]
    sum: NDArray

    def rows(self, rows: NDArray[np.intp]) -> "LookaheadState":
        """The states of some streams."""
        return LookaheadState(
            self.memory[:, :, rows],
            *(getattr(self, f.name)[rows] for f in fields(self)[1:]),
        )


class LookaheadModel:
    """The network's weights, made ready to be bound to pieces.

    Parameters
    ----------
    checkpoint : Checkpoint
        Of kind ``"lookahead"``.
    dtype : dtype
        float32, or float64 where a rounding error may not flip a choice.

    Raises
    ------
    UsageError
        If the dtype is neither.
    """

    foresees = True
    """It is told a piece's length beforehand."""

    def __init__(self, checkpoint: Checkpoint, *, dtype: DTypeLike = np.float32) -> None:
        self.vocabulary: Vocabulary = checkpoint.vocabulary
        self.dtype = np.dtype(dtype)
        if self.dtype not in (np.float32, np.float64):
            raise UsageError(f"a model cannot be stepped in {self.dtype}: take float32 or float64")
        self.told: bool = checkpoint.config["model"].get("told", True)
        self.hidden: int = checkpoint.config["model"]["hidden"]
        weights = {name: w.astype(np.float64) for name, w in checkpoint.weights.items()}
        self._fold(weights, checkpoint.config["model"])

    def bind(self, works: Sequence[Work]) -> "LookaheadStepper":
        """The model as it writes what is missing of some pieces.

        Parameters
        ----------
        works : sequence of Work
            One or more: stream i is of piece i, or all are of the only one.

        Raises
        ------
        EncodingError
            If a given pitch is outside the vocabulary.
        """
        return LookaheadStepper(self, works)

    def _fold(self, weights: Mapping[str, NDArray[np.float64]], model: Mapping[str, int]) -> None:
        e, g, h = model["embedding"], model["encoder"], model["hidden"]
        embedding = weights["embedding.weight"]  # [V + 1, E]
        pause = weights["pause.weight"]  # [3, 16]
        read = 4 * e + 32 + 16 + 8 + 16 + 8 + 8
        self.tables = {
            name: self._ready(weights[f"{name}.weight"])
            for name in ("embedding", "place", "bar", "mode", "pause", "ends")
        }
        self.encoder = [
            [self._layer(weights, f"{way}.{layer}") for way in ("ahead", "back")]
            for layer in range(model["encoder_layers"])
        ]
        self.layers = [self._layer(weights, f"lstm.{layer}") for layer in range(model["layers"])]
        first = self._gates(weights["lstm.0.weight_ih_l0"])  # [4, H, 4 E + 16 + 2 G]
        past, context = np.split(first.reshape(4 * h, -1), [4 * e + 16], axis=1)
        self.past_gates = self._tables(past, embedding, pause)
        self.context_gates = self._ready(context)  # [4 H, 2 G]
        frame = weights["frame.weight"]  # [W, H + 2 G + R + 4 E + 16]
        of_state, of_context, of_read, of_past = np.split(
            frame, np.cumsum([h, 2 * g, read]), axis=1
        )
        self.state_sum = self._ready(of_state.T)
        self.context_sum, self.read_sum = self._ready(of_context.T), self._ready(of_read.T)
        self.frame_bias = self._ready(weights["frame.bias"])
        self.past_sum = self._tables(of_past, embedding, pause)
        self.known_sum = self._tables(weights["known.weight"], embedding, pause)
        self.slot = self._ready(weights["slot.weight"])  # [5, W]
        self.chain = self._ready(weights["chain.weight"].T)
        self.chain_bias = self._ready(weights["chain.bias"])
        self.output = self._ready(weights["output.weight"].T)
        self.output_bias = self._ready(weights["output.bias"])

    def _ready(self, array: NDArray) -> NDArray:
        return np.ascontiguousarray(array, dtype=self.dtype)

    def _gates(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Rows [4H, ...] as [4, H, ...] in our order, those of the sigmoids halved.

        sigmoid(x) = (1 + tanh(x / 2)) / 2, so one tanh serves all four gates; to halve is exact.
        """
        blocks = rows.reshape(4, -1, *rows.shape[1:])[list(_ORDER)]
        blocks[:3] *= 0.5
        return blocks

    def _layer(
        self, weights: Mapping[str, NDArray[np.float64]], name: str
    ) -> tuple[NDArray, NDArray, NDArray]:
        """Input and recurrent weights, [in, 4H] and [H, 4H], and the bias, [4H]."""
        of_input, of_state = (
            self._gates(weights[f"{name}.weight_{part}_l0"]) for part in ("ih", "hh")
        )
        bias = self._gates(weights[f"{name}.bias_ih_l0"] + weights[f"{name}.bias_hh_l0"])
        flat = [self._ready(w.reshape(-1, w.shape[-1]).T) for w in (of_input, of_state)]
        return flat[0], flat[1], self._ready(bias.ravel())

    def _tables(
        self, matrix: NDArray[np.float64], embedding: NDArray[np.float64], pause: NDArray
    ) -> tuple[NDArray, NDArray]:
        """A matrix times the embeddings of four tokens and of a fermata: [4, V + 1, n], [3, n]."""
        *voices, rest = np.split(matrix, np.arange(1, 5) * embedding.shape[1], axis=1)
        return (
            self._ready(np.stack([embedding @ v.T for v in voices])),
            self._ready(pause @ rest.T),
        )


def _run_encoder(model: LookaheadModel, told: Told) -> tuple[NDArray, list[NDArray]]:
    """What is given, frame by frame, and what each layer of the encoder makes of it.

    Parameters
    ----------
    model : LookaheadModel
        The weights.
    told : Told
        P pieces.

    Returns
    -------
    read : ndarray, shape [P, T, R]
        What is given.
    encoded : list of ndarray, shape [P, T, 2 G] each
        From the lowest layer up; the units that run forwards come before those that run back.
    """
    read = _features(told, model.tables)
    encoded = []
    x, turned = read, told.turned[..., None]
    for ahead, back in model.encoder:
        again = run_lstm(np.take_along_axis(x, turned, 1), back)
        x = np.concatenate([run_lstm(x, ahead), np.take_along_axis(again, turned, 1)], axis=-1)
        encoded.append(x)
    return read, encoded


def run_lstm(x: NDArray, layer: tuple[NDArray, NDArray, NDArray]) -> NDArray:
    """An LSTM layer over whole sequences, [P, T, n] to [P, T, H], from a zero state."""
    of_input, of_state, bias = layer
    gates = x @ of_input + bias  # [P, T, 4 H]
    memory = np.zeros((2, len(x), of_state.shape[0]), dtype=x.dtype)
    out = np.empty((*x.shape[:2], of_state.shape[0]), dtype=x.dtype)
    for at in range(x.shape[1]):
        memory = cell(gates[:, at] + memory[0] @ of_state, memory[1])
        out[:, at] = memory[0]
    return out


def cell(gates: NDArray, c: NDArray) -> NDArray:
    """A step of an LSTM: h and c, [2, B, H], from the sums of the gates, [B, 4 H]."""
    h = c.shape[1]
    np.tanh(gates, out=gates)
    sigmoids = gates[:, : 3 * h]
    sigmoids *= 0.5
    sigmoids += 0.5
    after = np.empty((2, *c.shape), dtype=c.dtype)
    np.multiply(gates[:, h : 2 * h], c, out=after[1])
    after[1] += gates[:, :h] * gates[:, 3 * h :]
    np.tanh(after[1], out=after[0])
    after[0] *= gates[:, 2 * h : 3 * h]
    return after


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

    def __init__(self, model: LookaheadModel, works: Sequence[Work]) -> None:
        if not works:
            raise UsageError("a model was bound to no piece: give one or more")
        self.vocabulary = model.vocabulary
        self._model = model
        self._told = tell(works, model.vocabulary, heard=model.told)
        # What the scores go by: a given fermata costs a network nothing that is told of none.
        self._fermata = tell(works, model.vocabulary).pause  # [P, T]
        self._read()

    def _read(self) -> None:
        """The encoder, and every sum that does not depend on what is written."""
        m, told = self._model, self._told
        read, self.encoded = _run_encoder(m, told)
        x = self.encoded[-1]
        self._context_gates = x @ m.context_gates.T + m.layers[0][2]  # [P, T, 4 H]
        sums = x @ m.context_sum + read @ m.read_sum + m.frame_bias  # [P, T, W]
        tokens, pauses = m.known_sum
        for voice in range(4):
            sums += tokens[voice][told.shown[:, :, voice]]
        sums += pauses[told.pause]
        self._sums = sums

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
        pieces = len(self._sums)
        if pieces not in (1, batch):
            raise UsageError(f"{batch} streams cannot set out in {pieces} pieces: give {pieces}")
        none = len(self.vocabulary)
        piece = np.arange(batch) if pieces > 1 else np.zeros(batch, dtype=np.intp)
        return LookaheadState(
            memory=np.zeros(
                (len(self._model.layers), 2, batch, self._model.hidden), self._sums.dtype
            ),
            piece=piece,
            frame=np.full(batch, -1),
            slot=np.full(batch, _END_OF_FRAME),
            now=np.full((batch, 4), none),
            pause=np.zeros(batch, dtype=np.int64),
            sum=np.zeros((batch, self._sums.shape[-1]), self._sums.dtype),
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
            *(
                np.concatenate([getattr(s, f.name) for s in states])
                for f in fields(LookaheadState)[1:]
            ),
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
        change = table[ids] - table[-1]
        total = state.sum + np.where(missing[:, None], change, 0)
        after = replace(state, now=now, sum=total, slot=state.slot + 1)
        if voice == 0:
            free = self._told.pause[state.piece, state.frame] == UNTOLD
            after = self._unpaused(after, free & (state.pause == 0), 0)
        if voice == 3:
            return self._sure(np.full(len(ids), FRAME_END)), after
        return self._voice(voice + 1, after), after

    def _begin(self, state: LookaheadState) -> tuple[NDArray, LookaheadState]:
        """The next frame: read the one before, and score fermata, soprano and END."""
        m, frame = self._model, state.frame + 1
        over = frame >= self._told.length[state.piece]
        at = state.piece, np.minimum(frame, self._sums.shape[1] - 1)
        gates = self._context_gates[at]
        total = self._sums[at]
        for voice in range(4):
            gates += m.past_gates[0][voice][state.now[:, voice]]
            total += m.past_sum[0][voice][state.now[:, voice]]
        gates += m.past_gates[1][state.pause]
        total += m.past_sum[1][state.pause]
        memory = np.empty_like(state.memory)
        for layer, (of_input, of_state, bias) in enumerate(m.layers):
            if layer:
                gates = memory[layer - 1, 0] @ of_input + bias
            gates += state.memory[layer, 0] @ of_state
            memory[layer] = cell(gates, state.memory[layer, 1])
        total += memory[-1, 0] @ m.state_sum
        after = LookaheadState(
            memory=memory,
            piece=state.piece,
            frame=frame,
            slot=np.full(len(frame), _SOPRANO),
            now=np.full_like(state.now, len(self.vocabulary)),
            pause=np.where(self._told.pause[at] == 1, 1, 0),
            sum=total,
        )
        logits = self._opening(self._fermata[at], after)
        if over.any():
            logits[over] = self._sure(np.full(int(over.sum()), END))
        return logits, after

    def _opening(self, fermata: NDArray[np.int64], state: LookaheadState) -> NDArray:
        """Scores of FERMATA and of a soprano without one.

        By `fermata` it is given, 1, or none is, 0, or it is for the model to say, `UNTOLD`.
        """
        free = fermata == UNTOLD
        without = self._unpaused(state, free, 0) if self._model.told else state
        logits = self._voice(0, without)
        if free.any():
            odds = np.full(int(free.sum()), _SELDOM)
            if self._model.told:
                odds = self._chain(state.sum[free], _BEGIN)[:, FERMATA].astype(np.float64)
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
        table = self._model.known_sum[1]
        return replace(
            state, sum=state.sum + np.where(free[:, None], table[pause] - table[UNTOLD], 0)
        )

    def _pause(self, state: LookaheadState) -> tuple[NDArray, LookaheadState]:
        if self._model.told:
            free = self._told.pause[state.piece, state.frame] == UNTOLD
            state = self._unpaused(state, free, 1)
            state = replace(state, pause=np.ones_like(state.pause))
        return self._voice(0, state), state

    def _voice(self, voice: int, state: LookaheadState) -> NDArray:
        """Scores of a voice's token."""
        shown = self._told.shown[state.piece, state.frame % self._sums.shape[1], voice]
        missing = shown == len(self.vocabulary)
        if not missing.any():
            return self._sure(shown)
        logits = self._chain(state.sum, voice + 1)
        if not missing.all():
            logits[~missing] = self._sure(shown[~missing])
        return logits

    def _chain(self, total: NDArray, slot: int) -> NDArray:
        m = self._model
        hidden = np.maximum(total + m.slot[slot], 0)
        hidden = np.maximum(hidden + hidden @ m.chain + m.chain_bias, 0)
        return hidden @ m.output + m.output_bias

    def _sure(self, tokens: NDArray[np.int64]) -> NDArray:
        """Scores of what cannot be otherwise."""
        logits = np.full((len(tokens), len(self.vocabulary)), -np.inf, dtype=self._sums.dtype)
        logits[np.arange(len(tokens)), tokens] = 0
        return logits


def _features(told: Told, tables: Mapping[str, NDArray]) -> NDArray:
    """What is given, frame by frame, [P, T, R]."""
    frames = told.shown.shape[1]
    at = np.broadcast_to(np.arange(frames), told.pause.shape)
    left = np.maximum(told.length[:, None] - 1 - at, 0)
    mode = np.broadcast_to(told.mode[:, None], told.pause.shape)
    return np.concatenate(
        [
            tables["embedding"][told.shown].reshape(*told.pause.shape, -1),
            tables["place"][told.place],
            tables["bar"][told.bar],
            tables["mode"][mode],
            tables["pause"][told.pause],
            tables["ends"][np.minimum(at // 4, FAR)],
            tables["ends"][np.minimum(left // 4, FAR) + FAR + 1],
        ],
        axis=-1,
    )
