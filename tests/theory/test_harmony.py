import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bachbot.chorale import Key
from bachbot.theory.harmony import (
    NONE,
    Quality,
    chords_of,
    make_chords,
    pitch_class_sets,
    sets_above,
)

C, A = Key("C"), Key("A", "minor")
REST = -1


def chord(*pitches, key=None):
    row = [*pitches, REST, REST, REST, REST][:4]
    found = chords_of(np.array([row], dtype=np.int16), key)
    quality = int(found.quality[0])
    return (
        int(found.root[0]),
        Quality(quality).label if quality != NONE else None,
        int(found.third[0]),
        int(found.seventh[0]),
        int(found.inversion[0]),
    )


@pytest.mark.parametrize(
    ("pitches", "wanted"),
    [
        ((72, 67, 64, 48), (0, "major", 4, NONE, 0)),
        ((69, 64, 60, 48), (9, "minor", 0, NONE, 1)),
        ((72, 67, 64, 55), (0, "major", 4, NONE, 2)),
        ((74, 71, 65, 50), (11, "diminished", 2, NONE, 1)),
        ((71, 65, 62, 55), (7, "dominant seventh", 11, 5, 0)),
        ((71, 67, 62, 53), (7, "dominant seventh", 11, 5, 3)),
        ((72, 69, 62, 53), (2, "minor seventh", 5, 0, 1)),
        ((71, 67, 64, 48), (0, "major seventh", 4, 11, 0)),
        ((69, 65, 62, 47), (11, "half-diminished", 2, 9, 0)),
        ((71, 68, 60, 45), (NONE, None, NONE, NONE, NONE)),
        ((68, 64, 60, 45), (9, "minor major seventh", 0, 8, 0)),
        # A fifth is missing.
        ((72, 64, 60, 48), (0, "major", 4, NONE, 0)),
        ((71, 65, 67, 55), (7, "dominant seventh", 11, 5, 0)),
        ((72, 69, 67, 57), (9, "minor seventh", 0, 7, 0)),
        # The lower of a third is the root, whatever is below.
        ((69, 60), (9, "minor", 0, NONE, 1)),
        ((72, 67, 60, 48), (0, "open", NONE, NONE, 0)),
        ((48,), (0, "open", NONE, NONE, 0)),
        # A suspension, a second, nothing.
        ((72, 67, 65, 48), (NONE, None, NONE, NONE, NONE)),
        ((62, 60), (NONE, None, NONE, NONE, NONE)),
        ((), (NONE, None, NONE, NONE, NONE)),
    ],
)
def test_known_chords(pitches, wanted):
    assert chord(*pitches) == wanted


def test_what_has_no_one_root_stands_on_its_lowest_note():
    assert chord(76, 68, 60, 56)[:2] == (8, "augmented")
    assert chord(68, 64, 60, 48)[:2] == (0, "augmented")
    assert chord(65, 59)[:2] == (11, "diminished")
    assert chord(71, 65)[:2] == (5, "diminished")
    assert chord(71, 68, 65, 62) == (2, "diminished seventh", 5, 11, 0)


@pytest.mark.parametrize(
    ("key", "pitches", "root"),
    [
        (C, (71, 68, 65, 62), 11),
        (C, (72, 66, 63, 57), 6),
        (C, (70, 67, 64, 61), 1),
        (A, (71, 68, 65, 62), 8),
        (A, (70, 67, 64, 61), 1),
        (A, (72, 66, 63, 57), 3),
        (Key("D", "minor"), (70, 67, 64, 49), 1),
    ],
)
def test_a_diminished_seventh_leads_to_a_chord_of_the_key(key, pitches, root):
    found = chord(*pitches, key=key)
    assert found[:4] == (root, "diminished seventh", (root + 3) % 12, (root + 9) % 12)


def test_a_key_changes_nothing_else():
    sets = np.arange(4096, dtype=np.int16)
    classes = [[c for c in range(12) if s >> c & 1] for s in sets]
    rows = np.array([(c + [REST] * 4)[:4] for c in classes if len(c) <= 4], dtype=np.int16)
    free, keyed = chords_of(rows), chords_of(rows, A)
    same = free.quality != Quality.DIMINISHED_SEVENTH
    assert (~same).sum() == 3
    for name in ("root", "third", "seventh", "quality", "bass", "inversion"):
        assert np.array_equal(getattr(free, name)[same], getattr(keyed, name)[same])
    assert np.array_equal(make_chords(pitch_class_sets(rows)), free.root != NONE)


@given(st.lists(st.integers(36, 81), min_size=1, max_size=4), st.integers(-12, 12))
def test_a_chord_keeps_its_quality_wherever_it_is(pitches, by):
    root, quality, third, seventh, inversion = chord(*pitches)
    moved = chord(*(p + by for p in pitches))
    up = lambda c: c if c == NONE else (c + by) % 12  # noqa: E731
    assert moved == (up(root), quality, up(third), up(seventh), inversion)


@given(st.sampled_from(Quality), st.integers(0, 11), st.permutations(range(4)))
def test_every_complete_chord_is_read(quality, root, order):
    """In root position, whatever the order of the notes above the bass."""
    pile = [48 + root + i for i in quality.intervals]
    above = [pile[i] + 12 for i in order if i < len(pile)]
    found = chord(pile[0], *above[:3]) if len(pile) < 4 else chord(*pile[:1], *sorted(pile[1:]))
    assert found[:2] == (root, quality.label)
    assert found[4] == 0
    assert found[3] == ((root + quality.intervals[3]) % 12 if len(pile) == 4 else NONE)


def test_sets_and_degrees():
    pitch = np.array([[72, 67, 64, 48], [-1, -1, -1, -1], [74, 71, 67, 55]], dtype=np.int16)
    assert pitch_class_sets(pitch).tolist() == [1 | 1 << 4 | 1 << 7, 0, 1 << 2 | 1 << 7 | 1 << 11]
    above = sets_above(pitch_class_sets(pitch), 7)
    assert above.tolist() == [1 << 5 | 1 << 9 | 1, 0, 1 << 7 | 1 | 1 << 4]


def test_bach_writes_chords(corpus):
    """On the beat nine of ten are chords, and two of three plain triads in root or inversion."""
    found = [chords_of(c.pitch[c.position % 4 == 0], c.key).quality for c in corpus.part("train")]
    quality = np.concatenate(found)
    assert 0.88 < (quality != NONE).mean() < 0.92
    assert 0.70 < np.isin(quality, [Quality.MAJOR, Quality.MINOR]).mean() < 0.76
