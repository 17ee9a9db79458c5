"""Places as bar.beat: one rule for what is printed and what is read."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bachbot.chorale import Meter
from bachbot.chorale.place import beat_text, frames_to_beat, place_text

METERS = [
    Meter(b, u) for b, u in ((4, 4), (3, 4), (6, 8), (9, 8), (12, 8), (3, 8), (2, 2), (5, 16))
]


@given(st.sampled_from(METERS), st.data())
def test_what_is_printed_is_read_at_the_same_sixteenth(meter, data):
    frame = data.draw(st.integers(0, meter.bar_frames - 1))
    text = beat_text(1 + Fraction(frame, meter.beat_frames))
    assert frames_to_beat(text, meter.beat_frames) == frame


@pytest.mark.parametrize(
    ("meter", "eighth", "text"),
    [
        (Meter(6, 8), 3, "2"), (Meter(6, 8), 1, "1.33"), (Meter(6, 8), 5, "2.67"),
        (Meter(9, 8), 6, "3"), (Meter(12, 8), 9, "4"), (Meter(3, 8), 2, "3"),
        (Meter(4, 4), 3, "2.5"), (Meter(2, 2), 1, "1.25"), (Meter(3, 4), 4, "3"),
    ],
)  # fmt: skip
def test_a_beat_of_compound_meters_is_three_eighths(meter, eighth, text):
    assert beat_text(1 + Fraction(2 * eighth, meter.beat_frames)) == text


def test_a_place_has_bar_and_beat():
    assert place_text(0, Fraction(4)) == "0.4"
    assert place_text(12, Fraction(10, 3)) == "12.3.33"


@pytest.mark.parametrize("text", ["1.3", "1.33", "1.333", "1.3333"])
def test_a_third_may_have_any_number_of_digits(text):
    assert frames_to_beat(text, 6) == 2


@pytest.mark.parametrize(("text", "frames"), [("1.4", 4), ("1.1", 4), ("2.34", 6)])
def test_between_the_sixteenths_is_nothing(text, frames):
    assert frames_to_beat(text, frames) is None
