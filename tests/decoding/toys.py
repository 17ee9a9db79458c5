"""Models small enough to be searched through, or told what to say."""

import itertools

import numpy as np
from made_checkpoints import random_checkpoint, random_lookahead

from bachbot.encoding import END, FERMATA, FRAME_END, START, Vocabulary, decode, encode
from bachbot.errors import EncodingError
from bachbot.runtime import build_model

TWO_PITCHES = Vocabulary(60, 61)
"""Both pitches lie within every voice's compass."""


def random_model(vocabulary=TWO_PITCHES, *, seed=0, scale=1.0):
    """A tiny LSTM of random weights that has strong opinions."""
    return build_model(random_checkpoint(vocabulary, seed=seed, scale=scale), dtype=np.float64)


def random_seer(vocabulary=TWO_PITCHES, *, seed=0, scale=1.0, **model):
    """A tiny lookahead network of random weights that has strong opinions."""
    checkpoint = random_lookahead(vocabulary, seed=seed, scale=scale, **model)
    return build_model(checkpoint, dtype=np.float64)


class Told:
    """Says what it is told after each prefix, in log-probabilities; elsewhere all is equal.

    Parameters
    ----------
    told : dict
        For a prefix (a tuple of ids, START first), the probability of some ids; the rest is shared
        by the others.
    """

    normalized = True

    def __init__(self, told, vocabulary=TWO_PITCHES):
        self.vocabulary = vocabulary
        self.told = told

    def bind(self, works):
        return self

    def initial_state(self, batch):
        return [()] * batch

    def step(self, ids, state):
        after = [(*prefix, int(i)) for prefix, i in zip(state, ids, strict=True)]
        return np.array([self._logits(prefix) for prefix in after]), after

    def _logits(self, prefix):
        told = self.told.get(prefix, {})
        size = len(self.vocabulary)
        rest = (1 - sum(told.values())) / max(size - len(told), 1)
        p = np.full(size, rest)
        for token, probability in told.items():
            p[token] = probability
        with np.errstate(divide="ignore"):
            return np.log(p) + 3.0  # a constant that a softmax takes away

    def select(self, state, rows):
        return [state[r] for r in rows]

    def join(self, states):
        return list(itertools.chain(*states))


class Prompter:
    """Expects the very tokens of some pieces, and gives all others next to no probability.

    Parameters
    ----------
    pieces : sequence of Chorale
        What stream i is of.
    """

    SURE = 30.0
    """Nats between the piece's own token and any other."""

    def __init__(self, pieces, vocabulary):
        self.vocabulary = vocabulary
        self.ids = [encode(piece, vocabulary).ids for piece in pieces]

    def initial_state(self, batch):
        return np.stack([np.arange(batch), np.zeros(batch, dtype=int)], axis=1)

    def step(self, ids, state):
        after = state + np.array([0, 1])
        logits = np.full((len(ids), len(self.vocabulary)), -self.SURE)
        for row, (piece, place) in enumerate(after):
            logits[row, self.ids[piece][place]] = 0
        return logits, after

    def select(self, state, rows):
        return state[rows]

    def join(self, states):
        return np.concatenate(states)


def joint(model, ids):
    """Joint log-probability of the ids after START, one step at a time."""
    assert ids[0] == START
    state, total = model.initial_state(1), 0.0
    for here, after in itertools.pairwise(ids):
        logits, state = model.step(np.array([here]), state)
        logits = np.asarray(logits[0], dtype=np.float64)
        total += logits[after] - np.log(np.exp(logits - logits.max()).sum()) - logits.max()
    return total


def joints(model, streams):
    """The same of many, those of a length side by side."""
    totals = np.zeros(len(streams))
    for length, rows in itertools.groupby(
        sorted(range(len(streams)), key=lambda row: len(streams[row])),
        key=lambda row: len(streams[row]),
    ):
        some = list(rows)
        ids = np.array([streams[row] for row in some])
        state = model.initial_state(len(some))
        for at in range(length - 1):
            logits, state = model.step(ids[:, at], state)
            chosen = logits[np.arange(len(some)), ids[:, at + 1]]
            totals[some] += chosen - np.logaddexp.reduce(logits, axis=1)
    return totals


def every_piece(chorale, given, vocabulary):
    """Every token sequence that keeps what is given, by trying all; no rests.

    Written without the decoder's grammar: what `decode` refuses is no piece.
    """
    pitches = range(5, len(vocabulary))
    frames = chorale.frames
    cells = [
        [int(vocabulary.ids_of(chorale.pitch[t, v], chorale.tied[t, v]))]
        if given.cells[t, v]
        else pitches
        for t in range(frames)
        for v in range(4)
    ]
    pauses = [
        [bool(f)] if known else [False, True]
        for f, known in zip(chorale.fermata, given.fermatas, strict=True)
    ]
    for pause in itertools.product(*pauses):
        for tokens in itertools.product(*cells):
            ids = [START]
            for t in range(frames):
                ids += [FERMATA] * pause[t] + list(tokens[4 * t : 4 * t + 4]) + [FRAME_END]
            ids.append(END)
            try:
                music = decode(np.array(ids), vocabulary)
            except EncodingError:
                continue
            if _whole_fermatas(music, given):
                yield ids, music


def _whole_fermatas(music, given):
    """A fermata stands on whole notes wherever it or the soprano is chosen."""
    free = ~given.cells[:, 0] | ~given.fermatas
    changes = music.fermata[1:] != music.fermata[:-1]
    return not (free[1:] & changes & music.tied[1:, 0]).any()
