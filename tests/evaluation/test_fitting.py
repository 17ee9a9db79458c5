import json
from math import exp

import numpy as np
import pytest

from bachbot.chorale import Chorale
from bachbot.decoding.penalties import Penalties
from bachbot.errors import UsageError
from bachbot.evaluation import decoding_metrics
from bachbot.evaluation.fitting import TUNABLE_WEIGHTS, RateMeasurement, fit
from bachbot.theory.rules import RULES

BY_NAME = {tunable.name: tunable for tunable in TUNABLE_WEIGHTS}
PARALLELS, HIDDEN = BY_NAME["parallels"], BY_NAME["hidden"]
ONSETS, REPEATED_NOTES = BY_NAME["onset bonus 2"], BY_NAME["repeated note"]
LEAPS, NEW_CHORDS = BY_NAME["leap bonus"], BY_NAME["new-chord bonus"]
STEPS = 400

FIFTH, OTHER_FIFTH, TENTH = (67, 48), (69, 50), (65, 50)
"""Soprano and bass: the first two in turn are parallels, the first and the last contrary."""


def obedient(penalties):
    """A piece as a decoder with a will of its own might have it.

    A nat on parallels makes 1 / e of them, 0.3 nats on onsets a tenth more of the notes. Every
    step but those is contrary motion, so that nothing is hidden.
    """
    parallels = round(STEPS * exp(-PARALLELS.read(penalties)))
    struck = min(round(STEPS * (0.3 + ONSETS.read(penalties) / 3)), STEPS)
    outer = [(OTHER_FIFTH, FIFTH)[(step - parallels) % 2 == 0] for step in range(parallels + 1)]
    outer += ([TENTH, FIFTH] * STEPS)[: STEPS - parallels]
    pitch = np.full((STEPS + 1, 4), -1)
    pitch[:, [0, 3]] = outer
    pitch[:, 1] = 64
    tied = np.zeros(pitch.shape, dtype=bool)
    tied[1:, 1] = np.arange(STEPS) >= struck
    return [Chorale(pitch, tied, np.zeros(len(pitch)))]


def penalties(parallels, onsets):
    return ONSETS.write(PARALLELS.write(Penalties(), parallels), onsets)


TRUTH = penalties(2.5, 0.9)
BACH = obedient(TRUTH)


@pytest.mark.parametrize("start", [penalties(0, 0), penalties(5, 0.2), penalties(1, 1.9), TRUTH])
def test_weights_that_are_known_are_found(start):
    found = fit(obedient, BACH, start, rounds=8, weights_to_fit=(PARALLELS, HIDDEN, ONSETS))
    last = found.rounds[found.best]
    for tunable in (PARALLELS, ONSETS):
        rate, his = last.readings[tunable.name], found.targets[tunable.name]
        assert abs(rate.above(his)) < rate.noise(his)
    assert PARALLELS.read(found.penalties) == pytest.approx(2.5, abs=0.1)
    assert ONSETS.read(found.penalties) == pytest.approx(0.9, abs=0.12)
    assert last.distance == min(r.distance for r in found.rounds)
    # What sounds is his, but for how often a held note is struck.
    assert last.equal_pitch > 0.6


def test_it_ends_where_every_rate_is_bach_s():
    found = fit(obedient, BACH, TRUTH, rounds=8)
    assert len(found.rounds) == 1
    assert found.rounds[0].distance == 0
    assert found.rounds[0].equal_pitch == 1
    assert found.penalties == TRUTH


def test_it_decodes_no_more_often_than_it_may():
    asked = []

    def decode(tried):
        asked.append(tried)
        return obedient(tried)

    heard = []
    found = fit(
        decode, BACH, penalties(0, 0), rounds=3, listen=lambda _, tried: heard.append(tried)
    )
    assert len(asked) == len(found.rounds) == 3
    assert tuple(heard) == found.rounds
    assert found.penalties == asked[found.best]
    assert fit(obedient, BACH, penalties(0, 0), rounds=3) == found


