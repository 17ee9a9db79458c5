"""Composing: a plan, as the decoder takes it, and what it found, as a score."""

from dataclasses import replace

import numpy as np

from bachbot.chorale import Chorale, Key, Metre, Pulse, Voice
from bachbot.decoding import Candidate, ComposeRequest, DecodingOptions, compose
from bachbot.decoding.options import Progress
from bachbot.engine.plan import Arrangement, Plan
from bachbot.errors import UsageError
from bachbot.runtime import Model
from bachbot.scores import Score, from_chorale

LENGTHS = (8, 10, 10, 11, 12, 12, 13, 14, 16, 16, 20, 20)
"""Bars of chorales of the training part, one for each twelfth of them but for the longest."""

_MORE = 4  # bars that are gone on for at the least where an opening is as long as a chorale


def composed(
    model: Model, plan: Plan, options: DecodingOptions, progress: Progress | None
) -> list[Arrangement]:
    """New pieces as a plan asks for them.

    Parameters
    ----------
    model : Model
        A trained model.
    plan : Plan
        Length, metre, key and opening.
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
    metre = prime.metre if prime else plan.metre
    pulse = Pulse(slower=2) if metre.unit >= 8 else Pulse()
    bars = plan.bars
    if bars is None and model.foresees:
        bars = int(np.random.default_rng([options.seed, 1]).choice(LENGTHS))
        bars = max(bars, plan.prime_bars + _MORE) if prime else bars
    request = ComposeRequest(
        bars=bars,
        metre=pulse.heard_metre(metre),
        mode=key.mode,
        transposed_by=key.shift,
        prime=pulse.heard(prime.standardised()) if prime else None,
        grid=pulse.slower,
    )
    found = compose(model, request, options, progress=progress)
    return [
        Arrangement(
            _new_score(c, pulse, metre, key), c.log_probability, c.charged, c.ending, c.seed
        )
        for c in found
    ]


def _new_score(candidate: Candidate, pulse: Pulse, metre: Metre, key: Key) -> Score:
    """A new piece in its key and metre."""
    written = pulse.written(candidate.chorale).transposed(-key.shift, key)
    return from_chorale(replace(written, metre=metre), f"Chorale in {key} (seed {candidate.seed})")


def _opening(prime: Score, bars: int) -> Chorale:
    """The first full bars of a score and the pickup before them."""
    chorale = prime.chorale
    lacking = [v.label for v in Voice if v not in prime.present]
    if lacking:
        raise UsageError(f"the opening has no {', '.join(lacking)}: all four voices are needed")
    if bars < 1:
        raise UsageError(f"{bars} bars of the opening were asked for: give 1 or more")
    starts = [*chorale.bar_starts.tolist(), chorale.frames]
    last = bars + (1 if chorale.metre.pickup else 0)
    if last >= len(starts):
        raise UsageError(
            f"the opening has {len(starts) - 1} bars and {bars} were asked for: give fewer"
        )
    return chorale.sliced(0, starts[last])
