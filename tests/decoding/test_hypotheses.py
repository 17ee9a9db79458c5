import numpy as np

from bachbot.chorale import REST
from bachbot.decoding.hypotheses import SeenChords


def test_seen_chords_keep_every_set_apart():
    """All 4096 sets of pitch classes that four notes and more could make, one after the other."""
    seen = SeenChords(np.zeros((2, 512), dtype=np.uint8))
    sets = [np.flatnonzero([s >> bit & 1 for bit in range(12)]) for s in range(4096)]
    by_four = [s for s in sets if len(s) <= 4]
    assert len(by_four) == 1 + 12 + 66 + 220 + 495
    for notes in by_four:
        pitch = np.full((1, 4), REST, dtype=np.int16)
        pitch[0, : len(notes)] = 60 + notes
        rows = np.zeros(1, dtype=int)
        assert not seen.contains(rows, pitch)[0]
        seen.add(rows, pitch)
        assert seen.contains(rows, pitch)[0]
        assert not seen.contains(rows + 1, pitch)[0]
    # Every bit that four voices can set is set, and no other.
    bits = np.unpackbits(seen.bits, axis=1, bitorder="little")
    assert np.flatnonzero(bits[0]).tolist() == [
        s for s, notes in enumerate(sets) if len(notes) <= 4
    ]
    assert not bits[1].any()


def test_seen_chords_go_with_their_hypothesis():
    seen = SeenChords.empty(3)
    chord = np.array([[72, 67, 64, 48]], dtype=np.int16)
    seen.add(np.array([1]), chord)
    moved = seen.select(np.array([1, 0, 1]))
    octaves = np.tile(chord - 12, (3, 1))
    assert moved.contains(np.arange(3), octaves).tolist() == [True, False, True]
    moved.add(np.array([1]), chord)
    assert not seen.contains(np.array([0]), chord)[0]
