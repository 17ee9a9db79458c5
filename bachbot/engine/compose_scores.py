"""Composing scores: from what a user asks for to pieces on a page."""

from dataclasses import replace

import numpy as np

from bachbot.chorale import REST, VOICES, Chorale, Key, Meter, Pulse, Voice
from bachbot.decoding import (
    Candidate,
    ComposeRequest,
    DecodingOptions,
    compose,
    compose_and_search,
)
from bachbot.decoding.compose_plan import compose_planned
from bachbot.decoding.difficulty import departures
from bachbot.decoding.options import Progress
from bachbot.engine.requests import ComposeOptions, DecodingResult
from bachbot.errors import UsageError
from bachbot.runtime import Model
from bachbot.scores import Score, beats_of, from_chorale
from bachbot.scores.musicxml.verses import add_verses

LENGTHS = (8, 10, 10, 11, 12, 12, 13, 14, 16, 16, 20, 20)
"""Lengths in bars of chorales of the training part: one for each twelfth of them, by length."""

_FEWEST_AFTER_OPENING = 4  # bars


def compose_scores(
    model: Model,
    search: Model,
    request: ComposeOptions,
    options: DecodingOptions,
    progress: Progress | None,
) -> list[DecodingResult]:
    """Compose new pieces.

    Parameters
    ----------
    model : Model
        A trained model, as sampling runs it.
    search : Model
        The same as beam search runs it.
    request : ComposeOptions
        Length, meter, key, plan and opening.
    options : DecodingOptions
        Temperature, top-p, seed, number, difficulty.
    progress : callable, optional
        Called with the work done and all there can be.

    Raises
    ------
    UsageError
        If the request contradicts itself.
    """
    _check(request)
    prime = _opening(request.prime, request.prime_bars) if request.prime else None
    key = (prime.key if prime else request.key).simplified
    meter = prime.meter if prime else request.meter
    pulse = Pulse(augmentation=2) if meter.unit >= 8 else Pulse()
    form = ComposeRequest(
        bars=request.bars,
        meter=pulse.apply_to_meter(meter),
        mode=key.mode,
        transposed_by=key.shift,
        prime=pulse.apply(prime.normalized()) if prime else None,
        grid=pulse.augmentation,
    )
    notices: tuple[str, ...] = ()
    searched = request.lower_voices == "search"
    if request.planned.is_empty:
        form = replace(form, bars=_length(model, request, options))
        if searched:
            found = compose_and_search(model, search, form, options, progress=progress)
        else:
            found = compose(model, form, options, progress=progress)
    else:
        plan = request.planned.plan()
        form = replace(form, bars=plan.frames // meter.bar_frames)
        found = compose_planned(
            model, form, plan.scaled(pulse.augmentation), options,
            harmonizer=(search, options.beam) if searched else None, progress=progress,
        )  # fmt: skip
        notices = request.words.notices if request.words else ()
    return [_result(c, request, options, pulse.undo(c.chorale), meter, key, notices) for c in found]


def _check(request: ComposeOptions) -> None:
    if not request.planned.is_empty and request.prime is not None:
        raise UsageError("an opening brings its own plan: give no form, keys, cadences or words")
    if request.keys and request.keys[-1] != request.key:
        raise UsageError(
            f"the last phrase is in {request.keys[-1]} and the piece in {request.key}: give the "
            "same key"
        )
    if not request.voices:
        raise UsageError("no voice is asked for: give one or more of soprano, alto, tenor, bass")
    if request.words is not None and Voice.SOPRANO not in request.voices:
        raise UsageError("the words are the soprano's: ask for that voice too")


def _length(model: Model, request: ComposeOptions, options: DecodingOptions) -> int | None:
    """The length in bars, sampled where a model has to know it."""
    if request.bars is not None or not model.needs_length:
        return request.bars
    bars = int(np.random.default_rng([options.seed, 1]).choice(LENGTHS))
    return max(bars, request.prime_bars + _FEWEST_AFTER_OPENING) if request.prime else bars


def _result(
    candidate: Candidate,
    request: ComposeOptions,
    options: DecodingOptions,
    written: Chorale,
    meter: Meter,
    key: Key,
    notices: tuple[str, ...],
) -> DecodingResult:
    """A new piece in its key and meter, with its words."""
    music = replace(written.transposed(-key.shift, key), meter=meter)
    title = f"Chorale in {key} (seed {candidate.seed})"
    whole = from_chorale(music, title)
    cells = np.zeros(music.pitch.shape, dtype=np.bool_)
    cells[:, [v for v in VOICES if v not in request.voices]] = True
    departed = departures(options.difficulty, music, cells, beats_of(whole))
    score = whole if request.voices == VOICES else only_voices(music, title, request.voices)
    if request.words is not None:
        score = add_verses(score, request.words)
    return DecodingResult.of(score, candidate, (*notices, *departed))


def only_voices(chorale: Chorale, title: str, voices: tuple[Voice, ...]) -> Score:
    """Write some voices of a chorale as a score.

    Parameters
    ----------
    chorale : Chorale
        All four voices, in the key to write them in.
    title : str
        Title of the score.
    voices : tuple of Voice
        The voices, from the top down.
    """
    pitch, tied = chorale.pitch.copy(), chorale.tied.copy()
    others = [v for v in VOICES if v not in voices]
    pitch[:, others], tied[:, others] = REST, False
    return from_chorale(replace(chorale, pitch=pitch, tied=tied), title, voices)


def _opening(prime: Score, bars: int) -> Chorale:
    """The first full bars of a score and the pickup before them."""
    chorale = prime.chorale
    lacking = [v.label for v in Voice if v not in prime.present]
    if lacking:
        raise UsageError(f"the opening has no {', '.join(lacking)}: all four voices are needed")
    if bars < 1:
        raise UsageError(f"{bars} bars of the opening are to be continued: give 1 or more")
    starts = [*chorale.bar_starts.tolist(), chorale.frames]
    last = bars + (1 if chorale.meter.pickup else 0)
    if last >= len(starts):
        raise UsageError(
            f"the opening has {len(starts) - 1} bars, too few to continue {bars}: give fewer"
        )
    return chorale.sliced(0, starts[last])
