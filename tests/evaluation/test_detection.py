import json

import numpy as np
import pytest
from detection_made import block, some, struck_again, with_fifths
from hypothesis import given, settings
from hypothesis import strategies as st

from bachbot.errors import UsageError
from bachbot.evaluation.detection import InformationLevel, Verdict, detect, halves, matched
from bachbot.evaluation.detection.classifiers import EXCERPT, FOLDS, Evidence, excerpts_of, folds_of
from bachbot.evaluation.detection.detection import rightness
from bachbot.evaluation.detection.pairing import Comparison
from bachbot.evaluation.detection.top_features import top_features

TUNES = [f"tune {i // 2}" for i in range(24)]  # two pairs of each


def test_one_source_is_not_told_apart():
    found = detect(some(1), some(2), TUNES, permutations=9)
    verdict = found.verdict
    assert (found.pairs, found.tunes, found.excerpts) == (24, 12, 96)
    assert verdict.interval.low <= 0.5 <= verdict.interval.high
    assert verdict.chance.low <= verdict.accuracy <= verdict.chance.high
    assert verdict.p > 0.1
    assert found.top_features == ()
    for kind in (found.pieces, found.excerpted, found.paired):
        assert list(kind) == ["together", "features", "forest", "notes"]


@pytest.fixture(scope="module")
def planted():
    """Made pieces with parallel fifths beside such without."""
    ours = [with_fifths(chorale) for chorale in some(1)]
    return detect(ours, some(2), TUNES, permutations=9)


def test_planted_fifths_are_heard_and_named(planted):
    found = planted
    assert found.verdict.accuracy > 0.9
    assert found.verdict.interval.low > 0.7
    assert found.verdict.chance.high < 0.8
    assert found.verdict.p == 1 / 10  # none of nine is as good
    assert all(found.pieces[name].accuracy > 0.9 for name in ("features", "forest"))
    assert found.excerpted["together"].accuracy > 0.9
    assert found.paired["together"].accuracy == 1
    first = found.top_features[0]
    assert first.feature == "rule: parallel fifths"
    assert first.ours > first.bach
    assert first.above > 0.9
    assert first.weight > 0
    assert first.p < 0.001


def test_which_side_is_which_makes_no_difference(planted):
    ours = [with_fifths(chorale) for chorale in some(1)]
    there = planted
    back = detect(some(2), ours, TUNES, permutations=0)
    one = next(g for g in there.top_features if g.feature == "rule: parallel fifths")
    other = next(g for g in back.top_features if g.feature == "rule: parallel fifths")
    assert (one.ours, one.bach) == (other.bach, other.ours)
    assert one.above == pytest.approx(1 - other.above)
    assert one.weight == pytest.approx(-other.weight)
    assert back.verdict.p is None
    assert back.verdict.chance is None


def test_how_a_file_is_written_is_not_heard_in_the_notes():
    """Struck again in eighths: a score tells, an array of pitches does not."""
    ours = [struck_again(chorale) for chorale in some(1)]
    score = detect(ours, some(2), TUNES, permutations=0)
    notes = detect(ours, some(2), TUNES, telling=InformationLevel.NOTES, permutations=0)
    plain = detect(some(1), some(2), TUNES, telling=InformationLevel.NOTES, permutations=0)
    assert score.verdict.accuracy == 1
    assert {g.feature for g in score.top_features} >= {
        "alto: repeated notes, of notes", "alto: notes off the beat, of notes",
    }  # fmt: skip
    assert notes.to_json() == plain.to_json()


def test_a_tune_that_was_trained_on_is_never_asked_about():
    """Where both sides are the same pieces, memory would be wrong every time."""
    same = some(3)
    found = detect(same, same, TUNES, permutations=0)
    for kind in (found.pieces, found.excerpted, found.paired):
        assert all(verdict.accuracy == 0.5 for verdict in kind.values())


@settings(max_examples=60)
@given(st.lists(st.sampled_from("abcdefghijkl"), min_size=5), st.integers(0, 3))
def test_folds_keep_groups_whole(groups, seed):
    folds = folds_of(groups, seed=seed)
    assert all(len(set(folds[np.array(groups) == group])) == 1 for group in groups)
    assert set(folds.tolist()) == set(range(min(FOLDS, len(set(groups)))))
    sizes = np.bincount(folds)
    largest = max(groups.count(group) for group in groups)
    assert sizes.max() - sizes.min() <= largest


def test_sides_dealt_anew_change_whole_tunes_and_stay_pairs():
    trial = Comparison(tuple(TUNES), tuple(TUNES), seed=4)
    dealt = list(trial.dealt_anew(50))
    for sides in dealt:
        ours, his = np.split(sides, 2)
        assert (ours != his).all()
        assert (ours[::2] == ours[1::2]).all()
    assert 0.3 < np.mean([sides[0] for sides in dealt]) < 0.7
    assert len({tuple(sides) for sides in dealt}) == 50


def test_features_alone_are_counted_each_with_each():
    ours = [with_fifths(chorale) for chorale in some(5)]
    trial = Comparison(tuple(TUNES), tuple(TUNES))
    evidence = Evidence.of(ours + some(6), InformationLevel.SCORE)
    column = evidence.table.names.index("rule: parallel fifths")
    mine, his = np.split(evidence.table.values[:, column], 2)
    counted = np.mean((mine[:, None] > his) + (mine[:, None] == his) / 2)
    [found] = [g for g in top_features(trial, evidence) if g.feature == "rule: parallel fifths"]
    assert found.above == pytest.approx(counted)
    assert found.ours == pytest.approx(mine.mean())


