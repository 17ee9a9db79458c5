"""Composing: new pieces by draws, several streams a piece.

Each piece is drawn by a population of streams, as a particle filter is (Gordon, Salmond and Smith,
*Novel approach to nonlinear/non-Gaussian Bayesian state estimation*, 1993): what the form asks for
is forbidden to no stream after the fact, but a stream that the model would have led elsewhere
weighs less and gives its place to another.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bachbot.chorale import REST, STANDARD, Chorale
from bachbot.decoding.form import ComposeRequest, composing
from bachbot.decoding.options import Candidate, DecodingOptions, Progress
from bachbot.decoding.proposals import Draw
from bachbot.decoding.walk import Ended, Walk
from bachbot.encoding import END
from bachbot.errors import UsageError
from bachbot.runtime.protocol import StepModel
from bachbot.runtime.threads import one_thread
from bachbot.theory.cadence import CadenceKind, final_cadence

STREAMS = 16
"""Streams a piece whose length is asked for."""

STREAMS_AT_WILL = 8
"""Streams a piece that the model ends itself: they go on for longer."""

_RANK: dict[CadenceKind, int] = {"perfect": 0, "imperfect": 2, "plagal": 2, "half": 4, "none": 6}
_CUT = 3  # added to the rank of an end that is not the model's

_LEADING_NOTE = 11  # semitones above the tonic
_UNLED = 7.0  # nats


def compose(
    model: StepModel,
    request: ComposeRequest | None = None,
    options: DecodingOptions | None = None,
    *,
    progress: Progress | None = None,
) -> list[Candidate]:
    """Compose new pieces, or go on from an opening.

    Parameters
    ----------
    model : StepModel
        A trained model. Step it in float64: NumPy rounds otherwise from processor to processor,
        and a float32 error may flip a draw.
    request : ComposeRequest, optional
        What they are to be like.
    options : DecodingOptions, optional
        Temperature, top-p, seed and number; ``"sample"`` at a temperature of 0.9 unless given.
    progress : callable, optional
        Called with the frames done and all frames, at the most.

    Returns
    -------
    list of Candidate
        ``options.number`` pieces in the order of their random streams: the first is the same
        however many are asked for, but for rounding.

    Raises
    ------
    UsageError
        If the method is not to sample.
    DecodingError, EncodingError
        If the vocabulary lacks a voice's compass, or a pitch of the opening.
    """
    request = request or ComposeRequest()
    options = options or DecodingOptions(method="sample", temperature=0.9)
    if options.method != "sample":
        raise UsageError(f"a piece cannot be composed by the method '{options.method}': use sample")
    plan = composing(request, model.vocabulary)
    pieces = [
        _Piece.seeded(seed, STREAMS if request.bars else STREAMS_AT_WILL)
        for seed in np.random.SeedSequence(options.seed).spawn(options.number)
    ]
    draw = Draw([g for p in pieces for g in p.streams], options.temperature, options.top_p)
    walk = Walk(model, plan, draw, weighed=True)
    with one_thread():
        _go(walk, request, pieces, progress)
        _stop(walk, draw)
    return [_chosen(walk, request, options, label, piece) for label, piece in enumerate(pieces)]


@dataclass(frozen=True)
class _Piece:
    """The random numbers of a piece: each stream's, and those that choose between streams."""

    streams: tuple[np.random.Generator, ...]
    chooser: np.random.Generator

    @classmethod
    def seeded(cls, seed: np.random.SeedSequence, streams: int) -> "_Piece":
        *each, chooser = (np.random.default_rng(s) for s in seed.spawn(streams + 1))
        return cls(tuple(each), chooser)


def _go(
    walk: Walk, request: ComposeRequest, pieces: Sequence[_Piece], progress: Progress | None
) -> None:
    """Through all frames; what has been given is gone through once for all streams."""
    labels = np.repeat(np.arange(len(pieces)), [len(p.streams) for p in pieces])
    meetings = _meetings(request)
    for frame in range(request.frames):
        if frame == request.given:
            walk.keep(np.zeros(len(labels), dtype=np.intp))
            walk.label = labels
        walk.frame(frame)
        if not walk.streams:
            if progress is not None:
                progress(request.frames, request.frames)
            break
        if frame + 1 in meetings:
            if frame + 1 == request.close:
                _prefer_dominant(walk, request)
            _resample(walk, pieces)
        if progress is not None:
            progress(frame + 1, request.frames)


