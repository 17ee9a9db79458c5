"""Filling what is not given: harmonizing a melody, or any other voices or stretch of bars.

Beam search with the given notes counted, as BachBot's harmonizer does it (Liang, Gotham, Johnson
and Shotton, ISMIR 2017, section 5).
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, REST, Chorale, Given
from bachbot.decoding.constraints import ANY, FERMATA_FREE, FREE, Constraints, range_sets
from bachbot.decoding.options import Candidate, DecodingOptions, Progress
from bachbot.decoding.particle_filter import ParticleFilter
from bachbot.decoding.search import FinishedHypothesis, Search
from bachbot.decoding.strategies import Beam, GumbelNoise
from bachbot.encoding import FIRST_PITCH, FillRequest, Vocabulary
from bachbot.errors import DecodingError
from bachbot.hardware import one_thread
from bachbot.runtime.protocol import Model, StepModel
from bachbot.theory.cadence import final_cadence

PARTICLES = 8
"""Streams of each candidate that is drawn."""

INNER_BEAM_FACTOR = 2
"""How many times a beam's width is kept while the voices of a frame are chosen."""

PRUNE_THRESHOLD = 5.0
"""Nats behind the best from which on a beam gives a stream up.

Half a nat for each stream of the width if that is more: who asks for a wide beam wants much looked
at. Of 120 harmonizations by `lookahead` it changed none; the plain network, which given notes take
by surprise, catches up now and then (``checkpoints/EXPERIMENTS.md``).
"""


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
    given, and stay within the compass that Bach's have; what is given may do either.

    Parameters
    ----------
    model : Model
        A trained model. Step it in float64 where a draw must not depend on the machine: NumPy
        rounds otherwise from processor to processor, and a float32 error may flip a draw.
    chorale : Chorale
        In C major or A minor, T frames, T at least 1. What it holds in cells that are not given
        is of no account.
    given : Given
        Cells [T, 4] and fermatas [T] that come back untouched.
    options : DecodingOptions, optional
        How to choose. With ``"sample"`` every candidate has random numbers of its own, so it is
        among those of a seed however many are asked for, but for rounding; it is one of a few
        streams, those that expect the given notes gaining on the others from beat to beat.
    progress : callable, optional
        Called with the frames done and all frames.

    Returns
    -------
    list of Candidate
        The likeliest first, at most ``options.number``.

    Raises
    ------
    DecodingError
        If nothing satisfies what is given.
    EncodingError
        If a given pitch is outside the model's vocabulary.
    """
    [found] = fill_all(model, [FillRequest(chorale, given)], options, progress=progress)
    return found


def fill_all(
    model: Model,
    works: Sequence[FillRequest],
    options: DecodingOptions | None = None,
    *,
    progress: Progress | None = None,
) -> list[list[Candidate]]:
    """Choose what is not given of several chorales, side by side.

    Each comes out as it would alone, but for rounding.

    Parameters
    ----------
    model : Model
        A trained model.
    works : sequence of Work
        The chorales and what is given of them, as `fill` takes them. Pieces of like length waste
        least.
    options : DecodingOptions, optional
        How to choose.
    progress : callable, optional
        Called with the frames done and all frames, those of the longest.

    Returns
    -------
    list of list of Candidate
        For each piece what `fill` returns.

    Raises
    ------
    DecodingError, EncodingError
        As `fill`.
    """
    options = options or DecodingOptions()
    plans = [constraints_of(w.chorale, w.given, model.vocabulary) for w in works]
    walk_through = _sample if options.method == "sample" else _beam_search
    with one_thread():
        walk = walk_through(model.bind(works), plans, options, progress)
        walk.end()
    return [
        [
            _candidate(walk, found, work.chorale, options)
            for found in (
                walk.best_of_each(piece) if options.led else walk.best(options.number, piece)
            )
        ]
        for piece, work in enumerate(works)
    ]


def constraints_of(chorale: Chorale, given: Given, vocabulary: Vocabulary) -> Constraints:
    """The plan that keeps what is given of a chorale.

    Parameters
    ----------
    chorale, given
        As `fill` takes them.
    vocabulary : Vocabulary
        The model's.

    Raises
    ------
    DecodingError
        If there is nothing to fill, or the vocabulary lacks a voice's compass.
    EncodingError
        If a given pitch is outside the vocabulary.
    """
    cells, frames = given.cells, chorale.frames
    if not frames or cells.shape != chorale.pitch.shape:
        raise DecodingError(
            f"a piece of {frames} frames came with given cells for {len(cells)}: "
            "one frame or more is wanted, and as many of either"
        )
    token = np.full(cells.shape, FREE, dtype=np.int64)
    token[cells] = vocabulary.ids_of(chorale.pitch[cells], chorale.tied[cells])
    hold = np.arange(frames) % given.grid > 0
    sound = _led_into(chorale, cells, hold)

    rests = cells & (chorale.pitch == REST)
    silent = cells.any(axis=1) & (rests == cells).all(axis=1)
    compass = range_sets(vocabulary, chorale.transposed_by)
    which = np.arange(4) + 4 * silent[:, None]
    pitches = np.unique(sound[sound != ANY])
    single = np.zeros((len(pitches), len(vocabulary)), dtype=np.bool_)
    single[np.arange(len(pitches)), FIRST_PITCH + 2 * (pitches - vocabulary.low)] = True
    which = np.where(sound == ANY, which, len(compass) + np.searchsorted(pitches, sound))
    return Constraints(
        vocabulary=vocabulary,
        token=token,
        palette=np.concatenate([compass, single]),
        which=which,
        tie=~np.asarray(given.strikes),
        sound=sound,
        hold=hold,
        fermata=np.where(given.fermatas, chorale.fermata, FERMATA_FREE).astype(np.int8),
        may_end=np.zeros(frames + 1, dtype=np.bool_),
        key=chorale.key,
        position=chorale.position,
        transposed_by=chorale.transposed_by,
        close=given.close,
    )


def _led_into(
    chorale: Chorale, cells: NDArray[np.bool_], hold: NDArray[np.bool_]
) -> NDArray[np.int16]:
    """Pitches that free cells must sound because a given tie follows them; [T, 4]."""
    sound = np.full(cells.shape, ANY, dtype=np.int16)
    into = cells[1:] & chorale.tied[1:] & ~cells[:-1]
    sound[:-1][into] = chorale.pitch[1:][into]
    # A frame that may only hold passes it on to the frame before.
    for frame in np.flatnonzero(hold)[::-1]:
        wanted = (sound[frame] != ANY) & ~cells[frame - 1]
        sound[frame - 1, wanted] = sound[frame, wanted]
    return sound


def _beam_search(
    model: StepModel,
    plans: Sequence[Constraints],
    options: DecodingOptions,
    progress: Progress | None,
) -> Search:
    """A beam, or with the greedy method a beam of one; for several candidates one each."""
    width = 1 if options.method == "greedy" else options.beam
    beam = Beam(width, 1 if width == 1 else INNER_BEAM_FACTOR, max(PRUNE_THRESHOLD, width / 2))
    families = options.number if options.led else 1
    chance = GumbelNoise(options.seed, families, options.variety, len(plans[0].vocabulary))
    walk = Search(
        model, plans, beam, charges=options.charged, chance=chance if families > 1 else None
    )
    walk.keep(np.repeat(np.arange(walk.streams), families))
    walk.label = np.arange(walk.streams)
    frames = max(p.frames for p in plans)
    for frame in range(frames):
        walk.frame(frame)
        if progress is not None:
            progress(frame + 1, frames)
    return walk


def _sample(
    model: StepModel,
    plans: Sequence[Constraints],
    options: DecodingOptions,
    progress: Progress | None,
) -> Search:
    """Draws, a few streams for each candidate, of which one is kept."""
    population = ParticleFilter.seeded(options, PARTICLES, pieces=len(plans))
    walk = Search(model, plans, population.draw, charges=options.charged, weighed=True)
    population.enter(walk)
    frames = max(p.frames for p in plans)
    for frame in range(frames):
        ends = walk.over(frame)
        if ends.any():
            population.settle(walk, ends)
            walk.end(walk.over(frame))
        walk.frame(frame)
        if (frame + 1) % FRAMES_PER_QUARTER == 0:
            population.resample(walk)
        if progress is not None:
            progress(frame + 1, frames)
    population.settle(walk, np.ones(walk.streams, dtype=np.bool_))
    return walk


def _candidate(
    walk: Search, found: FinishedHypothesis, chorale: Chorale, options: DecodingOptions
) -> Candidate:
    music = walk.music(found)
    whole = replace(chorale, pitch=music.pitch, tied=music.tied, fermata=music.fermata)
    return Candidate(
        chorale=whole,
        log_probability=found.log_probability,
        charged=found.charged,
        method=options.method,
        seed=options.seed,
        ending=f"it ends as given, with {final_cadence(whole).described}",
    )
