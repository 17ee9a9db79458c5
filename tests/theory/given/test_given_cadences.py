import numpy as np
import pytest

from bachbot.chorale import Chorale, Key, Meter
from bachbot.errors import UsageError
from bachbot.theory.given.given_cadences import parse_cadences
from bachbot.theory.given.given_chords import bars_with_beats

C, A = Key("C"), Key("A", "minor")


def tune(*pitches, key=C, meter=None, fermata=()):
    """A tune in quarters; a repeated None holds the note."""
    pitch, tied = np.full((4 * len(pitches), 4), -1), np.zeros((4 * len(pitches), 4), dtype=bool)
    sounding = -1
    for i, one in enumerate(pitches):
        sounding = sounding if one is None else one
        pitch[4 * i : 4 * i + 4, 0] = sounding
        tied[4 * i : 4 * i + 4, 0] = True
        tied[4 * i, 0] = one is None
    stops = np.zeros(len(pitch), dtype=bool)
    for beat in fermata:
        stops[4 * beat : 4 * beat + 4] = True
    return Chorale(pitch, tied, stops, meter or Meter(), key)


def cadences(text, chorale):
    cells = np.zeros(chorale.pitch.shape, dtype=bool)
    cells[:, 0] = True
    return parse_cadences(text, bars_with_beats(chorale), chorale, cells)


def chords(text, chorale):
    return [(c.frame, c.text, c.root, c.inversions) for c in cadences(text, chorale).chords]


CLOSE = tune(72, 74, 76, 74, 72, 71, 72, None)
"""The last note is a half on the third beat of the second bar."""


def test_a_perfect_cadence_is_dominant_to_tonic_in_root_position():
    found = cadences("2:PAC", CLOSE)
    assert chords("2:PAC", CLOSE) == [
        (20, "V", 7, (0,)), (24, "I", 0, (0,)), (28, "I", 0, (0,)),
    ]  # fmt: skip
    assert found.phrase_ends == (24,)
    assert not found.notices
    assert found.chords[0].intervals == (0, 4, 7, 10)  # the seventh may be there, and need not
    assert found.chords[0].required == (11, 7)


def test_the_other_cadences():
    assert chords("2:HC", tune(72, 74, 76, 74, 72, 72, 71, None)) == [
        (24, "V", 7, (0,)), (28, "V", 7, (0,)),
    ]  # fmt: skip
    assert [c[1:3] for c in chords("2:PC", CLOSE)[:2]] == [("IV", 5), ("I", 0)]
    assert [c[1:3] for c in chords("2:DC", CLOSE)[:2]] == [("V", 7), ("vi", 9)]


def test_under_the_tonic_an_imperfect_cadence_has_an_inverted_dominant():
    assert [c[3] for c in chords("2:IAC", CLOSE)[:2]] == [(1,), (0,)]
    on_third = tune(72, 74, 76, 74, 72, 74, 76, None)
    assert [c[3] for c in chords("2:IAC", on_third)[:2]] == [(0,), (0,)]


def test_a_tune_off_the_tonic_makes_a_perfect_cadence_imperfect():
    on_third = tune(72, 74, 76, 74, 72, 74, 76, None)
    assert cadences("2:PAC", on_third).notices == (
        "bar 2, beat 3: the tune is not on the tonic of C major, so the cadence is an imperfect "
        "one",
    )


def test_in_minor_the_chords_are_those_of_the_key():
    minor = tune(69, 71, 72, 71, 69, 68, 69, None, key=A)
    for kind, names in (("PAC", ["V", "i"]), ("PC", ["iv", "i"]), ("DC", ["V", "VI"])):
        assert [c[1] for c in chords(f"2:{kind}", minor)[:2]] == names
    assert cadences("2:DC", minor).chords[1].tones == (8, 0, 3)


def test_a_beat_a_fermata_or_a_pickup_says_where_the_phrase_ends():
    assert cadences("2.2:HC", CLOSE).phrase_ends == (20,)
    paused = tune(72, 74, 76, 74, 72, 71, 72, 74, fermata=[6])
    assert cadences("2:HC", paused).phrase_ends == (24,)
    pickup = tune(67, 72, 74, 72, 67, 72, 74, 72, meter=Meter(4, 4, pickup=4))
    assert cadences("1:HC", pickup).phrase_ends == (12,)


def test_the_chord_before_may_come_half_a_beat_earlier():
    quick = tune(72, 74, 76, 74, 72, 72, 72, None)
    pitch = quick.pitch.copy()
    pitch[22:24, 0] = 71
    tied = quick.tied.copy()
    tied[22, 0] = False
    assert chords("2:PAC", Chorale(pitch, tied, quick.fermata))[0][:2] == (22, "V")


def test_another_key_is_named_by_its_tonic_chord():
    found = cadences("2:PAC/V", tune(72, 74, 76, 79, 81, 78, 79, None))
    assert [c.root for c in found.chords[:2]] == [2, 7]
    assert not found.notices


def test_several_and_their_separators():
    assert cadences("1:HC, 2:PAC", CLOSE) == cadences("1:hc 2:pac", CLOSE)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2:XYZ", r"'2:XYZ' is not a cadence: give one such as 8:PAC or 8.3:HC, of PAC, IAC, HC"),
        ("PAC", r"'PAC' is not a cadence"),
        ("9:PAC", r"'9:PAC': the tune has no bar 9: give bars from 1 to 2"),
        ("2.9:PAC", r"'2.9:PAC': bar 2 has no beat 9: give one below 5"),
        ("2:PAC/x", r"'2:PAC/x' is not a cadence: after '/', 'x' is not a chord"),
        (" ", r"the cadences are empty"),
    ],
)
def test_bad_cadences_get_one_line(text, message):
    with pytest.raises(UsageError, match=message):
        cadences(text, CLOSE)
