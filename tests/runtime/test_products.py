import numpy as np
import pytest

from bachbot.runtime.lstm import product


@pytest.mark.parametrize("rows", range(10))
@pytest.mark.parametrize("shape", [(5, 3), (2, 5, 3)], ids=["one matrix", "two"])
def test_a_product_is_the_product_whatever_the_rows(rows, shape):
    random = np.random.default_rng(rows)
    x, matrix = random.normal(size=(rows, 5)), random.normal(size=shape)
    out = product(x, matrix)
    np.testing.assert_allclose(out, x @ matrix, rtol=1e-12)
    assert out.shape == (*shape[:-2], rows, 3)
    assert not np.shares_memory(out, x)


def test_single_precision_stays_single():
    x = np.ones((3, 5), np.float32)
    assert product(x, np.ones((5, 2), np.float32)).dtype == np.float32
