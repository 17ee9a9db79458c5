import pytest
from hypothesis import given
from hypothesis import strategies as st

from bachbot.chorale import Key
from bachbot.errors import UsageError
from bachbot.theory.given.chord_text import read_chord
from bachbot.theory.numerals import NUMERALS, SHAPES

C, A = Key("C"), Key("A", "minor")


def pitch_classes(chord, key):
    return [(key.pitch_class + chord.root + i) % 12 for i in chord.intervals]


@st.composite
def numerals(draw):
    """A numeral of either mode, with an inversion and a key."""
    mode = draw(st.sampled_from(["major", "minor"]))
    numeral = draw(st.sampled_from(NUMERALS[mode]))
    inversion = draw(st.integers(0, len(SHAPES[numeral.shape].fifths) - 1))
    tonic = draw(st.sampled_from(["C", "Bb", "F#", "E"]))
    return numeral, inversion, Key(tonic, mode)


@given(numerals())
def test_a_numeral_is_read_back_as_it_was_written(case):
    numeral, inversion, key = case
    found = read_chord(numeral.figured(inversion), key)
    assert (found.root, found.intervals) == (numeral.semitones, SHAPES[numeral.shape].tones)
    assert found.inversion == inversion
    assert not found.notice


@given(numerals())
def test_a_chord_symbol_is_read_back_as_it_was_written(case):
    numeral, inversion, key = case
    found = read_chord(numeral.chord(key, inversion), key)
    assert (found.root, found.intervals) == (numeral.semitones, SHAPES[numeral.shape].tones)
    assert found.inversion == (inversion or None)
    assert not found.notice


@pytest.mark.parametrize(
    ("text", "tones", "inversion"),
    [
        ("I", "C E G", 0), ("I5", "C E G", 0), ("I6", "C E G", 1), ("I63", "C E G", 1),
        ("I64", "C E G", 2), ("I6/4", "C E G", 2), ("V7", "G B D F", 0), ("V65", "G B D F", 1),
        ("V6/5", "G B D F", 1), ("V43", "G B D F", 2), ("V4/3", "G B D F", 2),
        ("V42", "G B D F", 3), ("V4/2", "G B D F", 3), ("V2", "G B D F", 3),
        ("I*", "C E G", None), ("V7*", "G B D F", None),
        ("viio7", "B D F G#", 0), ("vii°6", "B D F", 1), ("vii6", "B D F", 1),
        ("viiø7", "B D F A", 0), ("vii7", "B D F A", 0), ("bII6", "C# F G#", 1),
        ("N6", "C# F G#", 1), ("V7/V", "D F# A C", 0), ("V6/5/V", "D F# A C", 1),
        ("ii/V", "A C E", 0), ("ii65/V", "A C E G", 1), ("V/V/V", "A C# E", 0),
        ("viio7/ii", "C# E G A#", 0), ("II7", "D F# A C", 0), ("bVII", "A# D F", 0),
        ("Ger65", "G# C D# F#", 0), ("It6", "G# C F#", 0), ("Imaj7", "C E G B", 0),
        ("C", "C E G", None), ("Am/C", "A C E", 1), ("G7/F", "G B D F", 3),
        ("F#dim7", "F# A C D#", None), ("Bm7b5/D", "B D F A", 1), ("C/Bb", "C E G A#", 3),
    ],
)  # fmt: skip
def test_chords_in_c_major(text, tones, inversion):
    names = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"]
    found = read_chord(text, C)
    assert [names[p] for p in pitch_classes(found, C)] == tones.split()
    assert found.inversion == inversion
    assert not found.notice


@pytest.mark.parametrize(
    ("text", "root", "intervals"),
    [
        ("VI", 8, (0, 4, 7)), ("bVI", 8, (0, 4, 7)), ("VII", 10, (0, 4, 7)),
        ("viio7", 11, (0, 3, 6, 9)), ("#viio7", 11, (0, 3, 6, 9)), ("vii", 11, (0, 3, 6)),
        ("V7/III", 10, (0, 4, 7, 10)), ("V/VII", 5, (0, 4, 7)), ("Cad64", 0, (0, 3, 7)),
        ("I64", 0, (0, 4, 7)), ("III+", 3, (0, 4, 8)),
    ],
)  # fmt: skip
def test_degrees_of_a_minor_key(text, root, intervals):
    found = read_chord(text, A)
    assert (found.root, found.intervals) == (root, intervals)


@pytest.mark.parametrize(
    ("text", "read_as"),
    [
        ("V9", "V7"), ("V13", "V7"), ("Vsus4", "V"), ("Iadd6", "I"), ("G9", "G7"), ("C6", "C"),
        ("Gsus4", "G"), ("G7sus4", "G7"), ("Cmaj9", "Cmaj7"), ("Dm11", "Dm7"), ("E7#9", "E7"),
        ("C5", "C"), ("Cadd9", "C"), ("Cm6", "Cm"), ("G13/B", "G7/B"), ("C/D", "C"),
    ],
)  # fmt: skip
def test_chords_outside_the_style_are_read_as_the_nearest_and_said_so(text, read_as):
    found, nearest = read_chord(text, C), read_chord(read_as, C)
    assert (found.root, found.intervals) == (nearest.root, nearest.intervals)
    assert found.inversion == nearest.inversion
    assert f"is read as {read_as}" in found.notice
    assert f"'{text}'" in found.notice


def test_the_root_is_measured_from_the_home_key():
    assert read_chord("V7", Key("G"), C).root == 2
    assert read_chord("i", Key("E", "minor"), C).root == 4


@pytest.mark.parametrize(
    "text", ["", "H", "Iv", "V66", "viiio", "Cfoo", "V/", "V/x", "VIII", "I/6", "7"]
)
def test_what_is_no_chord_is_refused_with_an_example(text):
    with pytest.raises(UsageError, match=r"is not a chord: give a Roman numeral such as V65/ii"):
        read_chord(text, C)
