import numpy as np
import pytest

from bachbot.chorale import Chorale, GivenChord, GivenHarmony, Key, Meter
from bachbot.errors import UsageError
from bachbot.theory.given.given_chords import bars_with_beats, parse_chords, where_in

C = Key("C")


def bars(number, meter=None):
    meter = meter or Meter()
    frames = number * meter.bar_frames + meter.pickup
    silent = np.zeros((frames, 4), dtype=bool)
    return bars_with_beats(Chorale(silent - 1, silent, silent[:, 0], meter))


def frames_and_texts(text, number=4, meter=None):
    return [(c.frame, c.text) for c in parse_chords(text, bars(number, meter), C).chords]


def test_the_chords_of_a_bar_share_it_evenly():
    found = frames_and_texts("I | V6 I | I V6 I6 IV")
    assert found == [
        (0, "I"), (4, "I"), (8, "I"), (12, "I"),
        (16, "V6"), (20, "V6"), (24, "I"), (28, "I"),
        (32, "I"), (36, "V6"), (40, "I6"), (44, "IV"),
    ]  # fmt: skip


def test_eight_chords_divide_the_beats():
    assert [f for f, _ in frames_and_texts("I V I V I V I V")] == list(range(0, 16, 2))


def test_durations_and_continuations_and_open_places():
    assert frames_and_texts("I:3 V7:1/2 V42:0.5") == [
        (0, "I"), (4, "I"), (8, "I"), (12, "V7"), (14, "V42"),
    ]  # fmt: skip
    assert frames_and_texts("I . V - | . ? I _ | | V:2 I") == [
        (0, "I"), (4, "I"), (8, "V"), (12, "V"), (16, "V"), (24, "I"),
        (48, "V"), (52, "V"), (56, "I"), (60, "I"),
    ]  # fmt: skip


def test_where_a_chord_begins_it_has_its_inversion_and_later_no_fifth_in_the_bass():
    first, second, *_ = parse_chords("V6 V7", bars(1), C).chords
    assert (first.inversions, second.inversions) == ((1,), (0, 1))
    seventh, later = parse_chords("V6 V7", bars(1), C).chords[2:]
    assert (seventh.inversions, later.inversions) == ((0,), ())
    cadential = parse_chords("I64 V", bars(1), C).chords
    assert [c.inversions for c in cadential[:2]] == [(2,), (2,)]


def test_lines_end_bars_and_comments_are_left_out():
    assert frames_and_texts("% a hymn\n| I |\n\nV\n") == frames_and_texts("I | V")


def test_the_key_of_the_numerals_changes():
    chords = parse_chords("I G: V7 | I e: i", bars(2), C).chords
    assert [(c.text, c.root) for c in chords[::2]] == [("I", 0), ("V7", 2), ("I", 7), ("i", 4)]


def test_beats_of_compound_meters_are_dotted():
    assert frames_and_texts("I V | I", 2, Meter(6, 8)) == [
        (0, "I"), (6, "V"), (12, "I"), (18, "I"),
    ]  # fmt: skip


def test_a_pickup_is_the_first_bar_unless_the_bars_say_otherwise():
    three = Meter(3, 4, pickup=4)
    assert frames_and_texts("V | I | V", 2, three)[:2] == [(0, "V"), (4, "I")]
    assert frames_and_texts("I | V", 2, three)[0] == (4, "I")


def test_notices_name_the_place():
    assert parse_chords("I | I V9", bars(2), C).notices == (
        "bar 2, beat 3: 'V9' is outside the style and is read as V7",
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("I | I Vx", r"bar 2, beat 3: 'Vx' is not a chord: give a Roman numeral"),
        ("I V I", r"bar 1: 3 chords cannot share 4 beats evenly: write how many beats"),
        ("I:3 V:2", r"bar 1: its durations add up to 5 of 4 beats: correct them"),
        ("I:1/0 V", r"bar 1, beat 1: 'I:1/0' is not a chord"),
        ("I:3", r"bar 1: its durations add up to 3 of 4 beats: correct them"),
        ("I | " * 5 + "I", r"the chords have 6 bars and the tune has 4"),
        (" | ", r"the chords are empty"),
        ("", r"the chords are empty"),
    ],
)
def test_bad_chords_get_one_line_that_names_the_bar(text, message):
    with pytest.raises(UsageError, match=message) as raised:
        parse_chords(text, bars(4), C)
    assert "\n" not in str(raised.value)


def test_a_place_in_words():
    pickup = bars(2, Meter(3, 4, pickup=4))
    assert where_in(pickup, 0) == "bar 0, beat 3"
    assert where_in(pickup, 10) == "bar 1, beat 2.5"


def test_required_tones_are_those_that_say_what_chord_it_is():
    assert GivenChord(0, 7, (0, 4, 7, 10)).required == (11, 5, 7)
    assert GivenChord(0, 7, (0, 4, 7, 10), optional=(10,)).required == (11, 7)
    assert set(GivenChord(0, 11, (0, 3, 6)).required) == {11, 2, 5}
    assert GivenChord(0, 0, (0, 4, 7), (1,)).basses == (4,)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((-1, 0, (0, 4, 7)), "give 0 or more"),
        ((0, 12, (0, 4, 7)), "give pitch classes"),
        ((0, 0, (0, 0)), "give each of them once"),
        ((0, 0, (0, 4, 7), (3,)), "no inversion 3: give 0 to 2"),
    ],
)
def test_bad_values_of_a_chord(values, message):
    with pytest.raises(UsageError, match=message):
        GivenChord(*values)


def test_the_second_harmony_has_precedence():
    one, other = GivenChord(0, 0, (0, 4, 7)), GivenChord(0, 7, (0, 4, 7))
    later = GivenChord(4, 0, (0, 4, 7))
    both = GivenHarmony((one, later), (4,), ("a",)).with_precedence(GivenHarmony((other,), (8,)))
    assert both == GivenHarmony((other, later), (4, 8), ("a",))
