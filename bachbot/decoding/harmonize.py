"""Harmonizing: choosing what is not given of one chorale or of many.

Beam search in which given notes count, as in BachBot (Liang, Gotham, Johnson and Shotton,
*Automatic stylistic composition of Bach chorales with deep LSTM*, ISMIR 2017, section 5).
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from bachbot.chorale import FRAMES_PER_QUARTER, TONIC_TRIAD, Chorale, Given, Voice
from bachbot.decoding.constraints import Constraints, fill_constraints
from bachbot.decoding.hypotheses import FinishedHypothesis
from bachbot.decoding.options import Candidate, DecodingOptions, Progress
from bachbot.decoding.particle_filter import ParticleFilter
from bachbot.decoding.penalties import Penalties
from bachbot.decoding.search import Search
from bachbot.decoding.strategies import Beam, GumbelNoise
from bachbot.encoding import FillRequest
from bachbot.errors import BachbotError
from bachbot.hardware import one_thread
from bachbot.runtime.ensemble import GuidedModel
from bachbot.runtime.protocol import Model, StepModel
from bachbot.theory.cadence import final_cadence
from bachbot.theory.rules import RULES, Moves

PARTICLES = 8
"""Particles of each sampled candidate."""

INNER_BEAM_FACTOR = 2
"""How many times the beam's width is kept while the voices of a frame are chosen."""

PRUNE_THRESHOLD = 5.0
"""Nats below the best at which a hypothesis is dropped.

Half a nat for each hypothesis of the beam's width if that is more: a wide beam should look at much.
Of 120 harmonizations by `lookahead` it changed none; in those of the plain network, which given
notes take by surprise, a hypothesis catches up now and then (``checkpoints/EXPERIMENTS.md``).
"""

SECOND_BEAM = 10
"""Width of the beam that searches again where a narrower one ran into a dead end.

What a final cadence or a given voice needs is known too late to a narrow beam now and then: it
writes parallels, or ends without a cadence, though far better music exists
(``checkpoints/EXPERIMENTS.md``).
"""

BATCH_SIZE = 24
"""Number of pieces that are decoded at the same time."""


def fill(
    model: Model,
    chorale: Chorale,
    given: Given,
    options: DecodingOptions | None = None,
    *,
    progress: Progress | None = None,
) -> list[Candidate]:
    """Choose what is not given of a chorale.

    Voices that are not given do not rest while a given one sounds, nor where nothing at all is
    given, and stay within the ranges of Bach's voices. What is given may do either.

    Parameters
    ----------
    model : Model
        A trained model. Step it in float64 if samples must not depend on the machine: NumPy rounds
        differently from processor to processor, and an error in float32 may change a sample.
    chorale : Chorale
        In C major or A minor, T frames, T at least 1. Cells that are not given are ignored.
    given : Given
        Cells [T, 4] and fermatas [T] that come back unchanged.
    options : DecodingOptions, optional
        How to choose. With ``"sample"`` every candidate has random numbers of its own, so that it
        does not depend on the number of candidates, but for rounding. It is one of a few
        particles; those that expect the given notes replace the others from beat to beat.
    progress : callable, optional
        Called with the frames done and the number of frames.

    Returns
    -------
    list of Candidate
        At most ``options.number``, best first.

    Raises
    ------
    DecodingError
        If no music keeps what is given.
    EncodingError
        If a given pitch is outside the model's vocabulary.
    """
    request = FillRequest(chorale, given)
    [found] = _fill_batch(model, [request], options or DecodingOptions(), progress)
    return found


def fill_all(
    model: Model,
    requests: Sequence[FillRequest],
    options: DecodingOptions | None = None,
    *,
    batch_size: int = BATCH_SIZE,
    progress: Progress | None = None,
) -> list[list[Candidate]]:
    """Choose what is not given of several chorales, in batches of similar length.

    Each result is the same as from `fill`, to the last bit of its score.

    Parameters
    ----------
    model : Model
        A trained model.
    requests : sequence of FillRequest
        The chorales and what is given of them, in any order.
    options : DecodingOptions, optional
        How to choose.
    batch_size : int
        Number of pieces that are decoded at the same time.
    progress : callable, optional
        Called after each batch with the pieces done and the number of pieces.

    Returns
    -------
    list of list of Candidate
        For each request what `fill` returns.

    Raises
    ------
    DecodingError, EncodingError
        As `fill`.
    """
    options = options or DecodingOptions()
    found: dict[int, list[Candidate]] = {}
    for batch in _batches_by_length(requests, batch_size):
        results = _fill_batch(model, [requests[i] for i in batch], options)
        found |= dict(zip(batch, results, strict=True))
        if progress is not None:
            progress(len(found), len(requests))
    return [found[i] for i in range(len(requests))]


def try_fill_all(
    model: Model,
    requests: Sequence[FillRequest],
    options: DecodingOptions | None = None,
    *,
    batch_size: int = BATCH_SIZE,
    progress: Progress | None = None,
) -> list[list[Candidate] | BachbotError]:
    """The same as `fill_all`, but a piece that fails does not stop the others.

    Parameters
    ----------
    model, requests, options, batch_size, progress
        As in `fill_all`.

    Returns
    -------
    list
        For each request what `fill` returns, or the error that it raises.
    """
    options = options or DecodingOptions()
    found: dict[int, list[Candidate] | BachbotError] = {}
    for batch in _batches_by_length(requests, batch_size):
        try:
            results = _fill_batch(model, [requests[i] for i in batch], options)
            found |= dict(zip(batch, results, strict=True))
        except BachbotError:
            # One piece fails the whole batch: each is decoded alone to find out which.
            for i in batch:
                try:
                    [found[i]] = _fill_batch(model, [requests[i]], options)
                except BachbotError as error:
                    found[i] = error
        if progress is not None:
            progress(len(found), len(requests))
    return [found[i] for i in range(len(requests))]


