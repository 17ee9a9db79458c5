"""Losses: how well a model predicts chorales, as negative log-likelihood and top-1 accuracy.

Every figure is measured with teacher forcing: each piece is run from the initial state, START
first, and every token after START is predicted from the true tokens before it and from the model's
conditioning. Pieces are independent. `bachbot.evaluation.loss_totals` defines the units.

The conditioning depends on the kind of model. A left-to-right model has none: a given voice helps
it only up to the current token. A look-ahead model has read everything that is given in the whole
piece, and the length; unless it was trained without them also meter and mode, and the fermatas if
they are given. What a model is conditioned on costs nothing: given tokens, frame ends, END, and the
fermatas and their absence.

A product of experts (`bachbot.runtime.ProductOfExperts`) is refused: its scores are not a
probability distribution, and a softmax over them would measure a different model.
"""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import VOICES, Chorale, Given, Voice
from bachbot.encoding import FIRST_PITCH, SLOT_FRAME_END, FillRequest, TokenStream, encode
from bachbot.errors import UsageError
from bachbot.evaluation.loss_totals import (
    CELLS,
    TOKEN_KINDS,
    Losses,
    TokenTotals,
    metrical_cells,
)
from bachbot.runtime import ProductOfExperts
from bachbot.runtime.protocol import Model, StepModel

__all__ = [
    "Losses",
    "TokenTotals",
    "check_normalized",
    "measure",
    "missing_voices",
    "pad_tokens",
    "piece_losses",
]


def measure(
    model: Model,
    chorales: Iterable[Chorale],
    *,
    given: Iterable[Voice] = (),
    fermatas: bool = True,
    batch: int = 32,
    progress: Callable[[int, int], None] | None = None,
) -> Losses:
    """Measure the losses of a model on a set of chorales, in batches.

    Parameters
    ----------
    model : Model
        A model with a probability distribution for each step; torch is not needed.
    chorales : iterable of Chorale
        In the keys that the model expects (C major or A minor).
    given : iterable of Voice
        Voices that are given. If there are any, only the tokens of the others are counted, and the
        nats per frame are those of the missing voices given these. For a left-to-right model they
        are the conditional nats of each missing token given all tokens before it.
    fermatas : bool
        Whether a look-ahead model is given the fermatas. If not, their cost is part of the
        soprano's and the fermatas' tokens, and is left out if the soprano is given.
    batch : int
        Pieces in a batch, 1 or more.
    progress : callable, optional
        Called after each batch with the tokens done and their number.

    Returns
    -------
    Losses

    Raises
    ------
    UsageError
        If the batch is below 1, all four voices are given, or the model is a product of experts.
    EncodingError
        If a pitch is outside the model's vocabulary.
    """
    voices = {Voice(v) for v in given}
    if batch < 1:
        raise UsageError(f"a batch cannot have {batch} pieces: give 1 or more")
    counted = missing_voices(voices)
    check_normalized(model)
    pieces = [(encode(c, model.vocabulary), c) for c in chorales]
    pieces.sort(key=lambda piece: len(piece[0]), reverse=True)
    tokens, done, total = sum(len(s) - 1 for s, _ in pieces), 0, Losses()
    for start in range(0, len(pieces), batch):
        streams, scores = zip(*pieces[start : start + batch], strict=True)
        requests = [
            FillRequest(c, Given.voices(c.frames, voices, fermatas=fermatas)) for c in scores
        ]
        results = _teacher_force(model.bind(requests), streams)
        for stream, chorale, (nats, correct) in zip(streams, scores, results, strict=True):
            total += piece_losses(stream, nats, correct, chorale)
            done += len(stream) - 1
        if progress is not None:
            progress(done, tokens)
    return total.of_voices(counted) if voices else total


def missing_voices(given: Iterable[Voice]) -> tuple[Voice, ...]:
    """The voices that are not given, in score order.

    Raises
    ------
    UsageError
        If there are none.
    """
    voices = {Voice(v) for v in given}
    missing = tuple(v for v in VOICES if v not in voices)
    if not missing:
        raise UsageError("all four voices are given, none is missing: give three or fewer")
    return missing


def check_normalized(model: Model) -> None:
    """Check that a model has a probability distribution for each step.

    Raises
    ------
    UsageError
        If it is a product of experts, whose scores are not normalized.
    """
    if isinstance(model, ProductOfExperts):
        raise UsageError(
            "a product of experts has no probabilities, its scores are not normalized: measure its "
            "models one by one, or as an ensemble"
        )


