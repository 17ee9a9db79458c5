import numpy as np
import pytest

from bachbot.chorale import Chorale
from bachbot.errors import UsageError
from bachbot.evaluation.basses import measure
from bachbot.tables.basses_tables import basses_table

CHORDS = [[67, 64, 60, 48], [67, 62, 59, 43], [72, 64, 55, 48], [72, 65, 57, 53]]


def piece(chords=CHORDS):
    """A quarter a chord, in C major."""
    pitch = np.repeat(chords, 4, axis=0)
    tied = np.repeat((np.arange(len(pitch)) % 4 > 0)[:, None], 4, axis=1)
    return Chorale(pitch, tied, np.zeros(len(pitch), dtype=bool))


def test_pitches_by_voice():
    ours = piece([[67, 64, 60, 48], [67, 62, 55, 43], [72, 67, 60, 48], [72, 65, 57, 53]])
    found = measure([piece()], [ours])
    rates = {name: rate.rate for name, rate in found.equal_pitch.items()}
    assert rates == pytest.approx({"soprano": 1, "alto": 3 / 4, "tenor": 1 / 2, "all": 3 / 4})


def test_bach_beside_himself_has_no_more_faults():
    bach = [piece(), piece(CHORDS[::-1])]
    found = measure(bach, bach)
    assert found.faults.mean == found.bach_faults.mean
    assert (found.difference.low, found.difference.high) == (0, 0)
    assert found.equal_pitch["all"].rate == 1


def test_faults_are_counted_for_each_piece():
    """Fifths and octaves in a row that Bach's piece has not, in one of two pieces."""
    from bachbot.theory.explanation import explain

    planted = [[67, 64, 60, 48], [69, 65, 62, 50], *CHORDS[2:]]
    extra = len(explain(piece(planted)).faults) - len(explain(piece()).faults)
    assert extra >= 2
    found = measure([piece(), piece()], [piece(planted), piece()])
    assert found.faults.mean - found.bach_faults.mean == extra / 2
    assert found.difference.low == 0
    assert found.difference.high == extra
    rows = basses_table("title", {"ours": found.to_json()}).rows
    assert [row[0].text for row in rows][-1] == "faults per piece, less Bach's"
    assert {len(row) for row in rows} == {3}


def test_sets_of_different_size_are_refused():
    with pytest.raises(UsageError, match="give the same pieces in both sets"):
        measure([piece()], [])
