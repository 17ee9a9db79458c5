"""Composing: new pieces by draws, several streams a piece.

What the form asks for is asked of every stream, but one that the model would have led elsewhere
weighs less and gives its place to another: see `bachbot.decoding.population`.
"""

from dataclasses import replace

import numpy as np

from bachbot.chorale import REST, STANDARD, Chorale
from bachbot.decoding.form import ComposeRequest, composing, told
from bachbot.decoding.options import Candidate, DecodingOptions, Progress
from bachbot.decoding.population import Population
from bachbot.decoding.streams import Ended
from bachbot.decoding.walk import Walk
from bachbot.encoding import END
from bachbot.errors import UsageError
from bachbot.runtime.protocol import Model
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
    model: Model,
    request: ComposeRequest | None = None,
    options: DecodingOptions | None = None,
    *,
    progress: Progress | None = None,
) -> list[Candidate]:
    """Compose new pieces, or go on from an opening.

    Parameters
    ----------
    model : Model
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
    population = Population.seeded(options, STREAMS if request.bars else STREAMS_AT_WILL)
    with one_thread():
        walk = Walk(
            model.bind([told(request, plan)]),
            [plan],
            population.draw,
            charges=options.charged,
            weighed=True,
        )
        _go(walk, request, population, progress)
        _stop(walk, population)
    return [
        _chosen(walk, request, options, label, chooser)
        for label, chooser in enumerate(population.choosers)
    ]


def _go(
    walk: Walk, request: ComposeRequest, population: Population, progress: Progress | None
) -> None:
    """Through all frames; what has been given is gone through once for all streams."""
    meetings = _meetings(request)
    for frame in range(request.frames):
        if frame == request.given:
            population.enter(walk)
        walk.frame(frame)
        if not walk.streams:
            if progress is not None:
                progress(request.frames, request.frames)
            break
        if frame + 1 in meetings:
            if frame + 1 == request.close:
                _prefer_dominant(walk, request)
            population.resample(walk)
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


def _stop(walk: Walk, population: Population) -> None:
    """After the last frame some streams emit END, by its probability; the others are cut."""
    if walk.streams:
        ends = np.exp(walk.scores[:, END])
        drawn = np.array([g.random() for g in population.draw.generators])
        walk.end(emits=drawn < ends)


def _chosen(
    walk: Walk,
    request: ComposeRequest,
    options: DecodingOptions,
    label: int,
    chooser: np.random.Generator,
) -> Candidate:
    """One of the streams with the best end: its cadence, and whether the model ended it."""
    found = [(e, _music(walk, e, request)) for e in walk.ended if e.label == label]
    ranks = [_RANK[final_cadence(music).kind] + _CUT * (not e.emitted) for e, music in found]
    best = [pair for pair, rank in zip(found, ranks, strict=True) if rank == min(ranks)]
    # By chance, not by likelihood, which would favour the dull and the short.
    ended, music = best[chooser.integers(len(best))]
    return Candidate(
        chorale=music,
        log_probability=ended.log_probability,
        charged=ended.charged,
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