def piece_losses(
    stream: TokenStream,
    nats: NDArray[np.floating],
    correct: NDArray[np.bool_],
    chorale: Chorale | None = None,
) -> Losses:
    """Sum up the losses of one piece.

    Parameters
    ----------
    stream : TokenStream
        The piece, N tokens.
    nats : ndarray of float, shape [N - 1]
        Negative log-likelihood of each token after START.
    correct : ndarray of bool, shape [N - 1]
        Whether it was the most likely token.
    chorale : Chorale, optional
        The same piece, for its meter; without it metrical positions are not counted.

    Raises
    ------
    UsageError
        If a shape does not fit the stream.
    """
    expected = (len(stream) - 1,)
    if nats.shape != expected or correct.shape != expected:
        raise UsageError(
            f"nats and correct have shapes {nats.shape} and {correct.shape}: wanted {expected}, "
            "one for each token after START"
        )
    slot = stream.voice[1:]  # [N - 1]
    ids = stream.ids[1:]  # [N - 1]
    # Onset and tie of a pitch alternate, the onset first.
    onset = (ids >= FIRST_PITCH) & ((ids - FIRST_PITCH) % 2 == 0)  # [N - 1]
    columns = np.stack([np.ones(len(ids)), correct, nats, onset, onset & correct])  # [5, N - 1]
    kinds = _sum_by_group(columns, slot, max(TOKEN_KINDS.values()) + 1)
    cells: dict[tuple[int, str], TokenTotals] = {}
    if chorale is not None:
        in_voice = slot < len(VOICES)  # [N - 1]
        cell = metrical_cells(chorale)[stream.frame[1:][in_voice]]  # [4 T]
        group = cell * len(VOICES) + slot[in_voice]  # [4 T]
        sums = _sum_by_group(columns[:, in_voice], group, CELLS * len(VOICES))
        cells = {
            (number // len(VOICES), Voice(number % len(VOICES)).label): totals
            for number, totals in enumerate(sums)
            if totals.tokens
        }
    return Losses(
        pieces=1,
        frames=int((slot == SLOT_FRAME_END).sum()),
        kinds={name: kinds[number] for name, number in TOKEN_KINDS.items()},
        cells=cells,
    )


def _sum_by_group(
    columns: NDArray[np.float64], group: NDArray[np.integer], groups: int
) -> list[TokenTotals]:
    """Totals of each group of tokens.

    Parameters
    ----------
    columns : ndarray of float, shape [5, N]
        Ones, correct, nats, onset, correct at an onset.
    group : ndarray of int, shape [N]
        Group of each token, 0 to ``groups`` - 1.
    groups : int
        Number of groups.
    """
    tokens, correct, nats, onsets, both = (np.bincount(group, c, groups).tolist() for c in columns)
    return [
        TokenTotals(int(tokens[n]), int(correct[n]), nats[n], int(onsets[n]), int(both[n]))
        for n in range(groups)
    ]


def _teacher_force(
    model: StepModel, streams: Sequence[TokenStream]
) -> list[tuple[NDArray[np.float64], NDArray[np.bool_]]]:
    """Nats and correctness of the tokens of each stream; the longest stream comes first."""
    lengths = np.array([len(s) for s in streams])  # [B]
    ids = pad_tokens(streams)  # [B, N]
    nats: NDArray[np.float64] = np.zeros((len(streams), lengths[0] - 1))  # [B, N - 1]
    correct: NDArray[np.bool_] = np.zeros(nats.shape, dtype=np.bool_)  # [B, N - 1]
    state = model.initial_state(len(streams))
    active = len(streams)
    for step in range(lengths[0] - 1):
        remaining = int((lengths > step + 1).sum())
        if remaining < active:
            state, active = model.select(state, np.arange(remaining)), remaining
        logits, state = model.step(ids[:active, step], state)  # [active, V]
        target = ids[:active, step + 1]  # [active]
        nats[:active, step] = _negative_log_likelihood(logits, target)
        correct[:active, step] = logits.argmax(axis=1) == target
    return [(nats[row, : n - 1], correct[row, : n - 1]) for row, n in enumerate(lengths)]


def _negative_log_likelihood(
    logits: NDArray[np.floating], target: NDArray[np.int64]
) -> NDArray[np.float64]:
    scores = logits.astype(np.float64)  # [B, V]
    scores -= scores.max(axis=1, keepdims=True)
    return np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(len(target)), target]  # [B]


def pad_tokens(streams: Sequence[TokenStream]) -> NDArray[np.int64]:
    """Token ids of streams as one array, the longest stream first, padded with zeros.

    Returns
    -------
    ndarray of int64, shape [B, N]
        N is the length of the first stream.
    """
    ids = np.zeros((len(streams), len(streams[0])), dtype=np.int64)  # [B, N]
    for row, stream in zip(ids, streams, strict=True):
        row[: len(stream)] = stream.ids
    return ids
