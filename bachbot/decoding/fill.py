"""Filling what is not given: harmonising a melody, or any other voices or stretch of bars.

Beam search with the given notes counted, as BachBot's harmoniser does it (Liang, Gotham, Johnson
and Shotton, ISMIR 2017, section 5).
"""

from dataclasses import replace

import numpy as np

from bachbot.chorale import REST, Chorale, Given
from bachbot.decoding.compass import compass_palette
from bachbot.decoding.options import Candidate, DecodingOptions, Progress
from bachbot.decoding.plan import ANY, FERMATA_FREE, FREE, Plan
from bachbot.decoding.proposals import Beam, Draw, Proposal
from bachbot.decoding.walk import Ended, Walk
from bachbot.encoding import FIRST_PITCH, Vocabulary
from bachbot.errors import DecodingError
from bachbot.runtime.protocol import StepModel
from bachbot.runtime.threads import one_thread
from bachbot.theory.cadence import final_cadence


def fill(
    model: StepModel,
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
    model : StepModel
        A trained model. Step it in float64 where a draw must not depend on the machine: NumPy
        rounds otherwise from processor to processor, and a float32 error may flip a draw.
    chorale : Chorale
        In C major or A minor, T frames, T at least 1. What it holds in cells that are not given
        is of no account.
    given : Given
        Cells [T, 4] and fermatas [T] that come back untouched.
    options : DecodingOptions, optional
        How to choose. With ``"sample"`` every candidate is a stream of its own random numbers: a
        seed's first candidate is the same however many are asked for, but for rounding.
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
    options = options or DecodingOptions()
    plan = filling(chorale, given, model.vocabulary)
    streams, proposal = _proposal(options)
    with one_thread():
        walk = Walk(model, plan, proposal, streams)
        for frame in range(plan.frames):
            walk.frame(frame)
            if progress is not None:
                progress(frame + 1, plan.frames)
        walk.end()
    return [_candidate(walk, found, chorale, options) for found in walk.best(options.number)]


def filling(chorale: Chorale, given: Given, vocabulary: Vocabulary) -> Plan:
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

    rests = cells & (chorale.pitch == REST)
    silent = cells.any(axis=1) & (rests == cells).all(axis=1)
    palette = compass_palette(vocabulary, chorale.transposed_by)
    which = np.arange(4) + 4 * silent[:, None]

    # A given tie whose frame before is free: that frame must sound the pitch which is tied to.
    sound = np.full(cells.shape, ANY, dtype=np.int16)
    into = cells[1:] & chorale.tied[1:] & ~cells[:-1]
    sound[:-1][into] = chorale.pitch[1:][into]
    hold = np.arange(frames) % given.grid > 0
    # A frame that may only hold passes it on to the frame before.
    for frame in np.flatnonzero(hold)[::-1]:
        wanted = (sound[frame] != ANY) & ~cells[frame - 1]
        sound[frame - 1, wanted] = sound[frame, wanted]
    pitches = np.unique(sound[sound != ANY])
    single = np.zeros((len(pitches), len(vocabulary)), dtype=np.bool_)
    single[np.arange(len(pitches)), FIRST_PITCH + 2 * (pitches - vocabulary.low)] = True
    which = np.where(sound == ANY, which, len(palette) + np.searchsorted(pitches, sound))
    return Plan(
        vocabulary=vocabulary,
        token=token,
        palette=np.concatenate([palette, single]),
        which=which,
        tie=np.ones_like(cells),
        sound=sound,
        hold=hold,
        fermata=np.where(given.fermatas, chorale.fermata, FERMATA_FREE).astype(np.int8),
        may_end=np.zeros(frames + 1, dtype=np.bool_),
    )


def _proposal(options: DecodingOptions) -> tuple[int, Proposal]:
    if options.method == "sample":
        seeds = np.random.SeedSequence(options.seed).spawn(options.number)
        generators = [np.random.default_rng(seed) for seed in seeds]
        return options.number, Draw(generators, options.temperature, options.top_p)
    return 1, Beam(1 if options.method == "greedy" else options.beam)


def _candidate(walk: Walk, found: Ended, chorale: Chorale, options: DecodingOptions) -> Candidate:
    music = walk.music(found)
    whole = replace(chorale, pitch=music.pitch, tied=music.tied, fermata=music.fermata)
    return Candidate(
        chorale=whole,
        log_probability=found.log_probability,
        method=options.method,
        seed=options.seed,
        ending=f"it ends as given, with {final_cadence(whole).described}",
    )
