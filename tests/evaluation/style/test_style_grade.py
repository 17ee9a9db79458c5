"""The grade: known answers, faults planted, and Bach's own median beside the published one."""

import json
from math import inf, isfinite

import numpy as np
import pytest
from hypothesis import given
from strategies import chorales

from bachbot.chorale import Chorale, Key
from bachbot.errors import UsageError
from bachbot.evaluation.style import Grade, Grades, ReferenceDistributions, grade, grades
from bachbot.evaluation.style.features import PieceAnalysis
from bachbot.evaluation.style.grade import GRADE, PUBLISHED


@pytest.fixture(scope="module")
def bach(corpus):
    return corpus.part("train", "tune")[:60]


@pytest.fixture(scope="module")
def reference(bach):
    return ReferenceDistributions.of([PieceAnalysis(piece) for piece in bach])


def test_a_piece_against_itself_is_at_nought(bach):
    for piece in bach[:4]:
        found = grade(piece, ReferenceDistributions.of([PieceAnalysis(piece)]))
        assert found.total == pytest.approx(0, abs=1e-9)


@pytest.mark.slow
def test_a_piece_at_another_pitch_has_the_same_grade(bach, reference):
    moves = {"major": [(2, "D"), (-3, "A"), (5, "F"), (-2, "Bb")],
             "minor": [(2, "B"), (-2, "G"), (5, "D"), (-5, "E")]}  # fmt: skip
    for piece in bach[:6]:
        plain = grade(piece, reference)
        for melodic_semitones, tonic in moves[piece.key.mode]:
            moved = piece.transposed(melodic_semitones, Key(tonic, piece.key.mode))
            assert grade(moved, reference).features == pytest.approx(dict(plain.features))


def test_planted_fifths_raise_parallels_and_nothing_hides_them(bach, reference):
    piece = next(p for p in bach if grade(p, reference).features["parallels"] == 0)
    pitch, tied = piece.pitch.copy(), piece.tied.copy()
    # The alto follows the bass at the fifth for two bars.
    pitch[:32, 1], tied[:32, 1] = pitch[:32, 3] + 19, tied[:32, 3]
    tied[32, 1] = False
    spoilt = Chorale(pitch, tied, piece.fermata, piece.meter, piece.key)
    before, after = grade(piece, reference), grade(spoilt, reference)
    assert after.features["parallels"] > 1
    assert after.total > before.total + 1


def test_parallels_by_hand():
    low, high = [72, 67, 60, 48], [74, 71, 62, 50]  # tenor and bass, soprano and bass in octaves
    fifths = [72, 67, 64, 48], [76, 69, 65, 50]  # alto and bass in fifths

    def piece(*rows):
        pitch = np.repeat(np.array(rows), 4, axis=0)
        tied = np.repeat((np.arange(len(pitch)) % 4 > 0)[:, None], 4, axis=1)
        return PieceAnalysis(Chorale(pitch, tied, np.zeros(len(pitch))))

    one, three = piece(*fifths), piece(low, high)
    reference = ReferenceDistributions.of([one, three])
    assert reference.histograms["parallels", None] == {
        "parallel fifths": 1,
        "parallel octaves": 3,
    }
    assert reference.parallels_per_note == 4 / 16
    # A fault in eight notes, Bach's is one in four; three quarters of his are of the other kind.
    assert grade(one, reference).features["parallels"] == pytest.approx(0.75 * (1 / 8) / (4 / 16))
    assert grade(three, reference).features["parallels"] == pytest.approx(0.25 * (3 / 8) / (4 / 16))
    clean = ReferenceDistributions.of([piece(fifths[0])])
    assert grade(one, clean).features["parallels"] == inf


