import numpy as np
import pytest

from bachbot.chorale import Chorale, Key, Meter, Voice
from bachbot.errors import TrainingError
from bachbot.features.templates import describe
from bachbot.training.moments import MomentLearner, MomentOptions

LOWER = (Voice.ALTO, Voice.TENOR, Voice.BASS)


def piece(bass):
    """A held triad over a bass in quarters."""
    pitch = np.repeat([[72, 67, 64, b] for b in bass], 4, axis=0).astype(np.int16)
    tied = np.zeros(pitch.shape, dtype=bool)
    tied[1:] = pitch[1:] == pitch[:-1]
    tied[::4, 3] = False
    tied[0] = False
    return Chorale(pitch, tied, np.zeros(len(pitch), bool), Meter(), Key.parse("C"))


WALKING, SWINGING = piece([48, 50, 52, 53, 55, 57, 59, 60]), piece([48, 50, 48, 50] * 2)


def named(weights):
    return {describe(key): weight for key, weight in weights.items()}


def test_weights_rise_for_what_bach_has_more_of_and_fall_for_what_we_have_more_of():
    learner = MomentLearner(MomentOptions(fewest=2, smoothing=1, shrinkage=0, rate=0.1))
    learner.update([WALKING], [SWINGING], LOWER)
    weights = named(learner.weights)
    assert weights["interval 3, 14, 0"] > 0  # up a step: six of them beside four
    assert weights["interval 3, 10, 0"] < 0  # down a step: none beside three
    assert weights["interval 3, 10, 0"] == pytest.approx(0.1 * np.log(1 / 4))


def test_nothing_moves_where_the_counts_agree():
    learner = MomentLearner(MomentOptions(fewest=1))
    learner.update([WALKING, SWINGING], [SWINGING, WALKING], LOWER)
    assert set(learner.weights.values()) == {0.0}
    assert len(learner.features.keys) == 0


def test_rare_features_do_not_move_and_weights_stay_bounded():
    learner = MomentLearner(MomentOptions(fewest=5, bound=0.2, rate=1.0, shrinkage=0))
    for _ in range(3):
        learner.update([WALKING], [SWINGING], LOWER)
    assert max(map(abs, learner.weights.values())) == pytest.approx(0.2)
    assert all("interval 3, 13" not in name for name in named(learner.weights))


def test_each_tune_is_harmonized_once_before_any_is_harmonized_again():
    pieces = [piece([48 + n]) for n in range(7)]
    learner, seen = MomentLearner(MomentOptions(pieces=3)), []
    for _ in range(7):
        seen += [pieces.index(p) for p in learner.batch(pieces)]
        learner.rounds += 1
    assert sorted(seen) == sorted(list(range(7)) * 3)
    assert sorted(seen[:7]) == list(range(7))
    assert sorted(seen[7:14]) == list(range(7))


def test_the_mean_is_that_of_the_later_rounds():
    options = MomentOptions(fewest=2, smoothing=1, shrinkage=0, rate=0.1, decay=1, unaveraged=1)
    learner, seen = MomentLearner(options), []
    for _ in range(3):
        learner.update([WALKING], [SWINGING], LOWER)
        seen.append(dict(learner.weights))
    mean = dict(zip(learner.mean_features.keys.tolist(), learner.mean_features.weights.tolist(),
                    strict=True))  # fmt: skip
    for key, weight in mean.items():
        assert weight == pytest.approx((seen[1][key] + seen[2][key]) / 2, rel=1e-5)
    assert mean


def test_learning_goes_on_from_a_saved_state_as_if_uninterrupted():
    straight = MomentLearner(MomentOptions(fewest=2))
    for _ in range(9):
        straight.update([WALKING], [SWINGING], LOWER)
    first = MomentLearner(MomentOptions(fewest=2))
    for _ in range(4):
        first.update([WALKING], [SWINGING], LOWER)
    second = MomentLearner.from_bytes(first.to_bytes(), first.options)
    for _ in range(5):
        second.update([WALKING], [SWINGING], LOWER)
    assert second.weights == straight.weights
    assert second.totals == straight.totals
    assert (second.rounds, second.averaged) == (9, 2)


def test_a_damaged_state_is_refused():
    with pytest.raises(TrainingError, match="damaged"):
        MomentLearner.from_bytes(b"no state", MomentOptions())
