"""Composing by a plan: phrases with their cadences, keys and rhythm, some of them alike.

Phrases that come again are composed first, one pass each, and copied to all their places. The last
pass composes what is left between them, which a model that looks ahead then knows.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import (
    BACH_RANGES,
    FRAMES_PER_QUARTER,
    REST,
    STANDARD,
    Chorale,
    Given,
    Voice,
    VoiceRanges,
)
from bachbot.decoding.compose import (
    PARTICLES,
    ComposeRequest,
    composition_constraints,
    composition_request,
)
from bachbot.decoding.constraints import FERMATA_FREE, FERMATA_HERE, NO_FERMATA, Constraints
from bachbot.decoding.harmonize import fill
from bachbot.decoding.harmony import ChordConstraints
from bachbot.decoding.options import Candidate, DecodingOptions, Progress
from bachbot.decoding.particle_filter import ParticleFilter
from bachbot.decoding.penalties import FermataChordPenalty, Penalties, PlannedKeyPenalty
from bachbot.decoding.plan import CompositionPlan, PlannedPhrase
from bachbot.decoding.search import Search
from bachbot.encoding import FillRequest, Vocabulary
from bachbot.errors import UsageError
from bachbot.hardware import one_thread
from bachbot.runtime.protocol import Model
from bachbot.theory.explanation import find_faults

_KEY, _CLOSE = 2.0, 3.0  # nats
_OUTER = (Voice.SOPRANO, Voice.BASS)


@dataclass(frozen=True, eq=False)
class _Known:
    """The music of a piece so far: a chorale of its length, and which frames have been composed."""

    chorale: Chorale
    frames: NDArray[np.bool_]


def compose_planned(
    model: Model,
    request: ComposeRequest,
    plan: CompositionPlan,
    options: DecodingOptions,
    *,
    harmonizer: tuple[Model, int] | None = None,
    progress: Progress | None = None,
) -> list[Candidate]:
    """Compose new pieces by a plan.

    Parameters
    ----------
    model : Model
        A trained model, in float64 as for `bachbot.decoding.compose`.
    request : ComposeRequest
        Meter, mode and grid; its length is that of the plan. No opening.
    plan : CompositionPlan
        The plan.
    options : DecodingOptions
        Temperature, top-p, seed, number; the method is ``"sample"``.
    harmonizer : pair of Model and int, optional
        A model and the width of a beam search that harmonizes the sampled tune anew.
    progress : callable, optional
        Called with the passes done and their number.

    Raises
    ------
    UsageError
        If the method is not ``"sample"``, or the lengths differ.
    DecodingError
        If no music keeps to the plan.
    """
    if options.method != "sample":
        raise UsageError(f"a piece cannot be composed by the method '{options.method}': use sample")
    if plan.frames != request.frames or request.prime is not None:
        raise UsageError(
            f"the plan has {plan.frames} frames and the piece {request.frames}: give equal lengths "
            "and no opening"
        )
    request = replace(request, close=plan.phrases[-1].close)
    repeated = plan.repeated()
    passes = (len(repeated) + 1) * (1 if harmonizer is None else 2)
    done, found = 0, []
    for number in range(options.number):
        known, penalty, probability = _nothing_known(request), 0.0, 0.0
        for phrase in (*repeated, None):
            # Random numbers of its own for each pass of each piece.
            state = np.random.SeedSequence([options.seed, number, 0 if phrase is None else
                                            phrase.start + 1]).generate_state(1)  # fmt: skip
            seeded = replace(options, seed=int(state[0]), number=1)
            known, cost, probability = _pass(model, request, plan, known, phrase, seeded)
            penalty += cost
            done += 1
            if progress is not None:
                progress(done, passes * options.number)
        music = known.chorale
        if harmonizer is not None:
            for phrase in (*repeated, None):
                best = _harmonize(*harmonizer, request, plan, music, phrase, options)
                music, penalty, probability = best.chorale, best.penalty, best.log_probability
                done += 1
                if progress is not None:
                    progress(done, passes * options.number)
        found.append(
            Candidate(
                chorale=music,
                log_probability=probability,
                penalty=penalty,
                method=options.method,
                seed=options.seed,
                ending=_described(plan),
            )
        )
    return found


def _described(plan: CompositionPlan) -> str:
    letters = "".join(p.letter + "'" * p.varied for p in plan.phrases)
    form = f" in the form {letters}" if letters else ""
    number = len(plan.phrases)
    return f"{number} phrase{'s' if number > 1 else ''}{form}, as planned"


def _nothing_known(request: ComposeRequest) -> _Known:
    frames = request.frames
    return _Known(
        Chorale(
            pitch=np.full((frames, 4), REST, dtype=np.int16),
            tied=np.zeros((frames, 4), dtype=np.bool_),
            fermata=np.zeros(frames, dtype=np.bool_),
            meter=request.meter,
            key=STANDARD[request.mode],
            position=request.position,
            transposed_by=request.transposed_by,
        ),
        np.zeros(frames, dtype=np.bool_),
    )


def planned_constraints(
    request: ComposeRequest,
    plan: CompositionPlan,
    known: _Known,
    vocabulary: Vocabulary,
    ranges: VoiceRanges = BACH_RANGES,
) -> Constraints:
    """The constraints of a new piece with those of its plan.

    The last note of each phrase is under a fermata, all voices begin anew after it, and the
    soprano's notes and the chords of cadences are as planned.

    Parameters
    ----------
    request, plan
        As in `compose_planned`.
    known : _Known
        The music that has been composed.
    vocabulary : Vocabulary
        The model's.
    ranges : VoiceRanges
        What the singers can sing.
    """
    base = composition_constraints(request, vocabulary, ranges)
    token, set_index, may_tie = base.token.copy(), base.set_index.copy(), base.may_tie.copy()
    fermata, sets = base.fermata.copy(), [base.allowed_sets]
    scale = np.ones((request.frames, 12), dtype=np.bool_)
    tonic = base.key.pitch_class
    last = plan.phrases[-1].close
    if plan.chords:
        # The chords of the last cadence say what the bass has before it.
        set_index[last - request.meter.beat_frames : last, Voice.BASS] = Voice.BASS
    nothing = int(np.flatnonzero(~base.allowed_sets.any(axis=1))[0])
    for phrase in plan.phrases:
        may_tie[phrase.start] = False
        fermata[phrase.start : phrase.close] = NO_FERMATA
        fermata[phrase.close : phrase.stop] = FERMATA_HERE
        held = slice(phrase.close + 1, phrase.stop)
        set_index[held, _OUTER] = nothing
        may_tie[held, _OUTER] = True
        may_tie[phrase.close, _OUTER] = False
        if phrase.scale:
            scale[phrase.start : phrase.stop] = np.isin((np.arange(12) - tonic) % 12, phrase.scale)
        if phrase.onsets:
            rest = np.setdiff1d(np.arange(phrase.start, phrase.stop), phrase.onsets)
            set_index[rest, Voice.SOPRANO] = nothing
            may_tie[rest, Voice.SOPRANO] = True
            may_tie[list(phrase.onsets), Voice.SOPRANO] = False
    above = (vocabulary.pitch_of - tonic) % 12  # [V]
    for frame, tones in plan.tops:
        own = base.allowed_sets[set_index[frame, Voice.SOPRANO]] & np.isin(above, tones)
        set_index[frame, Voice.SOPRANO] = sum(map(len, sets))
        sets.append(own[np.newaxis])
        may_tie[frame, Voice.SOPRANO] = False
    cells = np.repeat(known.frames[:, np.newaxis], 4, axis=1)
    token[cells] = vocabulary.ids_of(known.chorale.pitch[cells], known.chorale.tied[cells])
    return replace(
        base,
        token=token,
        allowed_sets=np.concatenate(sets),
        set_index=set_index,
        may_tie=may_tie,
        fermata=fermata,
        scale=scale,
        chords=ChordConstraints.of(known.chorale, cells, plan.chords) if plan.chords else None,
    )


def _pass(
    model: Model,
    request: ComposeRequest,
    plan: CompositionPlan,
    known: _Known,
    phrase: PlannedPhrase | None,
    options: DecodingOptions,
) -> tuple[_Known, float, float]:
    """Compose up to the end of a phrase that is repeated, or all that is left.

    Returns
    -------
    known : _Known
        With the phrase in all its places, or the whole piece.
    penalty, log_probability : float
        Of the pass.
    """
    constraints = planned_constraints(request, plan, known, model.vocabulary, options.ranges)
    stop = request.frames if phrase is None else phrase.stop
    particles = ParticleFilter.seeded(options, PARTICLES)
    free = int(np.flatnonzero(~known.frames)[0]) if not known.frames.all() else stop
    penalties = options.penalties_with()
    planned = (PlannedKeyPenalty(_KEY), FermataChordPenalty(_CLOSE))
    kept = [p for p in penalties.items if p.name not in {q.name for q in planned}]
    with one_thread():
        search = Search(
            model.bind([_fill_request(request, constraints, known)]),
            [constraints],
            particles.sampler,
            penalties=Penalties((*kept, *planned)),
            track_weights=True,
        )
        resampling = _resampling_frames(request, plan)
        for frame in range(stop):
            if frame == free:
                particles.split(search)
            search.decode_frame(frame)
            if free <= frame and frame + 1 in resampling:
                particles.resample(search)
        search.finish(emits=np.zeros(search.size, dtype=np.bool_))
    pieces = [(h, search.music(h)) for h in search.finished]
    faults = [
        len(find_faults(replace(known.chorale.sliced(0, stop), pitch=m.pitch, tied=m.tied,
                                fermata=m.fermata)))
        for _, m in pieces
    ]  # fmt: skip
    best = [pair for pair, n in zip(pieces, faults, strict=True) if n == min(faults)]
    hypothesis, music = best[int(particles.choosers[0].integers(len(best)))]
    return (
        _with_music(plan, known, music, phrase),
        hypothesis.penalty,
        hypothesis.log_probability,
    )


def _resampling_frames(request: ComposeRequest, plan: CompositionPlan) -> frozenset[int]:
    """Frames before which particles are resampled: bar lines, and each beat near a phrase's end."""
    position = request.position
    near = np.zeros(plan.frames, dtype=np.bool_)
    for phrase in plan.phrases:
        near[max(phrase.start, phrase.close - 4 * FRAMES_PER_QUARTER) : phrase.stop] = True
    beats = position % request.meter.beat_frames == 0
    return frozenset(np.flatnonzero((position == 0) | (near & beats)).tolist())


