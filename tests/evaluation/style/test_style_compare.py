"""Sets of pieces beside Bach: floor, equal sizes, modes, planted differences and histograms."""

import json
from dataclasses import replace
from math import isnan

import numpy as np
import pytest

from bachbot.chorale import Chorale
from bachbot.errors import UsageError
from bachbot.evaluation.style import grade, measure
from bachbot.evaluation.style.distances import DistanceEstimator, FeatureCounts, sorted_labels
from bachbot.evaluation.style.features import GRADE_FEATURES, Feature, PieceAnalysis
from bachbot.evaluation.style.grade import ReferenceDistributions
from bachbot.evaluation.style.profile import PROFILE_FEATURES

CHORDS = Feature("chords", "share", "category", lambda reading: reading.names)
LENGTHS = Feature("lengths", "beats", "ordered", lambda reading: reading.names, by_mode=False)


@pytest.fixture(scope="module")
def bach(corpus):
    """Analyses of pieces of both parts, shared by the tests."""
    pieces = corpus.part("train", "tune")[:40], corpus.part("test", "tune")[:8]
    return tuple(tuple(map(PieceAnalysis, part)) for part in pieces)


@pytest.fixture(scope="module")
def itself(bach):
    """The held-out pieces themselves as the set."""
    train, test = bach
    return measure(test, test, train)


def counts(feature, *pieces, modes=None):
    labels = sorted_labels(pieces)
    return labels, FeatureCounts.of(pieces, modes or ["major"] * len(pieces), labels)


def test_distance_of_a_set_by_hand():
    labels, train = counts(CHORDS, {"I": 3, "V": 1})
    estimator = DistanceEstimator(CHORDS, labels, train)
    ours = FeatureCounts.of([{"I": 1}, {"V": 1}], ["major", "major"], labels)
    value, interval = estimator.distance(ours, 2)
    assert value == pytest.approx(0.25)  # half and half against three quarters
    # Resampled, the set is all I (0.25), all V (0.75) or as it is (0.25).
    assert interval.low < 0.25 < interval.high < 0.8
    # One piece at a time: the mean of a quarter and of three quarters.
    assert estimator.distance(ours, 1)[0] == pytest.approx(0.5, abs=0.06)


def test_distance_of_numbers_by_hand():
    labels, train = counts(LENGTHS, {1.0: 3, 4.0: 1})
    assert labels == [1.0, 4.0]
    value, _ = DistanceEstimator(LENGTHS, labels, train).distance(
        FeatureCounts.of([{4.0: 1}], ["minor"], labels), 1
    )
    assert value == pytest.approx(3 * 0.75)


def test_one_piece_has_no_interval_and_nothing_no_distance():
    labels, train = counts(CHORDS, {"I": 3, "V": 1})
    estimator = DistanceEstimator(CHORDS, labels, train)
    value, interval = estimator.distance(FeatureCounts.of([{"V": 2}], ["major"], labels), 1)
    assert value == 0.75
    assert isnan(interval.low)
    value, interval = estimator.distance(FeatureCounts.of([{}, {}], ["major", "major"], labels), 2)
    assert isnan(value)
    assert isnan(interval.high)


def test_a_set_is_compared_with_pieces_of_its_own_modes():
    labels, train = counts(CHORDS, {"I": 9}, {"i": 1}, modes=["major", "minor"])
    estimator = DistanceEstimator(CHORDS, labels, train)
    for mode, label in (("major", "I"), ("minor", "i")):
        assert estimator.distance(FeatureCounts.of([{label: 5}], [mode], labels), 1)[0] == 0
    mixed = FeatureCounts.of([{"I": 1}, {"i": 3}], ["major", "minor"], labels)
    assert estimator.distance(mixed, 2)[0] == pytest.approx(0)
    plain = DistanceEstimator(replace(CHORDS, by_mode=False), labels, train)
    assert plain.distance(FeatureCounts.of([{"i": 5}], ["minor"], labels), 1)[0] == pytest.approx(
        0.9
    )


def test_a_mode_without_reference_is_compared_with_all_pieces():
    labels, train = counts(CHORDS, {"I": 1, "i": 1})
    assert (
        DistanceEstimator(CHORDS, labels, train).distance(
            FeatureCounts.of([{"i": 5}], ["minor"], labels), 1
        )[0]
        == 0.5
    )


@pytest.mark.slow
def test_the_floor_of_bach_is_bach(itself):
    assert [d.name for d in itself.distances] == [feature.name for feature in PROFILE_FEATURES]
    for distance in itself.distances:
        assert distance.value == distance.floor > 0
        assert distance.interval == distance.floor_interval
        assert distance.pieces == 8
        assert distance.interval.low <= distance.value <= distance.interval.high
    assert itself.bach.pieces == itself.ours.pieces
    assert itself.pieces == {"train": 40, "test": 8, "ours": 8}


def test_the_training_pieces_are_at_a_distance_of_0_from_themselves(bach):
    train = bach[0][:6]
    for distance in measure(train, train, train).distances:
        assert distance.value == pytest.approx(0, abs=1e-9)