def test_each_planted_fault_is_found_in_its_own_feature(bach, reference):
    piece = bach[0]
    plain = grade(piece, reference).features

    def spoilt(pitch=piece.pitch, tied=piece.tied):
        chorale = Chorale(pitch, tied, piece.fermata, piece.meter, piece.key)
        return grade(chorale, reference).features

    chopped = spoilt(tied=np.zeros_like(piece.tied))
    assert chopped["rhythm"] > plain["rhythm"] + 1
    # The same pitches for as long; a note name or two depends on the next onset.
    assert chopped["notes"] == pytest.approx(plain["notes"], abs=0.05)
    rows = np.random.default_rng(0).integers(-2, 3, size=(len(piece.pitch), 1))
    noisy = piece.pitch.copy()
    noisy[:, [3]] += rows.astype(np.int16)
    values = spoilt(noisy, np.zeros_like(piece.tied))
    for name in ("chord quality", "notes", "bass intervals"):
        assert values[name] > plain[name]
    assert values["rhythm"] == chopped["rhythm"]


def test_a_mode_that_bach_lacks_is_held_against_all():
    pitch = np.repeat([[72, 67, 64, 48], [71, 67, 62, 55]], 4, axis=0)
    major = Chorale(pitch, np.zeros((8, 4)), np.zeros(8))
    minor = Chorale(pitch - 3, np.zeros((8, 4)), np.zeros(8), key=Key("A", "minor"))
    assert isfinite(grade(minor, ReferenceDistributions.of([PieceAnalysis(major)])).total)


@pytest.mark.slow
@given(chorales(min_frames=1, max_frames=30))
def test_any_chorale_has_a_grade(reference, chorale):
    found = grade(chorale, reference)
    assert all(value >= 0 for value in found.features.values())
    assert found.total == pytest.approx(sum(found.features.values()))
    json.dumps(found.to_json(), allow_nan=False)


def test_a_voice_that_rests_throughout_has_no_grade(bach, reference):
    pitch, tied = bach[0].pitch.copy(), bach[0].tied.copy()
    pitch[:, 1], tied[:, 1] = -1, False
    silent = Chorale(pitch, tied, bach[0].fermata)
    found = grade(silent, reference)
    assert found.features["alto intervals"] == found.total == inf
    assert found.to_json()[GRADE] is None
    both = grades([silent, silent, bach[1]], reference)
    assert both.median(GRADE) == inf
    assert both.to_json()["medians"][GRADE] == {"median": None, "interval": [pytest.approx(
        grade(bach[1], reference).total), None]}  # fmt: skip


def test_medians_quantiles_and_shares_by_hand():
    made = Grades(tuple(Grade(str(x), {"notes": float(x), "rhythm": 1.0}) for x in (1, 2, 3, 10)))
    assert made.names == ("notes", "rhythm", GRADE)
    assert made.median("notes") == 2.5
    assert made.median(GRADE) == 3.5
    assert made.quantile(GRADE, 0.75) == 4
    assert made.share_above(GRADE, 3.5) == 0.5
    bounds = made.interval("rhythm")
    assert (bounds.low, bounds.high) == (1, 1)
    bounds = made.interval("notes")
    assert 1 <= bounds.low < 2.5 < bounds.high <= 10


def test_no_piece_is_refused():
    with pytest.raises(UsageError, match="no reference piece to compare with"):
        ReferenceDistributions.of([])
    with pytest.raises(UsageError, match="no piece to grade"):
        grades([], ReferenceDistributions({}, 0.0))


@pytest.mark.slow
def test_bach_is_graded_as_it_was_published(corpus):
    train = [PieceAnalysis(piece) for piece in corpus.part("train", "tune")]
    found = grades(train, ReferenceDistributions.of(train))
    # Their pieces were in their reference too; of their 351 this part has most, and others.
    assert found.median(GRADE) == pytest.approx(PUBLISHED[GRADE], abs=0.4)
    for name, published in PUBLISHED.items():
        assert found.median(name) == pytest.approx(published, abs=0.4), name
    close = [n for n in found.names if abs(found.median(n) - PUBLISHED[n]) < 0.06]
    assert len(close) >= 8
