"""Filling what is not given: harmonising a melody, or any other voices or stretch of bars.

Beam search with the given notes counted, as BachBot's harmoniser does it (Liang, Gotham, Johnson
and Shotton, ISMIR 2017, section 5).
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import FRAMES_PER_QUARTER, REST, Chorale, Given, Voice
from bachbot.decoding.compass import compass_palette
from bachbot.decoding.options import Candidate, DecodingOptions, Progress
from bachbot.decoding.plan import ANY, FERMATA_FREE, FREE, Plan
from bachbot.decoding.population import Population
from bachbot.decoding.proposals import Beam
from bachbot.decoding.walk import Ended, Walk
from bachbot.encoding import END, FIRST_PITCH, Vocabulary
from bachbot.errors import DecodingError
from bachbot.runtime.protocol import StepModel
from bachbot.runtime.threads import one_thread
from bachbot.theory.cadence import final_cadence

STREAMS = 8
"""Streams of each candidate that is drawn."""


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
    options = options or DecodingOptions()
    plan = replace(filling(chorale, given, model.vocabulary), parallels=options.parallels)
    walk_through = _drawn if options.method == "sample" else _searched
    with one_thread():
        walk = walk_through(model, plan, options, progress)
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
    hold = np.arange(frames) % given.grid > 0
    sound = _led_into(chorale, cells, hold)

    rests = cells & (chorale.pitch == REST)
    silent = cells.any(axis=1) & (rests == cells).all(axis=1)
    compass = compass_palette(vocabulary, chorale.transposed_by)
    which = np.arange(4) + 4 * silent[:, None]
    pitches = np.unique(sound[sound != ANY])
    single = np.zeros((len(pitches), len(vocabulary)), dtype=np.bool_)
    single[np.arange(len(pitches)), FIRST_PITCH + 2 * (pitches - vocabulary.low)] = True
    which = np.where(sound == ANY, which, len(compass) + np.searchsorted(pitches, sound))
    tie = ~np.asarray(given.strikes)
    chord = _last_chord(chorale, compass[:4], vocabulary)
    if given.close and chord[:4].any(axis=1).all():
        _close(given, which, tie, len(compass) + len(single))
    return Plan(
        vocabulary=vocabulary,
        token=token,
        palette=np.concatenate([compass, single, chord]),
        which=which,
        tie=tie,
        sound=sound,
        hold=hold,
        fermata=np.where(given.fermatas, chorale.fermata, FERMATA_FREE).astype(np.int8),
        may_end=np.zeros(frames + 1, dtype=np.bool_),
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


def _close(given: Given, which: NDArray[np.intp], tie: NDArray[np.bool_], base: int) -> None:
    """Ask for the last chord, in place: its palettes are those from `base` on."""
    first, stop = given.close[0], given.close[-1] + 1
    free = ~given.cells[first]
    which[first, free] = base + np.flatnonzero(free)
    tie[first, free] = False
    if free[Voice.BASS]:
        which[first + 1 : stop, Voice.BASS] = base + len(free)
        tie[first + 1 : stop, Voice.BASS] = True


def _last_chord(
    chorale: Chorale, compass: NDArray[np.bool_], vocabulary: Vocabulary
) -> NDArray[np.bool_]:
    """Onsets of each voice in a last chord, the bass's being the tonic, then none; [5, V]."""
    above = (vocabulary.pitch_of - chorale.key.pitch_class) % 12
    thirds = (4,) if chorale.key.mode == "major" else (3, 4)
    chord = compass & np.isin(above, (0, 7, *thirds))
    chord[Voice.BASS] &= above == 0
    return np.concatenate([chord, np.zeros_like(chord[:1])])


def _searched(
    model: StepModel, plan: Plan, options: DecodingOptions, progress: Progress | None
) -> Walk:
    """A beam, or with the greedy method a beam of one."""
    walk = Walk(model, plan, Beam(1 if options.method == "greedy" else options.beam))
    for frame in range(plan.frames):
        walk.frame(frame)
        if progress is not None:
            progress(frame + 1, plan.frames)
    return walk


def _drawn(
    model: StepModel, plan: Plan, options: DecodingOptions, progress: Progress | None
) -> Walk:
    """Draws, one for each candidate."""
    population = Population.seeded(options, STREAMS)
    walk = Walk(model, plan, population.draw, weighed=True)
    population.enter(walk)
    for frame in range(plan.frames):
        walk.frame(frame)
        if (frame + 1) % FRAMES_PER_QUARTER == 0:
            population.resample(walk)
        if progress is not None:
            progress(frame + 1, plan.frames)
    walk.weight += walk.scores[:, END]
    population.settle(walk)
    return walk


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