@pytest.mark.slow
def test_planted_differences_are_measured(bach, itself):
    """Every chord held for two beats, and a tenor that leaps about."""
    train, test = bach
    slow = [replace(piece.chorale.augmented(2), position=None) for piece in test]
    leaping = []
    for piece in (reading.chorale for reading in test):
        pitch = piece.pitch.copy()
        pitch[:, 2] += np.where(np.cumsum(piece.onset[:, 2]) % 2, 12, 0).astype(np.int16)
        leaping.append(replace(piece, pitch=pitch))
    plain = {d.name: d.value for d in itself.distances}
    slower = {d.name: d.value for d in measure(slow, test, train).distances}
    wilder = {d.name: d.value for d in measure(leaping, test, train).distances}
    for name in ("harmonic rhythm", "onsets per beat"):
        assert slower[name] > plain[name] + 0.2
        assert wilder[name] < plain[name] + 0.2
    assert wilder["tenor steps and leaps"] > plain["tenor steps and leaps"] + 5
    assert slower["tenor steps and leaps"] == pytest.approx(plain["tenor steps and leaps"])


@pytest.mark.slow
def test_random_notes_are_far_in_all(bach, itself):
    train, test = bach
    rng = np.random.default_rng(0)
    noise = []
    for piece in (reading.chorale for reading in test):
        pitch = np.clip(piece.pitch + rng.integers(-4, 5, piece.pitch.shape), 0, 127)
        noise.append(Chorale(pitch, np.zeros(pitch.shape), piece.fermata, piece.meter, piece.key))
    found = measure(noise, test, train)
    for distance in found.distances:
        assert distance.value > distance.floor, distance.name
    assert found.ours.median("grade") > 3 * itself.ours.median("grade")


@pytest.mark.slow
def test_sets_of_unequal_size_are_compared_at_the_smaller(bach):
    train, test = bach
    found = measure(test[:3], test, train)
    assert {distance.pieces for distance in found.distances} == {3}
    whole = {d.name: d.floor for d in measure(test, test, train).distances}
    # Three pieces are farther from anything than eight.
    farther = [d.floor > whole[d.name] for d in found.distances]
    assert sum(farther) >= len(farther) - 1


def test_without_fermatas_phrase_endings_have_no_distance(bach):
    train, test = bach
    pieces = [reading.chorale for reading in test[:3]]
    bare = [replace(piece, fermata=np.zeros(piece.frames, dtype=bool)) for piece in pieces]
    values = {d.name: d for d in measure(bare, test, train).distances}
    for name in ("cadence types", "keys of phrase ends"):
        assert isnan(values[name].value)
        assert values[name].events == 0
        assert values[name].floor > 0
        assert values[name].to_json()["distance"] is None


@pytest.mark.slow
def test_histograms_are_what_was_counted(itself, bach):
    assert [h.name for h in itself.histograms] == [
        f.name for f in (*GRADE_FEATURES, *PROFILE_FEATURES)
    ]
    for histogram in itself.histograms:
        assert set(histogram.shares) == {"train", "test", "ours"}
        for shares in histogram.shares.values():
            assert len(shares) in (0, len(histogram.labels))
            assert sum(shares) == pytest.approx(1) or not shares
        assert histogram.shares["test"] == histogram.shares["ours"]
    by_name = {h.name: h for h in itself.histograms}
    lengths = [float(label) for label in by_name["rhythm"].labels]
    assert lengths == sorted(lengths)
    quarters = by_name["rhythm"].shares["test"][lengths.index(1)]
    durations = [GRADE_FEATURES[1].count(reading) for reading in bach[1]]
    assert quarters == pytest.approx(
        sum(n[1.0] for n in durations) / sum(n.total() for n in durations)
    )
    transitions = by_name["Roman-numeral transitions"]
    assert len(transitions.labels) == 40
    assert transitions.labels[-1] == "others"
    common = transitions.shares["train"][:-1]
    assert list(common) == sorted(common, reverse=True)
    dense = [float(label) for label in by_name["onsets per beat"].labels]
    assert np.diff(dense) == pytest.approx(0.1)


@pytest.mark.slow
def test_plain_data(itself):
    plain = json.loads(json.dumps(itself.to_json(), allow_nan=False))
    assert set(plain) == {"pieces", "grade", "distances", "histograms"}
    assert len(plain["grade"]["ours"]["pieces"]) == 8
    assert plain["distances"][0].keys() >= {"distance", "floor", "interval", "floor_interval"}


def test_the_grade_alone(bach):
    train, test = bach
    steps = []
    found = measure(
        test[:1], test[:2], train[:5], with_profile=False, progress=lambda *s: steps.append(s)
    )
    assert found.distances == ()
    assert len(found.histograms) == len(GRADE_FEATURES)
    assert steps == [(n, 8) for n in range(1, 9)]
    reference = ReferenceDistributions.of(train[:5])
    assert found.ours.pieces[0] == grade(test[0], reference)


def test_intervals_depend_on_the_seed_alone(bach):
    train, test = bach
    first, again, other = (
        json.dumps(measure(test[:3], test, train[:10], seed=seed).to_json()) for seed in (0, 0, 1)
    )
    assert first == again != other


@pytest.mark.parametrize("which", [0, 1, 2])
def test_an_empty_set_is_refused(bach, which):
    sets = [bach[1][:1], bach[1][:1], bach[0][:1]]
    sets[which] = ()
    with pytest.raises(UsageError, match="has no piece: give one or more"):
        measure(*sets)
