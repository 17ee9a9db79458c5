"""Bars of two scores are matched by movement and number, and no frame is lost."""

from hypothesis import given
from hypothesis import strategies as st

from bachbot.chorale.bar_pairs import bar_pairs

NUMBERS = st.lists(st.lists(st.integers(1, 4), min_size=1, max_size=4), min_size=1, max_size=3).map(
    # Movements: bars from 1, each so many frames long.
    lambda movements: [
        number for lengths in movements for number, n in enumerate(lengths, 1) for _ in range(n)
    ]
)


@given(NUMBERS, NUMBERS)
def test_every_frame_is_in_one_bar_of_its_number(first, second):
    pairs = bar_pairs(first, second)
    for side, numbers in enumerate((first, second)):
        frames = [frame for pair in pairs for frame in pair.frames[side]]
        assert sorted(frames) == list(range(len(numbers)))
        assert all(numbers[f] == pair.number for pair in pairs for f in pair.frames[side])


def test_a_pickup_that_one_score_lacks_moves_no_bar():
    pairs = bar_pairs([0, 1, 1, 2, 2], [1, 1, 2, 2])
    assert [(p.number, p.frames) for p in pairs] == [
        (0, (range(1), range(0))),
        (1, (range(1, 3), range(2))),
        (2, (range(3, 5), range(2, 4))),
    ]


def test_bars_of_a_second_movement_are_not_those_of_the_first():
    pairs = bar_pairs([1, 2, 1, 2], [1, 1, 2])
    assert [(p.number, p.frames) for p in pairs] == [
        (1, (range(1), range(2))),
        (2, (range(1, 2), range(2, 3))),
        (1, (range(2, 3), range(0))),
        (2, (range(3, 4), range(0))),
    ]
