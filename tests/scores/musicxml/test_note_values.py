"""Note values add up, show the beat, and are beamed by it."""

from hypothesis import given
from hypothesis import strategies as st

from bachbot.chorale import Meter
from bachbot.scores.musicxml.note_values import (
    VALUES,
    assign_beams,
    beam_values,
    notated_beat,
    split_duration,
)

METERS = st.sampled_from(
    [Meter(*m) for m in ((4, 4), (3, 4), (2, 4), (2, 2), (3, 2), (6, 8), (9, 8), (12, 8), (3, 8),
                         (5, 4), (7, 8), (4, 2), (6, 4), (1, 4), (4, 16))]
)  # fmt: skip


@given(METERS, st.data())
def test_values_are_printable_and_add_up(meter, data):
    place = data.draw(st.integers(0, meter.bar_frames - 1))
    length = data.draw(st.integers(1, meter.bar_frames - place))
    values = split_duration(place, length, meter)
    assert sum(values) == length
    assert set(values) <= set(VALUES)


@given(METERS, st.data())
def test_no_value_hides_a_beat_that_it_neither_begins_nor_ends_on(meter, data):
    place = data.draw(st.integers(0, meter.bar_frames - 1))
    length = data.draw(st.integers(1, meter.bar_frames - place))
    beat = notated_beat(meter)
    for value in split_duration(place, length, meter):
        into = place % beat
        inside = into + value <= beat
        syncopation = value == beat and 2 * into == beat
        assert into == 0 or inside or syncopation
        place += value


def test_known_values():
    four, three, six = Meter(4, 4), Meter(3, 4), Meter(6, 8)
    assert split_duration(0, 16, four) == [16]
    assert split_duration(0, 12, three) == [12]
    assert split_duration(0, 10, four) == [8, 2]
    assert split_duration(4, 12, four) == [12]
    assert split_duration(2, 4, four) == [4]  # eighth, quarter, eighth
    assert split_duration(2, 6, four) == [2, 4]
    assert split_duration(1, 4, four) == [3, 1]
    assert split_duration(0, 5, four) == [4, 1]
    assert split_duration(0, 12, six) == [12]
    assert split_duration(0, 8, six) == [6, 2]
    assert split_duration(4, 4, six) == [2, 2]
    assert split_duration(0, 4, six) == [4]


def test_known_beams():
    four, three = Meter(4, 4), Meter(3, 8)
    eighths = [(place, 2, False) for place in range(0, 16, 2)]
    assert [b[0] for b in assign_beams(eighths, four)] == ["begin", "end"] * 4
    dotted = [(0, 3, False), (3, 1, False)]
    assert assign_beams(dotted, four) == [["begin"], ["end", "backward hook"]]
    mixed = [(0, 1, False), (1, 2, False), (3, 1, False)]
    assert assign_beams(mixed, four) == [
        ["begin", "forward hook"],
        ["continue"],
        ["end", "backward hook"],
    ]
    assert assign_beams([(0, 2, False), (2, 2, True)], four) == [[], []]
    assert [b[0] for b in assign_beams([(p, 2, False) for p in (0, 2, 4)], three)] == [
        "begin", "continue", "end"
    ]  # fmt: skip
    sixteenths = [(place, 1, False) for place in range(4)]
    assert assign_beams(sixteenths, four) == [
        ["begin", "begin"], ["continue", "continue"], ["continue", "continue"], ["end", "end"]
    ]  # fmt: skip


def test_three_levels_of_beams():
    assert beam_values([[0, 1, 2]], [3, 3, 2], positions=[0, 1, 2], quarter=8) == [
        ["begin", "begin", "begin"], ["continue", "continue", "end"], ["end", "end"]
    ]  # fmt: skip
