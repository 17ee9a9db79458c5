"""Links between keys are full chords that a choir sings without parallels."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bachbot.chorale import Key, Voice
from bachbot.errors import UsageError
from bachbot.theory.harmony import Quality, chords_of
from bachbot.theory.modulation import link_chords
from bachbot.theory.rules import RULES, Moves

_KEYS = st.builds(
    Key,
    st.sampled_from(["C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"]),
    st.sampled_from(["major", "minor"]),
)


def _tonic(key):
    """A close tonic chord with the third on top."""
    third = 4 if key.mode == "major" else 3
    bass = 43 + (key.pitch_class - 43) % 12
    return [
        64 + (key.pitch_class + third - 64) % 12,
        57 + (key.pitch_class - 57) % 12,
        50 + (key.pitch_class + 7 - 50) % 12,
        bass,
    ]


def test_c_major_to_g_major_by_a_pivot_and_the_new_dominant_seventh():
    # Worked by hand: E minor or A minor is in both keys; then D7 leads to G.
    chords = link_chords([67, 64, 60, 48], [67, 62, 59, 43], Key("C"), Key("G"), 2)
    pivot, dominant = ({int(pitch) % 12 for pitch in chord} for chord in chords)
    assert pivot in ({9, 0, 4}, {4, 7, 11}, {7, 11, 2}, {0, 4, 7})
    assert dominant == {2, 6, 9, 0}


@pytest.mark.slow
@given(_KEYS, _KEYS, st.integers(1, 4))
@settings(deadline=None, max_examples=25)
def test_links_are_full_in_range_and_without_parallels(old, new, count):
    last, first = _tonic(old), _tonic(new)
    chords = link_chords(last, first, old, new, count)
    assert chords.shape == (count, 4)
    assert (np.diff(chords, axis=1) <= 0).all()  # no crossing
    for voice in Voice:
        low, high = voice.range
        assert low <= chords[:, voice].min()
        assert chords[:, voice].max() <= high
    read = chords_of(chords, new)
    assert read.quality[-1] == Quality.DOMINANT_SEVENTH
    assert read.root[-1] == (new.pitch_class + 7) % 12
    for chord, quality in zip(chords, read.quality, strict=True):
        assert len({int(p) % 12 for p in chord}) == len(Quality(int(quality)).intervals)
    whole = np.array([last, *chords.tolist(), first], dtype=np.int16)
    moves = Moves(whole[:-1], whole[1:], new, np.zeros(count + 1, dtype=np.bool_))
    for rule in ("parallel fifths", "parallel octaves", "crossing"):
        assert not RULES[rule].count(moves).any(), rule


def test_a_passage_that_begins_on_its_dominant_is_approached_by_a_predominant():
    chords = link_chords([67, 64, 60, 48], [69, 66, 62, 50], Key("C"), Key("G"), 1)
    [root] = chords_of(chords, Key("G")).root
    assert (root - 7) % 12 in (0 + 2, 5, 9)


def test_a_link_of_no_chord_or_of_five_is_refused():
    for count in (0, 5):
        with pytest.raises(UsageError, match="give 1 to 4"):
            link_chords([67, 64, 60, 48], [67, 62, 59, 43], Key("C"), Key("G"), count)
