import json

import numpy as np
import pytest
from detection_made import block, small_forest, some, struck_again, with_fifths
from hypothesis import given, settings
from hypothesis import strategies as st

from bachbot.errors import UsageError
from bachbot.evaluation.detection import (
    ClassifierAccuracy,
    InformationLevel,
    match_pairs,
    measure,
    split_halves,
)
from bachbot.evaluation.detection.classifiers import (
    EXCERPT,
    FOLDS,
    ClassifierInputs,
    assign_folds,
    split_excerpts,
)
from bachbot.evaluation.detection.pairing import PairedSets
from bachbot.evaluation.detection.two_sample_test import score_votes, top_features

TUNES = [f"tune {i // 2}" for i in range(24)]  # two pairs of each


@pytest.fixture(scope="module", autouse=True)
def _small_forest():
    with small_forest():
        yield


@pytest.mark.slow
def test_two_sets_from_one_source_are_classified_at_chance():
    found = measure(some(1), some(2), TUNES, permutations=9)
    accuracy = found.overall
    assert (found.pairs, found.tunes, found.excerpts) == (24, 12, 96)
    assert accuracy.interval.low <= 0.5 <= accuracy.interval.high
    assert accuracy.chance.low <= accuracy.accuracy <= accuracy.chance.high
    assert accuracy.p > 0.1
    assert found.top_features == ()
    for kind in (found.by_piece, found.by_excerpt, found.by_pair):
        assert list(kind) == ["majority", "features", "forest", "notes"]


@pytest.fixture(scope="module")
def planted():
    """Synthetic pieces with parallel fifths, against others without."""
    ours = [with_fifths(chorale) for chorale in some(1)]
    return measure(ours, some(2), TUNES, permutations=9)


@pytest.mark.slow
def test_planted_parallel_fifths_are_detected_and_are_the_top_feature(planted):
    found = planted
    assert found.overall.accuracy > 0.9
    assert found.overall.interval.low > 0.7
    assert found.overall.chance.high < 0.8
    assert found.overall.p == 1 / 10  # none of nine is as good
    assert all(found.by_piece[name].accuracy > 0.9 for name in ("features", "forest"))
    assert found.by_excerpt["majority"].accuracy > 0.9
    assert found.by_pair["majority"].accuracy == 1
    first = found.top_features[0]
    assert first.feature == "rule: parallel fifths"
    assert first.ours > first.bach
    assert first.above > 0.9
    assert first.weight > 0
    assert first.p < 0.001


@pytest.mark.slow
def test_swapping_the_sets_mirrors_the_top_features(planted):
    ours = [with_fifths(chorale) for chorale in some(1)]
    there = planted
    back = measure(some(2), ours, TUNES, permutations=0)
    one = next(g for g in there.top_features if g.feature == "rule: parallel fifths")
    other = next(g for g in back.top_features if g.feature == "rule: parallel fifths")
    assert (one.ours, one.bach) == (other.bach, other.ours)
    assert one.above == pytest.approx(1 - other.above)
    assert one.weight == pytest.approx(-other.weight)
    assert back.overall.p is None
    assert back.overall.chance is None


@pytest.mark.slow
def test_repeated_notes_are_invisible_at_the_level_of_notes():
    """Notes repeated in eighths are visible in a score, and not in an array of pitches."""
    ours = [struck_again(chorale) for chorale in some(1)]
    score = measure(ours, some(2), TUNES, permutations=0)
    notes = measure(ours, some(2), TUNES, level=InformationLevel.NOTES, permutations=0)
    plain = measure(some(1), some(2), TUNES, level=InformationLevel.NOTES, permutations=0)
    assert score.overall.accuracy == 1
    assert {g.feature for g in score.top_features} >= {
        "alto: repeated notes, of notes", "alto: notes off the beat, of notes",
    }  # fmt: skip
    assert notes.to_json() == plain.to_json()


