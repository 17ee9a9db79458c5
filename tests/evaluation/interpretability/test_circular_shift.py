"""The circular-shift test finds what was planted, and nothing else."""

import numpy as np
import pytest

from bachbot.errors import UsageError
from bachbot.evaluation.interpretability import (
    ShiftSample,
    point_biserial,
    shift_test,
    t_test_p_values,
)

BAR = 16


def slow_units(rng, rows, units):
    """Autocorrelated noise, as in the units of a recurrent network."""
    noise = rng.standard_normal((rows, units))
    for row in range(1, rows):
        noise[row] += 0.95 * noise[row - 1]
    return noise


def held_label(rng, rows):
    """A label that lasts a beat or more, as a chord does."""
    return np.repeat(rng.random(rows // 4) < 0.3, 4)


def recordings(rng, *, units=40, pieces=20, bar=BAR):
    return [
        ShiftSample(slow_units(rng, rows, units), held_label(rng, rows)[:, None], bar)
        for rows in (BAR * rng.integers(10, 20, pieces)).tolist()
    ]


@pytest.mark.slow
def test_slow_units_of_noise_pass_the_t_test_and_not_the_shift_test():
    rng = np.random.default_rng(0)
    independent, shifted = [], []
    for seed in range(10):
        pieces = recordings(rng)
        whole = np.concatenate([p.units for p in pieces])
        label = np.concatenate([p.labels[:, 0] for p in pieces])
        independent.append(t_test_p_values(point_biserial(whole, label), len(whole)) <= 0.05)
        shifted.append(shift_test(pieces, shifts=400, seed=seed).p[0] <= 0.05)
    # Of 400 tests of nothing 5% should pass: 20, give or take 4.4.
    assert np.mean(independent) > 0.2
    assert 0.02 <= np.mean(shifted) <= 0.085


@pytest.mark.slow
def test_the_largest_of_all_is_rarely_significant_family_wise():
    rng = np.random.default_rng(1)
    lucky = [
        (shift_test(recordings(rng), shifts=200, seed=seed).p_family <= 0.05).any()
        for seed in range(40)
    ]
    # Two of forty, give or take 1.4.
    assert np.sum(lucky) <= 6


def test_a_planted_unit_is_found_and_no_other():
    rng = np.random.default_rng(2)
    pieces = recordings(rng)
    planted = []
    for piece in pieces:
        units = piece.units.copy()
        units[:, 7] -= 1.5 * piece.labels[:, 0]
        planted.append(ShiftSample(units, piece.labels, piece.bar))
    found = shift_test(planted, shifts=500)
    assert found.p.shape == found.p_family.shape == (1, 40)
    assert found.p_family[0, 7] == pytest.approx(1 / 501)
    assert np.flatnonzero(found.p_family[0] <= 0.05).tolist() == [7]
    assert (found.p <= found.p_family).all()


def test_a_unit_that_counts_beats_is_not_significant():
    rng = np.random.default_rng(3)
    pieces = []
    for _ in range(20):
        bars = int(rng.integers(8, 16))
        counter = np.tile(np.sin(2 * np.pi * np.arange(BAR) / BAR), bars)
        label = np.zeros((bars, BAR), dtype=bool)
        label[rng.random(bars) < 0.4, 4:8] = True  # always on the second beat
        pieces.append((counter[:, None], label.reshape(-1, 1)))
    by_frame = shift_test([ShiftSample(*p) for p in pieces], shifts=300)
    by_bar = shift_test([ShiftSample(*p, BAR) for p in pieces], shifts=300)
    assert by_frame.p_family[0, 0] == pytest.approx(1 / 301)
    assert by_bar.p[0, 0] == 1


def test_a_difference_between_pieces_is_no_evidence():
    labels = [np.arange(BAR * 4) % BAR < 4, np.arange(BAR * 4) % BAR < 12]
    pieces = [
        ShiftSample(np.full((BAR * 4, 1), float(i % 2)), label[:, None], BAR)
        for i, label in enumerate(labels * 10)
    ]
    units, label = (np.concatenate([getattr(p, n) for p in pieces]) for n in ("units", "labels"))
    # It correlates with the label from piece to piece.
    assert point_biserial(units, label[:, 0])[0] == pytest.approx(0.5)
    assert shift_test(pieces, shifts=100).p[0, 0] == 1


def test_neither_the_scale_of_a_unit_nor_its_sign_matters():
    rng = np.random.default_rng(4)
    pieces = recordings(rng, units=5, pieces=6)
    scale = np.array([-3.0, 1e-6, 1e6, 1.0, -1.0])
    other = [ShiftSample(p.units * scale + 100 * scale, p.labels, p.bar) for p in pieces]
    first, second = shift_test(pieces, shifts=200), shift_test(other, shifts=200)
    np.testing.assert_allclose(first.p, second.p)
    np.testing.assert_allclose(first.p_family, second.p_family)


def test_all_shifts_of_one_piece_are_enumerated():
    # One piece of four bars has four shifts; the planted one is the strongest of them.
    label = np.zeros((4 * BAR, 1), dtype=bool)
    label[:4] = True
    found = shift_test([ShiftSample(label.astype(float), label, BAR)], shifts=4000)
    assert found.p[0, 0] == pytest.approx(1 / 4, abs=0.03)


def test_no_pieces_or_no_shifts_are_refused():
    with pytest.raises(UsageError, match="0 pieces and 2000 shifts"):
        shift_test([])
    with pytest.raises(UsageError, match="1 pieces and 0 shifts"):
        shift_test([ShiftSample(np.zeros((3, 1)), np.zeros((3, 1), bool))], shifts=0)
