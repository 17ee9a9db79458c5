import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bachbot.evaluation.novelty.index import SEPARATOR, SuffixArray

rows = st.lists(st.integers(SEPARATOR, 2), max_size=40)


def brute_force(text, query, start):
    """The longest run from a start that the text has, and where."""
    longest, where = 0, list(range(len(text)))
    for length in range(1, len(query) - start + 1):
        wanted = query[start : start + length]
        if SEPARATOR in wanted:
            break
        found = [i for i in range(len(text)) if text[i : i + length] == wanted]
        if not found:
            break
        longest, where = length, found
    return longest, where


@given(rows, rows)
def test_the_array_finds_what_comparing_all_with_all_finds(text, query):
    array = SuffixArray(text)
    found = array.match(query)
    for start in range(len(query)):
        longest, where = brute_force(text, query, start)
        assert found.length[start] == longest
        assert array.offsets(found.low[start], found.high[start]).tolist() == where


@given(st.lists(st.integers(0, 1), min_size=1, max_size=300))
def test_a_text_is_in_itself(text):
    found = SuffixArray(text).match(text)
    assert found.length.tolist() == list(range(len(text), 0, -1))


@pytest.mark.parametrize("length", [1, 2, 3, 4, 7, 8, 9, 31, 32, 33])
def test_lengths_about_powers_of_two(length):
    text = [*range(length), SEPARATOR, *range(100, 100 + length)]
    found = SuffixArray(text).match(range(length + 1))
    assert found.length[0] == length
    assert found.high[0] - found.low[0] == 1


def test_a_planted_run_and_all_its_positions():
    rng = np.random.default_rng(0)
    text = rng.integers(0, 50, 2000)
    planted = rng.integers(100, 110, 21)
    for start in (300, 900, 1500):
        text[start : start + 21] = planted
    array = SuffixArray(text)
    found = array.match([999, *planted, 999])
    assert found.length.argmax() == 1
    assert found.length[1] == 21
    assert array.offsets(found.low[1], found.high[1]).tolist() == [300, 900, 1500]


def test_nothing():
    assert SuffixArray([]).match([1, 2]).length.tolist() == [0, 0]
    assert SuffixArray([1, 2]).match([]).length.tolist() == []
    assert SuffixArray([SEPARATOR]).match([SEPARATOR]).length.tolist() == [0]