def _fill_request(request: ComposeRequest, constraints: Constraints, known: _Known) -> FillRequest:
    """What a model that looks ahead may know: the form, and the music so far."""
    form = composition_request(request, constraints).chorale
    cells = np.repeat(known.frames[:, np.newaxis], 4, axis=1)
    chorale = replace(form, pitch=known.chorale.pitch, tied=known.chorale.tied)
    return FillRequest(chorale, Given(cells, constraints.fermata != FERMATA_FREE))


def _with_music(
    plan: CompositionPlan, known: _Known, music: Chorale, phrase: PlannedPhrase | None
) -> _Known:
    """The music so far with that of a pass: a whole piece, or a phrase in all its places."""
    pitch, tied = known.chorale.pitch.copy(), known.chorale.tied.copy()
    fermata, frames = known.chorale.fermata.copy(), known.frames.copy()
    if phrase is None:
        whole = replace(known.chorale, pitch=music.pitch, tied=music.tied, fermata=music.fermata)
        return _Known(whole, np.ones_like(frames))
    for other in plan.phrases:
        if other.letter != phrase.letter:
            continue
        length = _same_frames(other, known.chorale)
        here = slice(other.start, other.start + length)
        source = slice(phrase.start, phrase.start + length)
        pitch[here], tied[here] = music.pitch[source], music.tied[source]
        fermata[here], frames[here] = music.fermata[source], True
    return _Known(replace(known.chorale, pitch=pitch, tied=tied, fermata=fermata), frames)


