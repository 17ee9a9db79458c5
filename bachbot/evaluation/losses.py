"""How well a model predicts chorales, token by token: nats and accuracy.

Every figure is teacher-forced: each piece is run from a zero state, START first, and every token
after START is predicted from the tokens before it and from what the model was told beforehand. No
piece sees another. `bachbot.evaluation.tallies` defines the units.

What is told beforehand differs by kind of model. One that hears the past alone is told nothing: a
given voice helps it only up to the token that it has come to. One that looks ahead has read all
that is given over the whole piece, and always a piece's length; unless it was trained without them,
meter and mode too, and the fermatas where they are given. What it knows costs nothing: given
tokens, frame ends, END, and the fermatas and their absence.
"""

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import VOICES, Chorale, Given, Voice
from bachbot.encoding import FIRST_PITCH, SLOT_FRAME_END, FillRequest, TokenStream, encode
from bachbot.errors import UsageError
from bachbot.evaluation import tallies as places
from bachbot.evaluation.tallies import KINDS, SHIFT_NATS, Losses, Tally
from bachbot.runtime.protocol import Model, StepModel

__all__ = ["KINDS", "SHIFT_NATS", "Losses", "Tally", "measure", "missing", "padded", "tally"]


def tally(
    stream: TokenStream,
    nats: NDArray[np.floating],
    correct: NDArray[np.bool_],
    chorale: Chorale | None = None,
) -> Losses:
    """Sum up one piece.

    Parameters
    ----------
    stream : TokenStream
        The piece, N tokens.
    nats : ndarray of float, shape [N - 1]
        Minus log-probability of each token after START.
    correct : ndarray of bool, shape [N - 1]
        Whether it was the likeliest.
    chorale : Chorale, optional
        The same piece, for its meter: without it places in the bar are not told apart.

    Raises
    ------
    UsageError
        If the shapes do not fit the stream.
    """
    wanted = (len(stream) - 1,)
    if nats.shape != wanted or correct.shape != wanted:
        raise UsageError(
            f"nats and correct have shapes {nats.shape} and {correct.shape}: wanted {wanted}, "
            "one for each token after START"
        )
    slot = stream.voice[1:]  # [N - 1]
    ids = stream.ids[1:]  # [N - 1]
    # Onset and tie of a pitch alternate, the onset first.
    onset = (ids >= FIRST_PITCH) & ((ids - FIRST_PITCH) % 2 == 0)  # [N - 1]
    columns = np.stack([np.ones(len(ids)), correct, nats, onset, onset & correct])  # [5, N - 1]
    kinds = _sums(columns, slot, max(KINDS.values()) + 1)
    cells: dict[tuple[int, str], Tally] = {}
    if chorale is not None:
        sung = slot < len(VOICES)  # [N - 1]
        cell = places.cells(chorale)[stream.frame[1:][sung]]  # [4 T]
        sums = _sums(columns[:, sung], cell * len(VOICES) + slot[sung], places.CELLS * len(VOICES))
        cells = {
            (number // len(VOICES), Voice(number % len(VOICES)).label): found
            for number, found in enumerate(sums)
            if found.tokens
        }
    return Losses(
        pieces=1,
        frames=int((slot == SLOT_FRAME_END).sum()),
        kinds={name: kinds[number] for name, number in KINDS.items()},
        cells=cells,
    )


def _sums(columns: NDArray[np.float64], group: NDArray[np.integer], groups: int) -> list[Tally]:
    """What the columns come to in each group of tokens.

    Parameters
    ----------
    columns : ndarray of float, shape [5, N]
        Ones, right, nats, onset, right at an onset.
    group : ndarray of int, shape [N]
        Group of each token, 0 to ``groups`` - 1.
    groups : int
        How many.
    """
    tokens, correct, nats, onsets, both = (np.bincount(group, c, groups).tolist() for c in columns)
    return [
        Tally(int(tokens[n]), int(correct[n]), nats[n], int(onsets[n]), int(both[n]))
        for n in range(groups)
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
    """Losses of a model, stepped through the pieces side by side.

    Parameters
    ----------
    model : Model
        Any model that steps; no torch is needed.
    chorales : iterable of Chorale
        In the keys that the model expects (C major or A minor).
    given : iterable of Voice
        Voices that are given. Where there are any, only the tokens of the others are counted, and
        the nats a frame are those of the missing voices given these. Of a model that hears the
        past alone they are the conditional nats of each missing token given all tokens before it.
    fermatas : bool
        Whether a model that looks ahead is told the fermatas. If not, the choice of them is part
        of the soprano's and the fermatas' tokens, and is left out where the soprano is given.
    batch : int
        How many pieces go side by side, 1 or more.
    progress : callable, optional
        Called with the tokens done and all tokens, now and then.

    Returns
    -------
    Losses

    Raises
    ------
    UsageError
        If the batch is below 1, or all four voices are given.
    EncodingError
        If a pitch is outside the model's vocabulary.
    """
    voices = {Voice(v) for v in given}
    if batch < 1:
        raise UsageError(f"a batch of {batch} pieces cannot be: give 1 or more")
    left = missing(voices)
    pieces = [(encode(c, model.vocabulary), c) for c in chorales]
    pieces.sort(key=lambda piece: len(piece[0]), reverse=True)
    whole, done, total = sum(len(s) - 1 for s, _ in pieces), 0, Losses()
    for start in range(0, len(pieces), batch):
        streams, scores = zip(*pieces[start : start + batch], strict=True)
        works = [FillRequest(c, Given.voices(c.frames, voices, fermatas=fermatas)) for c in scores]
        run = _step_through(model.bind(works), streams)
        for stream, chorale, (nats, correct) in zip(streams, scores, run, strict=True):
            total += tally(stream, nats, correct, chorale)
            done += len(stream) - 1
        if progress is not None:
            progress(done, whole)
    return total.of_voices(left) if voices else total


def missing(given: Iterable[Voice]) -> tuple[Voice, ...]:
    """The voices that are left where some are given.

    Raises
    ------
    UsageError
        If none is.
    """
    voices = {Voice(v) for v in given}
    left = tuple(v for v in VOICES if v not in voices)
    if not left:
        raise UsageError("all four voices are given, none is missing: give three or fewer")
    return left


def _step_through(
    model: StepModel, streams: Sequence[TokenStream]
) -> list[tuple[NDArray[np.float64], NDArray[np.bool_]]]:
    """Nats and correctness of each stream's tokens; the streams come longest first."""
    lengths = np.array([len(s) for s in streams])  # [B]
    ids = padded(streams)  # [B, N]
    nats: NDArray[np.float64] = np.zeros((len(streams), lengths[0] - 1))  # [B, N - 1]
    correct: NDArray[np.bool_] = np.zeros(nats.shape, dtype=np.bool_)  # [B, N - 1]
    state = model.initial_state(len(streams))
    live = len(streams)
    for place in range(lengths[0] - 1):
        still = int((lengths > place + 1).sum())
        if still < live:
            state, live = model.select(state, np.arange(still)), still
        logits, state = model.step(ids[:live, place], state)  # [live, V]
        target = ids[:live, place + 1]  # [live]
        nats[:live, place] = _minus_log_probability(logits, target)
        correct[:live, place] = logits.argmax(axis=1) == target
    return [(nats[row, : n - 1], correct[row, : n - 1]) for row, n in enumerate(lengths)]


def _minus_log_probability(
    logits: NDArray[np.floating], target: NDArray[np.int64]
) -> NDArray[np.float64]:
    scores = logits.astype(np.float64)  # [B, V]
    scores -= scores.max(axis=1, keepdims=True)
    return np.log(np.exp(scores).sum(axis=1)) - scores[np.arange(len(target)), target]  # [B]


def padded(streams: Sequence[TokenStream]) -> NDArray[np.int64]:
    """Streams side by side, longest first, filled up with zeros.

    Returns
    -------
    ndarray of int64, shape [B, N]
        N is the length of the first.
    """
    ids = np.zeros((len(streams), len(streams[0])), dtype=np.int64)  # [B, N]
    for row, stream in zip(ids, streams, strict=True):
        row[: len(stream)] = stream.ids
    return ids