def _batches_by_length(requests: Sequence[FillRequest], batch_size: int) -> Iterator[list[int]]:
    """Indices of the pieces of each batch, shortest first, so that little time is wasted."""
    order = sorted(range(len(requests)), key=lambda i: requests[i].chorale.frames)
    for start in range(0, len(order), batch_size):
        yield order[start : start + batch_size]


def _fill_batch(
    model: Model,
    requests: Sequence[FillRequest],
    options: DecodingOptions,
    progress: Progress | None = None,
) -> list[list[Candidate]]:
    """Decode some pieces at the same time; progress counts the frames of the longest."""
    constraints = [
        fill_constraints(r.chorale, r.given, model.vocabulary, options.ranges) for r in requests
    ]
    penalties = options.penalties_with(model.features if isinstance(model, GuidedModel) else None)
    run = _sample if options.method == "sample" else _beam_search
    with one_thread():
        search = run(model.bind(requests), constraints, options, penalties, progress)
        search.finish()
    results = []
    for piece, request in enumerate(requests):
        if options.use_groups:
            best = search.best_of_each_group(piece)
        else:
            best = search.best(options.number, piece)
        results.append([_candidate(search, b, request.chorale, options) for b in best])
    if options.may_search_again(SECOND_BEAM):
        stuck = [
            i
            for i, (request, found) in enumerate(zip(requests, results, strict=True))
            if _is_stuck(found[0].chorale, request.given)
        ]
        wide = replace(options, beam=SECOND_BEAM)
        again = _fill_batch(model, [requests[i] for i in stuck], wide) if stuck else []
        for i, found in zip(stuck, again, strict=True):
            results[i] = max(results[i], found, key=lambda candidates: candidates[0].score)
    return results


def _is_stuck(music: Chorale, given: Given) -> bool:
    """Whether a search ended with parallels, or without the cadence that it was to end with."""
    moves = Moves.of(music)
    for name in ("parallel fifths", "parallel octaves"):
        rule = RULES[name]
        for step, column in np.argwhere(rule.count(moves)).tolist():
            if not given.cells[step, list(rule.voices[column])].all():
                return True
    above = (int(music.pitch[-1, Voice.SOPRANO]) - music.key.pitch_class) % 12
    closes = bool(given.final_chord) and above in TONIC_TRIAD[music.key.mode]
    return closes and not given.cells.all() and final_cadence(music).kind == "none"


def _beam_search(
    model: StepModel,
    constraints: Sequence[Constraints],
    options: DecodingOptions,
    penalties: Penalties,
    progress: Progress | None,
) -> Search:
    """Beam search, or greedy search as a beam of width one; one group for each candidate."""
    width = 1 if options.method == "greedy" else options.beam
    beam = Beam(width, 1 if width == 1 else INNER_BEAM_FACTOR, max(PRUNE_THRESHOLD, width / 2))
    groups = options.number if options.use_groups else 1
    noise = GumbelNoise(options.seed, groups, options.diversity, len(constraints[0].vocabulary))
    search = Search(
        model,
        constraints,
        beam,
        penalties=penalties,
        noise=noise if groups > 1 else None,
    )
    search.split(groups)
    frames = max(c.frames for c in constraints)
    for frame in range(frames):
        search.decode_frame(frame)
        if progress is not None:
            progress(frame + 1, frames)
    return search


def _sample(
    model: StepModel,
    constraints: Sequence[Constraints],
    options: DecodingOptions,
    penalties: Penalties,
    progress: Progress | None,
) -> Search:
    """Sampling with a particle filter; one particle of each candidate remains."""
    particles = ParticleFilter.seeded(options, PARTICLES, pieces=len(constraints))
    search = Search(
        model,
        constraints,
        particles.sampler,
        penalties=penalties,
        track_weights=True,
    )
    particles.split(search)
    frames = max(c.frames for c in constraints)
    for frame in range(frames):
        over = search.is_over(frame)
        if over.any():
            particles.select_final(search, over)
            search.finish(search.is_over(frame))
        search.decode_frame(frame)
        if (frame + 1) % FRAMES_PER_QUARTER == 0:
            particles.resample(search)
        if progress is not None:
            progress(frame + 1, frames)
    particles.select_final(search, np.ones(search.size, dtype=np.bool_))
    return search


def _candidate(
    search: Search, hypothesis: FinishedHypothesis, chorale: Chorale, options: DecodingOptions
) -> Candidate:
    music = search.music(hypothesis)
    whole = replace(chorale, pitch=music.pitch, tied=music.tied, fermata=music.fermata)
    return Candidate(
        chorale=whole,
        log_probability=hypothesis.log_probability,
        penalty=hypothesis.penalty,
        method=options.method,
        seed=options.seed,
        ending=f"it ends as given, with {final_cadence(whole).described}",
    )