def test_verdicts():
    groups = ["a", "a", "b", "c"]
    right = rightness(np.array([2.0, -1.0, 0.0, -3.0]), np.array([True, True, True, False]))
    assert right.tolist() == [1, 0, 0.5, 1]
    found = Verdict.of(right, groups, by_chance=np.array([0.5, 0.625, 0.75]))
    assert found.accuracy == 2.5 / 4
    assert found.p == 3 / 4
    # One of 27 draws each holds a tune alone: the poorest, a or b, and the best, c.
    assert (found.interval.low, found.interval.high) == (0.5, 1)
    # Of three tunes all right: 0.292 ** 3 is 0.025.
    sure = Verdict.of(np.ones(4), groups)
    assert sure.interval.low == pytest.approx(0.292, abs=0.0005)
    assert sure.interval.high == 1
    never = Verdict.of(np.zeros(4), groups)
    assert (never.interval.low, never.interval.high) == (0, pytest.approx(0.708, abs=0.0005))


def test_excerpts():
    [piece] = some(0, 1, beats=40)
    cut = excerpts_of(piece)
    assert [excerpt.frames for excerpt in cut] == [EXCERPT, EXCERPT]
    assert np.array_equal(cut[1].pitch, piece.pitch[EXCERPT : 2 * EXCERPT])
    short = block([72, 67, 64, 48])
    assert excerpts_of(short) == [short]


def test_matched_sides_are_as_long_and_none_is_taken_twice():
    bach = some(1, 6, beats=20) + some(2, 6, beats=30)
    many = some(3, 20, beats=30) + some(4, 20, beats=20) + some(5, 20, beats=60)
    families = [f"tune {i}" for i in range(12)]
    for seed in (0, 1):
        found = matched(many, bach, families, seed=seed)
        assert found.bach == tuple(bach)
        assert found.groups == tuple(families)
        assert [c.frames for c in found.ours] == [c.frames for c in bach]
        assert len({id(c) for c in found.ours}) == 12
    few = matched(some(6, 3, beats=30), bach, families)
    assert [c.frames for c in few.bach] == [120] * 3
    assert set(few.groups) < set(families[6:])


def test_a_tune_of_bach_stays_with_his():
    """Whatever piece it was put beside: a detector must not know it from the other side."""
    bach = some(1, 12, beats=32)
    families = [f"tune {i}" for i in range(12)]
    ours = [piece.transposed(2, piece.key) for piece in bach[:0:-1]]
    found = matched(ours + some(9, 1), bach, families, seed=2)
    assert found.our_groups[:11] == tuple(families[:0:-1])
    apart = matched(some(10, 12, beats=32), bach, families, seed=2)
    assert set(apart.our_groups) <= set(families)


def test_halves_share_no_tune():
    pieces = some(1, 30)
    families = [f"tune {i % 24}" for i in range(30)]
    found = halves(pieces, families, 10, seed=1)
    of = {id(piece): family for piece, family in zip(pieces, families, strict=True)}
    used = [of[id(piece)] for piece in found.ours + found.bach]
    assert len(used) == len(set(used)) == 20
    assert found.groups == found.our_groups == tuple(of[id(piece)] for piece in found.bach)
    assert len(halves(pieces, families, 80).ours) == 12


def test_plain_data(planted):
    told = json.loads(json.dumps(planted.to_json()))
    assert told["accuracy"] == planted.verdict.accuracy
    assert told["telling"] == "score"
    assert told["p"] == 1 / 10
    assert told["classifiers"]["pieces"]["together"]["interval"] == told["interval"]
    assert told["classifiers"]["excerpts"]["notes"]["p"] is None
    assert told["top_features"][0]["feature"] == "rule: parallel fifths"


def test_every_dealing_is_told():
    heard = []
    detect(
        some(1, 10),
        some(2, 10),
        TUNES[:10],
        permutations=3,
        progress=lambda *done: heard.append(done),
    )
    assert heard == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize(
    ("ours", "bach", "groups", "our_groups", "said"),
    [
        (
            some(1, 9),
            some(2, 9),
            TUNES[:9],
            None,
            r"too few pieces to train a detector on \(9 a side, on 5 tunes",
        ),
        (some(1, 12), some(2, 12), ["a", "b"] * 6, None, r"\(12 a side, on 2 tunes\)"),
        (some(1, 11), some(2, 12), TUNES[:12], None, "11 pieces of ours, 12 of Bach's and 12"),
        (some(1, 12), some(2, 12), TUNES[:12], TUNES[:11], "11 tunes of ours stand beside 12"),
        ([*some(1, 11), block([-1] * 4)], some(2, 12), TUNES[:12], None, "has no note: leave it"),
    ],
)
def test_what_cannot_be_is_refused(ours, bach, groups, our_groups, said):
    with pytest.raises(UsageError, match=said):
        detect(ours, bach, groups, our_groups=our_groups)


def test_bach_is_not_told_from_himself(corpus):
    families = [piece.family for piece in corpus.pieces]
    match = halves([piece.chorale for piece in corpus.pieces], families, 40, seed=0)
    found = detect(match.ours, match.bach, match.groups, permutations=0)
    assert 0.35 < found.verdict.accuracy < 0.65
    assert 0.4 < found.excerpted["together"].accuracy < 0.6
    assert len(found.top_features) <= 1
