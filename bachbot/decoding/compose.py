"""Composing: the form of a new piece, and how it is drawn, several hypotheses a piece."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from bachbot.chorale import REST, STANDARD, Chorale, Given, Meter, Mode, Voice
from bachbot.decoding.constraints import (
    ANY,
    FERMATA_FREE,
    FERMATA_HERE,
    FREE,
    NO_FERMATA,
    Constraints,
    range_sets,
)
from bachbot.decoding.options import Candidate, DecodingOptions, Progress
from bachbot.decoding.particle_filter import ParticleFilter
from bachbot.decoding.search import FinishedHypothesis, Search
from bachbot.encoding import END, FillRequest, Vocabulary
from bachbot.errors import UsageError
from bachbot.hardware import one_thread
from bachbot.runtime.protocol import Model
from bachbot.theory.cadence import CadenceKind, final_cadence

FEWEST_BARS, MOST_BARS = 4, 32
"""Where the model may end a piece whose length is not asked for."""

LONGEST = 400
"""Most bars that may be asked for."""

_TRIAD: dict[Mode, list[int]] = {"major": [0, 4, 7], "minor": [0, 3, 4, 7]}
"""Semitones of the tonic triad above the tonic; minor may close on the major third."""

_DOMINANT, _LOW_SEVENTH = 7, 10  # semitones above the tonic
_OUTER = (Voice.SOPRANO, Voice.BASS)


@dataclass(frozen=True, eq=False)
class ComposeRequest:
    """What a new piece is to be like.

    Parameters
    ----------
    bars : int, optional
        Full bars, those of the opening counted and a pickup not, 1 to 400. Without it the model
        ends the piece itself, after 4 bars at the least and 32 at the most.
    meter : Meter
        Time signature and pickup. After a pickup the last bar is as much shorter.
    mode : {"major", "minor"}
        C major or A minor.
    transposed_by : int
        Semitones from the key that the piece will be sung in to C major or A minor, for the
        compass of the voices.
    prime : Chorale, optional
        An opening in C major or A minor to go on from, all four voices.
    grid : int
        Voices strike and stop only in frames that are a multiple of this, as in `Given`.

    Raises
    ------
    UsageError
        If the length cannot be, or the opening has no frame or fills it.
    """

    bars: int | None = None
    meter: Meter = Meter()
    mode: Mode = "major"
    transposed_by: int = 0
    prime: Chorale | None = None
    grid: int = 1

    def __post_init__(self) -> None:
        if self.bars is not None and not 1 <= self.bars <= LONGEST:
            raise UsageError(f"{self.bars} bars were asked for: give 1 to {LONGEST}")
        if self.mode not in STANDARD:
            raise UsageError(f"'{self.mode}' is no mode: give major or minor")
        if self.prime is not None and not self.prime.frames:
            raise UsageError("the opening is empty: give one of a bar or more")
        if self.given >= self.frames:
            raise UsageError(
                f"the opening fills {self.bars or MOST_BARS} bars or more: "
                "take less of it, or ask for more bars"
            )

    @property
    def given(self) -> int:
        """Frames of the opening."""
        return self.prime.frames if self.prime is not None else 0

    @property
    def frames(self) -> int:
        """Frames of the piece, at the most where the model ends it."""
        return int(self.bar_ends[(self.bars or MOST_BARS) - 1])

    @property
    def close(self) -> int | None:
        """First frame of the closing chord, where the length is asked for."""
        if self.bars is None:
            return None
        return max(self.frames - last_chord(self.meter), self.given)

    @property
    def position(self) -> NDArray[np.int16]:
        """Place in the bar of each frame, shape [frames]."""
        return self._places[: self.frames]

    @property
    def bar_ends(self) -> NDArray[np.int64]:
        """Frame after the end of each full bar if the piece ended there, shape [bars]."""
        starts = np.flatnonzero(self._places == 0)
        return starts[starts > 0][0 if self.meter.pickup == 0 else 1 :] - self.meter.pickup

    @property
    def _places(self) -> NDArray[np.int16]:
        """Places of more frames than any piece has."""
        bar = self.meter.bar_frames
        room = ((self.bars or MOST_BARS) + 3) * bar
        if self.prime is None:
            return self.meter.positions(room)
        # The bars of an opening may be irregular: what follows counts on from where it stops.
        on = (self.prime.position[-1] + 1 + np.arange(room)) % bar
        return np.concatenate([self.prime.position, on]).astype(np.int16)


def composition_constraints(request: ComposeRequest, vocabulary: Vocabulary) -> Constraints:
    """The plan of a new piece.

    It opens on the tonic triad with the tonic in the bass, and without a fermata in its first bar,
    unless an opening is given. Where the length is asked for, it closes with the bass going from
    the dominant, a beat long, to the tonic under a fermata; that is half a bar long, or a whole
    one in bars of an odd number of beats. A bar before it, no minor seventh degree is struck in
    minor: without that a piece that has strayed to the relative major does not come home. The
    chords are the model's.

    Parameters
    ----------
    request : ComposeRequest
        What is asked for.
    vocabulary : Vocabulary
        The model's.

    Raises
    ------
    DecodingError
        If the vocabulary lacks a voice's compass.
    EncodingError
        If the opening has a pitch outside the vocabulary.
    """
    frames, opening = request.frames, request.given
    compass = range_sets(vocabulary, request.transposed_by)[:4]
    above = (vocabulary.pitch_of - STANDARD[request.mode].pitch_class) % 12  # [V]
    triad = np.tile(np.isin(above, _TRIAD[request.mode]), (4, 1))
    triad[Voice.BASS] = above == 0
    # Four voices at will, four on the tonic triad, four without the low seventh of minor, the bass
    # on the dominant, no onset at all.
    rising = compass & (above != _LOW_SEVENTH) if request.mode == "minor" else compass
    dominant = compass[[Voice.BASS]] & (above == _DOMINANT)
    palette = np.concatenate([compass, compass & triad, rising, dominant, np.zeros_like(dominant)])
    at_will, on_triad, on_rise = np.arange(12).reshape(3, 4)
    on_dominant, held = 12, 13

    token = np.full((frames, 4), FREE, dtype=np.int64)
    fermata = np.full(frames, FERMATA_FREE, dtype=np.int8)
    which = np.tile(at_will, (frames, 1))
    tie = np.ones((frames, 4), dtype=np.bool_)
    tie[np.ix_(request.position == 0, _OUTER)] = False
    may_end = np.zeros(frames + 1, dtype=np.bool_)
    if request.prime is not None:
        token[:opening] = vocabulary.ids_of(request.prime.pitch, request.prime.tied)
        fermata[:opening] = request.prime.fermata
    else:
        which[0] = on_triad
        fermata[: request.meter.bar_frames] = NO_FERMATA
    last = request.close
    if last is not None:
        which[max(last - request.meter.bar_frames, opening + 1) : last] = on_rise
        fermata[max(last - 2 * request.meter.beat_frames, opening) : last] = NO_FERMATA
        fermata[last:] = FERMATA_HERE
        which[last:] = on_triad
        which[last + 1 :, _OUTER] = held
        tie[last, _OUTER] = False
        tie[last + 1 :, _OUTER] = True
        before = last - request.meter.beat_frames
        if before > opening:
            which[before:last, Voice.BASS] = held
            which[before, Voice.BASS] = on_dominant
            tie[before, Voice.BASS] = False
    else:
        ends = request.bar_ends[FEWEST_BARS - 1 : MOST_BARS]
        may_end[ends[(ends > opening) & (ends < frames)]] = True
    return Constraints(
        vocabulary=vocabulary,
        token=token,
        palette=palette,
        which=which,
        tie=tie,
        sound=np.full((frames, 4), ANY, dtype=np.int16),
        hold=np.arange(frames) % request.grid > 0,
        fermata=fermata,
        may_end=may_end,
        key=STANDARD[request.mode],
        position=request.position,
        transposed_by=request.transposed_by,
    )


def composition_request(request: ComposeRequest, plan: Constraints) -> FillRequest:
    """What a model that looks ahead may know of a new piece: its form and its opening.

    Parameters
    ----------
    request : ComposeRequest
        What is asked for.
    plan : Plan
        Its plan, from `composition_constraints`.
    """
    given = np.zeros((plan.frames, 4), dtype=np.bool_)
    given[: request.given] = True
    pitch = np.full((plan.frames, 4), REST, dtype=np.int16)
    tied = np.zeros((plan.frames, 4), dtype=np.bool_)
    if request.prime is not None:
        pitch[: request.given], tied[: request.given] = request.prime.pitch, request.prime.tied
    chorale = Chorale(
        pitch=pitch,
        tied=tied,
        fermata=plan.fermata == FERMATA_HERE,
        meter=request.meter,
        key=STANDARD[request.mode],
        position=request.position,
    )
    return FillRequest(chorale, Given(given, plan.fermata != FERMATA_FREE))


def last_chord(meter: Meter) -> int:
    """Length of a closing chord in frames."""
    beats = meter.bar_frames // meter.beat_frames
    bar = meter.bar_frames // 2 if beats % 2 == 0 else meter.bar_frames
    # The pickup's beats are missing from the last bar.
    return max(bar - meter.pickup, meter.beat_frames) if meter.pickup else bar


PARTICLES = 16
"""Streams a piece whose length is asked for."""

PARTICLES_FREE_LENGTH = 8
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
    plan = composition_constraints(request, model.vocabulary)
    population = ParticleFilter.seeded(
        options, PARTICLES if request.bars else PARTICLES_FREE_LENGTH
    )
    with one_thread():
        walk = Search(
            model.bind([composition_request(request, plan)]),
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
    walk: Search, request: ComposeRequest, population: ParticleFilter, progress: Progress | None
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


def _prefer_dominant(walk: Search, request: ComposeRequest) -> None:
    """Before the closing chord: streams whose last chord lacks the leading note weigh little."""
    sounding = walk.memory[:, 0, :4]
    above = (sounding - STANDARD[request.mode].pitch_class) % 12  # [B, 4]
    leads = ((above == _LEADING_NOTE) & (sounding != REST)).any(axis=1)
    walk.weight = np.where(leads, walk.weight, walk.weight - _UNLED)


def _meetings(request: ComposeRequest) -> frozenset[int]:
    """Frames before which streams are weighed: bar lines, and each beat towards a known end."""
    frames = np.arange(request.frames)
    meter = request.meter
    often = frames >= request.frames - 2 * meter.bar_frames if request.bars else frames < 0
    beat = request.position % meter.beat_frames == 0
    return frozenset(np.flatnonzero((request.position == 0) | (often & beat)).tolist())


def _stop(walk: Search, population: ParticleFilter) -> None:
    """After the last frame some streams emit END, by its probability; the others are cut."""
    if walk.streams:
        ends = np.exp(walk.scores[:, END])
        drawn = np.array([g.random() for g in population.draw.generators])
        walk.end(emits=drawn < ends)


def _chosen(
    walk: Search,
    request: ComposeRequest,
    options: DecodingOptions,
    label: int,
    chooser: np.random.Generator,
) -> Candidate:
    """One of the streams with the best end: its cadence, and whether the model ended it."""
    found = [(e, _music(walk, e, request)) for e in walk.ended if e.label == label]
    ranks = [_RANK[final_cadence(music).kind] + _CUT * (not e.emitted) for e, music in found]
    best = [pair for pair, rank in zip(found, ranks, strict=True) if rank == min(ranks)]
    # By chance, not by likelihood, which would favor the dull and the short.
    ended, music = best[chooser.integers(len(best))]
    return Candidate(
        chorale=music,
        log_probability=ended.log_probability,
        charged=ended.charged,
        method=options.method,
        seed=options.seed,
        ending=_ending(ended, music, request),
    )


def _music(walk: Search, ended: FinishedHypothesis, request: ComposeRequest) -> Chorale:
    return replace(
        walk.music(ended),
        meter=request.meter,
        key=STANDARD[request.mode],
        transposed_by=request.transposed_by,
        name=request.prime.name if request.prime is not None else "",
        position=request.position[: ended.frames],
    )


def _ending(ended: FinishedHypothesis, music: Chorale, request: ComposeRequest) -> str:
    bar = int(np.searchsorted(request.bar_ends, ended.frames)) + 1
    if ended.emitted:
        return f"the model ended it with {final_cadence(music).described} in bar {bar}"
    return f"cut at the end of bar {bar}: the model did not end it"