def test_only_what_is_fitted_moves():
    kept = {"new-chord bonus": 0.5, "final chord": 3.0, "overlap": 0.25, "onset bonus 0": 1}
    start = penalties(0, 0.4).with_weights(kept)
    found = fit(obedient, BACH, start, rounds=2, weights_to_fit=(PARALLELS,)).penalties
    assert found.weights.items() >= {**kept, "onset bonus 2": 0.4}.items()
    assert found.weights["parallel fifths"] == found.weights["parallel octaves"] > 0


def test_a_weight_goes_no_lower_than_nothing():
    """A decoder with too many onsets gets no bonus, and fitting ends there."""
    busy = fit(
        lambda _: BACH,
        obedient(penalties(2.5, 0.0)),
        penalties(2.5, 0.3),
        weights_to_fit=(ONSETS,),
    )
    assert ONSETS.read(busy.penalties) <= 0.3
    assert min(r.weights["onset bonus 2"] for r in busy.rounds) == 0
    assert len(busy.rounds) < 6


def test_what_weights_read_and_write():
    for weight, tunable in enumerate(TUNABLE_WEIGHTS, 1):
        assert tunable.read(Penalties()) == 0
        assert tunable.read(tunable.write(Penalties(), weight)) == weight
    hidden = HIDDEN.write(Penalties(), 2.0)
    assert hidden.weights == {"hidden fifths": 2.0, "hidden octaves": 2.0}
    assert NEW_CHORDS.write(Penalties(), 0.7).weights == {"new-chord bonus": 0.7}
    assert LEAPS.write(Penalties(), 0.6).weights == {"leap bonus": 0.6}
    assert REPEATED_NOTES.write(Penalties(), 0.7).weights == {"repeated note": 0.7}
    for tunable in (PARALLELS, HIDDEN):
        assert set(tunable.write(Penalties(), 1).weights) <= set(RULES)


def test_the_rates_are_those_of_the_measures():
    for weight in (0, 1, 1.01, 3):
        metrics = decoding_metrics.measure(obedient(penalties(weight, 0)))
        rate = PARALLELS.rate(metrics).rate
        assert rate == pytest.approx(metrics.partwriting.sums["parallels"].rate)
        assert rate == pytest.approx(1000 * round(STEPS * exp(-weight)) / STEPS)
    assert PARALLELS.rate(metrics).one == pytest.approx(1000 / STEPS)
    assert HIDDEN.rate(metrics).rate == 0
    assert ONSETS.rate(metrics).rate == metrics.variety.onsets_per_beat.mean
    assert LEAPS.rate(metrics).rate == metrics.variety.leaps.mean
    assert REPEATED_NOTES.rate(metrics).rate == metrics.variety.repeated_notes.mean > 0
    assert NEW_CHORDS.rate(metrics).rate == metrics.variety.different_chords_per_beat.mean


def test_faults_counted_in_ones_and_twos_are_trusted_less():
    few, many, none = RateMeasurement(2, 1), RateMeasurement(2, 0.01), RateMeasurement(0, 1)
    assert none.above(few) == pytest.approx(np.log(0.5 / 2.5))
    assert none.above(none) == 0
    assert few.noise(none) > many.noise(many) >= 0.03
    assert few.near(RateMeasurement(3, 1))
    assert not many.near(RateMeasurement(3, 0.01))
    assert RateMeasurement(1.02).near(RateMeasurement(1.0))
    assert not RateMeasurement(1.05).near(RateMeasurement(1.0))


def test_plain_data():
    plain = json.loads(json.dumps(fit(obedient, BACH, TRUTH).to_json()))
    assert plain["best"] == 0
    weights = {penalty["name"]: penalty["weight"] for penalty in plain["penalties"]}
    assert weights == {"parallel fifths": 2.5, "parallel octaves": 2.5, "onset bonus 2": 0.9}
    assert (
        set(plain["rounds"][0]["rates"]) == set(plain["bach"]) == {k.name for k in TUNABLE_WEIGHTS}
    )


def test_nothing_cannot_be_fitted():
    with pytest.raises(UsageError, match="0 rounds over 1 pieces fit nothing"):
        fit(obedient, BACH, TRUTH, rounds=0)
    with pytest.raises(UsageError, match="6 rounds over 0 pieces"):
        fit(obedient, [], TRUTH)