def _same_frames(phrase: PlannedPhrase, chorale: Chorale) -> int:
    """How many frames of a phrase are those of the first of its letter."""
    if not phrase.varied:
        return phrase.stop - phrase.start
    new = phrase.close - chorale.meter.bar_frames
    beat = FRAMES_PER_QUARTER
    return max(new - phrase.start, (phrase.close - phrase.start) // (2 * beat) * beat)


def _harmonize(
    model: Model,
    width: int,
    request: ComposeRequest,
    plan: CompositionPlan,
    music: Chorale,
    phrase: PlannedPhrase | None,
    options: DecodingOptions,
) -> Candidate:
    """Write the lower voices anew by beam search; those of a repeated phrase in all its places."""
    cells = np.zeros((music.frames, 4), dtype=np.bool_)
    cells[:, Voice.SOPRANO] = True
    if phrase is None:
        for one in plan.repeated():
            for other in plan.phrases:
                if other.letter == one.letter:
                    cells[other.start : other.start + _same_frames(other, music)] = True
    if cells.all():
        return Candidate(music, 0.0, 0.0, options.method, options.seed, "")
    onsets = np.zeros_like(cells)
    onsets[[p.start for p in plan.phrases]] = True
    last = plan.phrases[-1]
    given = Given(
        cells,
        True,
        grid=request.grid,
        required_onsets=onsets,
        final_chord=range(last.close, last.stop),
        chords=plan.chords,
        quarter=FRAMES_PER_QUARTER * request.grid,
    )
    beam = replace(options, method="beam", beam=width, number=1)
    [best] = fill(model, music, given, beam)
    if phrase is None:
        return best
    blank = _Known(music, np.zeros(music.frames, dtype=np.bool_))
    return replace(best, chorale=_with_music(plan, blank, best.chorale, phrase).chorale)
