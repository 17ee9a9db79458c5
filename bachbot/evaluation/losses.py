"""How well a model predicts chorales, token by token: nats and accuracy.

Every figure is teacher-forced and causal: each piece is run from a zero state, START first, and
every token after START is predicted from all the tokens before it. No piece sees another.

Units, which are easily mixed up:

per token
    All nats divided by all predicted tokens: the voices' tokens, fermatas, frame ends and END.
    START is never predicted.
per frame
    All nats, of those same tokens, divided by the number of frames (sixteenths): what the whole
    piece costs, four voices together.
voices per frame
    Only the nats of the four voices' tokens, divided by the number of frames. The choice *not* to
    set a fermata is part of the soprano's token.
per onset
    The nats of all voice tokens, ties and rests as well as notes, divided by the number of notes
    that begin. A tie costs something since a note might have begun instead, so its nats are part
    of the price of the notes.

Accuracy is the share of voice cells whose most likely token is the right one, out of the whole
vocabulary; over onsets only the cells count in which a note begins.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import VOICES, Chorale
from bachbot.encoding import (
    FIRST_PITCH,
    SLOT_END,
    SLOT_FERMATA,
    SLOT_FRAME_END,
    TokenStream,
    encode,
)
from bachbot.errors import UsageError
from bachbot.runtime.protocol import StepModel

KINDS: dict[str, int] = {v.label: int(v) for v in VOICES} | {
    "frame end": SLOT_FRAME_END,
    "fermata": SLOT_FERMATA,
    "end": SLOT_END,
}
"""Kinds of token that are told apart, and the slot of each in a `TokenStream`."""


@dataclass(frozen=True)
class Tally:
    """Sums over the tokens of one kind.

    Parameters
    ----------
    tokens, correct : int
        How many there are, and how many of them the model found likeliest.
    nats : float
        Sum of minus log-probabilities.
    onsets, onsets_correct : int
        The same counts over tokens that begin a note.
    """

    tokens: int = 0
    correct: int = 0
    nats: float = 0.0
    onsets: int = 0
    onsets_correct: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.tokens + other.tokens,
            self.correct + other.correct,
            self.nats + other.nats,
            self.onsets + other.onsets,
            self.onsets_correct + other.onsets_correct,
        )

    @property
    def per_token(self) -> float:
        """Nats per token; NaN where there is none."""
        return _rate(self.nats, self.tokens)

    @property
    def per_onset(self) -> float:
        """Nats of every token of this kind per note that begins; NaN where none does."""
        return _rate(self.nats, self.onsets)

    @property
    def accuracy(self) -> float:
        """Share of tokens found likeliest, 0 to 1; NaN where there is none."""
        return _rate(self.correct, self.tokens)

    @property
    def onset_accuracy(self) -> float:
        """The same over tokens that begin a note."""
        return _rate(self.onsets_correct, self.onsets)


@dataclass(frozen=True)
class Losses:
    """What a set of chorales costs a model. The module's docstring defines the units.

    Parameters
    ----------
    pieces, frames : int
        How many chorales, and frames in all.
    kinds : mapping of str to Tally
        Sums by kind of token, by the names of `KINDS`.
    """

    pieces: int = 0
    frames: int = 0
    kinds: Mapping[str, Tally] = field(default_factory=lambda: dict.fromkeys(KINDS, Tally()))

    def __add__(self, other: "Losses") -> "Losses":
        kinds = {name: self.kinds[name] + other.kinds[name] for name in KINDS}
        return Losses(self.pieces + other.pieces, self.frames + other.frames, kinds)

    @property
    def all(self) -> Tally:
        """Sums over every predicted token."""
        return sum(self.kinds.values(), Tally())

    @property
    def voices(self) -> Tally:
        """Sums over the tokens of the four voices."""
        return sum((self.kinds[v.label] for v in VOICES), Tally())

    @property
    def per_token(self) -> float:
        """Nats per predicted token."""
        return self.all.per_token

    @property
    def per_frame(self) -> float:
        """Nats of all tokens per frame."""
        return _rate(self.all.nats, self.frames)

    @property
    def voices_per_frame(self) -> float:
        """Nats of the voices' tokens per frame."""
        return _rate(self.voices.nats, self.frames)

    @property
    def per_onset(self) -> float:
        """Nats of the voices' tokens per note that begins."""
        return self.voices.per_onset

    def to_json(self) -> dict[str, object]:
        """Every rate as plain data; figures that do not exist are None."""
        return {
            "pieces": self.pieces,
            "frames": self.frames,
            "tokens": self.all.tokens,
            "onsets": self.voices.onsets,
            "nats_per_token": _plain(self.per_token),
            "nats_per_frame": _plain(self.per_frame),
            "voices_nats_per_frame": _plain(self.voices_per_frame),
            "nats_per_onset": _plain(self.per_onset),
            "accuracy": _plain(self.voices.accuracy),
            "onset_accuracy": _plain(self.voices.onset_accuracy),
            "by_kind": {
                name: {
                    "tokens": tally.tokens,
                    "onsets": tally.onsets,
                    "nats_per_token": _plain(tally.per_token),
                    "nats_per_onset": _plain(tally.per_onset),
                    "accuracy": _plain(tally.accuracy),
                    "onset_accuracy": _plain(tally.onset_accuracy),
                }
                for name, tally in self.kinds.items()
            },
        }


def tally(stream: TokenStream, nats: NDArray[np.floating], correct: NDArray[np.bool_]) -> Losses:
    """Sum up one piece.

    Parameters
    ----------
    stream : TokenStream
        The piece, N tokens.
    nats : ndarray of float, shape [N - 1]
        Minus log-probability of each token after START.
    correct : ndarray of bool, shape [N - 1]
        Whether it was the likeliest.

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
    kinds = {}
    for name, number in KINDS.items():
        here = slot == number
        kinds[name] = Tally(
            tokens=int(here.sum()),
            correct=int(correct[here].sum()),
            nats=float(nats[here].sum(dtype=np.float64)),
            onsets=int(onset[here].sum()),
            onsets_correct=int(correct[here & onset].sum()),
        )
    return Losses(pieces=1, frames=int((slot == SLOT_FRAME_END).sum()), kinds=kinds)


def measure(
    model: StepModel,
    chorales: Iterable[Chorale],
    *,
    batch: int = 32,
    progress: Callable[[int, int], None] | None = None,
) -> Losses:
    """Losses of a model, stepped through the pieces side by side.

    Parameters
    ----------
    model : StepModel
        Any model that steps; no torch is needed.
    chorales : iterable of Chorale
        In the keys that the model expects (C major or A minor).
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
        If the batch is below 1.
    EncodingError
        If a pitch is outside the model's vocabulary.
    """
    if batch < 1:
        raise UsageError(f"a batch of {batch} pieces cannot be: give 1 or more")
    streams = sorted((encode(c, model.vocabulary) for c in chorales), key=len, reverse=True)
    whole, done, total = sum(len(s) - 1 for s in streams), 0, Losses()
    for start in range(0, len(streams), batch):
        group = streams[start : start + batch]
        for stream, (nats, correct) in zip(group, _step_through(model, group), strict=True):
            total += tally(stream, nats, correct)
            done += len(stream) - 1
        if progress is not None:
            progress(done, whole)
    return total


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


def _rate(amount: float, count: int) -> float:
    return amount / count if count else float("nan")


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