@pytest.mark.slow
def test_no_classifier_is_tested_on_a_tune_that_it_was_trained_on():
    """If both sets are the same pieces, memorizing them would be wrong every time."""
    same = some(3)
    found = measure(same, same, TUNES, permutations=0)
    for kind in (found.by_piece, found.by_excerpt, found.by_pair):
        assert all(found.accuracy == 0.5 for found in kind.values())


@settings(max_examples=60)
@given(st.lists(st.sampled_from("abcdefghijkl"), min_size=5), st.integers(0, 3))
def test_folds_keep_groups_whole(groups, seed):
    folds = assign_folds(groups, seed=seed)
    assert all(len(set(folds[np.array(groups) == group])) == 1 for group in groups)
    assert set(folds.tolist()) == set(range(min(FOLDS, len(set(groups)))))
    sizes = np.bincount(folds)
    largest = max(groups.count(group) for group in groups)
    assert sizes.max() - sizes.min() <= largest


def test_label_permutations_swap_whole_tunes_and_keep_pairs():
    sets = PairedSets(tuple(TUNES), tuple(TUNES), seed=4)
    permuted = list(sets.permuted_labels(50))
    for labels in permuted:
        ours, his = np.split(labels, 2)
        assert (ours != his).all()
        assert (ours[::2] == ours[1::2]).all()
    assert 0.3 < np.mean([labels[0] for labels in permuted]) < 0.7
    assert len({tuple(labels) for labels in permuted}) == 50


@pytest.mark.slow
def test_above_is_the_probability_over_all_pairs_of_pieces():
    ours = [with_fifths(chorale) for chorale in some(5)]
    sets = PairedSets(tuple(TUNES), tuple(TUNES))
    inputs = ClassifierInputs.of(ours + some(6), InformationLevel.SCORE)
    column = inputs.features.names.index("rule: parallel fifths")
    mine, his = np.split(inputs.features.values[:, column], 2)
    counted = np.mean((mine[:, None] > his) + (mine[:, None] == his) / 2)
    [found] = [g for g in top_features(sets, inputs) if g.feature == "rule: parallel fifths"]
    assert found.above == pytest.approx(counted)
    assert found.ours == pytest.approx(mine.mean())


def test_accuracies_and_their_intervals():
    groups = ["a", "a", "b", "c"]
    correct = score_votes(np.array([2.0, -1.0, 0.0, -3.0]), np.array([True, True, True, False]))
    assert correct.tolist() == [1, 0, 0.5, 1]
    found = ClassifierAccuracy.of(correct, groups, permuted=np.array([0.5, 0.625, 0.75]))
    assert found.accuracy == 2.5 / 4
    assert found.p == 3 / 4
    # One of 27 resamples each has a single tune: the worst, a or b, and the best, c.
    assert (found.interval.low, found.interval.high) == (0.5, 1)
    # Three tunes, all correct: 0.292 ** 3 is 0.025.
    sure = ClassifierAccuracy.of(np.ones(4), groups)
    assert sure.interval.low == pytest.approx(0.292, abs=0.0005)
    assert sure.interval.high == 1
    never = ClassifierAccuracy.of(np.zeros(4), groups)
    assert (never.interval.low, never.interval.high) == (0, pytest.approx(0.708, abs=0.0005))


def test_excerpts():
    [piece] = some(0, 1, beats=40)
    cut = split_excerpts(piece)
    assert [excerpt.frames for excerpt in cut] == [EXCERPT, EXCERPT]
    assert np.array_equal(cut[1].pitch, piece.pitch[EXCERPT : 2 * EXCERPT])
    short = block([72, 67, 64, 48])
    assert split_excerpts(short) == [short]


