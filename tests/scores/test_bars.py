"""Bars are found by their printed numbers."""

import pytest
from holes import hole, measures
from made_page import PAGE
from pieces import CHORALES, EVERYTHING, bach, quietly

from bachbot.chorale import VOICES
from bachbot.errors import UsageError
from bachbot.scores import bars_of, rewrite_bars
from bachbot.scores.bars import bar_numbers


@pytest.mark.slow
@pytest.mark.parametrize("name", CHORALES)
def test_the_pickup_is_bar_0_and_the_next_is_bar_1(name):
    score = bach(name)
    first = measures(score, 0)[0]
    pickup = first.get("implicit") == "yes" or first.get("number") == "0"
    assert bar_numbers(score)[0] == (0 if pickup else 1)
    assert bars_of(score, "1").measures.start == int(pickup)


def test_bars_are_found_by_their_printed_numbers(everything):
    score = quietly(everything)
    assert bar_numbers(score) == [0, 1, 2, 3, 4, 5, 6]
    found = bars_of(score, " 2 - 4 ")
    # A pickup of a quarter, 3 quarters, then 2, 3 and 2.
    assert (found.frames, found.measures) == (range(16, 44), range(2, 5))
    assert bars_of(score, "0").frames == range(4)
    assert bars_of(score, "0-6").frames == range(score.chorale.frames)
    assert bars_of(score, "6").measures == range(6, 7)


def test_both_parts_of_a_split_bar_have_its_number(put):
    text = EVERYTHING.replace('number="3"', 'number="X1" implicit="yes"')
    score = quietly(put("split.musicxml", text.replace('number="4"', 'number="4a"')))
    assert bar_numbers(score) == [0, 1, 2, 2, 4, 5, 6]
    assert bars_of(score, "2").measures == range(2, 4)
    with pytest.raises(UsageError, match="no bar 3"):
        bars_of(score, "1-3")


def test_numbers_that_start_again_begin_another_movement(put):
    text = EVERYTHING.replace('number="4"', 'number="1"').replace('number="5"', 'number="2"')
    score = quietly(put("two.musicxml", text))
    assert bars_of(score, "1-2").measures == range(1, 3)
    with pytest.raises(UsageError, match="no bar 6"):
        bars_of(score, "2-6")


def test_bars_without_numbers_are_counted(put):
    numbers = [f'number="{n}"' for n in range(7)]
    text = EVERYTHING
    for number in numbers:
        text = text.replace(f"<measure {number}", "<measure")
    assert bar_numbers(quietly(put("bare.musicxml", text))) == [0, 1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "'' is not a range of bars: give one such as 5-8, or one bar"),
        ("a-b", "'a-b' is not a range"),
        ("-3", "'-3' is not a range"),
        ("2-3-4", "is not a range"),
        ("1.5", "is not a range"),
        ("1\n2", "is not a range"),
        ("5-4", "bars 5-4 are reversed: give 4-5"),
        ("7", "the score has no bar 7: give bars from 0 to 6"),
        ("2-99", "the score has no bar 99: give bars from 0 to 6"),
    ],
)
def test_a_bad_range_of_bars_is_refused_in_one_line(everything, text, message):
    with pytest.raises(UsageError) as caught:
        bars_of(quietly(everything), text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_bar_that_ends_within_a_sixteenth_is_refused(put):
    text = PAGE.replace("<divisions>1<", "<divisions>8<").replace("<duration>2<", "<duration>17<")
    score = quietly(put("odd.musicxml", text), voices=VOICES)
    with pytest.raises(UsageError, match="bar 2 begins or ends within a sixteenth"):
        bars_of(score, "2")
    cells = hole(score.chorale.frames, VOICES, 9, 11)
    with pytest.raises(UsageError, match="bar 2 begins or ends within a sixteenth"):
        rewrite_bars(score, score.chorale, cells)
