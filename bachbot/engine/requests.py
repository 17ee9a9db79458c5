"""Requests to the engine: a score to harmonize, or a piece to compose, as the decoder takes them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from bachbot.chorale import Chorale, Given, Key, Meter, Pulse, Voice
from bachbot.decoding import Candidate, ComposeRequest, DecodingOptions, compose, with_final_cadence
from bachbot.decoding.options import Progress
from bachbot.encoding import FillRequest
from bachbot.errors import UsageError
from bachbot.runtime import Model
from bachbot.scores import BarRange, Score, complete, from_chorale, rewritten, section_starts


@dataclass(frozen=True, eq=False)
class DecodingResult:
    """A finished piece.

    Parameters
    ----------
    score : Score
        Four voices in the key, meter and bars asked for.
    log_probability : float
        Joint log-probability of all its tokens in nats; of what was not given alone where the
        model knew the rest beforehand.
    charged : float
        What its part-writing was charged, in nats: the best has the greatest difference.
    ending : str
        How it ended, in words.
    seed : int
        Seed that makes it again.
    """

    score: Score
    log_probability: float
    charged: float
    ending: str
    seed: int


@dataclass(frozen=True)
class ComposeOptions:
    """What a new piece is to be like.

    Parameters
    ----------
    bars : int, optional
        Length in bars; the model ends the piece itself unless given, or, if it has to know
        beforehand, is told one as Bach's are.
    meter : Meter
        Time signature.
    key : Key
        Key of the result.
    prime : Score, optional
        A score of all four voices whose opening is gone on from.
    prime_bars : int
        How many of its bars, a pickup not counted.
    """

    bars: int | None = None
    meter: Meter = Meter()
    key: Key = Key()
    prime: Score | None = None
    prime_bars: int = 2


@dataclass(frozen=True, eq=False)
class HarmonizeRequest:
    """A score that lacks voices, or bars.

    Parameters
    ----------
    score : Score
        From `load_score`; it has the given voices, all four if bars are to be rewritten.
    given : tuple of Voice
        Voices that come back note for note.
    bars : BarRange, optional
        Bars that are rewritten in the other voices; outside them all voices come back.

    Raises
    ------
    UsageError
        If nothing is missing, nothing is given, or the score lacks a given voice.
    """

    score: Score
    given: tuple[Voice, ...]
    bars: BarRange | None = None

    def __post_init__(self) -> None:
        needed = tuple(Voice) if self.bars is not None else self.given
        missing = [v.label for v in needed if v not in self.score.present]
        if missing:
            raise UsageError(
                f"the score lacks the given voice {missing[0]}: load it with that voice"
            )
        if len(set(self.given)) == len(Voice) or not (self.given or self.bars):
            raise UsageError(
                f"{len(set(self.given))} voices are given: give one, two or three of the four"
            )

    @cached_property
    def cells(self) -> np.ndarray:
        """Which cells of the page are given, [T, 4]."""
        cells = np.zeros((self.score.chorale.frames, 4), dtype=np.bool_)
        cells[:, list(self.given)] = True
        if self.bars is not None:
            outside = np.ones(len(cells), dtype=np.bool_)
            outside[self.bars.frames.start : self.bars.frames.stop] = False
            cells[outside] = True
        return cells

    @cached_property
    def pulse(self) -> Pulse:
        """How the page is heard."""
        leading = self.given[0] if self.given else Voice.SOPRANO
        return Pulse.of(self.score.chorale, leading)

    @cached_property
    def work(self) -> FillRequest:
        """What the decoder is asked for, in C major or A minor."""
        pulse, source = self.pulse, self.score.chorale
        heard = pulse.apply(source.normalized())
        cells = np.repeat(self.cells, pulse.augmentation, axis=0)[:: pulse.diminution]
        # Fermatas that are written rule; where there are none the model sets its own.
        fermatas = np.full(len(cells), bool(heard.fermata.any()))
        fermatas[cells.all(axis=1)] = True
        strikes = np.zeros(cells.shape, dtype=np.bool_)
        anew = [f * pulse.augmentation // pulse.diminution for f in section_starts(self.score)]
        strikes[anew] = True
        wanted = Given(cells, fermatas, grid=pulse.augmentation, strikes=strikes)
        if cells[:, Voice.SOPRANO].all():
            heard, wanted = with_final_cadence(heard, wanted)
        return FillRequest(heard, wanted)

    def arranged(self, candidate: Candidate) -> DecodingResult:
        """What was found, on the page."""
        source = self.score.chorale
        heard = self.pulse.undo(candidate.chorale)
        found = heard.transposed(-source.key.shift, source.key)
        if self.bars is None:
            score = complete(self.score, found, self.given)
        else:
            score = rewritten(self.score, found, self.cells)
        return DecodingResult(
            score, candidate.log_probability, candidate.charged, candidate.ending, candidate.seed
        )


def by_length(commissions: Sequence[HarmonizeRequest], batch: int) -> list[list[int]]:
    """Which pieces go side by side: those of like length, so that little is waited for."""
    lengths = [c.work.chorale.frames for c in commissions]
    order = sorted(range(len(commissions)), key=lambda i: lengths[i])
    return [order[i : i + batch] for i in range(0, len(order), batch)]


LENGTHS = (8, 10, 10, 11, 12, 12, 13, 14, 16, 16, 20, 20)
"""Bars of chorales of the training part, one for each twelfth of them but for the longest."""

_MORE = 4  # bars that are gone on for at the least where an opening is as long as a chorale


def composed(
    model: Model, plan: ComposeOptions, options: DecodingOptions, progress: Progress | None
) -> list[DecodingResult]:
    """New pieces as a plan asks for them.

    Parameters
    ----------
    model : Model
        A trained model.
    plan : Plan
        Length, meter, key and opening.
    options : DecodingOptions
        Temperature, top-p, seed, number.
    progress : callable, optional
        Told of frames done.

    Raises
    ------
    UsageError
        If the plan contradicts itself.
    """
    prime = _opening(plan.prime, plan.prime_bars) if plan.prime else None
    key = (prime.key if prime else plan.key).simplified
    meter = prime.meter if prime else plan.meter
    pulse = Pulse(augmentation=2) if meter.unit >= 8 else Pulse()
    bars = plan.bars
    if bars is None and model.needs_length:
        bars = int(np.random.default_rng([options.seed, 1]).choice(LENGTHS))
        bars = max(bars, plan.prime_bars + _MORE) if prime else bars
    request = ComposeRequest(
        bars=bars,
        meter=pulse.apply_to_meter(meter),
        mode=key.mode,
        transposed_by=key.shift,
        prime=pulse.apply(prime.normalized()) if prime else None,
        grid=pulse.augmentation,
    )
    found = compose(model, request, options, progress=progress)
    return [
        DecodingResult(
            _new_score(c, pulse, meter, key), c.log_probability, c.charged, c.ending, c.seed
        )
        for c in found
    ]


def _new_score(candidate: Candidate, pulse: Pulse, meter: Meter, key: Key) -> Score:
    """A new piece in its key and meter."""
    written = pulse.undo(candidate.chorale).transposed(-key.shift, key)
    return from_chorale(replace(written, meter=meter), f"Chorale in {key} (seed {candidate.seed})")


def _opening(prime: Score, bars: int) -> Chorale:
    """The first full bars of a score and the pickup before them."""
    chorale = prime.chorale
    lacking = [v.label for v in Voice if v not in prime.present]
    if lacking:
        raise UsageError(f"the opening has no {', '.join(lacking)}: all four voices are needed")
    if bars < 1:
        raise UsageError(f"{bars} bars of the opening were asked for: give 1 or more")
    starts = [*chorale.bar_starts.tolist(), chorale.frames]
    last = bars + (1 if chorale.meter.pickup else 0)
    if last >= len(starts):
        raise UsageError(
            f"the opening has {len(starts) - 1} bars and {bars} were asked for: give fewer"
        )
    return chorale.sliced(0, starts[last])