def _prefer_dominant(walk: Walk, request: ComposeRequest) -> None:
    """Before the closing chord: streams whose last chord lacks the leading note weigh little."""
    sounding = walk.memory[:, 0, :4]
    above = (sounding - STANDARD[request.mode].pitch_class) % 12  # [B, 4]
    leads = ((above == _LEADING_NOTE) & (sounding != REST)).any(axis=1)
    walk.weight = np.where(leads, walk.weight, walk.weight - _UNLED)


def _meetings(request: ComposeRequest) -> frozenset[int]:
    """Frames before which streams are weighed: bar lines, and each beat towards a known end."""
    frames = np.arange(request.frames)
    metre = request.metre
    often = frames >= request.frames - 2 * metre.bar_frames if request.bars else frames < 0
    beat = request.place % metre.beat_frames == 0
    return frozenset(np.flatnonzero((request.place == 0) | (often & beat)).tolist())


def _resample(walk: Walk, pieces: Sequence[_Piece]) -> None:
    """Let streams that weigh little give their places to those that weigh much."""
    rows = np.arange(walk.streams)
    for label, piece in enumerate(pieces):
        mine = np.flatnonzero(walk.label == label)
        if len(mine) < 2:
            continue
        weight = np.exp(walk.weight[mine] - walk.weight[mine].max())
        weight /= weight.sum()
        # Only where few streams carry the weight: every time costs variety.
        if 1 / (weight**2).sum() >= len(mine) / 2:
            continue
        # Systematic resampling (Kitagawa, 1996): one number serves all.
        at = (piece.chooser.random() + np.arange(len(mine))) / len(mine)
        chosen = np.searchsorted(np.cumsum(weight), at).clip(max=len(mine) - 1)
        rows[mine] = mine[chosen]
        walk.weight[mine] = 0
    weight = walk.weight
    walk.keep(rows)
    walk.weight = weight


def _stop(walk: Walk, draw: Draw) -> None:
    """After the last frame some streams emit END, by its probability; the others are cut."""
    if walk.streams:
        _, tokens = draw.choose(walk.total, walk.scores, np.ones(walk.scores.shape, dtype=np.bool_))
        walk.end(tokens == END)


def _chosen(
    walk: Walk, request: ComposeRequest, options: DecodingOptions, label: int, piece: _Piece
) -> Candidate:
    """One of the streams with the best end: its cadence, and whether the model ended it."""
    found = [(e, _music(walk, e, request)) for e in walk.ended if e.label == label]
    ranks = [_RANK[final_cadence(music).kind] + _CUT * (not e.emitted) for e, music in found]
    best = [pair for pair, rank in zip(found, ranks, strict=True) if rank == min(ranks)]
    # By chance, not by likelihood, which would favour the dull and the short.
    ended, music = best[piece.chooser.integers(len(best))]
    return Candidate(
        chorale=music,
        log_probability=ended.log_probability,
        method=options.method,
        seed=options.seed,
        ending=_ending(ended, music, request),
    )


def _music(walk: Walk, ended: Ended, request: ComposeRequest) -> Chorale:
    return replace(
        walk.music(ended),
        metre=request.metre,
        key=STANDARD[request.mode],
        transposed_by=request.transposed_by,
        name=request.prime.name if request.prime is not None else "",
        place=request.place[: ended.frames],
    )


def _ending(ended: Ended, music: Chorale, request: ComposeRequest) -> str:
    bar = int(np.searchsorted(request.bar_ends, ended.frames)) + 1
    if ended.emitted:
        return f"the model ended it with {final_cadence(music).described} in bar {bar}"
    return f"cut at the end of bar {bar}: the model did not end it"
