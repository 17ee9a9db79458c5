"""Pages use the paper, and no page at the end is emptier than need be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bachbot.errors import UsageError
from bachbot.scores.engraving.engrave import even_pages
from bachbot.scores.engraving.page_size import PageSize


@pytest.mark.parametrize(
    ("full", "even"),
    [
        ([4, 4, 1], [3, 3, 3]),
        ([3, 1], [2, 2]),
        ([2, 1], [2, 1]),
        ([3, 4, 4], [3, 4, 4]),
        ([3, 4, 1], [3, 3, 2]),
        ([5], [5]),
    ],
)
def test_a_lone_system_gets_company(full, even):
    assert even_pages(full) == even


@given(st.lists(st.integers(1, 9), min_size=1, max_size=6))
def test_no_system_is_lost_and_no_page_overfull(counts):
    even = even_pages(counts)
    assert sum(even) == sum(counts)
    assert all(a <= b for a, b in zip(even[:-1], counts[:-1], strict=True))
    assert max(even[:-1], default=0) - even[-1] < 2


def test_paper_and_size_are_checked():
    assert (PageSize("letter").width, PageSize("letter").height) == (2159, 2794)
    for wrong in ({"paper": "a5"}, {"size": "huge"}):
        with pytest.raises(UsageError, match="there is no"):
            PageSize(**wrong)
