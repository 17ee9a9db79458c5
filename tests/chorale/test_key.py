import pytest
from hypothesis import given
from hypothesis import strategies as st

from bachbot.chorale import Key, line_of_fifths, note_name
from bachbot.errors import UsageError

# The original's own tables (Liang and others, 2017, standardize_key).
MAJORS = {"Ab": 4, "A": 3, "Bb": 2, "B": 1, "C": 0, "C#": -1, "Db": -1, "D": -2, "Eb": -3,
          "E": -4, "F": -5, "F#": 6, "Gb": 6, "G": 5}  # fmt: skip
MINORS = {"Ab": 1, "A": 0, "Bb": -1, "B": -2, "C": -3, "C#": -4, "Db": -4, "D": -5, "Eb": 6,
          "E": 5, "F": 4, "F#": 3, "Gb": 3, "G": 2}  # fmt: skip

keys = st.builds(
    Key,
    st.builds(str.__add__, st.sampled_from("ABCDEFG"), st.sampled_from(["", "#", "b", "##", "bb"])),
    st.sampled_from(["major", "minor"]),
)


@pytest.mark.parametrize(("mode", "table"), [("major", MAJORS), ("minor", MINORS)])
def test_shifts_are_the_originals(mode, table):
    assert {tonic: Key(tonic, mode).shift for tonic in table} == table


@pytest.mark.slow
@given(keys)
def test_every_spelling_goes_to_c_or_a_by_the_shortest_way(key):
    assert -5 <= key.shift <= 6
    assert (key.pitch_class + key.shift) % 12 == key.standard.pitch_class
    assert key.standard.mode == key.mode


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("C", Key("C")),
        ("F# minor", Key("F#", "minor")),
        ("f#", Key("F#", "minor")),
        ("Bb", Key("Bb")),
        ("bb", Key("Bb", "minor")),
        ("B-", Key("Bb")),
        ("E♭ major", Key("Eb")),
        ("Em", Key("E", "minor")),
        ("EM", Key("E")),
        ("a minor", Key("A", "minor")),
        ("G sharp minor", Key("G#", "minor")),
        ("D-Dur", Key("D")),
        ("d-moll", Key("D", "minor")),
    ],
)
def test_keys_as_people_write_them(text, key):
    assert Key.parse(text) == key


def test_a_mode_can_be_given_apart():
    assert Key.parse("G", mode="minor") == Key("G", "minor")
    assert Key.parse("G major", mode="minor") == Key("G", "major")


@pytest.mark.parametrize("text", ["", "H", "C lydian", "C###", "CC", "major"])
def test_what_is_no_key(text):
    with pytest.raises(UsageError, match="is not a key"):
        Key.parse(text)


@given(keys)
def test_keys_read_what_they_write(key):
    assert Key.parse(str(key)) == key


@pytest.mark.parametrize(
    ("key", "fifths"),
    [("C", 0), ("a minor", 0), ("G", 1), ("Bb", -2), ("F# minor", 3), ("C minor", -3), ("Cb", -7)],
)
def test_signatures(key, fifths):
    assert Key.parse(key).fifths == fifths


@given(st.integers(-20, 20))
def test_the_line_of_fifths_and_back(place):
    assert line_of_fifths(note_name(place)) == place


@given(keys)
def test_a_simplified_key_is_the_same_on_a_keyboard_and_can_be_signed(key):
    simple = key.simplified
    assert (simple.pitch_class, simple.mode) == (key.pitch_class, key.mode)
    assert abs(simple.fifths) <= 7
    assert simple.simplified == simple
    assert simple == key or abs(key.fifths) > 7
