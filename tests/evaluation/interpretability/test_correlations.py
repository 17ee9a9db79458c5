import numpy as np
import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from bachbot.errors import UsageError
from bachbot.evaluation.interpretability import point_biserial, significant_by_fdr, t_test_p_values


@st.composite
def rows(draw):
    count = draw(st.integers(3, 30))
    numbers = st.floats(-1, 1, allow_subnormal=False, width=32)
    return (
        draw(hnp.arrays(np.float64, (count, 3), elements=numbers)),
        draw(hnp.arrays(np.bool_, count)),
    )


@for_all(rows())
def test_it_is_pearsons_correlation_with_zeros_and_ones(drawn):
    units, label = drawn
    found = point_biserial(units, label)
    assert found.shape == (3,)
    assert (np.abs(found) <= 1).all()
    for unit, r in zip(units.T, found, strict=True):
        if np.ptp(unit) > 1e-3 and label.any() and not label.all():
            assert r == pytest.approx(np.corrcoef(unit, label)[0, 1], abs=1e-6)


def test_the_textbook_formula():
    rng = np.random.default_rng(0)
    unit, label = rng.standard_normal(200), rng.random(200) < 0.3
    q = label.mean()
    wanted = (unit[label].mean() - unit[~label].mean()) / unit.std() * np.sqrt(q * (1 - q))
    assert point_biserial(unit[:, None], label)[0] == pytest.approx(wanted)


def test_a_constant_unit_or_label_has_no_correlation():
    units = np.stack([np.full(10, 0.1), np.arange(10)], axis=1).astype(np.float32)
    label = np.arange(10) > 4
    assert point_biserial(units, label)[0] == 0
    assert not point_biserial(units, np.ones(10, dtype=bool)).any()
    assert not point_biserial(np.zeros((0, 2)), np.zeros(0, dtype=bool)).any()


def test_a_unit_equal_to_the_label_has_a_correlation_of_1():
    label = np.arange(9) % 3 == 0
    found = point_biserial(np.stack([label, ~label], axis=1).astype(float), label)
    np.testing.assert_allclose(found, [1, -1])
    assert (t_test_p_values(found, 9) < 1e-12).all()


def test_shapes_must_agree():
    with pytest.raises(UsageError, match=r"wanted \[N, U\] and \[N\]"):
        point_biserial(np.zeros((3, 2)), np.zeros(4, dtype=bool))


@pytest.mark.slow
def test_p_values_are_those_of_the_t_test():
    from scipy.stats import pointbiserialr, ttest_ind

    rng = np.random.default_rng(1)
    units, label = rng.standard_normal((50, 4)), rng.random(50) < 0.4
    found = t_test_p_values(point_biserial(units, label), 50)
    for unit, p in zip(units.T, found, strict=True):
        assert p == pytest.approx(pointbiserialr(label, unit).pvalue)
        assert p == pytest.approx(ttest_ind(unit[label], unit[~label]).pvalue)


def test_two_rows_cannot_be_tested():
    with pytest.raises(UsageError, match="over 2 rows cannot be tested"):
        t_test_p_values(np.zeros(1), 2)


@pytest.mark.slow
def test_the_procedure_of_benjamini_and_hochberg():
    # The fifteen p-values of the example in their paper, section 4.1: the four smallest pass.
    p = np.array([
        0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262,
        0.5719, 0.6528, 0.7590, 1.0,
    ])  # fmt: skip
    assert np.flatnonzero(significant_by_fdr(p)).tolist() == [0, 1, 2, 3]
    shuffled = np.random.default_rng(0).permutation(p)
    assert np.array_equal(significant_by_fdr(shuffled.reshape(3, 5)).ravel(), shuffled <= p[3])
    assert not significant_by_fdr(np.zeros(0)).any()
