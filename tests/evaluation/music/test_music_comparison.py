import json

import numpy as np
import pytest
from progressions_made import piece

from bachbot.errors import UsageError
from bachbot.evaluation.bootstrap import bootstrap_difference
from bachbot.evaluation.music import EQUAL_PITCH, MEASURES, measure, measure_all, rates_of

ABAB = "to and fro (abab), bass alone"
NOTHING_TO_COUNT = "half cadence not on a root-position triad"
WALKING = ["C3 D3 E3 F3", "E3 D3 C3 B2", "C3 B2 A2 G2"]


def under(bass):
    return piece("E5:4", "G4:4", "E4:4", bass)


SWINGING = [under("C3 D3 C3 D3") for _ in WALKING]
BACH = [under(bass) for bass in WALKING]


def row(found, name):
    return next(r for r in found.rows if r.name == name)


def test_a_planted_difference_has_a_star():
    swings = row(measure(SWINGING, BACH), ABAB)
    assert (swings.ours.rate, swings.bach.rate) == (0.25, 0)
    assert (swings.difference.low, swings.difference.high) == (25, 25)  # per 100 notes
    assert swings.star
    assert not row(measure(BACH, SWINGING), "mean pitch of the alto").star


def test_equal_sets_have_no_star():
    found = measure(BACH, BACH)
    assert found.stars == 0
    assert 0 < found.compared < len(MEASURES)
    assert row(found, EQUAL_PITCH).ours.rate == 1
    assert row(found, NOTHING_TO_COUNT).difference is None


def test_a_difference_of_some_pieces_only_has_no_star():
    mixed = [SWINGING[0], *BACH[1:]]
    swings = row(measure(mixed, BACH), ABAB)
    assert swings.difference.low == 0 < swings.difference.high
    assert not swings.star


@pytest.mark.slow
def test_several_sets_are_measured_as_one_is():
    both = measure_all({"swinging": SWINGING, "walking": BACH}, BACH)
    assert list(both) == ["swinging", "walking"]
    assert both["swinging"].to_json() == measure(SWINGING, BACH).to_json()
    assert both["walking"].to_json() == measure(BACH, BACH).to_json()


def test_without_bach_there_is_nothing_to_compare():
    found = measure(SWINGING)
    assert [r.name for r in found.rows] == [m.name for m in MEASURES]
    assert (found.stars, found.compared) == (0, 0)
    assert row(found, ABAB).ours.rate == 0.25


def test_plain_data():
    found = json.loads(json.dumps(measure(SWINGING, BACH).to_json()))
    [swings] = [r for r in found["rows"] if r["name"] == ABAB]
    assert swings["ours"]["count"] == 3
    assert swings["ours"]["total"] == 12
    assert (swings["difference"], swings["star"]) == ([25, 25], True)
    assert found["pieces"] == 3
    assert found["stars"] == sum(r["star"] for r in found["rows"])
    [nothing] = [r for r in found["rows"] if r["name"] == NOTHING_TO_COUNT]
    assert nothing["difference"] is nothing["ours"]["rate"] is None


def test_what_cannot_be_measured_is_refused():
    with pytest.raises(UsageError, match="there is no piece"):
        measure([])
    with pytest.raises(UsageError, match="the same pieces in both sets"):
        measure(SWINGING, BACH[:2])


def test_measures_have_names_of_their_own_and_counts_within_totals():
    assert len({m.name for m in MEASURES}) == len(MEASURES)
    shares = [m for m in MEASURES if m.unit.startswith("% of")]
    for rate in rates_of([*SWINGING, *BACH], shares):
        assert (rate.counts <= rate.totals).all()


def test_a_paired_interval_cancels_what_pieces_have_in_common():
    totals = np.full(20, 10)
    counts = np.arange(20) % 7
    found = bootstrap_difference(counts + 2, totals, counts, totals)
    assert (found.low, found.high) == pytest.approx((0.2, 0.2))
    backward = bootstrap_difference(counts, totals, counts + 2, totals)
    assert (backward.low, backward.high) == pytest.approx((-0.2, -0.2))


def test_one_piece_is_not_enough_for_a_paired_interval():
    found = bootstrap_difference([1, 0], [2, 0], [0, 0], [2, 3])
    assert np.isnan(found.low)
    assert np.isnan(found.high)