@pytest.mark.slow
def test_matched_pieces_are_equally_long_and_chosen_once():
    bach = some(1, 6, beats=20) + some(2, 6, beats=30)
    many = some(3, 20, beats=30) + some(4, 20, beats=20) + some(5, 20, beats=60)
    families = [f"tune {i}" for i in range(12)]
    for seed in (0, 1):
        found = match_pairs(many, bach, families, seed=seed)
        assert found.bach == tuple(bach)
        assert found.groups == tuple(families)
        assert [c.frames for c in found.ours] == [c.frames for c in bach]
        assert len({id(c) for c in found.ours}) == 12
    few = match_pairs(some(6, 3, beats=30), bach, families)
    assert [c.frames for c in few.bach] == [120] * 3
    assert set(few.groups) < set(families[6:])


def test_a_generated_piece_on_a_tune_of_bach_is_grouped_with_it():
    """Whatever piece it was put beside: a classifier must not know it from the other set."""
    bach = some(1, 12, beats=32)
    families = [f"tune {i}" for i in range(12)]
    ours = [piece.transposed(2, piece.key) for piece in bach[:0:-1]]
    found = match_pairs(ours + some(9, 1), bach, families, seed=2)
    assert found.our_groups[:11] == tuple(families[:0:-1])
    apart = match_pairs(some(10, 12, beats=32), bach, families, seed=2)
    assert set(apart.our_groups) <= set(families)


def test_halves_share_no_tune():
    pieces = some(1, 30)
    families = [f"tune {i % 24}" for i in range(30)]
    found = split_halves(pieces, families, 10, seed=1)
    of = {id(piece): family for piece, family in zip(pieces, families, strict=True)}
    used = [of[id(piece)] for piece in found.ours + found.bach]
    assert len(used) == len(set(used)) == 20
    assert found.groups == found.our_groups == tuple(of[id(piece)] for piece in found.bach)
    assert len(split_halves(pieces, families, 80).ours) == 12


@pytest.mark.slow
def test_plain_data(planted):
    plain = json.loads(json.dumps(planted.to_json()))
    assert plain["accuracy"] == planted.overall.accuracy
    assert plain["level"] == "score"
    assert plain["p"] == 1 / 10
    assert plain["classifiers"]["pieces"]["majority"]["interval"] == plain["interval"]
    assert plain["classifiers"]["excerpts"]["notes"]["p"] is None
    assert plain["top_features"][0]["feature"] == "rule: parallel fifths"


@pytest.mark.slow
def test_progress_is_reported_for_every_permutation():
    seen = []
    measure(
        some(1, 10),
        some(2, 10),
        TUNES[:10],
        permutations=3,
        progress=lambda *done: seen.append(done),
    )
    assert seen == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize(
    ("ours", "bach", "groups", "our_groups", "said"),
    [
        (
            some(1, 9),
            some(2, 9),
            TUNES[:9],
            None,
            r"too few pieces to train a classifier on \(9 in each set, on 5 tunes",
        ),
        (some(1, 12), some(2, 12), ["a", "b"] * 6, None, r"\(12 in each set, on 2 tunes\)"),
        (some(1, 11), some(2, 12), TUNES[:12], None, "11 generated pieces, 12 of Bach's and 12"),
        (some(1, 12), some(2, 12), TUNES[:12], TUNES[:11], "11 tunes of generated pieces and 12"),
        ([*some(1, 11), block([-1] * 4)], some(2, 12), TUNES[:12], None, "has no note: leave it"),
    ],
)
def test_what_cannot_be_is_refused(ours, bach, groups, our_groups, said):
    with pytest.raises(UsageError, match=said):
        measure(ours, bach, groups, our_groups=our_groups)


@pytest.mark.slow
def test_two_halves_of_bach_are_classified_at_chance(corpus):
    families = [piece.family for piece in corpus.pieces]
    match = split_halves([piece.chorale for piece in corpus.pieces], families, 40, seed=0)
    found = measure(match.ours, match.bach, match.groups, permutations=0)
    assert 0.35 < found.overall.accuracy < 0.65
    assert 0.4 < found.by_excerpt["majority"].accuracy < 0.6
    assert len(found.top_features) <= 1
