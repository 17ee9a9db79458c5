from dataclasses import replace

import numpy as np
import pytest
from music_counts import chords, count
from progressions_made import piece

from bachbot.chorale import REST

CONTRARY, SIMILAR = "outer voices in contrary motion", "outer voices in similar motion"
DIRECT = "direct fifths and octaves, leaping soprano"
REPEATED = "repeated tune: lower voices the same"
LITERAL = "longest literal repeat"
TUNE = "C5 D5 E5 F5 G5 F5 E5 D5 C5 B4 A4 G4"  # twelve beats


def outer(soprano, bass, **more):
    beats = len(soprano.split())
    return piece(soprano, f"G4:{beats}", f"E4:{beats}", bass, **more)


def test_motion_of_the_outer_voices():
    made = outer("C5 D5 E5 D5 D5", "C3 B2 C3 D3 C3")
    assert count(CONTRARY, made) == (2, 4)
    assert count(SIMILAR, made) == (1, 4)


def test_motion_into_a_new_phrase_does_not_count():
    made = outer("C5 D5 E5 D5", "C3 B2 C3 D3", fermatas=[(4, 8)])
    assert count(CONTRARY, made) == (2, 2)
    assert count(SIMILAR, made) == (0, 2)


def test_motion_from_or_to_a_rest_does_not_count():
    made = outer("C5 D5 E5 D5", "C3 B2 C3 D3")
    pitch, tied = made.pitch.copy(), made.tied.copy()
    pitch[4:8, 3], tied[4:8, 3] = REST, False
    assert count(CONTRARY, replace(made, pitch=pitch, tied=tied)) == (1, 1)


def test_all_voices_one_way():
    assert count("all voices one way", piece("C5 D5", "G4 A4", "E4 F4", "C3 D3")) == (1, 1)
    assert count("all voices one way", piece("C5 D5", "G4 A4", "E4 F4", "D3 C3")) == (0, 1)
    assert count("all voices one way", piece("C5 D5", "G4 A4", "E4 E4", "C3 D3")) == (0, 0)


def test_parallels():
    name = "parallel fifths and octaves"
    assert count(name, outer("G4 A4", "C3 D3")) == (1, 1)
    assert count(name, outer("C5 D5", "C3 D3")) == (1, 1)
    assert count(name, outer("E5 F5", "C3 D3")) == (0, 1)


def test_direct_octaves_and_fifths():
    assert count(DIRECT, outer("E4 C5", "A2 C3")) == (1, 1)
    assert count(DIRECT, outer("C5 G5", "A2 C3")) == (1, 1)
    assert count(DIRECT, outer("B4 C5", "A2 C3")) == (0, 1)  # by step
    assert count(DIRECT, outer("G5 C5", "A2 C3")) == (0, 1)  # contrary
    assert count(DIRECT, outer("E4 C5", "A2 C3", fermatas=[(0, 4)])) == (0, 0)


def test_crossings():
    assert count("tenor above alto", piece("C5:2", "C4:2", "E4 G3", "C3:2")) == (4, 8)
    assert count("tenor above alto", piece("C5:2", "E4:2", "C4 E4", "C3:2")) == (0, 8)
    above = "alto or tenor above the soprano"
    assert count(above, piece("C4 C5", "E4:2", "G3:2", "C3:2")) == (4, 8)
    assert count(above, piece("C5 C4", "G4 C4", "D4:2", "C3:2")) == (4, 8)
    assert count(above, piece("C5:2", "C5:2", "E4:2", "C3:2")) == (0, 8)


def test_beats_heard_before():
    x, y, z = "C5 G4 E4 C3", "D5 G4 D4 B2", "E5 G4 C4 C3"
    name = "two beats heard before"
    assert count(name, piece(*chords(x, y, x, y))) == (1, 3)
    assert count(name, piece(*chords(x, y, z, x))) == (0, 3)


def test_lower_voices_under_a_repeated_tune():
    twice = f"{TUNE} {TUNE}"
    assert count(REPEATED, piece(twice, "G4:24", "E4:24", "C3:12 D3:12")) == (96, 144)
    assert count(REPEATED, piece(twice, "G4:24", "E4:24", "C3:24")) == (144, 144)
    again = piece(f"{TUNE} {TUNE.replace('G5', 'A5')}", "G4:24", "E4:24", "C3:24")
    assert count(REPEATED, again) == (0, 0)


def test_a_third_time_is_compared_with_the_first():
    made = piece(" ".join([TUNE] * 3), "G4:36", "E4:36", "C3:12 D3:12 C3:12")
    assert count(REPEATED, made) == (96 + 144, 288)


@pytest.mark.parametrize(
    ("order", "beats"), [("abcdabce", 3), ("abcdefgh", 0), ("aaaa", 2), ("abcabc", 3)]
)
def test_the_longest_literal_repeat_does_not_overlap(order, beats):
    basses = dict(zip("abcdefgh", ["C3", "D3", "E3", "F3", "G3", "A3", "B3", "C4"], strict=True))
    made = outer(" ".join(["C5"] * len(order)), " ".join(basses[letter] for letter in order))
    struck = replace(made, tied=np.repeat(np.arange(made.frames) % 4 > 0, 4).reshape(-1, 4))
    assert count(LITERAL, struck) == (beats, 1)
