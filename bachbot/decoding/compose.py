"""Composing: the form of a new piece, and how it is sampled with a particle filter."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import (
    BACH_RANGES,
    FINAL_TRIAD,
    REST,
    STANDARD,
    Chorale,
    Given,
    Meter,
    Mode,
    Voice,
    VoiceRanges,
)
from bachbot.decoding.constraints import (
    ANY,
    FERMATA_FREE,
    FERMATA_HERE,
    FREE,
    NO_FERMATA,
    Constraints,
    range_sets,
)
from bachbot.decoding.hypotheses import FinishedHypothesis
from bachbot.decoding.options import Candidate, DecodingOptions, Progress
from bachbot.decoding.particle_filter import ParticleFilter
from bachbot.decoding.search import Search
from bachbot.encoding import END, FillRequest, Vocabulary
from bachbot.errors import DecodingError, UsageError
from bachbot.hardware import one_thread
from bachbot.runtime.protocol import Model
from bachbot.theory.cadence import CadenceKind, final_cadence

FEWEST_BARS, MOST_BARS = 4, 32
"""Between which lengths the model may end a piece if no length is given."""

LONGEST = 400
"""The greatest length that can be given, in bars."""

PARTICLES = 16
"""Particles of each piece if a length is given."""

PARTICLES_FREE_LENGTH = 8
"""Particles of each piece that the model ends itself: such pieces are longer."""

_DOMINANT, _MINOR_SEVENTH, _LEADING_NOTE = 7, 10, 11  # semitones above the tonic
_OUTER = (Voice.SOPRANO, Voice.BASS)

_RANK: dict[CadenceKind, int] = {"perfect": 0, "imperfect": 2, "plagal": 2, "half": 4, "none": 6}
_CUT = 3  # added to the rank of an end that is not the model's
_NO_LEADING_NOTE = 7.0  # nats


@dataclass(frozen=True, eq=False)
class ComposeRequest:
    """What a new piece should be like.

    Parameters
    ----------
    bars : int, optional
        Number of full bars, 1 to 400; those of the opening count, a pickup does not. Default: the
        model ends the piece itself, after 4 to 32 bars.
    meter : Meter
        Time signature and pickup. After a pickup the last bar is shorter by the same length.
    mode : {"major", "minor"}
        C major or A minor.
    transposed_by : int
        Semitones from the key in which the piece will be sung to C major or A minor, for the
        ranges of the voices.
    prime : Chorale, optional
        An opening in C major or A minor that the piece continues, all four voices.
    grid : int
        Notes start and stop only in frames that are a multiple of this, as in `Given`.
    phrase_ends : tuple of int
        Frames after the ends of inner phrases, in order: the last note of each stands under a
        fermata, and there are no other fermatas but the last. Default: the model sets them.
    close : int, optional
        First frame of the final chord, if a length is given. Default: see
        `composition_constraints`.

    Raises
    ------
    UsageError
        If the length is out of range, or the opening is empty or as long as the piece; if a phrase
        ends outside the piece.
    """

    bars: int | None = None
    meter: Meter = Meter()
    mode: Mode = "major"
    transposed_by: int = 0
    prime: Chorale | None = None
    grid: int = 1
    phrase_ends: tuple[int, ...] = ()
    close: int | None = None

    def __post_init__(self) -> None:
        if self.bars is not None and not 1 <= self.bars <= LONGEST:
            raise UsageError(f"the length is {self.bars} bars: give 1 to {LONGEST}")
        if self.mode not in STANDARD:
            raise UsageError(f"'{self.mode}' is not a mode: give major or minor")
        if self.prime is not None and not self.prime.frames:
            raise UsageError("the opening is empty: give one of a bar or more")
        if self.given >= self.frames:
            raise UsageError(
                f"the opening fills {self.bars or MOST_BARS} bars or more: "
                "take less of it, or ask for more bars"
            )
        if self.phrase_ends and not self.given < min(self.phrase_ends) <= max(self.phrase_ends) < (
            self.frames
        ):
            raise UsageError(
                f"a phrase ends outside frames {self.given + 1} to {self.frames - 1}: "
                "give ends within the piece"
            )

    @property
    def given(self) -> int:
        """Frames of the opening."""
        return self.prime.frames if self.prime is not None else 0

    @property
    def frames(self) -> int:
        """Frames of the piece; the most there can be if the model ends it."""
        return int(self.bar_ends[(self.bars or MOST_BARS) - 1])

    @property
    def final_chord(self) -> int | None:
        """First frame of the final chord, if a length is given."""
        if self.bars is None:
            return None
        if self.close is not None:
            return self.close
        return max(self.frames - final_chord_length(self.meter), self.given)

    @property
    def position(self) -> NDArray[np.int16]:
        """Metrical position of each frame in its bar, shape [frames]."""
        return self._positions[: self.frames]

    @property
    def phrase_final_notes(self) -> list[range]:
        """Frames of the last note of each inner phrase, from the last strong beat before its end.

        So ends nearly every phrase of the chorales: on the first beat of a bar or, in bars of an
        even number of beats, in its middle.
        """
        bar, beat = self.meter.bar_frames, self.meter.beat_frames
        strong = bar // 2 if bar // beat % 2 == 0 else bar
        return [
            range(max(end - 1 - int(self.position[end - 1]) % strong, self.given), end)
            for end in self.phrase_ends
        ]

    @property
    def bar_ends(self) -> NDArray[np.int64]:
        """Frame after the end of each full bar if the piece ended there, shape [bars]."""
        starts = np.flatnonzero(self._positions == 0)
        return starts[starts > 0][0 if self.meter.pickup == 0 else 1 :] - self.meter.pickup

    @property
    def _positions(self) -> NDArray[np.int16]:
        """Metrical positions of more frames than the piece can have."""
        bar = self.meter.bar_frames
        room = ((self.bars or MOST_BARS) + 3) * bar
        if self.prime is None:
            return self.meter.positions(room)
        # The bars of an opening may be irregular: the next frames count on from its last.
        on = (self.prime.position[-1] + 1 + np.arange(room)) % bar
        return np.concatenate([self.prime.position, on]).astype(np.int16)


def composition_constraints(
    request: ComposeRequest, vocabulary: Vocabulary, ranges: VoiceRanges = BACH_RANGES
) -> Constraints:
    """The constraints of a new piece.

    Unless an opening is given, the piece begins on the tonic triad with the tonic in the bass and
    has no fermata in its first bar. If a length is given, it ends with the bass going from the
    dominant, a beat long, to the tonic under a fermata; the final chord is half a bar long, or a
    whole one in bars of an odd number of beats. In the bar before it, no minor seventh degree may
    start in a minor piece: otherwise a piece that has moved to the relative major does not
    return. The model chooses the chords.

    Parameters
    ----------
    request : ComposeRequest
        What the piece should be like.
    vocabulary : Vocabulary
        The model's.
    ranges : VoiceRanges
        Those of the singers, in the key in which the piece is sung.

    Raises
    ------
    DecodingError
        If the vocabulary lacks the range of a voice, or the range of a voice lacks a note with
        which a piece begins and ends.
    EncodingError
        If the opening has a pitch outside the vocabulary.
    """
    frames, opening = request.frames, request.given
    onsets = range_sets(vocabulary, request.transposed_by, ranges)[:4]
    above = (vocabulary.pitch_of - STANDARD[request.mode].pitch_class) % 12  # [V]
    triad = np.tile(np.isin(above, FINAL_TRIAD[request.mode]), (4, 1))
    triad[Voice.BASS] = above == 0
    # For four voices each: any note, the tonic triad, all but the minor seventh degree of minor.
    # For the bass: the dominant, no onset at all.
    rising = onsets & (above != _MINOR_SEVENTH) if request.mode == "minor" else onsets
    dominant = onsets[[Voice.BASS]] & (above == _DOMINANT)
    lacking = [
        f"{voice.label}'s range has no note of the tonic triad"
        for voice in Voice
        if not (onsets & triad)[voice].any()
    ]
    if not dominant.any():
        lacking.append("bass's range has no dominant")
    if lacking:
        raise DecodingError(
            f"the {lacking[0]} of this key, with which a piece begins or ends: give a wider range, "
            "or another key"
        )
    allowed = np.concatenate([onsets, onsets & triad, rising, dominant, np.zeros_like(dominant)])
    any_note, on_triad, on_rising = np.arange(12).reshape(3, 4)
    on_dominant, no_onset = 12, 13

    token = np.full((frames, 4), FREE, dtype=np.int64)
    fermata = np.full(frames, FERMATA_FREE, dtype=np.int8)
    set_index = np.tile(any_note, (frames, 1))
    may_tie = np.ones((frames, 4), dtype=np.bool_)
    may_tie[np.ix_(request.position == 0, _OUTER)] = False
    may_end = np.zeros(frames + 1, dtype=np.bool_)
    if request.prime is not None:
        token[:opening] = vocabulary.ids_of(request.prime.pitch, request.prime.tied)
        fermata[:opening] = request.prime.fermata
    else:
        set_index[0] = on_triad
        fermata[: request.meter.bar_frames] = NO_FERMATA
    if request.phrase_ends:
        fermata[opening:] = NO_FERMATA
    last = request.final_chord
    if last is not None:
        set_index[max(last - request.meter.bar_frames, opening + 1) : last] = on_rising
        fermata[max(last - 2 * request.meter.beat_frames, opening) : last] = NO_FERMATA
        fermata[last:] = FERMATA_HERE
        set_index[last:] = on_triad
        set_index[last + 1 :, _OUTER] = no_onset
        may_tie[last, _OUTER] = False
        may_tie[last + 1 :, _OUTER] = True
        before = last - request.meter.beat_frames
        if before > opening:
            set_index[before:last, Voice.BASS] = no_onset
            set_index[before, Voice.BASS] = on_dominant
            may_tie[before, Voice.BASS] = False
    else:
        ends = request.bar_ends[FEWEST_BARS - 1 : MOST_BARS]
        may_end[ends[(ends > opening) & (ends < frames)]] = True
    for note in request.phrase_final_notes:
        fermata[note.start : note.stop] = FERMATA_HERE
        set_index[note.start + 1 : note.stop, Voice.SOPRANO] = no_onset
        may_tie[[note.start, note.stop], Voice.SOPRANO] = False
        may_tie[note.start + 1 : note.stop, Voice.SOPRANO] = True
    return Constraints(
        vocabulary=vocabulary,
        token=token,
        allowed_sets=allowed,
        set_index=set_index,
        may_tie=may_tie,
        required_pitch=np.full((frames, 4), ANY, dtype=np.int16),
        hold=np.arange(frames) % request.grid > 0,
        fermata=fermata,
        may_end=may_end,
        key=STANDARD[request.mode],
        position=request.position,
        transposed_by=request.transposed_by,
    )


def composition_request(request: ComposeRequest, constraints: Constraints) -> FillRequest:
    """What a model that looks ahead may know of a new piece: its form and its opening.

    Parameters
    ----------
    request : ComposeRequest
        What the piece should be like.
    constraints : Constraints
        Its constraints, from `composition_constraints`.
    """
    frames = constraints.frames
    given = np.zeros((frames, 4), dtype=np.bool_)
    given[: request.given] = True
    pitch = np.full((frames, 4), REST, dtype=np.int16)
    tied = np.zeros((frames, 4), dtype=np.bool_)
    if request.prime is not None:
        pitch[: request.given], tied[: request.given] = request.prime.pitch, request.prime.tied
    chorale = Chorale(
        pitch=pitch,
        tied=tied,
        fermata=constraints.fermata == FERMATA_HERE,
        meter=request.meter,
        key=STANDARD[request.mode],
        position=request.position,
    )
    return FillRequest(chorale, Given(given, constraints.fermata != FERMATA_FREE))


def final_chord_length(meter: Meter) -> int:
    """Length of a final chord in frames."""
    beats = meter.bar_frames // meter.beat_frames
    bar = meter.bar_frames // 2 if beats % 2 == 0 else meter.bar_frames
    # The last bar is shorter by the pickup.
    return max(bar - meter.pickup, meter.beat_frames) if meter.pickup else bar


def compose(
    model: Model,
    request: ComposeRequest | None = None,
    options: DecodingOptions | None = None,
    *,
    progress: Progress | None = None,
) -> list[Candidate]:
    """Compose new pieces, or continue an opening.

    Parameters
    ----------
    model : Model
        A trained model. Step it in float64: NumPy rounds differently from processor to processor,
        and an error in float32 may change a sample.
    request : ComposeRequest, optional
        What the pieces should be like.
    options : DecodingOptions, optional
        Temperature, top-p, seed and number. Default: ``"sample"`` at a temperature of 0.9.
    progress : callable, optional
        Called with the frames done and the most frames there can be.

    Returns
    -------
    list of Candidate
        ``options.number`` pieces. The first is the same however many are asked for, but for
        rounding.

    Raises
    ------
    UsageError
        If the method is not ``"sample"``.
    DecodingError, EncodingError
        If the vocabulary lacks the range of a voice, or a pitch of the opening.
    """
    request = request or ComposeRequest()
    options = options or DecodingOptions(method="sample", temperature=0.9)
    if options.method != "sample":
        raise UsageError(f"a piece cannot be composed by the method '{options.method}': use sample")
    constraints = composition_constraints(request, model.vocabulary, options.ranges)
    particles = ParticleFilter.seeded(options, PARTICLES if request.bars else PARTICLES_FREE_LENGTH)
    with one_thread():
        search = Search(
            model.bind([composition_request(request, constraints)]),
            [constraints],
            particles.sampler,
            penalties=options.penalties_with(),
            track_weights=True,
        )
        _sample_frames(search, request, particles, progress)
        _finish(search, particles)
    return [
        _best_ending(search, request, options, group, chooser)
        for group, chooser in enumerate(particles.choosers)
    ]


def _sample_frames(
    search: Search, request: ComposeRequest, particles: ParticleFilter, progress: Progress | None
) -> None:
    """Sample all frames; the opening is read once for all particles."""
    resampling = _resampling_frames(request)
    for frame in range(request.frames):
        if frame == request.given:
            particles.split(search)
        search.decode_frame(frame)
        if not search.size:
            if progress is not None:
                progress(request.frames, request.frames)
            break
        if frame + 1 in resampling:
            if frame + 1 == request.final_chord:
                search.add_to_weight(_dominant_weight(search, request))
            particles.resample(search)
        if progress is not None:
            progress(frame + 1, request.frames)


def _dominant_weight(search: Search, request: ComposeRequest) -> NDArray[np.float64]:
    """Before the final chord: a lower weight for particles without a leading note, [B]."""
    pitch = search.state.previous_pitch
    above = (pitch - STANDARD[request.mode].pitch_class) % 12  # [B, 4]
    leads = ((above == _LEADING_NOTE) & (pitch != REST)).any(axis=1)
    return np.where(leads, 0.0, -_NO_LEADING_NOTE)


def _resampling_frames(request: ComposeRequest) -> frozenset[int]:
    """Frames before which particles are resampled: bar lines, and each beat near a known end."""
    frames = np.arange(request.frames)
    meter = request.meter
    near_end = frames >= request.frames - 2 * meter.bar_frames if request.bars else frames < 0
    beat = request.position % meter.beat_frames == 0
    return frozenset(np.flatnonzero((request.position == 0) | (near_end & beat)).tolist())


def _finish(search: Search, particles: ParticleFilter) -> None:
    """After the last frame particles emit END by its probability; the others are cut."""
    if search.size:
        ends = np.exp(search.next_log_probability[:, END])
        uniform = np.array([g.random() for g in particles.sampler.generators])
        search.finish(emits=uniform < ends)


def _best_ending(
    search: Search,
    request: ComposeRequest,
    options: DecodingOptions,
    group: int,
    chooser: np.random.Generator,
) -> Candidate:
    """One of the particles with the best end: its cadence, and whether the model ended it."""
    found = [(h, _music(search, h, request)) for h in search.finished if h.group == group]
    ranks = [_RANK[final_cadence(music).kind] + _CUT * (not h.emitted) for h, music in found]
    best = [pair for pair, rank in zip(found, ranks, strict=True) if rank == min(ranks)]
    # At random, not by probability, which would favor plain and short pieces.
    hypothesis, music = best[chooser.integers(len(best))]
    return Candidate(
        chorale=music,
        log_probability=hypothesis.log_probability,
        penalty=hypothesis.penalty,
        method=options.method,
        seed=options.seed,
        ending=describe_ending(music, request, model_ended=hypothesis.emitted),
        model_ended=hypothesis.emitted,
    )


def _music(search: Search, hypothesis: FinishedHypothesis, request: ComposeRequest) -> Chorale:
    return replace(
        search.music(hypothesis),
        meter=request.meter,
        key=STANDARD[request.mode],
        transposed_by=request.transposed_by,
        name=request.prime.name if request.prime is not None else "",
        position=request.position[: hypothesis.frames],
    )


def describe_ending(music: Chorale, request: ComposeRequest, *, model_ended: bool) -> str:
    """A sentence on how a new piece ends.

    Parameters
    ----------
    music : Chorale
        The piece.
    request : ComposeRequest
        What it was asked to be.
    model_ended : bool
        Whether the model ended it.
    """
    bar = int(np.searchsorted(request.bar_ends, music.frames)) + 1
    if model_ended:
        return f"the model ended it with {final_cadence(music).described} in bar {bar}"
    return f"cut at the end of bar {bar}: the model did not end it"
